"""Reads faces with keypoints from the reference tables and their pictures, and cuts windows without a face."""

from __future__ import annotations

import csv
import gzip
import logging
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from monitor.capture.picture import read_picture
from monitor.core.errors import ConfigError
from monitor.networks.keypoints import POINTS
from monitor.networks.proposals import ProposalNet
from train.data import datasets, faceset
from train.data.faceset import BOX, FaceSet, Image, Pictures
from train.data.lookalikes import lookalikes
from train.system import resources
from train.system.progress import track

log = logging.getLogger("train")

DRIVER_WIDTH = 320
"""Width in pixels of stored driver frames; a face is still twice the network's size."""
LEAST_SIDE = 24
"""Side in pixels of the smallest window without a face."""
FLAT = 6.0
"""Standard deviation of gray levels below which a background is skipped."""
MINED = 0.3
"""Least proposal score of a place without a face that becomes a training window."""
UNPACKED = 7.5
"""Bytes of memory for each byte of the archives (measured: 1.05 GB for 150 MB)."""


def load(folder: Path, backgrounds: Path | None = None, proposals: Path | None = None) -> FaceSet:
    """Reads a packed file, or a folder with ``landmarks/``, ``faces.zip``, ``yawn.zip``, ``fer2013.zip``.

    Args:
        folder: The file or folder.
        backgrounds: Folder of further pictures without a face.
        proposals: Proposal model whose false proposals become training windows, too.

    Raises:
        ConfigError: It is neither, a table does not match its pictures, or ``backgrounds`` holds no picture.
        ModelError: The proposal model cannot be used.
    """
    if folder.suffix == ".npz":
        return faceset.read(folder)
    tables = folder / "landmarks"
    if not tables.is_dir():
        raise ConfigError(f"{folder}: holds no folder landmarks/ with the reference tables; give --data that folder")
    archives = [folder / name for name in ("faces.zip", "yawn.zip", "fer2013.zip")]
    size = sum(path.stat().st_size for path in archives if path.exists())
    resources.require(f"reading {folder}", memory=UNPACKED * size)
    reader = _Reader(ProposalNet(proposals) if proposals else None)
    if backgrounds:
        reader.backgrounds(backgrounds)
    reader.faces(folder / "faces.zip", tables / "faces.csv.gz")
    reader.drivers(folder / "yawn.zip", tables / "driver_frames.csv.gz")
    reader.fer(folder / "fer2013.zip", tables / "fer2013.csv.gz")
    reader.parts(folder / "eyes.zip", folder / "yawn.zip")
    return reader.finish(str(folder.name))


