"""Renders the typeface of the annotated picture into a glyph atlas.

    python deploy/typeface.py inter-latin-500-normal.woff inter-latin-700-normal.woff

The fonts are Inter's (SIL Open Font License, npm package @fontsource/inter). The monitor reads only the atlas, so that
a run needs neither Pillow nor FreeType. Needs Pillow and fontTools, which the ``test`` extra brings with matplotlib.
"""

from __future__ import annotations

import json
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

SIZE = 80
"""Height of the em in pixels; text is shrunk from this size with area averaging, which is exact anti-aliasing."""
CHARACTERS = "".join(map(chr, [*range(32, 127), *range(161, 173), *range(174, 256)])) + "…–—‘’“”•←→↑↓−"
OUT = Path(__file__).parents[1] / "monitor" / "outputs" / "drawing"


def render(path: Path) -> tuple[Image.Image, dict[str, object]]:
    """One weight: a strip of glyphs, and the position of each one in it."""
    font = TTFont(path)
    known = font.getBestCmap()
    font.flavor = None
    plain = BytesIO()
    font.save(plain)
    plain.seek(0)
    drawn = ImageFont.truetype(plain, SIZE, layout_engine=ImageFont.Layout.BASIC)
    em = font["head"].unitsPerEm
    ascent, descent = round(SIZE * 1.02), round(SIZE * 0.28)
    glyphs: dict[str, list[float]] = {}
    parts: list[np.ndarray] = []
    x = 0
    for character in CHARACTERS:
        if ord(character) not in known:
            print(f"{path.name}: has no {character!r}")
            continue
        left, top, right, bottom = drawn.getbbox(character, anchor="ls")
        width = max(0, right - left)
        if top < -ascent or bottom > descent:
            print(f"{path.name}: {character!r} is cut off")
        image = Image.new("L", (max(1, width), ascent + descent))
        ImageDraw.Draw(image).text((-left, ascent), character, font=drawn, fill=255, anchor="ls")
        advance = font["hmtx"][known[ord(character)]][0] * SIZE / em
        glyphs[character] = [x, width, left, round(advance, 2)]
        parts.append(np.asarray(image)[:, :width])
        x += width
    facts = {
        "ascent": ascent,
        "height": ascent + descent,
        "x_height": round(font["OS/2"].sxHeight * SIZE / em, 2),
        "em": SIZE,
        "glyphs": glyphs,
    }
    # Sixteen gray levels suffice, because glyphs are only shown at smaller sizes.
    strip = np.concatenate(parts, axis=1).astype(np.uint16)
    return Image.fromarray((((strip + 8) // 17) * 17).clip(0, 255).astype(np.uint8)), facts


def main() -> None:
    """Writes the atlas beside the drawing code."""
    weights = {}
    for name, path in zip(("medium", "bold"), sys.argv[1:3], strict=True):
        strip, weights[name] = render(Path(path))
        strip.save(OUT / f"inter-{name}.png", optimize=True)
    (OUT / "inter.json").write_text(json.dumps(weights, ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8")


if __name__ == "__main__":
    main()
