"""Memory, disk and progress bars of the machine that trains."""
