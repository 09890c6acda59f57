"""One face's expression over time: smoothing, the shown label, the baseline and events."""
