"""The command line: one module per command; ``parser`` declares the flags, ``main`` sets the exit code."""
