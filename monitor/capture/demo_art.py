"""Paints the demo's people: illustrated heads around average faces."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.capture.demo_easel import SIDE, SPAN, Color, Easel
from monitor.core.errors import SourceError
from monitor.core.labels import EMOTIONS
from monitor.core.types import Image

SHEET = Path(__file__).with_name("demo_faces.jpg")
SOFTER = 0.8
"""Contrast of the faces: the averages are sharpened to that of a photograph."""
SUN = np.array([0.98, 1.0, 1.03])
"""Tint of the lit side, BGR."""


@dataclass(frozen=True, slots=True)
class Look:
    """Colors of one person, BGR."""

    hair: Color
    shine: Color
    dark: Color
    light: Color
    shirt: Color
    collar: Color


LOOKS = (
    Look((42, 62, 104), (70, 98, 150), (58, 62, 112), (196, 218, 250), (148, 104, 52), (176, 132, 78)),
    Look((38, 36, 40), (70, 66, 70), (40, 50, 88), (158, 186, 226), (84, 118, 62), (112, 146, 88)),
)


_painting = threading.Lock()
"""Held while sprites are painted: several demos in one run would each paint the same ones, with 10 MB of layers."""


@dataclass(frozen=True, slots=True)
class Morph:
    """A face between two expressions: person, first and second expression, and progress (0 to 1)."""

    row: int
    before: str
    now: str
    done: float


@lru_cache(maxsize=1)
def faces() -> NDArray[np.uint8]:
    """The average faces, (people, 7, side, side) uint8 gray.

    Raises:
        SourceError: The sheet is missing or damaged.
    """
    sheet = cv2.imread(str(SHEET), cv2.IMREAD_GRAYSCALE)
    if sheet is None:
        raise SourceError(f"{SHEET}: is missing or damaged; reinstall the program")
    side = sheet.shape[1] // len(EMOTIONS)
    people = sheet.reshape(sheet.shape[0] // side, side, len(EMOTIONS), side)
    return np.array(people.transpose(0, 2, 1, 3), dtype=np.uint8)


def person(canvas: Image, place: tuple[float, float], size: int, tilt: float, morph: Morph) -> None:
    """Paints a person onto a picture, in place.

    Args:
        canvas: (H, W, 3) uint8 BGR.
        place: Centre of the face in pixels.
        size: Side of the face in pixels.
        tilt: Roll of the head in degrees, clockwise.
        morph: The face.
    """
    x, y = place
    with _painting:
        shoulders, face = body(morph.row, size), head(morph, size)
    lay(canvas, shoulders, (x * 0.97 + canvas.shape[1] * 0.015, y + 1.42 * size))
    lay(canvas, face, (x, y), tilt)


def lay(canvas: Image, sprite: Image, place: tuple[float, float], tilt: float = 0.0) -> None:
    """Draws a (S, S, 4) premultiplied sprite onto a picture, turned, with its centre at ``place``."""
    side = sprite.shape[0]
    half = side / 2 * (1.06 if tilt else 1.0)
    x1, y1 = max(0, int(place[0] - half)), max(0, int(place[1] - half))
    x2, y2 = min(canvas.shape[1], int(place[0] + half) + 1), min(canvas.shape[0], int(place[1] + half) + 1)
    if x1 >= x2 or y1 >= y2:
        return
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), -tilt, 1.0)
    matrix[:, 2] += (place[0] - side / 2 - x1, place[1] - side / 2 - y1)
    drawn = cv2.warpAffine(sprite, matrix, (x2 - x1, y2 - y1), flags=cv2.INTER_LINEAR)
    through = cv2.cvtColor(255 - drawn[:, :, 3], cv2.COLOR_GRAY2BGR)
    under = cv2.multiply(canvas[y1:y2, x1:x2], through, scale=1 / 255)
    canvas[y1:y2, x1:x2] = cv2.add(under, cv2.cvtColor(drawn, cv2.COLOR_BGRA2BGR))


def _sized(picture: NDArray[np.float32], size: int) -> Image:
    """A premultiplied picture for faces of ``size`` pixels, (S, S, 4) uint8."""
    side = round(size * SPAN)
    exact = cv2.convertScaleAbs(picture).astype(np.uint8, copy=False)
    return cv2.resize(exact, (side, side), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _tones(look: Look) -> NDArray[np.float32]:
    """Maps gray levels to skin tones, (256, 3) BGR, with warm shadows."""
    level = (np.arange(256, dtype=np.float32) / 255)[:, None]
    dark, light = np.array(look.dark, np.float32), np.array(look.light, np.float32)
    deep = dark * 0.32
    low = deep + (dark - deep) * np.clip(level / 0.38, 0, 1)
    return np.asarray(low + (light - dark) * np.clip((level - 0.38) / 0.52, 0, 1) ** 0.9, np.float32)


@lru_cache(maxsize=32)
def head(morph: Morph, size: int) -> Image:
    """A head with its expression; only the face itself is painted again for each expression."""
    below, above, lit, oval = _skull(morph.row)
    side = below.shape[0]
    at = (side - SIDE) // 2
    middle = slice(at, at + SIDE), slice(at, at + SIDE)
    painted = below.copy()
    colored = _tones(LOOKS[morph.row])[_face(morph)] * lit[middle]
    share = oval[middle]
    painted[middle][:, :, :3] = painted[middle][:, :, :3] * (1 - share) + share * colored
    painted *= 1 - above[:, :, 3:] / 255
    return _sized(painted + above, size)


def _face(morph: Morph) -> Image:
    """The gray face, (SIDE, SIDE) uint8, softened."""
    a, b = (faces()[morph.row, EMOTIONS.index(name)].astype(np.float32) for name in (morph.before, morph.now))
    mixed = a * (1 - morph.done) + b * morph.done
    large = cv2.resize(mixed, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    large = cv2.bilateralFilter(large, 7, 18, 4)
    large = 150 + SOFTER * (large - float(np.median(large[SIDE // 8 : -SIDE // 8, SIDE // 5 : -SIDE // 5])))
    large = np.minimum(large, 190 + 0.5 * (large - 190))  # avoids chalk-white faces
    return np.asarray(np.clip(large, 0, 255), np.uint8)


@lru_cache(maxsize=2)
def _skull(row: int) -> tuple[NDArray[np.float32], ...]:
    """The layers below and above a person's face (premultiplied), the light on the face as a factor, and the mask of
    the face."""
    look, easel = LOOKS[row], Easel()
    base = _tones(look)[150]
    sunny = np.tanh(3 * easel.x)[:, :, None]  # the window is on the right
    lit = (1 + 0.07 * sunny) * SUN.astype(np.float32) ** sunny
    _back_hair(easel, look, long_hair=row == 0)
    neck = easel.shape([(-0.17, 0.2), (0.17, 0.2), (0.19, 0.7), (0.3, 0.84), (-0.3, 0.84), (-0.19, 0.7)])
    shadow = np.clip((0.66 - easel.y) / 0.28, 0, 1)[:, :, None]
    easel.paint(neck, base * lit * (0.97 - 0.27 * shadow))
    for side in (-1, 1):
        easel.paint(easel.oval(side * 0.385, 0.03, 0.05, 0.1, 0.12), base * 0.86 * lit)
        easel.paint(easel.oval(side * 0.385, 0.03, 0.026, 0.06, 0.5) * 0.5, base * 0.62)
    skull = easel.shape(
        [(0, -0.52), (0.27, -0.43), (0.385, -0.15), (0.375, 0.12), (0.3, 0.34), (0.13, 0.492), (0, 0.505),
         (-0.13, 0.492), (-0.3, 0.34), (-0.375, 0.12), (-0.385, -0.15), (-0.27, -0.43)]
    )  # fmt: skip
    rim = 1 - 0.16 * np.clip(np.abs(easel.x) / 0.38, 0, 1) ** 3 - 0.1 * np.clip(easel.y / 0.5, 0, 1) ** 3
    easel.paint(skull, base * lit * rim[:, :, None])
    above = Easel()
    for side in (-1, 1):
        above.paint(above.oval(side * 0.2, 0.13, 0.09, 0.07, 1.2) * 0.1, (96, 96, 226))
    _front_hair(above, look, long_hair=row == 0)
    oval = easel.oval(0, 0.01, 0.345, 0.475, 0.22)[:, :, None] * easel.alpha
    return easel.picture(), above.picture(), lit.astype(np.float32), oval


def _back_hair(easel: Easel, look: Look, *, long_hair: bool) -> None:
    if long_hair:
        points = [(0, -0.68), (0.34, -0.57), (0.49, -0.2), (0.5, 0.25), (0.55, 0.6), (0.36, 0.78), (0.2, 0.6),
                  (-0.2, 0.6), (-0.36, 0.78), (-0.55, 0.6), (-0.5, 0.25), (-0.49, -0.2), (-0.34, -0.57)]  # fmt: skip
    else:
        points = [(0, -0.66), (0.3, -0.58), (0.44, -0.3), (0.43, -0.02), (0.36, 0.1), (-0.36, 0.1), (-0.43, -0.02),
                  (-0.44, -0.3), (-0.3, -0.58)]  # fmt: skip
    shade = (0.72 + 0.2 * np.clip(-easel.y, -0.5, 0.7))[:, :, None]
    easel.paint(easel.shape(points), np.array(look.hair, np.float32) * shade)


def _front_hair(easel: Easel, look: Look, *, long_hair: bool) -> None:
    """Hair above the forehead, with a few lit strands."""
    if long_hair:
        locks = [
            [(-0.08, -0.66), (0.2, -0.64), (0.42, -0.42), (0.49, -0.05), (0.47, 0.3), (0.41, 0.28), (0.39, -0.05),
             (0.3, -0.28), (0.1, -0.42), (-0.08, -0.47)],
            [(0.02, -0.68), (-0.2, -0.64), (-0.42, -0.42), (-0.49, -0.05), (-0.47, 0.3), (-0.41, 0.28),
             (-0.39, -0.05), (-0.31, -0.26), (-0.2, -0.4), (-0.05, -0.48), (0.05, -0.5)],
        ]  # fmt: skip
    else:
        locks = [
            [(-0.4, -0.02), (-0.44, -0.25), (-0.36, -0.52), (-0.1, -0.68), (0.18, -0.66), (0.38, -0.5), (0.44, -0.25),
             (0.4, -0.02), (0.36, -0.2), (0.29, -0.34), (0.1, -0.41), (-0.12, -0.38), (-0.3, -0.33), (-0.36, -0.2)],
        ]  # fmt: skip
    for points in locks:
        mask = easel.shape(points)
        strands = 0.5 + 0.5 * np.sin(38 * easel.x + 22 * np.abs(easel.x) ** 0.7 + 9 * easel.y)
        glow = (0.35 + 0.65 * strands) * np.exp(-(((easel.y + 0.42 + 0.5 * easel.x**2) / 0.14) ** 2))
        hair, shine = np.array(look.hair, np.float32), np.array(look.shine, np.float32)
        shade = (1.0 - 0.25 * np.clip(easel.y + 0.3, 0, 1))[:, :, None]
        easel.paint(mask, hair * shade + (shine - hair) * glow[:, :, None])


@lru_cache(maxsize=2)
def body(row: int, size: int) -> Image:
    """Shoulders in a shirt; the sprite's centre is the chest."""
    look, easel = LOOKS[row], Easel()
    shoulders = easel.shape(
        [(-0.2, -0.78), (0.2, -0.78), (0.5, -0.66), (0.82, -0.5), (0.98, -0.1), (1.02, 0.5), (1.0, 1.1), (-1.0, 1.1),
         (-1.02, 0.5), (-0.98, -0.1), (-0.82, -0.5), (-0.5, -0.66)]
    )  # fmt: skip
    light = 1 + 0.12 * np.clip(easel.x, -1, 1) - 0.16 * np.clip(np.abs(easel.x) - 0.5, 0, 1) - 0.12 * (easel.y + 0.2)
    folds = 1 + 0.025 * np.sin(5 * easel.x + 3 * np.sin(2.2 * easel.y))
    easel.paint(shoulders, np.array(look.shirt, np.float32) * (light * folds)[:, :, None])
    ring = easel.oval(0, -0.76, 0.31, 0.22, 0.05) - easel.oval(0, -0.79, 0.25, 0.18, 0.05)
    easel.paint(np.clip(ring, 0, 1) * shoulders, np.array(look.collar, np.float32) * light[:, :, None])
    return _sized(easel.picture(), size)