class _Reader:
    """Collects pictures, faces and windows without a face."""

    def __init__(self, proposer: ProposalNet | None = None) -> None:
        self.proposer = proposer
        self.images: list[Image] = []
        self.rows: list[tuple[int, dict[str, str], float, str, str, str]] = []
        self.windows: list[tuple[float, float, float, float]] = []
        self.window_split: list[str] = []
        self.hard: list[bool] = []
        self.skipped = 0
        self.rng = np.random.default_rng(0)
        self.cascades = [
            cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / f"{name}.xml"))
            for name in ("haarcascade_frontalface_default", "haarcascade_frontalface_alt2", "haarcascade_profileface")
        ]

    def faces(self, archive: Path, table: Path) -> None:
        """Whole heads; copies of one picture share a split."""
        by_file = {r["file"]: r for r in _rows(table)}
        start, files = len(self.images), []
        for name, image in self._pictures(archive, "faces/"):
            self.images.append(image)
            files.append(name)
        groups = lookalikes(self.images[start:])
        for n, name in enumerate(files):
            split = "validation" if groups[n] % 10 == 0 else "train"
            if name in by_file:
                self.rows.append((start + n, by_file[name], 1.0, "faces", split, f"faces/{name}"))
        log.info("%s: %d pictures in %d groups of look-alikes", archive.name, len(files), len(set(groups)))

    def drivers(self, archive: Path, table: Path) -> None:
        """Driver frames with turned heads; windows without a face come from the rest of each frame."""
        by_file = {r["file"]: r for r in _rows(table)}
        for name, image in self._pictures(archive, "driver_frames/"):
            scale = DRIVER_WIDTH / image.shape[1]
            small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8)
            group = int((re.findall(r"g(\d+)_", name) or ["0"])[0])
            split = "validation" if group % 10 == 3 else "train"
            index = len(self.images)
            self.images.append(small)
            if name not in by_file:
                continue
            self.rows.append((index, by_file[name], scale, "driver", split, f"driver_frames/{name}"))
            face = [float(by_file[name][k]) * scale for k in ("x", "y", "w", "h")]
            self._without(index, small, face, split)

    def backgrounds(self, folder: Path) -> None:
        """Pictures without a face; one in ten is for validation, chosen by its name, so that the choice never
        changes."""
        paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png") and p.is_file())
        if not paths:
            raise ConfigError(f"{folder}: holds no .jpg or .png picture; give --backgrounds a folder that does")
        for path in track(paths, f"reading {folder}"):
            image = read_picture(path, gray=True)
            if image is None:
                self.skipped += 1
                continue
            scale = min(1.0, DRIVER_WIDTH / max(image.shape))
            if min(image.shape) * scale < 2 * LEAST_SIDE:
                continue
            small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8)
            if small.std() < FLAT:
                continue
            split = "validation" if zlib.crc32(path.name.encode()) % 10 == 0 else "train"
            self.images.append(small)
            self._without(len(self.images) - 1, small, None, split)

    def fer(self, archive: Path, table: Path) -> None:
        """FER2013 crops, and crops that the crowd marked as no face."""
        data = datasets.load(archive)
        if data.skipped:
            raise ConfigError(f"{archive}: {data.skipped} rows were skipped, so rows and keypoints no longer match")
        by_row = {int(r["row"]): r for r in _rows(table)}
        for n, image in enumerate(data.images):
            split = str(data.split[n])
            if n in by_row:
                self.rows.append((len(self.images), by_row[n], 1.0, "fer", split, f"fer2013/{n}"))
                self.images.append(np.ascontiguousarray(image))
            elif not data.usable[n] and image.std() > 4:
                self._window(len(self.images), 0, 0, image.shape[0], split, hard=True)
                self.images.append(np.ascontiguousarray(image))

    def parts(self, eyes: Path, mouths: Path) -> None:
        """Single eyes and mouths as windows without a face."""
        for archive, under, most in ((eyes, "cew/", 500), (eyes, "kaggle/", 400), (mouths, "mouths/", 600)):
            if not archive.exists():
                continue
            for n, (_name, image) in enumerate(self._pictures(archive, under, most)):
                side = min(image.shape)
                self._window(len(self.images), 0, 0, side, "validation" if n % 10 == 0 else "train")
                self.images.append(image)

    def finish(self, name: str) -> FaceSet:
        """Everything collected, as arrays."""
        names = [f"{p}_{axis}" for p in POINTS for axis in "xy"]
        points = np.empty((len(self.rows), len(POINTS) + 2, 2), np.float32)
        pose, openness = np.empty((len(self.rows), 3), np.float32), np.empty((len(self.rows), 3), np.float32)
        for n, (_, row, scale, *_) in enumerate(self.rows):
            points[n, : len(POINTS)] = np.array([float(row[c]) for c in names], np.float32).reshape(-1, 2) * scale
            x, y, w, h = (float(row[k]) * scale for k in ("x", "y", "w", "h"))
            points[n, BOX], points[n, BOX + 1] = (x, y), (x + w, y + h)
            pose[n] = [float(row[k]) for k in ("yaw", "pitch", "roll")]
            openness[n] = [float(row[k]) for k in ("eye_r", "eye_l", "mouth")]
        return FaceSet(
            Pictures.pack(self.images), np.array([r[0] for r in self.rows], np.int64), points, pose, openness,
            np.array([r[3] for r in self.rows]), np.array([r[4] for r in self.rows]),
            np.array([r[5] for r in self.rows]), np.array(self.windows, np.float32).reshape(-1, 4),
            np.array(self.window_split), np.array(self.hard, bool), name, self.skipped,
        )  # fmt: skip

    def _pictures(self, archive: Path, under: str, most: int = 1_000_000) -> Iterator[tuple[str, Image]]:
        """Gray pictures of a zip whose path contains ``under``, with their path below it."""
        try:
            with zipfile.ZipFile(archive) as opened:
                names = sorted(n for n in opened.namelist() if under in n and not n.endswith("/"))
                chosen = names[:: max(1, len(names) // most)]
                for name in track(chosen, f"reading {archive.name} {under}"):
                    image = _decoded(opened, name)
                    if image is None:
                        self.skipped += 1
                        continue
                    yield name.split(under, 1)[1], image
        except (OSError, zipfile.BadZipFile) as error:
            raise ConfigError(f"{archive}: is not a readable zip: {error}") from None

    def _without(self, index: int, image: Image, face: list[float] | None, split: str) -> None:
        """Windows away from a face: random ones, and false detections of a cascade or the proposals."""
        height, width = image.shape
        for _ in range(12):
            side = float(np.exp(self.rng.uniform(np.log(LEAST_SIDE), np.log(min(height, width) * 0.8))))
            x, y = self.rng.uniform(-0.1 * side, width - 0.9 * side), self.rng.uniform(-0.1 * side, height - 0.9 * side)
            if _apart((x, y, side), face):
                self._window(index, x, y, side, split)
        for cascade in self.cascades:
            for x, y, w, _h in cascade.detectMultiScale(image, 1.1, 0, minSize=(20, 20))[:40]:
                if _apart((x, y, w), face):
                    self._window(index, x, y, w, split, hard=True)
        if self.proposer is not None:
            for x1, y1, x2, _y2 in self.proposer.propose(image, LEAST_SIDE, MINED).boxes:
                if _apart((x1, y1, x2 - x1), face):
                    self._window(index, x1, y1, x2 - x1, split, hard=True)

    def _window(self, index: int, x: float, y: float, side: float, split: str, *, hard: bool = False) -> None:
        self.windows.append((index, x, y, side))
        self.window_split.append(split)
        self.hard.append(hard)


def _decoded(archive: zipfile.ZipFile, name: str) -> Image | None:
    """A gray picture of a zip; None if the zip entry or the picture is damaged."""
    try:
        raw = np.frombuffer(archive.read(name), np.uint8)
        image = cv2.imdecode(raw, cv2.IMREAD_GRAYSCALE) if len(raw) else None
    except (zipfile.BadZipFile, zlib.error, EOFError, cv2.error):
        return None
    return None if image is None else np.asarray(image, np.uint8)


def _apart(square: tuple[float, float, float], face: list[float] | None) -> bool:
    """Whether a square covers too small a part of a face to be a box of it."""
    if face is None:
        return True
    x, y, side = square
    fx, fy, fw, fh = face
    both = max(0.0, min(x + side, fx + fw) - max(x, fx)) * max(0.0, min(y + side, fy + fh) - max(y, fy))
    # A window inside the face (a cheek, an eye) is no face either, so compare with the face's area.
    return both < 0.12 * fw * fh


def _rows(table: Path) -> list[dict[str, str]]:
    try:
        with gzip.open(table, "rt") as handle:
            return [r for r in csv.DictReader(handle) if r.get("x")]
    except (OSError, EOFError) as error:
        raise ConfigError(f"{table}: is not a gzipped keypoint table ({error})") from None
