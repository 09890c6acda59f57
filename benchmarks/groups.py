"""Group photographs, composed: which share of the faces is found, by size, and how many false ones.

``python -m benchmarks.groups ../shared/data --backgrounds FOLDER`` pastes heads with known keypoints (faces.zip, the
validation split of look-alikes) into pictures without faces, and reads each picture as a photograph. Sizes are sides
of a Haar box in a picture 640 px wide. Without ``--backgrounds`` the backgrounds are drawn, and false faces say
little. ``--turned`` turns every other picture by 90, 180 or 270 degrees, ``--dark`` shows faces in the dark: some lit,
some not. ``--small`` shows faces of 16 to 40 px.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import time
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.boxes import iou
from monitor.core.types import Box, Face, Frame, Image
from monitor.networks.load import load
from monitor.run.assembly import build, for_photographs
from monitor.settings import config as configuration
from train.data.lookalikes import lookalikes

BANDS = (16, 20, 30, 40, 50, 70, 100, 180)
"""Bounds of the sizes that are counted apart."""
SAME = 0.4
"""IoU from which a found face is the pasted one."""
WIDTH, HEIGHT = 1280, 960
"""Size of the pictures; 2 px of one are 1 px of a picture 640 px wide."""
KINDS = ((8, 60, 150), (24, 40, 110), (40, 40, 70), (60, 40, 60))
"""Faces of a picture, and their smallest and largest size."""
FACE_W, FACE_H, FACE_Y = 0.970, 1.092, 0.081
"""The face mesh in a Haar box (``monitor.networks.keypoints``)."""


class Heads:
    """Heads of faces.zip that no network was trained on: the groups of look-alikes that ``emotion-train prepare`` holds
    out."""

    def __init__(self, data: Path) -> None:
        with gzip.open(data / "landmarks" / "faces.csv.gz", "rt") as table:
            by_file = {row["file"]: row for row in csv.DictReader(table) if row.get("x")}
        with zipfile.ZipFile(data / "faces.zip") as archive:
            names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
            raw = [np.frombuffer(archive.read(name), np.uint8) for name in names]
        images = [np.asarray(cv2.imdecode(part, cv2.IMREAD_GRAYSCALE), np.uint8) for part in raw]
        held_out = [n for n, group in enumerate(lookalikes(images)) if group % 10 == 0]
        rows = [(images[n], by_file[name]) for n in held_out if (name := Path(names[n]).name) in by_file]
        self._rows = [(image, row) for image, row in rows if abs(float(row["yaw"])) < 35]

    def __len__(self) -> int:
        return len(self._rows)

    def head(self, number: int) -> tuple[Image, NDArray[np.float64]]:
        """A gray picture and its Haar box as centre x, centre y and side."""
        image, row = self._rows[number % len(self._rows)]
        x, y, w, h = (float(row[key]) for key in "xywh")
        side = max(w / FACE_W, h / FACE_H)
        return image, np.array([x + w / 2, y + h / 2 - FACE_Y * side, side])


def paste(
    picture: Image,
    head: Image,
    square: NDArray[np.float64],
    at: NDArray[np.float64],
    gain: float = 1.0,
    tilt: float = 0.0,
) -> None:
    """Draws a head into a gray picture with a soft oval edge.

    Args:
        picture: (H, W) uint8, changed.
        head: (h, w) uint8.
        square: The head's Haar box: centre x, y, side.
        at: Where that box shall be: centre x, y, side.
        gain: Factor on the head's gray levels.
        tilt: Degrees by which the head is turned in the picture.
    """
    scale = at[2] / square[2]
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(head, None, fx=scale, fy=scale, interpolation=interpolation)
    height, width = small.shape
    turn = cv2.getRotationMatrix2D((float(square[0]) * scale, float(square[1]) * scale), tilt, 1.0)
    small = cv2.warpAffine(small, turn, (width, height), borderMode=cv2.BORDER_REPLICATE).astype(np.float32) * gain
    mask = np.zeros((height, width), np.float32)
    cv2.ellipse(mask, (width // 2, height // 2), (int(width * 0.47), int(height * 0.49)), 0, 0, 360, 1.0, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), 0.02 * width + 0.5, borderType=cv2.BORDER_CONSTANT).astype(np.float32)
    left, top = (round(float(at[n] - square[n] * scale)) for n in (0, 1))
    x1, y1 = max(0, left), max(0, top)
    x2, y2 = min(picture.shape[1], left + width), min(picture.shape[0], top + height)
    if x2 <= x1 or y2 <= y1:
        return
    inside = (slice(y1 - top, y2 - top), slice(x1 - left, x2 - left))
    part, soft = picture[y1:y2, x1:x2], mask[inside]
    part[:] = np.clip(small[inside] * soft + part * (1 - soft) + 0.5, 0, 255).astype(np.uint8)


def compose(
    ground: Image, heads: Heads, kind: tuple[int, float, float], rng: np.random.Generator, *, dark: bool = False
) -> tuple[Image, list[Box]]:
    """A group photograph (H, W, 3) and the Haar boxes of its faces.

    Args:
        ground: (HEIGHT, WIDTH) uint8 background.
        heads: The heads.
        kind: How many faces, smallest and largest size in a picture 640 px wide.
        rng: Choice and places.
        dark: Whether the room is dark, with some faces lit and others not.
    """
    picture = (ground * (0.12 if dark else 1.0)).astype(np.uint8)
    count, low, high = kind
    placed: list[NDArray[np.float64]] = []
    for _ in range(count * 40):
        if len(placed) == count:
            break
        side = 2 * float(np.exp(rng.uniform(np.log(low), np.log(high))))
        x, y = rng.uniform(0.6 * side, WIDTH - 0.6 * side), rng.uniform(0.7 * side, HEIGHT - 0.7 * side)
        if all(max(abs(x - o[0]) / 1.15, abs(y - o[1]) / 1.3) > (side + o[2]) / 2 for o in placed):
            placed.append(np.array([x, y, side]))
    for at in placed:
        image, square = heads.head(int(rng.integers(len(heads))))
        gain = float(rng.choice([1.0, rng.uniform(0.1, 0.4)])) if dark else float(rng.uniform(0.5, 1.1))
        if rng.random() < 0.3:
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.03 * square[2]), np.uint8)
        paste(picture, image, square, at, gain, float(rng.uniform(-20, 20)))
    noisy = np.clip(picture + rng.normal(0, 4, picture.shape), 0, 255).astype(np.uint8)
    noisy = np.asarray(cv2.imdecode(cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], 0), np.uint8)
    boxes: list[Box] = [(x - s / 2, y - s / 2, x + s / 2, y + s / 2) for x, y, s in (p.tolist() for p in placed)]
    return cv2.cvtColor(noisy, cv2.COLOR_GRAY2BGR).astype(np.uint8), boxes


def turned(picture: Image, boxes: Sequence[Box], quarters: int) -> tuple[Image, list[Box]]:
    """A picture turned counter-clockwise by 90 degrees times ``quarters``, with its boxes."""
    out = list(boxes)
    height, width = picture.shape[:2]
    for _ in range(quarters):
        out = [(y1, width - x2, y2, width - x1) for x1, y1, x2, y2 in out]
        width, height = height, width
    return np.ascontiguousarray(np.rot90(picture, quarters)), out


def grounds(folder: Path | None, count: int, rng: np.random.Generator) -> Iterator[Image]:
    """Backgrounds (HEIGHT, WIDTH) uint8."""
    paths = sorted(p for p in folder.rglob("*") if p.suffix in (".jpg", ".png") and p.is_file()) if folder else []
    paths = [paths[i] for i in rng.permutation(len(paths))]
    made = 0
    while made < count:
        if not paths:
            small = rng.integers(40, 200, (6, 8)).astype(np.uint8)
            yield cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
            made += 1
            continue
        image = cv2.imread(str(paths[made % len(paths)]), cv2.IMREAD_GRAYSCALE)
        made += 1
        if image is None or min(image.shape) < 200:
            yield np.full((HEIGHT, WIDTH), 120, np.uint8)
            continue
        scale = max(WIDTH / image.shape[1], HEIGHT / image.shape[0])
        fitted = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        top, left = (fitted.shape[0] - HEIGHT) // 2, (fitted.shape[1] - WIDTH) // 2
        yield np.ascontiguousarray(fitted[max(0, top) :][:HEIGHT, max(0, left) :][:, :WIDTH]).astype(np.uint8)


def main() -> None:
    """Prints the found share by size, false faces and CPU time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path)
    parser.add_argument("--backgrounds", type=Path)
    parser.add_argument("--pictures", type=int, default=40)
    parser.add_argument("--turned", action="store_true", help="turn every other picture")
    parser.add_argument("--dark", action="store_true", help="dark rooms with lit and unlit faces")
    parser.add_argument("--small", action="store_true", help="60 faces of 16 to 40 px")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    args = parser.parse_args()
    config = for_photographs(configuration.load(None, args.set)[0])
    pipeline, rng, heads = build(config, load(config)), np.random.default_rng(5), Heads(args.data)
    found, total = np.zeros(len(BANDS), int), np.zeros(len(BANDS), int)
    false, empty, cpu = 0, 0, 0.0
    kinds = ((60, 16.0, 40.0),) if args.small else KINDS
    for n, ground in enumerate(grounds(args.backgrounds, args.pictures, rng)):
        picture, boxes = compose(ground, heads, kinds[n % len(kinds)], rng, dark=args.dark)
        if args.turned and n % 2:
            picture, boxes = turned(picture, boxes, 1 + n // 2 % 3)
        began = time.process_time()
        faces = pipeline.step(Frame(n, float(n), 0.0, picture, "groups")).faces
        cpu += time.process_time() - began
        false += _count(faces, boxes, found, total)
        if args.backgrounds:
            plain = cv2.cvtColor(ground, cv2.COLOR_GRAY2BGR).astype(np.uint8)
            empty += len(pipeline.step(Frame(n, n + 0.5, 0.0, plain, "ground")).faces)
    for low, high, hits, of in zip(BANDS, (*BANDS[1:], 999), found, total, strict=True):
        if of:
            print(f"{low:4d} to {high:3d} px: {hits} of {of} found, {hits / of:.1%}")
    print(f"false faces in {args.pictures} groups: {false}; in as many backgrounds: {empty}")
    print(f"CPU per picture: {cpu / args.pictures * 1e3:.0f} ms")


def _count(faces: Sequence[Face], boxes: Sequence[Box], found: NDArray[np.int_], total: NDArray[np.int_]) -> int:
    """Counts found faces by band; returns the number of faces found where none is."""
    for box in boxes:
        band = int(np.searchsorted(BANDS, (box[2] - box[0]) / 2, side="right")) - 1
        total[band] += 1
        found[band] += any(iou(face.box, box) >= SAME for face in faces)
    return sum(all(iou(face.box, box) < 0.15 for box in boxes) for face in faces)


if __name__ == "__main__":
    main()
