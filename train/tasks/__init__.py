"""The trained networks, one folder per task."""
