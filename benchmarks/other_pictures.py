"""Collects pictures that show no photographed person, to train and to measure ``train.clean.content``.

    python -m benchmarks.other_pictures ../shared/data /tmp/other

Drawings: the emoji fonts Noto and Symbola, the icon themes GNOME and Oxygen, Open Clip Art and the portraits of Wesnoth
(Debian packages), avatars of DiceBear (npm), rendered text, and photographs turned into sketches. Things: photographs
of animals and objects (Tux Paint's stamps), wallpapers, windows of driver frames beside the face. Nothing of it is
shipped; the licences are in the packages. No collection is on both sides, save Open Clip Art (split by category),
DiceBear (by style), Wesnoth (by people), the stamps (by file), driver frames (by driver) and the sketches (by
photograph). Needs Debian, npm and node.
"""

from __future__ import annotations

import argparse
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from benchmarks.backdrops import driver_windows, wallpaper_windows
from monitor.core.types import Image

PACKAGES = (
    "fonts-noto-color-emoji", "fonts-symbola", "gnome-icon-theme", "oxygen-icon-theme", "openclipart-png",
    "tuxpaint-stamps-default", "wesnoth-1.16-data", "plasma-workspace-wallpapers", "mate-backgrounds",
)  # fmt: skip
AVATARS = ("@dicebear/core@9", "@dicebear/collection@9", "@resvg/resvg-js@2")
RENDER = """
import { createAvatar } from '@dicebear/core';
import * as collection from '@dicebear/collection';
import { Resvg } from '@resvg/resvg-js';
import fs from 'node:fs';
for (const [name, style] of Object.entries(collection)) {
  fs.mkdirSync(`avatars/${name}`, { recursive: true });
  for (let n = 0; n < 60; n++) {
    const svg = createAvatar(style, { seed: `${name}${n}`, size: 160 }).toString();
    fs.writeFileSync(`avatars/${name}/${n}.png`, new Resvg(svg).render().asPng());
  }
}
"""
SHAPES = {"identicon", "shapes", "rings", "initials", "icons"}
"""DiceBear's styles without a face; only the first few are used."""
HELD_STYLES = {"adventurer", "adventurerNeutral", "micah", "notionists", "notionistsNeutral", "openPeeps", "bigSmile",
               "miniavs", "thumbs", "dylan", "initials"}  # fmt: skip
PHOTOGRAPHED = ("Autumn", "BytheWater", "ColdRipple", "ColorfulCups", "DarkestHour", "EveningGlow", "FallenLeaf",
                "Grey", "Kite", "OneStandsOut", "Path", "summer_1am")  # fmt: skip
"""The wallpapers of Plasma that are photographs."""
HELD_CLIPART = {"animals", "education", "tools", "logos", "buildings", "science"}
HELD_PEOPLES = {"elves", "undead", "dunefolk", "orcs", "merfolk"}
SIDE = 200
"""Longer side of a collected picture in pixels."""
SENTENCES = (
    "keep calm and smile|when you are happy|SAD QUOTES|angry? count to ten|Fear is a liar|SURPRISE!|stock photo|"
)
SENTENCES += "today's mood|image not found|no|hello|100 % natural|How to draw a face|emotions chart|neutral"


def fetch(work: Path) -> None:
    """Downloads and unpacks the packages, and renders the avatars; what is there already is not fetched again."""
    work.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        if not list(work.glob(f"{package}_*.deb")):
            subprocess.run(["apt-get", "download", package], cwd=work, check=True)
            subprocess.run(["dpkg", "-x", next(work.glob(f"{package}_*.deb")), work / "debian"], cwd=work, check=True)
    if not (work / "avatars").exists():
        subprocess.run(["npm", "install", "--ignore-scripts", *AVATARS], cwd=work, check=True)
        (work / "render.mjs").write_text(RENDER)
        subprocess.run(["node", "render.mjs"], cwd=work, check=True)


def opaque(path: Path, rng: np.random.Generator) -> Image | None:
    """A picture in gray on a plain ground of random lightness, mostly white; None if it is tiny or empty."""
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if image is None or min(image.shape[:2]) < 40:
        return None
    if image.dtype != np.uint8:
        image = (image / 257).astype(np.uint8)
    if image.ndim == 3 and image.shape[2] == 4:
        ground = 255.0 if rng.random() < 0.6 else float(rng.integers(0, 256))
        alpha = image[:, :, 3].astype(np.float32) / 255
        gray = cv2.cvtColor(image[:, :, :3], cv2.COLOR_BGR2GRAY).astype(np.float32)
        image = (gray * alpha + ground * (1 - alpha)).astype(np.uint8)
    elif image.ndim == 3:
        image = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return fitted(np.asarray(image, np.uint8)) if image.std() > 8 else None


def fitted(image: Image) -> Image:
    """The picture at a longer side of at most ``SIDE``."""
    scale = SIDE / max(image.shape)
    if scale >= 1:
        return image
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


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


class Writer:
    """Writes the pictures of one side (train or test), numbered by collection."""

    def __init__(self, out: Path, side: str) -> None:
        self._folder = out / side
        self.counts: dict[str, int] = {}

    def put(self, kind: str, collection: str, images: Iterator[Image | None], most: int) -> None:
        """Writes up to ``most`` pictures as KIND/COLLECTION_N.png."""
        (self._folder / kind).mkdir(parents=True, exist_ok=True)
        count = 0
        for image in images:
            if image is not None and count < most:
                cv2.imwrite(str(self._folder / kind / f"{collection}_{count:05}.png"), image)
                count += 1
        self.counts[f"{kind}/{collection}"] = count


