"""Names of the seven expressions and the 17 keypoints, in one order for the app, the training and every log."""

from __future__ import annotations

import re
from collections.abc import Sequence

EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""The seven labels of FER2013, in its order; the order of the columns of every probability vector."""

OWN = "classes"
"""Name in the card of an expression model that has a user's own labels (``emotion-train new``)."""

UNKNOWN = "unknown"
"""The label of a face that cannot be read."""

MOST_OWN = 20
"""Most labels of a user's own model."""
_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9 -]{0,29}")

POINTS = (
    "r_eye_out", "r_eye_in", "r_eye_top", "r_eye_bot", "l_eye_in", "l_eye_out", "l_eye_top", "l_eye_bot",
    "r_iris", "l_iris", "nose", "mouth_r", "mouth_l", "lip_top", "lip_bot", "chin", "brow",
)  # fmt: skip
"""Names of the 17 keypoints, in the order of every array of points; ``r_`` and ``_r`` are the person's right, on the
left of an unmirrored picture."""


def fault_of(labels: Sequence[str]) -> str:
    """The reason why names cannot be the labels of a user's own model; "" if they can."""
    if not 2 <= len(labels) <= MOST_OWN:
        return f"there must be 2 to {MOST_OWN} classes (got {len(labels)})"
    if len({label.lower() for label in labels}) < len(labels):
        return "two classes have the same name"
    for label in labels:
        if not _LABEL.fullmatch(label) or label.lower() == UNKNOWN:
            return f"a class name is 1 to 30 letters, digits, spaces or -, and not {UNKNOWN} (got {label[:40]!r})"
    return ""
