"""The seven expression labels and their one order, used by the app, the training and every log."""

from __future__ import annotations

EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""FER2013's adjectives in FER2013's order; column order of every probability vector."""

UNKNOWN = "unknown"
"""The label of a face that the picture does not let us read."""
