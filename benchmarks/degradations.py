"""Bad pictures: darkness, noise, small faces, compression, infra-red light, tilt, glare, marks burnt into the film."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.types import Image

Degradation = Callable[[Image, np.random.Generator], Image]


def _clipped(values: Any) -> Image:
    return np.asarray(np.clip(values + 0.5, 0, 255), np.uint8)


def _noise(image: Image, rng: np.random.Generator, sigma: float) -> Image:
    noise = rng.integers(0, 1 << 16, image.shape, np.uint16)
    return cv2.add(image, _bells(sigma)[noise], dtype=cv2.CV_8U).astype(np.uint8, copy=False)


@cache
def _bells(sigma: float) -> NDArray[np.int16]:
    """Normal deviates of a standard deviation, to be drawn from: (65536,) int16."""
    return np.rint(np.random.default_rng(0).normal(0, sigma, 1 << 16)).astype(np.int16)


def _dark(image: Image, share: float) -> Image:
    return cv2.convertScaleAbs(image, alpha=share).astype(np.uint8, copy=False)


def _half(image: Image, rng: np.random.Generator) -> Image:
    return cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _jpeg(image: Image, rng: np.random.Generator) -> Image:
    packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 30])[1]
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)


def _infrared(image: Image, rng: np.random.Generator) -> Image:
    """Gray, the red channel first (skin is bright, lips are pale), lit from the front, with some noise."""
    levels = image[:, :, 2].astype(np.float32) * 0.8 + image[:, :, 1] * 0.2
    height, width = levels.shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    beam = np.exp(-((columns / width - 0.5) ** 2 + (rows / height - 0.45) ** 2) / 0.18)
    gray = 255 * (levels / 255) ** 0.8 * (0.25 + 0.75 * beam)
    return _noise(cv2.cvtColor(_clipped(gray), cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False), rng, 4)


def _rolled(image: Image, rng: np.random.Generator) -> Image:
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 10, 1.0)
    turned = cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return turned.astype(np.uint8, copy=False)


def _glare(image: Image, rng: np.random.Generator) -> Image:
    """Low sun from one side: a veil over the picture that bleaches its left half."""
    height, width = image.shape[:2]
    veil = 150 * np.exp(-np.linspace(0, 2.2, width, dtype=np.float32))[None, :, None]
    return _clipped(image * 0.9 + np.broadcast_to(veil, (height, width, 1)))


def _marked(image: Image, rng: np.random.Generator) -> Image:
    """Dark stock film: a quarter of the light, marks burnt in over the whole picture."""
    out = _dark(image, 0.25)
    height, width = out.shape[:2]
    marks = np.zeros((height, width), np.uint8)
    size = width / 640
    for n, y in enumerate(range(0, height + 60, max(20, round(70 * size)))):
        for x in range(-(n % 2) * round(90 * size), width, max(40, round(180 * size))):
            where, font = (x, y), cv2.FONT_HERSHEY_SIMPLEX
            cv2.putText(marks, "sample", where, font, 1.1 * size, 255, max(1, round(2 * size)), cv2.LINE_AA)
    return cv2.add(out, cv2.cvtColor(cv2.convertScaleAbs(marks, alpha=0.12), cv2.COLOR_GRAY2BGR)).astype(np.uint8)


DEGRADED: dict[str, Degradation] = {
    "as filmed": lambda image, rng: image,
    "light × 0.3": lambda image, rng: _dark(image, 0.3),
    "light × 0.12": lambda image, rng: _noise(_dark(image, 0.12), rng, 1.5),
    "noise, sigma 25": lambda image, rng: _noise(image, rng, 25),
    "light × 0.3, noise, sigma 8": lambda image, rng: _noise(_dark(image, 0.3), rng, 8),
    "half size": _half,
    "JPEG 30": _jpeg,
    "gray, infra-red-like": _infrared,
    "roll 10°": _rolled,
    "glare": _glare,
    "dark, marks burnt in": _marked,
}
"""Degradations by name."""
