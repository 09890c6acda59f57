"""The bars of a face's expressions."""

from __future__ import annotations

import numpy as np

from monitor.core.types import Box, Face
from monitor.outputs.drawing import typeface
from monitor.outputs.drawing.palette import INK, MUTED, colors
from monitor.outputs.drawing.pen import Pen


def bars_size(pen: Pen, rows: int, labels: tuple[str, ...]) -> tuple[int, int]:
    """Width and height of the given number of bars of a model's labels."""
    row = pen.small.cap + pen.px(9)
    return _name_width(pen, labels) + pen.px(58) + _share_width(pen) + pen.px(26), row * rows + pen.px(9)


def bars(pen: Pen, spot: Box, face: Face, rows: int) -> None:
    """The most probable expressions, or all of them in their fixed order."""
    pen.plate(spot)
    labels, inks = face.labels, colors(face.labels)
    order = range(len(labels)) if rows == len(labels) else np.argsort(-face.probs, kind="stable")[:rows].tolist()
    row, left, right = pen.small.cap + pen.px(9), round(spot[0]) + pen.px(9), round(spot[2]) - pen.px(9)
    start = left + _name_width(pen, labels) + pen.px(4)
    length, thick = right - _share_width(pen) - pen.px(4) - start, max(4, pen.px(6))
    for number, index in enumerate(order):
        base = round(spot[1]) + pen.px(9) + pen.small.cap + number * row
        name, share = labels[index], float(face.probs[index])
        ink = INK if name == face.label else MUTED
        pen.text(name, (left, base), ink, pen.small)
        pen.bar((start, base - pen.small.cap // 2 - thick // 2), (length, thick), share, inks[name])
        pen.text_right(f"{share:.0%}", (right, base), ink, pen.small)


def _name_width(pen: Pen, labels: tuple[str, ...]) -> int:
    return max(typeface.width(name, pen.small) for name in labels)


def _share_width(pen: Pen) -> int:
    return typeface.width("100%", pen.small)
