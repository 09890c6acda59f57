"""The command line ``emotion-train``: one file a command."""
