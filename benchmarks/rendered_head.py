"""Draws a synthetic driver: the demo's heads with lids, gaze, mouth, pose, hand, mask and sunglasses of their own.

Places are in pixels of the average faces (240 a side), whose eyes and mouths lie at the same places.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.synthetic_script import Body
from monitor.capture import demo_art, demo_room
from monitor.core.types import Image

Floats = NDArray[np.float32]
SIDE = 240.0
EYES, EYE_Y, EYE_HALF, EYE_HIGH = (71.0, 166.0), 100.0, 25.0, 17.0
"""Middles of the eyes, their lower lids, half their width and how far open lids are apart."""
MOUTH, MOUTH_HALF = (119.5, 184.0), 37.0
AXES, DEPTH = (0.42, 0.56), 0.42
"""Half axes of a head across and along, and its depth, in face sides: an ellipsoid that turns."""
CHEEK = 0.35
"""Furthest place from the middle that is drawn on the head: behind it the demo's heads have no side."""
DRAWN = 1.2
"""Factor on the drawn opening of the mouth: lips this far apart read like those of the script."""
WIDTH, HEIGHT = 640, 480


@dataclass(frozen=True, slots=True)
class Person:
    """A driver before a camera.

    Attributes:
        row: Row of the demo's sheet of faces.
        size: Side of the face in pixels.
        x, y: Middle of the face in pixels.
        wears: "", "mask" or "sunglasses".
        open: How far apart open lids are, as a share of the usual.
    """

    row: int
    size: int
    x: float
    y: float
    wears: str = ""
    open: float = 1.0


