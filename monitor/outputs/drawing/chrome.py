"""Additions to the picture in the window only, not in recordings or on the web page: recording dot, messages, status
line, keys."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from monitor.core.types import Image
from monitor.outputs.drawing import typeface
from monitor.outputs.drawing.palette import INK, MUTED, PLATE, RECORDING
from monitor.outputs.drawing.pen import Pen

KEYS = (
    ("q  Esc", "quit"), ("space", "pause"), ("o", "labels: off, calm, full"), ("r", "record on / off"),
    ("s", "save a snapshot"), ("i", "status line on / off"), ("h", "this help on / off"),
)  # fmt: skip
SEVERAL_KEYS = (("1 to 9", "show one camera"), ("0", "show all cameras"))
ALBUM_KEYS = (
    ("n  space", "next picture"), ("p", "previous picture"), ("o", "labels: off, calm, full"),
    ("s", "save a snapshot"), ("h", "this help on / off"), ("q  Esc", "quit"),
)  # fmt: skip
TOAST_S = 2.0
"""Time in seconds for which a message is shown."""


@dataclass(frozen=True, slots=True)
class Status:
    """The window's additions to the annotated picture.

    Attributes:
        line: Parts of the status line, such as "30.0 fps"; empty = none.
        recording: Whether frames are being written.
        blurred: Whether faces in the recording are blurred.
        paused: Whether the run is paused.
        toast: A message, or "".
        keys: Keys and their actions, or () for no help.
        caption: Name and number of a photograph, or "".
    """

    line: tuple[str, ...] = ()
    recording: bool = False
    blurred: bool = False
    paused: bool = False
    toast: str = ""
    keys: tuple[tuple[str, str], ...] = ()
    caption: str = ""


class Toast:
    """A message that disappears by itself.

    Args:
        clock: Seconds on a monotonic clock.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._text, self._until = "", 0.0

    def show(self, text: str) -> None:
        """Shows a message from now on."""
        self._text, self._until = text, self._clock() + TOAST_S

    @property
    def text(self) -> str:
        """The message, or "" after ``TOAST_S``."""
        return self._text if self._clock() < self._until else ""


def dressed(picture: Image, status: Status, shown: float = 1.0) -> Image:
    """A copy of an annotated picture with the window's own additions.

    Args:
        picture: (H, W, 3) uint8 BGR.
        status: The additions.
        shown: Scale at which the window shows the picture, at most 1.
    """
    if status == Status():
        return picture
    canvas = picture.copy()
    pen = Pen(canvas, shown)
    if status.recording:
        recording_dot(pen, blurred=status.blurred)
    if status.paused:
        _plate_text(pen, "paused", pen.width // 2, pen.px(12))
    bottom = pen.height - pen.px(46)
    if status.caption:
        bottom = _plate_text(pen, status.caption, pen.width // 2, bottom) - pen.px(30)
    if status.line:
        _plate_text(pen, "   ".join(status.line), pen.width // 2, bottom)
    if status.toast:
        _plate_text(pen, status.toast, pen.width // 2, pen.height // 3 * 2)
    if status.keys:
        _help(pen, status.keys)
    return canvas


def recording_dot(pen: Pen, *, blurred: bool = False) -> None:
    """A red dot and "REC", at the upper right."""
    text = "REC blurred" if blurred else "REC"
    dot, pad = pen.px(9), pen.px(8)
    width = typeface.width(text, pen.small) + dot + 3 * pad
    height = pen.small.cap + pen.px(12)
    x, y = pen.width - width - pen.px(10), pen.px(10)
    pen.plate((x, y, x + width, y + height), PLATE, radius=20)
    top = y + (height - dot) // 2
    pen.plate((x + pad, top, x + pad + dot, top + dot), RECORDING, 1.0, radius=20)
    pen.text(text, (x + 2 * pad + dot, y + (height + pen.small.cap) // 2), INK, pen.small)


def _plate_text(pen: Pen, text: str, middle: int, top: int) -> int:
    """A text on an opaque plate, centred at ``middle`` and cut to the picture's width; returns ``top``."""
    room = pen.width - pen.px(28)
    while typeface.width(text, pen.body) > room and len(text) > 4:
        text = text[: len(text) - 2 - len(text) // 20].rstrip(" …") + "…"
    width = typeface.width(text, pen.body) + 2 * pen.px(11)
    height = pen.body.cap + 2 * pen.px(8)
    left = middle - width // 2
    pen.plate((left, top, left + width, top + height), PLATE, 1.0)
    pen.text(text, (left + pen.px(11), top + pen.px(8) + pen.body.cap), INK)
    return top


def _help(pen: Pen, keys: tuple[tuple[str, str], ...]) -> None:
    """The keys on an opaque plate, in two aligned columns."""
    row, pad = pen.body.cap + pen.px(13), pen.px(18)
    first = max(typeface.width(key, pen.strong) for key, _ in keys) + pen.px(18)
    width = first + max(typeface.width(what, pen.body) for _, what in keys) + 2 * pad
    height = row * len(keys) + 2 * pad - pen.px(13)
    x, y = (pen.width - width) // 2, max(0, (pen.height - height) // 2)
    pen.plate((x, y, x + width, y + height), PLATE, 1.0, radius=10)
    for number, (key, what) in enumerate(keys):
        base = y + pad + pen.body.cap + number * row
        pen.text(key, (x + pad, base), INK, pen.strong)
        pen.text(what, (x + pad + first, base), MUTED, pen.body)
