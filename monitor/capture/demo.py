"""The built-in ``demo`` source: two drawn people with the expressions of average faces.

It needs no camera and shows nobody real: each face is the mean of dozens to hundreds of training
faces (``train/data/demo_faces.py``). The same frame number always gives the same picture, so it is the
tests' camera too.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import SourceError
from monitor.core.labels import EMOTIONS
from monitor.core.numeric import unit
from monitor.core.types import Frame, Image

WIDTH, HEIGHT, FPS = 640, 480, 25.0
SHEET = Path(__file__).with_name("demo_faces.jpg")
MORPH_S = 0.5
"""Time one expression takes to become the next."""


@dataclass(frozen=True, slots=True)
class Actor:
    """One person of the story: when and where, how large, and which expressions in turn.

    Attributes:
        row: Which of the average people.
        enter: Second at which the face starts to slide in from its side.
        leave: Second at which it starts to slide out.
        x, y: Centre of the face once it is in, in pixels.
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
        """The expression at ``t``: from, to, and how far the morph has gone (0..1)."""
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


LENGTH_S = 24.0
# Fear is left out: the shipped model takes the average of frightened faces, at Haar's framing, for a smile.
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

    def __init__(self, loop: bool = False) -> None:
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
        """Nothing is held open."""

    def facts(self) -> dict[str, Any]:
        """Size, rate and length."""
        return {"kind": "demo", "width": WIDTH, "height": HEIGHT, "fps": FPS, "seconds": LENGTH_S}


def shown_expressions(t: float) -> dict[int, str]:
    """What each actor shows at second ``t`` of the story, morphs left out: the truth for tests."""
    truth = {}
    for actor in STORY:
        if actor.place(t) is not None:
            before, now, done = actor.expression(t)
            if done >= 1 or before == now:
                truth[actor.row] = now
    return truth


def render(t: float) -> Image:
    """The picture at second ``t`` of the story, (480, 640, 3) uint8 BGR."""
    canvas = _background().copy()
    for actor in STORY:
        place = actor.place(t)
        if place is not None:
            before, now, done = actor.expression(t)
            _draw(canvas, actor, place, _morph(actor.row, before, now, done))
    return canvas


@lru_cache(maxsize=1)
def _faces() -> NDArray[np.uint8]:
    """(people, 7, side, side) uint8 average faces."""
    sheet = cv2.imread(str(SHEET), cv2.IMREAD_GRAYSCALE)
    if sheet is None:
        raise SourceError(f"{SHEET}: is missing or damaged; reinstall the program")
    side = sheet.shape[1] // len(EMOTIONS)
    people = sheet.reshape(sheet.shape[0] // side, side, len(EMOTIONS), side)
    return np.array(people.transpose(0, 2, 1, 3), dtype=np.uint8)


def _morph(row: int, before: str, now: str, done: float) -> Image:
    faces = _faces()[row]
    a: Image = faces[EMOTIONS.index(before)]
    b: Image = faces[EMOTIONS.index(now)]
    return cv2.addWeighted(a, 1 - done, b, done, 0).astype(np.uint8, copy=False)


@lru_cache(maxsize=4)
def _mask(size: int) -> NDArray[np.float32]:
    """A soft oval that lets the face sink into the drawn head."""
    mask = np.zeros((size, size, 1), dtype=np.float32)
    half = size // 2
    cv2.ellipse(mask, (half, int(size * 0.5)), (int(size * 0.375), int(size * 0.475)), 0, 0, 360, 1.0, -1)
    return cv2.GaussianBlur(mask, (0, 0), size * 0.035).reshape(size, size, 1).astype(np.float32)


@lru_cache(maxsize=1)
def _skin() -> NDArray[np.uint8]:
    """Gray to skin tones, (256, 1, 3) BGR."""
    level = np.arange(256, dtype=np.float64) / 255
    tones = [255 * 0.74 * level**1.25, 255 * 0.85 * level**1.1, 255 * level**0.92]
    return np.clip(np.stack(tones, axis=1)[:, None, :], 0, 255).astype(np.uint8)


def _draw(canvas: Image, actor: Actor, place: tuple[float, float], face: Image) -> None:
    """Shoulders, hair and head, then the face; all clipped at the frame's border."""
    x, y = round(place[0]), round(place[1])
    size = actor.size
    half = size // 2
    shirt, hair = ((110, 80, 60), (38, 44, 62)) if actor.row == 0 else ((70, 95, 70), (30, 28, 30))
    cv2.ellipse(
        canvas, (x, y + int(size * 1.35)), (int(size * 0.95), int(size * 0.75)), 0, 0, 360, shirt, -1, cv2.LINE_AA
    )
    cv2.rectangle(canvas, (x - size // 6, y), (x + size // 6, y + int(size * 0.72)), (92, 112, 138), -1)
    cv2.ellipse(canvas, (x, y - size // 14), (int(size * 0.46), int(size * 0.56)), 0, 0, 360, hair, -1, cv2.LINE_AA)
    cv2.ellipse(
        canvas, (x, y + size // 50), (int(size * 0.39), int(size * 0.5)), 0, 0, 360, (104, 126, 152), -1, cv2.LINE_AA
    )
    x1, y1 = max(0, x - half), max(0, y - half)
    x2, y2 = min(WIDTH, x - half + size), min(HEIGHT, y - half + size)
    if x2 <= x1 or y2 <= y1:
        return
    large = cv2.resize(face, (size, size), interpolation=cv2.INTER_CUBIC)
    colored = cv2.LUT(cv2.merge([large, large, large]), _skin())
    cut = (slice(y1 - y + half, y2 - y + half), slice(x1 - x + half, x2 - x + half))
    mask = _mask(size)[cut]
    under = canvas[y1:y2, x1:x2]
    canvas[y1:y2, x1:x2] = (under + mask * (colored[cut].astype(np.float32) - under)).astype(np.uint8)


@lru_cache(maxsize=1)
def _background() -> Image:
    """A blurred room: wall, window, shelf."""
    wall = np.linspace(150, 105, HEIGHT, dtype=np.float32)[:, None, None] * np.array([0.95, 1.0, 1.02], np.float32)
    room = np.repeat(wall, WIDTH, axis=1).astype(np.uint8)
    cv2.rectangle(room, (400, 40), (590, 190), (205, 195, 180), -1)
    cv2.line(room, (495, 40), (495, 190), (120, 115, 110), 6)
    cv2.rectangle(room, (30, 90), (150, 104), (70, 85, 105), -1)
    for n, color in enumerate(((90, 60, 60), (60, 90, 70), (70, 70, 110), (60, 80, 100))):
        cv2.rectangle(room, (40 + 24 * n, 40 + 6 * (n % 2)), (58 + 24 * n, 90), color, -1)
    return cv2.GaussianBlur(room, (0, 0), 5).astype(np.uint8, copy=False)