class Painter:
    """Paints one person; pictures are (480, 640, 3) uint8 BGR."""

    def __init__(self, person: Person) -> None:
        morph = demo_art.Morph(person.row, "neutral", "neutral", 1.0)
        self._person = person
        self._scale = person.size / SIDE
        self._sprite = demo_art.head(morph, person.size)
        self._shift = (self._sprite.shape[0] - person.size) / 2
        canvas = demo_room.room(WIDTH, HEIGHT).copy()
        chest = (person.x * 0.97 + 0.015 * WIDTH, person.y + 1.42 * person.size)
        demo_art.lay(canvas, demo_art.body(person.row, person.size), chest)
        self._behind = canvas
        rows, columns = np.mgrid[0:61, 0:61].astype(np.float32)
        side = self._sprite.shape[0]
        self._grid = ((columns / 60 - 0.5) * side / person.size, (rows / 60 - 0.5) * side / person.size)
        self._jaw = self._jaw_drop()
        self._cheek = self._color(119.5, 45.0)

    def paint(self, body: Body, tilt: float = 0.0) -> Image:
        """The picture of a body; the head is rolled by ``tilt`` degrees."""
        sprite = self._sprite.copy()
        self._mouth(sprite, float(body.mouth))
        apart = float(body.lids * (1 - 0.52 * body.gaze) * self._person.open)
        for x in EYES:
            self._eye(sprite, x, apart, float(body.gaze))
        if self._person.wears == "mask":
            self._fill(sprite, [(28, 148), (119, 128), (211, 148), (202, 205), (160, 243), (80, 243), (38, 205)],
                       (196, 186, 150), 1.2)  # fmt: skip
        if self._person.wears == "sunglasses":
            for x in EYES:
                self._fill(sprite, _oval((x, 91), (38, 29)), (22, 20, 20), 0.8)
            self._fill(sprite, [(100, 84), (140, 84), (140, 90), (100, 90)], (22, 20, 20), 0.8)
        if body.hand:
            self._hand(sprite)
        if abs(body.yaw) > 0.2 or abs(body.pitch) > 0.2:
            sprite = self._turned(sprite, body.yaw, body.pitch)
        picture = self._behind.copy()
        demo_art.lay(picture, sprite, (self._person.x, self._person.y), tilt)
        return picture

    def _jaw_drop(self) -> tuple[Floats, Floats, Floats]:
        """Columns, rows and how far each pixel of the sprite moves down with the jaw, as a share of the opening."""
        side = self._sprite.shape[0]
        rows, columns = np.mgrid[0:side, 0:side].astype(np.float32)
        y, x = (rows - self._shift) / self._scale, (columns - self._shift) / self._scale
        drop = 0.62 * np.clip((y - 176) / 40, 0, 1) * np.clip((330 - y) / 70, 0, 1)
        drop *= np.exp(-(((x - MOUTH[0]) / 95) ** 4))
        return columns, rows, drop.astype(np.float32)

    def _at(self, points: Floats) -> Floats:
        """Places of the face as pixels of the sprite."""
        return np.asarray(points * self._scale + self._shift, np.float32)

    def _color(self, x: float, y: float) -> Floats:
        """(3,) BGR around a place of the unchanged face."""
        column, row = (int(v) for v in self._at(np.array([x, y], np.float32)))
        return np.asarray(self._sprite[row - 2 : row + 3, column - 2 : column + 3, :3].mean(axis=(0, 1)), np.float32)

    def _mask(self, shape: tuple[int, int], corner: tuple[int, int], points: Floats, soft: float) -> Floats:
        """(h, w, 1) opacity of a polygon in a part of the sprite."""
        mask = np.zeros(shape, np.uint8)
        cv2.fillPoly(mask, [np.rint((points - corner) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        blurred = cv2.GaussianBlur(mask, (0, 0), max(0.4, soft * self._scale))
        return np.asarray(blurred[:, :, None], np.float32) / np.float32(255)

    def _fill(self, sprite: Image, points: object, color: object, soft: float, within: Floats | None = None) -> None:
        """Paints a polygon of the face, at most ``within`` another one."""
        corners = self._at(np.asarray(points, np.float32))
        margin = 3 * soft * self._scale + 2
        x1, y1 = (max(0, int(v - margin)) for v in corners.min(axis=0))
        x2, y2 = (min(sprite.shape[0], int(v + margin) + 1) for v in corners.max(axis=0))
        if x1 >= x2 or y1 >= y2:
            return
        part = sprite[y1:y2, x1:x2]
        share = self._mask(part.shape[:2], (x1, y1), corners, soft)
        if within is not None:
            share = share * self._mask(part.shape[:2], (x1, y1), self._at(within), 0.7)
        opaque = np.append(np.broadcast_to(np.asarray(color, np.float32), 3), 255).astype(np.float32)
        part[:] = np.clip(part * (1 - share) + opaque * share + 0.5, 0, 255)

    def _eye(self, sprite: Image, x: float, apart: float, gaze: float) -> None:
        """One eye: skin over the painted one, then what the lids leave open, lashes and the fold of the lid."""
        above, below = self._color(x, 77), self._color(x, 110)
        self._fill(sprite, _oval((x, 91), (31, 15)), 0.5 * above + 0.5 * below, 2.0)
        t = np.linspace(-1, 1, 15, dtype=np.float32)
        arch = np.sqrt(np.maximum(0, 1 - t * t))
        low = EYE_Y - 4 + 4 * arch
        high = EYE_Y - 4 + 4 * arch - (EYE_HIGH + 1) * apart * arch
        columns = x + EYE_HALF * t
        opening = np.concatenate([np.stack([columns, high], 1), np.stack([columns, low], 1)[::-1]]).astype(np.float32)
        if apart > 0.05:
            self._fill(sprite, opening, (205, 208, 214), 0.6)
            middle = EYE_Y - 9 + 6 * gaze
            self._fill(sprite, _oval((x, middle), (10, 10)), (40, 52, 66), 0.7, opening)
            self._fill(sprite, _oval((x, middle), (4.5, 4.5)), (12, 12, 12), 0.5, opening)
        lashes = np.concatenate([np.stack([columns, high - 2.2], 1), np.stack([columns, high + 1.4], 1)[::-1]])
        self._fill(sprite, lashes, 0.28 * above, 0.7)
        fold = high - 5 - 3 * arch
        crease = np.concatenate([np.stack([columns, fold - 1], 1), np.stack([columns, fold + 1], 1)[::-1]])
        self._fill(sprite, crease, 0.72 * above, 1.2)

    def _mouth(self, sprite: Image, opening: float) -> None:
        """The jaw drops and the lips part; a closed mouth stays as it is."""
        if opening < 0.06:
            return
        half = MOUTH_HALF * (1 - 0.22 * min(1.0, opening))
        apart = DRAWN * opening * 2 * half
        columns, rows, drop = self._jaw
        sprite[:] = cv2.remap(sprite, columns, rows - apart * self._scale * drop, cv2.INTER_LINEAR)
        lip, middle = self._color(119.5, 196) * np.array([0.72, 0.7, 0.85]), (MOUTH[0], MOUTH[1] + 0.42 * apart)
        self._fill(sprite, _oval(middle, (half + 6, apart / 2 + 7)), lip, 1.5)
        self._fill(sprite, _oval(middle, (half, apart / 2)), (26, 20, 38), 1.0)
        if apart > 14:
            teeth = _oval((middle[0], middle[1] - apart / 2 + 4), (half * 0.7, 4))
            self._fill(sprite, teeth, (178, 186, 190), 0.8)

    def _hand(self, sprite: Image) -> None:
        """A palm and four fingers before mouth and chin, with the forearm below."""
        skin = self._cheek * 0.93
        self._fill(sprite, [(92, 200), (156, 200), (176, 350), (96, 350)], skin * 0.9, 1.5)
        self._fill(sprite, _oval((122, 198), (54, 40)), skin, 1.5)
        for n in range(4):
            left, top = 68 + 26 * n, 150 + 5 * abs(n - 1.5)
            finger = [(left, 200), (left + 2, top + 6), (left + 12, top), (left + 23, top + 6), (left + 25, 200)]
            self._fill(sprite, finger, skin * (1.0 - 0.02 * n), 1.0)
            self._fill(sprite, [(left + 24, 205), (left + 23, top + 10), (left + 26, top + 10), (left + 27, 205)],
                       skin * 0.6, 0.8)  # fmt: skip

    def _turned(self, sprite: Image, yaw: float, pitch: float) -> Image:
        """The head turned about its middle, as an ellipsoid; positive yaw to the left of the picture, pitch down."""
        x, y = self._grid
        far = (x / AXES[0]) ** 2 + (y / AXES[1]) ** 2
        z = DEPTH * np.sqrt(np.maximum(0, 1 - far))
        a, b = math.radians(-yaw), math.radians(pitch)
        back_x = np.where(far < 1, np.clip(x * math.cos(a) - z * math.sin(a), -CHEEK, CHEEK), x)
        depth = x * math.sin(a) + z * math.cos(a)
        back_y = y * math.cos(b) - depth * math.sin(b)
        fade = np.clip((1.5 - np.sqrt(far)) / 0.5, 0, 1)
        side, size = sprite.shape[0], self._person.size
        fields = [
            cv2.resize((own + fade * (moved - own)).astype(np.float32), (side, side)) * size + side / 2
            for own, moved in ((x, back_x), (y, back_y))
        ]
        return cv2.remap(sprite, fields[0], fields[1], cv2.INTER_LINEAR).astype(np.uint8, copy=False)


def _oval(middle: tuple[float, float], axes: tuple[float, float]) -> Floats:
    """(24, 2) corners of an ellipse."""
    t = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    return np.stack([middle[0] + axes[0] * np.cos(t), middle[1] + axes[1] * np.sin(t)], 1).astype(np.float32)
