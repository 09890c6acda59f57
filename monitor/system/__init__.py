"""The machine and its files: memory, paths, atomic writes, package versions."""
