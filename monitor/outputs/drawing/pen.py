"""Drawing primitives scaled to one picture: text, plates, bars, brackets."""

from __future__ import annotations

from itertools import pairwise

import cv2

from monitor.core.types import Box, Image
from monitor.outputs.drawing import sprite, typeface
from monitor.outputs.drawing.palette import BLACK, INK, PLATE, TRACK, Color
from monitor.outputs.drawing.typeface import Style

PLATE_OPACITY = 0.84
"""Opacity of plates under text; enough for AA contrast of white text on a plate over a white picture."""
SHIFT = 4
"""Fractional bits of coordinates given to OpenCV."""


class Pen:
    """Draws onto one picture; lengths are designed for 480 lines and grow with the picture.

    Args:
        canvas: The picture, changed in place.
        shown: Scale at which the picture is shown on the screen (0.5 = half as large), so that no text is smaller than
            ``typeface.LEAST_PX`` there.

    Attributes:
        unit: Pixels of this picture per pixel of a design with 480 lines.
        least: The smallest em in pixels.
        small, body, strong, title: Text styles.
    """

    def __init__(self, canvas: Image, shown: float = 1.0) -> None:
        self.canvas = canvas
        self.height, self.width = int(canvas.shape[0]), int(canvas.shape[1])
        self.unit: float = max(0.8 / shown, min(self.height, self.width * 0.75) / 480)
        self.least = least = typeface.LEAST_PX / shown
        self.small = typeface.style(12.5 * self.unit, least)
        self.body = typeface.style(13.5 * self.unit, least)
        self.strong = typeface.style(14.5 * self.unit, least, bold=True)
        self.title = typeface.style(24 * self.unit, least, bold=True)

    def px(self, size: float) -> int:
        """A length designed for 480 lines, in this picture's pixels, at least 1."""
        return max(1, int(size * self.unit + 0.5))

    def text(self, text: str, at: tuple[int, int], color: Color = INK, style: Style | None = None) -> int:
        """Writes a text whose baseline begins at ``at``; returns its width."""
        style = style or self.body
        if not text:
            return 0
        drawn = sprite.written(text, color, style)
        drawn.onto(self.canvas, at[0], at[1] - style.above)
        return drawn.size[0]

    def text_right(self, text: str, at: tuple[int, int], color: Color = INK, style: Style | None = None) -> None:
        """Writes a text that ends at ``at``."""
        style = style or self.body
        self.text(text, (at[0] - typeface.width(text, style), at[1]), color, style)

    def plate(self, box: Box, color: Color = PLATE, opacity: float = PLATE_OPACITY, radius: float = 6) -> None:
        """A rectangle with round corners under text."""
        x, y, width, height = round(box[0]), round(box[1]), round(box[2] - box[0]), round(box[3] - box[1])
        if width > 0 and height > 0:
            sprite.plate(width, height, self.px(radius), color, opacity).onto(self.canvas, x, y)

    def bar(self, at: tuple[int, int], size: tuple[int, int], share: float, color: Color) -> None:
        """A horizontal bar: its empty part, then ``share`` (0 to 1) of it in a color."""
        width, height = size
        sprite.plate(width, height, height / 2, TRACK, 1.0).onto(self.canvas, *at)
        length = round(width * min(1.0, max(0.0, share)))
        if length:
            sprite.plate(max(length, height), height, height / 2, color, 1.0).onto(self.canvas, *at)

    def brackets(self, box: Box, color: Color, *, solid: bool) -> None:
        """Rounded corners around a face; thinner while its place is a prediction."""
        thick = self.px(2 if solid else 1)
        side = min(box[2] - box[0], box[3] - box[1])
        if side < 4:
            return
        arm, radius = max(4.0, side * 0.16), side * 0.05
        one = 1 << SHIFT
        for line_color, width in ((BLACK, thick + self.px(1)), (color, thick)):
            for x, y, dx, dy in (
                (box[0], box[1], 1, 1), (box[2], box[1], -1, 1), (box[0], box[3], 1, -1), (box[2], box[3], -1, -1)
            ):  # fmt: skip
                curve = (
                    (x + dx * arm, y), (x + dx * radius, y), (x + dx * radius * 0.29, y + dy * radius * 0.29),
                    (x, y + dy * radius), (x, y + dy * arm),
                )  # fmt: skip
                points = [(round(px * one), round(py * one)) for px, py in curve]
                for a, b in pairwise(points):
                    cv2.line(self.canvas, a, b, line_color, width, cv2.LINE_AA, SHIFT)

    def points(self, points: list[tuple[float, float]]) -> None:
        """Keypoints as dots with a dark rim."""
        one = 1 << SHIFT
        for x, y in points:
            at = round(x * one), round(y * one)
            cv2.circle(self.canvas, at, round(self.unit * 2.2 * one), BLACK, -1, cv2.LINE_AA, SHIFT)
            cv2.circle(self.canvas, at, round(self.unit * 1.4 * one), INK, -1, cv2.LINE_AA, SHIFT)

    def frame(self, color: Color, thick: float) -> None:
        """A frame around the whole picture."""
        width = self.px(thick)
        for edge in (self.canvas[:width], self.canvas[-width:], self.canvas[:, :width], self.canvas[:, -width:]):
            edge[:] = color
