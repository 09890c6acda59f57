"""Names with one order for the app, the training and every log: the seven expressions and the 17 keypoints."""

from __future__ import annotations

EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""The seven labels of FER2013, in its order; the order of the columns of every probability vector."""

UNKNOWN = "unknown"
"""The label of a face that cannot be read."""

POINTS = (
    "r_eye_out", "r_eye_in", "r_eye_top", "r_eye_bot", "l_eye_in", "l_eye_out", "l_eye_top", "l_eye_bot",
    "r_iris", "l_iris", "nose", "mouth_r", "mouth_l", "lip_top", "lip_bot", "chin", "brow",
)  # fmt: skip
"""Names of the 17 keypoints, in the order of every array of points; ``r_`` and ``_r`` are the person's right, on the
left of an unmirrored picture."""
