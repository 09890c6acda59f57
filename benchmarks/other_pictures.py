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

from benchmarks.backdrops import driver_windows, wallpaper_windows
from benchmarks.drawn import SIDE, emoji_codes, glyphs, sketches, texts
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
