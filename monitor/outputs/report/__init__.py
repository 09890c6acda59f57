"""The session report: one self-contained HTML page that opens offline."""
