"""The overlay's drawing primitives, scaled to one picture: text, boxes, bars, gauges, and where they find room."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from monitor.core.driver_state import FATIGUE_LEVELS, DriverState
from monitor.core.labels import EMOTIONS, UNKNOWN
from monitor.core.types import Box, Face, Image
from monitor.faces.detector import common_area
from monitor.outputs.live.lines import going_on, headline

Color = tuple[int, int, int]
COLORS: dict[str, Color] = {
    "angry": (60, 60, 235), "disgust": (90, 200, 110), "fear": (200, 90, 170), "happy": (60, 210, 250),
    "sad": (230, 140, 60), "surprise": (70, 150, 255), "neutral": (190, 190, 190), UNKNOWN: (120, 120, 120),
}  # fmt: skip
LEVEL_COLORS: dict[str, Color] = {
    "none": (120, 220, 120), "early": (60, 210, 250), "drowsy": (40, 130, 255), "danger": (50, 50, 240),
}  # fmt: skip
FONT = cv2.FONT_HERSHEY_SIMPLEX
WHITE: Color = (245, 245, 245)
HELP = ("q / Esc  quit", "space  pause", "r  record on/off", "o  overlay on/off", "s  snapshot", "h  this help")
MOST_HIDDEN = 0.4
"""Share of a face that its bars may cover where they find no other place: what they are about must be seen."""


@dataclass(slots=True)
class Spell:
    """A span in which a face's label stayed the same: its first and last time on the frame clock."""

    label: str
    first: float
    last: float


