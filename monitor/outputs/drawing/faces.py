"""A face's label and bars."""

from __future__ import annotations

import numpy as np

from monitor.core.labels import EMOTIONS
from monitor.core.types import Box, Face
from monitor.outputs.drawing import typeface
from monitor.outputs.drawing.palette import COLORS, INK, MUTED
from monitor.outputs.drawing.pen import Pen


def label_text(face: Face) -> tuple[str, str]:
    """A face's id and label, and its probability, such as "1  happy" and "87%"."""
    return f"{face.id}  {face.label}", "" if face.is_unknown else f"{face.confidence:.0%}"


def bars_size(pen: Pen, rows: int) -> tuple[int, int]:
    """Width and height of so many bars."""
    row = pen.small.cap + pen.px(9)
    return _name_width(pen) + pen.px(58) + _share_width(pen) + pen.px(26), row * rows + pen.px(9)


def bars(pen: Pen, spot: Box, face: Face, rows: int) -> None:
    """The most probable expressions, or all of them in their fixed order."""
    pen.plate(spot)
    order = range(len(EMOTIONS)) if rows == len(EMOTIONS) else np.argsort(-face.probs, kind="stable")[:rows].tolist()
    row, left, right = pen.small.cap + pen.px(9), round(spot[0]) + pen.px(9), round(spot[2]) - pen.px(9)
    start = left + _name_width(pen) + pen.px(4)
    length, thick = right - _share_width(pen) - pen.px(4) - start, max(4, pen.px(6))
    for number, index in enumerate(order):
        base = round(spot[1]) + pen.px(9) + pen.small.cap + number * row
        name, share = EMOTIONS[index], float(face.probs[index])
        ink = INK if name == face.label else MUTED
        pen.text(name, (left, base), ink, pen.small)
        pen.bar((start, base - pen.small.cap // 2 - thick // 2), (length, thick), share, COLORS[name])
        pen.text_right(f"{share:.0%}", (right, base), ink, pen.small)


def _name_width(pen: Pen) -> int:
    return max(typeface.width(name, pen.small) for name in EMOTIONS)


def _share_width(pen: Pen) -> int:
    return typeface.width("100%", pen.small)
