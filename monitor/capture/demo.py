"""The built-in ``demo`` source: two illustrated people whose faces are averages of many.

It needs no camera and shows no real person: each face is the mean of dozens to hundreds of training faces
(``train/data/demo_faces.py``), painted by ``demo_art``. A given time always yields the same picture, so the tests use
the demo as their camera.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

from monitor.capture import demo_art, demo_room
from monitor.core.numeric import unit
from monitor.core.types import Frame, Image

WIDTH, HEIGHT, FPS = 640, 480, 25.0
MORPH_S = 0.5
"""Duration in seconds of the change from one expression to the next."""
MORPH_STEPS = 8
"""Pictures of one change of expression; each is painted once."""


@dataclass(frozen=True, slots=True)
class Actor:
    """One person of the story: time, place, size and sequence of expressions.

    Attributes:
        row: Row of the person in the sheet of average faces.
        enter: Second at which the face starts to slide in from its side.
        leave: Second at which it starts to slide out.
        x, y: Centre of the face after it has slid in, in pixels.
        size: Side of the face picture in pixels.
        side: -1 enters from the left, 1 from the right.
        acts: (seconds, expression) in order; the last one lasts.
    """

    row: int
    enter: float
    leave: float
    x: float
    y: float
    size: int
    side: int
    acts: tuple[tuple[float, str], ...]

    def expression(self, t: float) -> tuple[str, str, float]:
        """The expression at ``t``: the first one, the second one, and the progress of the morph from one to the other
        (0..1)."""
        before, since = self.acts[0][1], self.enter
        for length, now in self.acts:
            if t < since + length:
                return before, now, unit((t - since) / MORPH_S)
            before, since = now, since + length
        return before, before, 1.0

    def place(self, t: float) -> tuple[float, float] | None:
        """Centre of the face at ``t``, or None while the person is out of view."""
        if not self.enter <= t < self.leave + 1.5:
            return None
        away = max(0.0, 1 - (t - self.enter) / 1.5, (t - self.leave) / 1.5)
        start = -self.size if self.side < 0 else WIDTH + self.size
        ease = away * away * (3 - 2 * away)
        x = self.x + (start - self.x) * ease + 14 * math.sin(0.9 * t + self.row)
        return x, self.y + 6 * math.sin(1.7 * t + self.row)

    def tilt(self, t: float) -> float:
        """Roll of the head at ``t`` in degrees, clockwise in the picture."""
        return 2.5 * math.sin(0.8 * t + 2 * self.row) + 1.0 * math.sin(2.1 * t)


LENGTH_S = 24.0
# Fear is left out, because the shipped model reads the average of frightened faces, framed as a Haar box, as happy.
STORY = (
    Actor(0, 0.5, 21.5, 215, 225, 200, -1, (
        (3.5, "neutral"), (3.0, "happy"), (3.0, "surprise"), (3.0, "sad"), (3.0, "angry"), (9.0, "neutral"),
    )),
    Actor(1, 8.0, 18.5, 470, 245, 168, 1, (
        (3.0, "neutral"), (3.0, "happy"), (3.0, "disgust"), (9.0, "neutral"),
    )),
)  # fmt: skip


class DemoSource:
    """The demo as a source: 24 s at 25 Hz, 640×480; see ``Source``."""

    live = False
    name = "demo"
    fps = FPS

    def __init__(self, *, loop: bool = False) -> None:
        self._loop = loop
        self._index = 0
        self.frames = 0 if loop else round(LENGTH_S * FPS)

    def read(self) -> Frame | None:
        """The next picture; None after the story, unless it loops."""
        if self.frames and self._index >= self.frames:
            return None
        t = self._index / FPS
        image = render(t % LENGTH_S)
        image.setflags(write=False)
        frame = Frame(self._index, round(t, 6), time.time(), image, self.name)
        self._index += 1
        return frame

    def close(self) -> None:
        """Does nothing: nothing is open."""

    def facts(self) -> dict[str, Any]:
        """Size, rate and length."""
        return {"kind": "demo", "width": WIDTH, "height": HEIGHT, "fps": FPS, "seconds": LENGTH_S}


def shown_expressions(t: float) -> dict[int, str]:
    """The expression of each actor at second ``t`` of the story, except during morphs; ground truth for tests."""
    truth = {}
    for actor in STORY:
        if actor.place(t) is not None:
            before, now, done = actor.expression(t)
            if done >= 1 or before == now:
                truth[actor.row] = now
    return truth


def render(t: float) -> Image:
    """The picture at second ``t`` of the story, (480, 640, 3) uint8 BGR."""
    canvas = demo_room.room(WIDTH, HEIGHT).copy()
    for actor in STORY:
        place = actor.place(t)
        if place is not None:
            before, now, done = actor.expression(t)
            morph = demo_art.Morph(actor.row, before, now, round(done * MORPH_STEPS) / MORPH_STEPS)
            demo_art.person(canvas, place, actor.size, actor.tilt(t), morph)
    return canvas
