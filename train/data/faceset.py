"""Faces with keypoints, and windows without a face, in one packed file.

A row is one face: its picture (gray, any size), 17 keypoints, the two corners of its box, head pose, and the openness
of eyes and mouth. The windows come from the same pictures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.core.types import Box
from monitor.networks.keypoints import FACE_H, FACE_W, FACE_Y, POINTS
from train.data import doubts, inputs, packed

Image = NDArray[np.uint8]
BOX = len(POINTS)
"""Index of the box's upper left corner among a row's points; the lower right corner follows."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """Gray pictures of any size in one buffer."""

    pixels: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    shapes: NDArray[np.int32]

    @staticmethod
    def pack(images: list[Image]) -> Pictures:
        """Copies pictures into one buffer."""
        shapes = np.array([i.shape for i in images], dtype=np.int32).reshape(-1, 2)
        sizes = shapes.astype(np.int64).prod(axis=1)
        offsets = (
            np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64) if len(images) else np.empty(0, np.int64)
        )
        flat = np.concatenate([i.ravel() for i in images]) if images else np.empty(0, np.uint8)
        return Pictures(flat, offsets, shapes)

    def followed_by(self, more: Pictures) -> Pictures:
        """Both buffers, ``more`` after this one."""
        return Pictures(
            np.concatenate([self.pixels, more.pixels]),
            np.concatenate([self.offsets, more.offsets + len(self.pixels)]),
            np.concatenate([self.shapes, more.shapes]),
        )

    def __len__(self) -> int:
        return len(self.offsets)

    def __getitem__(self, index: int) -> Image:
        height, width = (int(n) for n in self.shapes[index])
        start = int(self.offsets[index])
        return self.pixels[start : start + height * width].reshape(height, width)


@dataclass(frozen=True, slots=True)
class FaceSet:
    """Faces with reference keypoints, and windows without a face.

    Attributes:
        pictures: All pictures.
        picture: (N,) picture of each face.
        points: (N, 19, 2) float32 in the picture's pixels: ``POINTS``, then the box's two corners.
        pose: (N, 3) float32 yaw, pitch, roll in degrees.
        openness: (N, 3) float32 right eye, left eye, mouth: opening over width.
        source: (N,) "fer", "faces" or "driver"; in training also "turned" (``train.tasks.keypoints.turning``).
        split: (N,) "train" or "validation".
        origin: (N,) origin of each face: ``faces/NNNNN.jpg``, ``driver_frames/yawn/gGGG_N.jpg``, ``fer2013/ROW``.
        windows: (M, 4) float32 picture, x, y, side of squares without a face.
        window_split: (M,) "train" or "validation".
        hard: (M,) bool, windows that a cascade or a proposal network took for a face.
        name: Name of its origin.
        skipped: Unreadable pictures.
    """

    pictures: Pictures
    picture: NDArray[np.int64]
    points: NDArray[np.float32]
    pose: NDArray[np.float32]
    openness: NDArray[np.float32]
    source: NDArray[np.str_]
    split: NDArray[np.str_]
    origin: NDArray[np.str_]
    windows: NDArray[np.float32]
    window_split: NDArray[np.str_]
    hard: NDArray[np.bool_]
    name: str
    skipped: int = 0

    def __len__(self) -> int:
        return len(self.picture)

    def digests(self) -> dict[str, int]:
        """See ``train.data.inputs.Data``."""
        split = np.frombuffer("".join(self.split.tolist()).encode(), np.uint8)
        return {"crc32": inputs.checksum(split, self.points)}

    def squares(self) -> NDArray[np.float32]:
        """The face square of each row, (N, 3) centre x, centre y and side, in the place of a Haar box."""
        return face_squares(self.points)

    @property
    def doubtful(self) -> NDArray[np.bool_]:
        """Faces with a doubtful label, (N,) bool; see ``train.data.doubts``."""
        return np.isin(self.origin, sorted(doubts.listed()))

    def without_doubtful(self) -> FaceSet:
        """The set with doubtful faces moved to a split "doubtful"."""
        return replace(self, split=np.where(self.doubtful, "doubtful", self.split))


def face_squares(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Haar-like squares (N, 3) of rows of points whose last two are the mesh box's corners."""
    low, high = points[:, BOX], points[:, BOX + 1]
    width, height = (high - low).T
    side = np.maximum(width / FACE_W, height / FACE_H)
    cx, cy = ((low + high) / 2).T
    return np.stack([cx, cy - FACE_Y * side, side], axis=1).astype(np.float32)


def square_box(cx: float, cy: float, side: float) -> Box:
    """The box of a square given by its centre and side."""
    return (cx - side / 2, cy - side / 2, cx + side / 2, cy + side / 2)


def save(data: FaceSet, path: Path) -> None:
    """Writes the set to one ``.npz``.

    Raises:
        ConfigError: The disk has no room for it, or the file cannot be written.
    """
    pictures = {name: getattr(data.pictures, name) for name in ("pixels", "offsets", "shapes")}
    names = ("picture", "points", "pose", "openness", "source", "split", "origin", "windows", "window_split", "hard",
             "name", "skipped")  # fmt: skip
    faces = {name: getattr(data, name) for name in names}
    packed.write(path, pictures | faces, data.pictures.pixels.nbytes * 1.1)


def read(path: Path) -> FaceSet:
    """Reads what ``save`` wrote.

    Raises:
        ConfigError: The file is not such a set, or it is damaged.
    """
    return packed.read(
        path,
        lambda f: FaceSet(
            Pictures(f["pixels"], f["offsets"], f["shapes"]), f["picture"], f["points"], f["pose"], f["openness"],
            f["source"], f["split"], f["origin"], f["windows"], f["window_split"], f["hard"], str(f["name"]),
            int(f["skipped"]),
        ),
        "set of keypoints",
        "train prepare --task keypoints",
    )  # fmt: skip