def some(paths: list[Path], rng: np.random.Generator, most: int) -> Iterator[Image | None]:
    """Up to about ``most`` of the pictures in random order."""
    for n in rng.permutation(len(paths))[: round(1.3 * most)]:
        yield opaque(paths[int(n)], rng)


def photographs(data: Path, side: str, count: int) -> list[Image]:
    """Gray photographs of heads from faces.zip: the even ones for training, the odd ones for the test."""
    with zipfile.ZipFile(data / "faces.zip") as archive:
        names = sorted(n for n in archive.namelist() if n.endswith(".jpg"))[side == "test" :: 2][:count]
        return [cv2.imdecode(np.frombuffer(archive.read(n), np.uint8), cv2.IMREAD_GRAYSCALE) for n in names]  # type: ignore[misc]


def collect(data: Path, work: Path, out: Path, side: str) -> dict[str, int]:
    """Writes one side; returns pictures by collection."""
    held = side == "test"
    rng = np.random.default_rng(held)
    share = work / "debian/usr/share"
    writer = Writer(out, side)
    emoji = share / "fonts/truetype" / ("ancient-scripts/Symbola_hint.ttf" if held else "noto/NotoColorEmoji.ttf")
    writer.put("drawing", "emoji", glyphs(emoji, 109, emoji_codes()), 300 if held else 900)
    theme = share / "icons" / ("oxygen/base/128x128" if held else "gnome/256x256")
    writer.put("drawing", "icon", some(sorted(theme.rglob("*.png")), rng, 600), 150 if held else 500)
    clipart = [p for p in sorted((share / "openclipart/png").glob("*/**/*.png"))
               if (p.relative_to(share / "openclipart/png").parts[0] in HELD_CLIPART) == held]  # fmt: skip
    writer.put("drawing", "clipart", some(clipart, rng, 200 if held else 700), 200 if held else 700)
    for style in sorted((work / "avatars").iterdir()):
        if (style.name in HELD_STYLES) == held and style.name != "glass":  # soft gradients without lines
            files = sorted(style.glob("*.png"))
            writer.put("drawing", style.name, some(files, rng, 45), 10 if style.name in SHAPES else 45)
    portraits = [p for p in sorted((share / "games/wesnoth/1.16/data").rglob("portraits/**/*.png"))
                 if bool(HELD_PEOPLES & set(p.parts)) == held]  # fmt: skip
    writer.put("drawing", "portrait", some(portraits, rng, 600), 600)
    font = "liberation/LiberationSerif-Regular.ttf" if held else "dejavu/DejaVuSans-Bold.ttf"
    writer.put("drawing", "text", texts(Path("/usr/share/fonts/truetype") / font, 300, rng), 80 if held else 300)
    writer.put("drawing", "sketch", sketches(photographs(data, side, 200 if held else 700), rng), 700)
    _put_things(writer, data, share, held=held)
    return writer.counts


def _put_things(writer: Writer, data: Path, share: Path, *, held: bool) -> None:
    """Photographs without a person."""
    rng = np.random.default_rng([2, held])
    mine: Callable[[str], bool] = lambda name: (sum(name.encode()) % 3 == 0) == held  # noqa: E731
    cut_out = [p for kind in ("animals", "plants", "food") for p in (share / "tuxpaint/stamps" / kind).rglob("*.png")]
    stamps = sorted(p for p in cut_out if mine(p.name) and "cartoon" not in p.parts)
    papers = (
        sorted((share / "backgrounds/mate/nature").glob("*.jpg"))
        if held
        else [max((share / "wallpapers" / name).rglob("*.*g"), key=lambda p: p.stat().st_size) for name in PHOTOGRAPHED]
    )
    grounds = list(wallpaper_windows(papers, rng))
    writer.put("thing", "stamp", (pasted(path, grounds[int(rng.integers(len(grounds)))]) for path in stamps), 600)
    writer.put("thing", "wallpaper", iter(grounds), 250 if held else 700)
    writer.put("thing", "window", iter(driver_windows(data, rng, mine)), 300 if held else 700)


def pasted(path: Path, ground: Image) -> Image | None:
    """A photograph that was cut out, on the ground of another one; None if it was not cut out."""
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if image is None or image.ndim != 3 or image.shape[2] != 4 or min(image.shape[:2]) < 40 or image.dtype != np.uint8:
        return None
    height, width = image.shape[:2]
    behind = cv2.GaussianBlur(cv2.resize(ground, (width, height)), (0, 0), max(height, width) / 60).astype(np.float32)
    alpha = cv2.GaussianBlur(image[:, :, 3].astype(np.float32) / 255, (0, 0), 1.0)
    gray = cv2.cvtColor(image[:, :, :3], cv2.COLOR_BGR2GRAY).astype(np.float32)
    return fitted(np.asarray(gray * alpha + behind * (1 - alpha), np.uint8))


def main() -> None:
    """Fetches the collections and writes both sides."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path, help="folder with faces.zip, yawn.zip and landmarks/")
    parser.add_argument("out", type=Path, help="folder to write train/ and test/ to; packages are kept in OUT/work")
    args = parser.parse_args()
    fetch(args.out / "work")
    for side in ("train", "test"):
        print(side, collect(args.data, args.out / "work", args.out, side))


if __name__ == "__main__":
    main()
