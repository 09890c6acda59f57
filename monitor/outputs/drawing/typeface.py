"""Text masks from the glyph atlas of Inter (made by ``deploy/typeface.py``, licence in ``inter-OFL.txt``).

The atlas holds each glyph once, at 80 px. A text is assembled at that size and shrunk with area averaging, which
gives the exact coverage of every pixel. The scale is such that the x-height is a whole number of pixels and the
baseline lies on a pixel border, so that small text is crisp. Unlike Pillow this needs no further package (22 MB
installed); it takes 4.1 instead of 5.8 MB of memory.
"""

from __future__ import annotations

import json
import math
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.core.types import Image

MEDIUM, BOLD = "medium", "bold"
"""Weights of the atlas."""
FOLDER = Path(__file__).parent
LEAST_PX = 12.0
"""Smallest em, in pixels of the picture as it is shown."""


@dataclass(frozen=True, slots=True)
class Glyph:
    """A glyph: left edge and width in the strip, offset from the pen, advance."""

    x: int
    width: int
    left: int
    advance: float


@dataclass(frozen=True, slots=True)
class Weight:
    """One weight of the typeface.

    Attributes:
        strip: (H, W) uint8, all glyphs in a row.
        baseline: Row of the baseline.
        x_height: Height of a lower-case x in pixels of the strip.
        em: Size of the em in pixels of the strip.
        glyphs: By character.
    """

    strip: NDArray[np.uint8]
    baseline: int
    x_height: float
    em: float
    glyphs: dict[str, Glyph]


@dataclass(frozen=True, slots=True)
class Style:
    """A size and a weight: the x-height in whole pixels, and whether it is bold."""

    x_height: int
    bold: bool = False

    @property
    def weight(self) -> str:
        """Name of the weight."""
        return BOLD if self.bold else MEDIUM

    @property
    def above(self) -> int:
        """Pixels that letters take above the baseline."""
        return math.ceil(1.5 * self.x_height)

    @property
    def below(self) -> int:
        """Pixels that letters take below the baseline."""
        return math.ceil(0.48 * self.x_height)

    @property
    def cap(self) -> int:
        """Height of a capital letter in pixels."""
        return round(1.333 * self.x_height)


def style(em: float, least: float = LEAST_PX, *, bold: bool = False) -> Style:
    """The style nearest to a size of the em in pixels, and not below the size ``least``."""
    weight = load(BOLD if bold else MEDIUM)
    share = weight.x_height / weight.em
    return Style(max(math.ceil(least * share - 1e-6), round(em * share)), bold)


@lru_cache(maxsize=2)
def load(weight: str) -> Weight:
    """Reads one weight of the atlas.

    Raises:
        ConfigError: A file of the atlas is missing or damaged.
    """
    path = FOLDER / f"inter-{weight}.png"
    strip = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if strip is None:
        raise ConfigError(f"{path}: is missing or damaged; reinstall the program")
    try:
        facts = json.loads((FOLDER / "inter.json").read_text("utf-8"))[weight]
        glyphs = {character: Glyph(*place) for character, place in facts["glyphs"].items()}
        return Weight(strip.astype(np.uint8, copy=False), int(facts["ascent"]), facts["x_height"], facts["em"], glyphs)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{FOLDER / 'inter.json'}: is missing or damaged ({error}); reinstall the program") from None


def known(text: str) -> str:
    """The text with each character the atlas lacks replaced by its base letter, or by "?"."""
    glyphs = load(MEDIUM).glyphs
    if all(character in glyphs for character in text):
        return text
    plain = []
    for character in text:
        if character not in glyphs:
            character = unicodedata.normalize("NFKD", character)[:1]
        plain.append(character if character in glyphs else "?")
    return "".join(plain)


@lru_cache(maxsize=512)
def width(text: str, size: Style) -> int:
    """Pixels from the first letter's origin to the end of the last one's advance."""
    weight = load(size.weight)
    return math.ceil(sum(weight.glyphs[c].advance for c in known(text)) * size.x_height / weight.x_height)


def mask(text: str, size: Style) -> Image:
    """Coverage of a text, (``above + below``, ``width``) uint8; the baseline is below row ``above``."""
    weight, text = load(size.weight), known(text)
    scale = size.x_height / weight.x_height
    out_w, out_h = max(1, width(text, size)), size.above + size.below
    full_w, full_h = math.ceil(out_w / scale), round(out_h / scale)
    line = np.zeros((full_h, full_w), np.uint8)
    top = round(size.above / scale) - weight.baseline  # the strip's first row in the line
    rows = slice(max(0, top), min(full_h, top + len(weight.strip)))
    cut = slice(rows.start - top, rows.stop - top)
    x = 0.0
    for character in text:
        glyph = weight.glyphs[character]
        left = max(0, round(x) + glyph.left)
        part = line[rows, left : left + glyph.width]
        np.maximum(part, weight.strip[cut, glyph.x : glyph.x + part.shape[1]], out=part)
        x += glyph.advance
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(line, (out_w, out_h), interpolation=way).astype(np.uint8, copy=False)
