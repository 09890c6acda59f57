"""One face's expression over time: smoothing, the label gate and episodes."""