class Pen:
    """Drawing primitives scaled to one canvas."""

    def __init__(self, canvas: Image) -> None:
        self.canvas = canvas
        self.height, self.width = canvas.shape[:2]
        self.unit = max(0.72, min(self.height, self.width * 0.75) / 480)

    def px(self, size: float) -> int:
        """A length designed for 480 lines, in this canvas's pixels, at least 1."""
        return max(1, int(size * self.unit + 0.5))

    def text(self, text: str, at: tuple[int, int], color: Color, scale: float = 1.0) -> None:
        """Text with a dark rim, readable on any background; ``at`` is its lower left corner."""
        sprite = _sprite(text, color, 0.45 * scale * self.unit, self.px(1), self.px(1.4))
        left, top = at[0] - sprite.x, at[1] - sprite.y
        height, width = sprite.ink.shape[:2]
        x1, y1 = max(0, left), max(0, top)
        x2, y2 = min(self.width, left + width), min(self.height, top + height)
        if x1 >= x2 or y1 >= y2:
            return
        inside = slice(y1 - top, y2 - top), slice(x1 - left, x2 - left)
        part = self.canvas[y1:y2, x1:x2]
        np.copyto(part, cv2.add(cv2.multiply(part, sprite.through[inside], scale=1 / 255), sprite.ink[inside]))

    def text_width(self, text: str, scale: float = 1.0) -> int:
        """Pixels that a text takes."""
        return _text_width(text, 0.45 * scale * self.unit, self.px(1))

    def shade(self, x1: int, y1: int, x2: int, y2: int) -> None:
        """Darkens a rectangle so that light text stands out."""
        part = self.canvas[max(0, y1) : max(0, y2), max(0, x1) : max(0, x2)]
        if part.size:
            np.copyto(part, cv2.convertScaleAbs(part, alpha=0.35))

    def box(self, box: Box, color: Color, solid: bool) -> None:
        """A rectangle; corners only while the place is a prediction."""
        x1, y1, x2, y2 = (round(v) for v in box)
        thick = self.px(2)
        if solid:
            cv2.rectangle(self.canvas, (x1, y1), (x2, y2), color, thick, cv2.LINE_AA)
            return
        arm = max(3, (x2 - x1) // 5)
        for x, y, dx, dy in ((x1, y1, 1, 1), (x2, y1, -1, 1), (x1, y2, 1, -1), (x2, y2, -1, -1)):
            cv2.line(self.canvas, (x, y), (x + dx * arm, y), color, thick, cv2.LINE_AA)
            cv2.line(self.canvas, (x, y), (x, y + dy * arm), color, thick, cv2.LINE_AA)

    def points(self, points: list[tuple[int, int]]) -> None:
        """Keypoints as dots with a dark rim."""
        for at in points:
            cv2.circle(self.canvas, at, self.px(2.4), (0, 0, 0), -1, cv2.LINE_AA)
            cv2.circle(self.canvas, at, self.px(1.4), WHITE, -1, cv2.LINE_AA)

    def tag_box(self, text: str, box: Box, above: Sequence[Box]) -> Box:
        """Where a label goes: above the box, or inside it at the picture's top; under each of ``above`` (what stands at
        the picture's top and must be read) that it would cover; within the picture."""
        width, height = self.text_width(text, 1.15) + self.px(8), self.px(19)
        x = min(max(0, round(box[0])), max(0, self.width - width))
        y = round(box[1]) - height
        if y < 0:
            y = max(0, round(box[1]))
        for other in above:
            if _overlap((x, y, x + width, y + height), other):
                y = round(other[3])
        y = min(y, self.height - height)
        return float(x), float(y), float(x + width), float(y + height)

    def tag(self, text: str, at: Box, color: Color) -> None:
        """The label in the rectangle of ``tag_box``."""
        x1, y1, x2, y2 = (round(v) for v in at)
        self.shade(x1, y1, x2, y2)
        self.text(text, (x1 + self.px(4), y2 - self.px(5)), color, 1.15)

    def panel_spot(self, box: Box, others: list[Box]) -> Box | None:
        """Room for the bars: right of the face, left, below, else a corner; None when there is none.

        Args:
            box: The face's.
            others: Rectangles that must not be covered.
        """
        width, height = self.px(124), self.px(13 * len(EMOTIONS) + 18)
        gap = self.px(6)
        top = min(max(0, round(box[1])), max(0, self.height - height))
        middle = min(max(0, round((box[0] + box[2] - width) / 2)), max(0, self.width - width))
        for x, y in ((round(box[2]) + gap, top), (round(box[0]) - gap - width, top), (middle, round(box[3]) + gap)):
            spot = (float(x), float(y), float(x + width), float(y + height))
            inside = x >= 0 and y >= 0 and x + width <= self.width and y + height <= self.height
            if inside and not any(_overlap(spot, other) for other in others):
                return spot
        # A face that fills the picture: the corner that hides least of it.
        if width > self.width or height + self.px(56) > self.height:
            return None
        low, right = self.height - self.px(28) - height, self.width - width
        corners = [(float(x), float(y)) for y in (self.px(28), low) for x in (0, right)]
        spots = [(x, y, x + width, y + height) for x, y in corners]
        free = [spot for spot in spots if not any(_overlap(spot, other) for other in others)]
        best = min(free, key=lambda spot: common_area(spot, box), default=None)
        area = (box[2] - box[0]) * (box[3] - box[1])
        return best if best is not None and common_area(best, box) <= MOST_HIDDEN * area else None

    def bars(self, spot: Box, face: Face) -> None:
        """The seven probabilities; the shown label's in full color."""
        x1, y1, x2, y2 = (round(v) for v in spot)
        self.shade(x1, y1, x2, y2)
        row, name_width = self.px(13), self.px(56)
        length = x2 - x1 - name_width - self.px(6)
        for number, (name, p) in enumerate(zip(EMOTIONS, face.probs, strict=True)):
            y = y1 + self.px(4) + number * row
            color = COLORS[name]
            shown = WHITE if name == face.label else (170, 170, 170)
            self.text(name, (x1 + self.px(4), y + row - self.px(3)), shown, 0.82)
            left = x1 + name_width
            cv2.rectangle(self.canvas, (left, y + self.px(2)), (left + length, y + row - self.px(2)), (70, 70, 70), -1)
            end = left + round(length * float(p))
            if end > left:
                cv2.rectangle(self.canvas, (left, y + self.px(2)), (end, y + row - self.px(2)), color, -1)

    def strip(self, spot: Box, history: deque[Spell], t: float, span: float) -> None:
        """The shown labels of the last seconds as a colored band, now at its right end."""
        x1, x2, y2 = round(spot[0]) + self.px(4), round(spot[2]) - self.px(4), round(spot[3]) - self.px(4)
        y1 = y2 - self.px(7)
        ends = [*[spell.first for spell in history][1:], t]
        for spell, end in zip(history, ends, strict=True):
            left = x2 - round((x2 - x1) * min(1.0, (t - spell.first) / span))
            right = x2 - round((x2 - x1) * max(0.0, (t - end) / span))
            cv2.rectangle(self.canvas, (left, y1), (max(left, right), y2), COLORS[spell.label], -1)

    def status_box(self, words: list[str]) -> Box:
        """The rectangle of the status line at the lower left."""
        width = sum(self.text_width(word) for word in words) + self.px(12) * (len(words) - 1) + 2 * self.px(7)
        return 0.0, float(self.height - self.px(8) - self.px(14)), float(width), float(self.height)

    def status_line(self, words: list[str]) -> None:
        """Frame rate, latency and drops."""
        x1, y1, x2, y2 = (round(v) for v in self.status_box(words))
        self.shade(x1, y1, x2, y2)
        x = self.px(7)
        for word in words:  # one by one: most of them were drawn before, the whole line hardly ever
            self.text(word, (x, self.height - self.px(8)), WHITE)
            x += self.text_width(word) + self.px(12)

    def headline_box(self, state: DriverState) -> Box:
        """The rectangle of a driver's headline, the first row of ``gauges``."""
        return 0.0, 0.0, float(self._gauge_width(headline(state)[0])), float(self.px(14) + self.px(4))

    def _gauge_width(self, title: str) -> int:
        return max(self.px(212), self.text_width(title) + 2 * self.px(6))

    def gauges(self, state: DriverState) -> Box:
        """A driver's eyes, PERCLOS, mouth and fatigue as bars at the upper left, with the level in words.

        Returns:
            The rectangle they take.
        """
        title, grave = headline(state)
        row, width = self.px(14), self._gauge_width(title)
        rows = (
            ("eyes", state.eyes, 1.0, f"shut {state.closed_s:.1f} s" if state.closed_s > 0.3 else ""),
            ("PERCLOS", state.perclos, 0.3, "" if state.perclos is None else f"{state.perclos:.0%}"),
            ("mouth", state.mouth, 1.0, "yawn" if state.yawning else ""),
            ("fatigue", state.fatigue, 100.0, f"{state.fatigue:.0f}"),
        )
        self.shade(0, 0, width, row * (len(rows) + 2) + self.px(6))
        color = LEVEL_COLORS[state.level]
        known = state.judged or title == going_on(state)[0]
        self.text(title, (self.px(6), row), LEVEL_COLORS[FATIGUE_LEVELS[grave]] if known else COLORS[UNKNOWN])
        for number, (name, value, full, note) in enumerate(rows, 1):
            y = number * row + self.px(4)
            self.text(name, (self.px(6), y + row - self.px(4)), WHITE, 0.82)
            left, right = self.px(64), self.px(134)
            cv2.rectangle(self.canvas, (left, y + self.px(2)), (right, y + row - self.px(3)), (70, 70, 70), -1)
            if value is not None:
                end = left + round((right - left) * min(1.0, value / full))
                shade = color if name == "fatigue" else WHITE
                if end > left:
                    cv2.rectangle(self.canvas, (left, y + self.px(2)), (end, y + row - self.px(3)), shade, -1)
            self.text(note if value is not None else "?", (right + self.px(4), y + row - self.px(4)), WHITE, 0.82)
        if state.calibrated < 1:
            y = (len(rows) + 1) * row + self.px(4)
            self.text(f"calibrating {state.calibrated:.0%}", (self.px(6), y + row - self.px(4)), WHITE, 0.82)
        return 0.0, 0.0, float(width), float(row * (len(rows) + 2) + self.px(6))

    def recording_dot(self, blurred: bool = False) -> None:
        """A red dot: pixels are being stored, those of faces or not."""
        at = (self.width - self.px(16), self.px(16))
        cv2.circle(self.canvas, at, self.px(8), (0, 0, 0), -1, cv2.LINE_AA)
        cv2.circle(self.canvas, at, self.px(6), (40, 40, 235), -1, cv2.LINE_AA)
        left = at[0] - self.px(14) - self.text_width(_dot_text(blurred))
        self.text(_dot_text(blurred), (left, at[1] + self.px(5)), (90, 90, 245))

    def dot_box(self, blurred: bool) -> Box:
        """The rectangle of the dot and its word."""
        left = self.width - self.px(32) - self.text_width(_dot_text(blurred))
        return float(left), 0.0, float(self.width), float(self.px(26))

    def help(self) -> None:
        """The keys."""
        row = self.px(18)
        width = max(self.text_width(line) for line in HELP) + self.px(20)
        x, y = (self.width - width) // 2, (self.height - row * (len(HELP) + 1)) // 2
        self.shade(x, y, x + width, y + row * (len(HELP) + 1))
        for number, line in enumerate(HELP):
            self.text(line, (x + self.px(10), y + row * (number + 1)), WHITE)


@dataclass(frozen=True, slots=True)
class _Sprite:
    """A text as it lies on any picture: ``picture * through / 255 + ink``.

    Attributes:
        x, y: Where in it the text's lower left corner is.
        ink: (H, W, 3) uint8, what is added.
        through: (H, W, 3) uint8, how much of the picture remains.
    """

    x: int
    y: int
    ink: Image
    through: Image


@lru_cache(maxsize=128)  # more than a picture holds; at 4K each text takes some 200 kB
def _sprite(text: str, color: Color, size: float, thin: int, rim: int) -> _Sprite:
    """Renders a text once: smooth letters take OpenCV two thirds of what drawing a whole overlay costs."""
    (width, height), below = cv2.getTextSize(text, FONT, size, thin + rim)
    pad = thin + rim + 1
    x, y = pad, pad + height
    shape = (y + below + pad, width + 2 * pad, 3)

    def drawn(ground: int, letters: Color) -> Image:
        canvas = np.full(shape, ground, np.uint8)
        cv2.putText(canvas, text, (x, y), FONT, size, (0, 0, 0), thin + rim, cv2.LINE_AA)
        cv2.putText(canvas, text, (x, y), FONT, size, letters, thin, cv2.LINE_AA)
        return canvas

    return _Sprite(x, y, drawn(0, color), drawn(255, (0, 0, 0)))


@lru_cache(maxsize=256)
def _text_width(text: str, size: float, thin: int) -> int:
    return int(cv2.getTextSize(text, FONT, size, thin)[0][0])


def _dot_text(blurred: bool) -> str:
    return "REC blurred" if blurred else "REC"


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
