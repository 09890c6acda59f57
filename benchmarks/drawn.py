"""Draws pictures: characters of emoji fonts, text, and sketches of photographs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from monitor.core.types import Image

SIDE = 200
"""Longer side of a collected picture in pixels."""
SENTENCES = (
    "keep calm and smile|when you are happy|SAD QUOTES|angry? count to ten|Fear is a liar|SURPRISE!|stock photo|"
)
SENTENCES += "today's mood|image not found|no|hello|100 % natural|How to draw a face|emotions chart|neutral"


def glyphs(font: Path, size: int, codes: Iterator[int]) -> Iterator[Image]:
    """The characters of a font, one picture each."""
    face = ImageFont.truetype(str(font), size)
    side = round(size * 1.25)
    for code in codes:
        canvas = Pillow.new("RGB", (side, side), "white")
        ImageDraw.Draw(canvas).text(
            (side / 2, side / 2), chr(code), font=face, fill="black", anchor="mm", embedded_color=True
        )
        gray = np.asarray(canvas.convert("L"), np.uint8)
        if gray.std() > 20:
            yield gray


def emoji_codes() -> Iterator[int]:
    """Code points of emoji: faces and people first."""
    for low, high in (
        (0x1F600, 0x1F64F),
        (0x1F910, 0x1F9FF),
        (0x1F466, 0x1F4FF),
        (0x1F300, 0x1F465),
        (0x1F680, 0x1F6C5),
    ):
        yield from range(low, high + 1)


def texts(font: Path, count: int, rng: np.random.Generator) -> Iterator[Image]:
    """Lines of text as on quotations and placeholders."""
    sentences = SENTENCES.split("|")
    for _ in range(count):
        dark = int(rng.integers(0, 2)) * 255
        canvas = Pillow.new("L", (200, int(rng.integers(100, 220))), dark)
        pen = ImageDraw.Draw(canvas)
        size = int(rng.integers(12, 44))
        for line in range(int(rng.integers(1, 7))):
            text = str(rng.choice(sentences))
            pen.text((int(rng.integers(2, 30)), 8 + line * size), text, 255 - dark, ImageFont.truetype(str(font), size))
        yield np.asarray(canvas, np.uint8)


def sketches(photographs: list[Image], rng: np.random.Generator) -> Iterator[Image]:
    """Photographs as pencil sketches, cartoons of few tones, and line drawings."""
    for image in photographs:
        large = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        color = cv2.cvtColor(large, cv2.COLOR_GRAY2BGR)
        kind = int(rng.integers(0, 4))
        if kind == 0:
            out = cv2.pencilSketch(color, sigma_s=30, sigma_r=0.08, shade_factor=0.04)[0]
        elif kind == 1:
            tones = int(rng.integers(3, 6))
            soft = cv2.bilateralFilter(large, 9, 60, 9)
            flat = np.round(soft / 255 * (tones - 1)) * (255 / (tones - 1))
            lines = cv2.adaptiveThreshold(cv2.medianBlur(large, 5), 255, 0, cv2.THRESH_BINARY, 9, 4)
            out = np.minimum(flat, lines)
        elif kind == 2:
            out = cv2.adaptiveThreshold(cv2.medianBlur(large, 7), 255, 1, cv2.THRESH_BINARY, 15, 5)
        else:
            out = cv2.cvtColor(cv2.stylization(color, sigma_s=40, sigma_r=0.45), cv2.COLOR_BGR2GRAY)
        yield np.asarray(out, np.uint8)
