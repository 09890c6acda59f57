"""Windows without a face: parts of driver frames beside the face, and of wallpapers."""

from __future__ import annotations

import csv
import gzip
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from monitor.core.types import Image

LEAST_SPREAD = 12
"""Standard deviation of gray levels below which a window is not used."""
PER_PAPER = 24
"""Windows of one wallpaper."""
TRIES = 8
"""Places in a frame that are tried."""


def driver_windows(data: Path, rng: np.random.Generator, own: Callable[[str], bool]) -> list[Image]:
    """Square gray windows of driver frames beside the face, at most one of each frame.

    Args:
        data: Folder with yawn.zip and landmarks/.
        rng: Chooses the windows.
        own: Whether the frames of a driver's group, such as ``g012``, are used.
    """
    with gzip.open(data / "landmarks/driver_frames.csv.gz", "rt") as handle:
        boxes = {row["file"]: row for row in csv.DictReader(handle) if row.get("x")}
    out: list[Image] = []
    with zipfile.ZipFile(data / "yawn.zip") as archive:
        names = [n for n in archive.namelist() if "driver_frames/" in n and n.split("driver_frames/")[1] in boxes]
        for n in rng.permutation(len(names)):
            name = names[int(n)]
            if not own(Path(name).name.split("_")[0]):
                continue
            content = np.frombuffer(archive.read(name), np.uint8)
            image = np.asarray(cv2.imdecode(content, cv2.IMREAD_GRAYSCALE), np.uint8)
            row = boxes[name.split("driver_frames/")[1]]
            x, y, w, h = (float(row[key]) for key in ("x", "y", "w", "h"))
            for _ in range(TRIES):
                side = int(rng.integers(90, 160))
                left, top = int(rng.integers(0, image.shape[1] - side)), int(rng.integers(0, image.shape[0] - side))
                beside = left + side < x - 0.2 * w or left > x + 1.2 * w
                window = image[top : top + side, left : left + side]
                if (beside or top + side < y - 0.4 * h or top > y + 1.2 * h) and window.std() > LEAST_SPREAD:
                    out.append(window)
                    break
    return out


def wallpaper_windows(papers: list[Path], rng: np.random.Generator) -> Iterator[Image]:
    """Square gray windows of pictures, shrunk to at most 200 pixels."""
    for path in papers:
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if image is None or min(image.shape) < 300:
            continue
        for _ in range(PER_PAPER):
            side = int(rng.integers(200, min(image.shape)))
            left, top = (int(rng.integers(0, size - side + 1)) for size in (image.shape[1], image.shape[0]))
            window = image[top : top + side, left : left + side]
            small = int(rng.integers(90, 200))
            if window.std() > LEAST_SPREAD:
                yield np.asarray(cv2.resize(window, (small, small), interpolation=cv2.INTER_AREA), np.uint8)
