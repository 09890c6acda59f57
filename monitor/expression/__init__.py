"""The expression of a face over time: smoothing, the shown label, the resting baseline and events."""
