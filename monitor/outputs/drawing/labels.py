"""A face's label: a pill in the color of its expression, with the face's id and the probability."""

from __future__ import annotations

from functools import lru_cache

from monitor.core.types import Face
from monitor.outputs.drawing import sprite, typeface
from monitor.outputs.drawing.palette import BLACK, Color, text_on
from monitor.outputs.drawing.pen import Pen
from monitor.outputs.drawing.sprite import Layer, Sprite


def label_text(face: Face) -> tuple[str, str]:
    """A face's id and label, and its probability, such as "1  happy" and "87%"."""
    return f"{face.id}  {face.label}", "" if face.is_unknown else f"{face.confidence:.0%}"


def pill_size(pen: Pen, text: str, share: str = "", *, quiet: bool = False) -> tuple[int, int]:
    """Width and height of a pill."""
    style = pen.small if quiet else pen.strong
    shares = max(typeface.width(share, style), typeface.width("88%", style)) + pen.px(5) if share else 0
    return typeface.width(text, style) + shares + 2 * pen.px(8), style.cap + 2 * pen.px(5)


def pill(pen: Pen, text: str, at: tuple[int, int], color: Color, share: str = "", *, quiet: bool = False) -> None:
    """Draws a text and a percentage on a pill.

    Args:
        pen: Draws onto the picture.
        text: The text.
        at: Upper left corner in pixels.
        color: The pill's color.
        share: The percentage, or "".
        quiet: Draw it smaller, for small faces and crowds.
    """
    style = pen.small if quiet else pen.strong
    width, height = pill_size(pen, text, share, quiet=quiet)
    _empty(width, height, color).onto(pen.canvas, at[0] - 1, at[1] - 1)
    ink, base = text_on(color), at[1] + (height + style.cap) // 2
    pen.text(text, (at[0] + pen.px(8), base), ink, style)
    # A separate part, because a percentage changes with each reading; so both parts can come from the cache.
    pen.text_right(share, (at[0] + width - pen.px(8), base), ink, style)


@lru_cache(maxsize=128)
def _empty(width: int, height: int, color: Color) -> Sprite:
    """A pill without text, with a thin dark rim."""
    layer = Layer(width + 2, height + 2)
    layer.fill(sprite.rounded(width + 2, height + 2, height / 2 + 1), (0, 0), BLACK, 0.35)
    return layer.fill(sprite.rounded(width, height, height / 2), (1, 1), color).sprite()
