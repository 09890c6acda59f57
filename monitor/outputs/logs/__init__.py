"""Session files: tables, events, summary, disk space and retention."""
