"""Training regions of the keypoint network: what it will see around a box that is somewhat wrong.

The face is cut as ``monitor/faces/crop.py`` would cut it from a box that is shifted, too small or too
large, tilted, mirrored, badly lit, blurred or partly hidden. Tight pictures (FER2013, heads) are put on
real backgrounds with a soft edge, or the network would learn that faces have frames around them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.faces.crop import CropSpec, evened
from monitor.networks.keypoints import POSE_UNIT, SWAP
from train.data.faceset import FaceSet
from train.engine.augment import Augment, Jitter, disturb
from train.tasks.keypoints.backdrops import MASK, drawn, mix, soft_mask

Image = NDArray[np.uint8]

SPEC = CropSpec(side=56, margin=0.65, shift_y=0.08, contrast=48.0)
"""The region: 1.65 Haar boxes, so that a face 0.7 to 1.5 times the expected size and 25 % off still shows."""
CHECK_LIGHT = Augment(light=0.2, brightness=15, side_light=0.1, blur=0.1, noise=0.1, jpeg=0.05, erase=0.0)
"""How regions that a network is judged on are disturbed."""
SOURCES = {"fer": 0.24, "faces": 0.32, "driver": 0.19}
"""Shares of an epoch's regions; the rest shows no face. Turned heads are few in the data and drawn up to
seven times as often as frontal ones."""
WITH_TURNED = {"fer": 0.15, "faces": 0.25, "driver": 0.17, "turned": 0.20}
"""The same where heads were turned (``train/tasks/keypoints/turning.py``)."""


@dataclass(frozen=True, slots=True)
class Region:
    """One training example.

    Attributes:
        image: (side, side) uint8.
        presence: 1 or 0.
        points: (19, 2) float32 from the region's centre in half sides; zeros without a face.
        head: (6,) float32 pose over ``POSE_UNIT`` and openness.
    """

    image: Image
    presence: float
    points: NDArray[np.float32]
    head: NDArray[np.float32]


class Regions:
    """Makes regions of one split of a face set."""

    def __init__(self, data: FaceSet, split: str, jitter: Jitter, light: Augment) -> None:
        self._data, self._jitter, self._light = data, jitter, light
        self._squares = data.squares()
        rows = data.split == split
        yaw = np.abs(data.pose[:, 0])
        self._weight = 1.0 + 2.0 * (yaw > 20) + 4.0 * (yaw > 30)
        self._shares = WITH_TURNED if (rows & (data.source == "turned")).any() else SOURCES
        self._rows = {name: np.flatnonzero(rows & (data.source == name)) for name in self._shares}
        windows = data.window_split == split
        self._easy, self._hard = np.flatnonzero(windows & ~data.hard), np.flatnonzero(windows & data.hard)
        wide = windows & (data.pictures.shapes[data.windows[:, 0].astype(np.int64), 0] > 100)
        self._grounds = np.flatnonzero(wide)

    def epoch(self, rng: np.random.Generator) -> list[tuple[str, int]]:
        """What the regions of an epoch are to show, in random order: a source and a row, or "none"."""
        total, jobs = self._jitter.regions, []
        for name, share in self._shares.items():
            if len(self._rows[name]):
                weight = self._weight[self._rows[name]]
                chosen = rng.choice(self._rows[name], round(share * total), p=weight / weight.sum())
                jobs += [(name, int(r)) for r in chosen]
        jobs += [("none", 0)] * (total - len(jobs))
        return [jobs[i] for i in rng.permutation(len(jobs))]

    def make(self, job: tuple[str, int], rng: np.random.Generator) -> Region:
        """One disturbed region."""
        if job[0] == "none":
            return self.without(rng)
        return self.face(job[1], rng)

    def face(self, row: int, rng: np.random.Generator) -> Region:
        """A face around which the box is as wrong as ``Jitter`` allows."""
        j = self._jitter
        # Mostly small errors, as when following; sometimes the whole range, as after a search or a lost frame.
        wide = rng.random() < j.wide
        reach = j.shift if wide else 0.4 * j.shift
        low, high = np.log(j.smaller), np.log(j.larger)
        size = np.exp(rng.uniform(low, high) * (1.0 if wide else 0.4))
        turn = rng.uniform(-1, 1) * (j.rotate if rng.random() < j.turned else 0.3 * j.rotate)
        shift = rng.uniform(-reach, reach, 2)
        region = self.region(row, shift, float(size), float(turn), bool(rng.random() < 0.5), rng, self._stretch(rng))
        return replace(region, image=evened(region.image, SPEC.contrast))

    def _stretch(self, rng: np.random.Generator) -> float:
        return float((1 + self._jitter.stretch) ** rng.uniform(-1, 1))

    def region(
        self,
        row: int,
        shift: NDArray[np.float64],
        size: float,
        turn: float,
        mirror: bool,
        rng: np.random.Generator | None,
        stretch: float = 1.0,
    ) -> Region:
        """One face region with given errors, gray levels as they are.

        Args:
            row: The face.
            shift: Shift of the face in the box, in box sides.
            size: The face's size against the box's.
            turn: In-plane rotation in degrees, clockwise in the picture.
            mirror: Whether to mirror.
            rng: For background and disturbances; None = the picture's own surroundings, undisturbed.
            stretch: How much wider, and so much less high, the face is made.
        """
        data = self._data
        image = data.pictures[int(data.picture[row])]
        cx, cy, side = (float(v) for v in self._squares[row])
        scale = SPEC.side / (1 + SPEC.margin) / side * size
        matrix = self._matrix((cx, cy), scale, turn, mirror, shift, stretch)
        points = (data.points[row] - 0.5) @ matrix[:, :2].T + matrix[:, 2]
        pose, openness = data.pose[row].copy(), data.openness[row].copy()
        if mirror:
            keep = points[list(SWAP)]
            corners = points[-2:].copy()
            points = np.concatenate([keep, corners])
            pose[[0, 2]] *= -1
            openness[[0, 1]] = openness[[1, 0]]
        if mirror or turn or stretch != 1:
            points[-2:] = _upright_box(data.points[row] - np.float32(0.5), matrix)
        openness /= stretch**2  # an opening over a width
        pose[2] += turn
        out = self._warp(image, matrix, scale, str(data.source[row]), rng)
        if rng is not None:
            out = disturb(self._hidden(self._framed(out, rng), rng), self._light, rng)
        half = SPEC.side / 2
        return Region(
            out, 1.0, ((points - (half - 0.5)) / half).astype(np.float32),
            np.concatenate([pose / POSE_UNIT, np.clip(openness, 0, 1.2)]).astype(np.float32),
        )  # fmt: skip

    def without(self, rng: np.random.Generator) -> Region:
        """A region without a face in its middle: background, a cascade's error, a part, or a face far off."""
        image = self._empty(self._far(rng), rng) if rng.random() < 0.2 else self.background(rng)
        return Region(
            evened(image, SPEC.contrast), 0.0, np.zeros((len(SWAP) + 2, 2), np.float32), np.zeros(6, np.float32)
        )

    def background(self, rng: np.random.Generator) -> Image:
        """A disturbed region with no face, and no large part of one, within its box."""
        kind = rng.random()
        if kind < 0.42 and len(self._hard):
            out = self._window(int(rng.choice(self._hard)), rng)
        elif kind < 0.86 or not len(self._easy):
            out = self._window(int(rng.choice(self._easy if len(self._easy) else self._hard)), rng)
        else:
            out = drawn(SPEC.side, rng)
        return self._empty(out, rng)

    def _empty(self, out: Image, rng: np.random.Generator) -> Image:
        """Disturbs a region without a face like one with a face."""
        if rng.random() < 0.3:  # pasted like faces are, so that a soft edge is no sign of one
            mask = soft_mask(np.array([[0.1, 0.1], [0.9, 0.9]]) + rng.uniform(-0.1, 0.1, (2, 2)), rng)
            mask = cv2.resize(mask, (SPEC.side, SPEC.side)).astype(np.float32)
            out = mix(out, self._ground(rng), mask)
        return disturb(self._hidden(self._framed(out, rng), rng), self._light, rng)

    def _far(self, rng: np.random.Generator) -> Image:
        """A face too far off, too large or too small for the box to be its box, or upside down."""
        row = int(rng.choice(self._rows[str(rng.choice([n for n in self._shares if len(self._rows[n])]))]))
        cx, cy, side = (float(v) for v in self._squares[row])
        shift, size = rng.uniform(-0.2, 0.2, 2), 1.0
        kind, turn = rng.random(), float(rng.uniform(-40, 40))
        if kind < 0.15:  # upside down or lying: what a face is made of, but none
            turn = float(rng.uniform(100, 260))
        elif kind < 0.45:
            angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(0.8, 1.1)
            shift = np.array([np.cos(angle), np.sin(angle)]) * far
        elif kind < 0.8:  # a part of a face
            size, shift = float(rng.uniform(2.4, 4.0)), rng.uniform(-1.0, 1.0, 2)
        else:
            size, shift = float(rng.uniform(0.2, 0.36)), rng.uniform(-0.4, 0.4, 2)
        scale = SPEC.side / (1 + SPEC.margin) / side * size
        data = self._data
        matrix = self._matrix((cx, cy), scale, turn, bool(rng.random() < 0.5), shift)
        return self._warp(data.pictures[int(data.picture[row])], matrix, scale, str(data.source[row]), rng)

    @staticmethod
    def _matrix(
        centre: tuple[float, float],
        scale: float,
        turn: float,
        mirror: bool,
        shift: NDArray[np.float64],
        stretch: float = 1.0,
    ) -> NDArray[np.float64]:
        """From picture to region pixels: the face's square centre lands in the middle, moved by ``shift``."""
        angle = np.deg2rad(turn)
        cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
        flip = -1.0 if mirror else 1.0
        linear = np.array([[cos * flip * stretch, -sin / stretch], [sin * flip * stretch, cos / stretch]])
        box = SPEC.side / (1 + SPEC.margin)
        # crop() moves the region down by shift_y of the box, so the box's middle lies above the region's.
        target = np.array([0.0, -SPEC.shift_y * box]) + (SPEC.side - 1) / 2 + shift * box
        # Pixel n covers n to n + 1, warpAffine counts from its middle: a picture's 0.5 is the warp's 0.
        offset = target - linear @ (np.array(centre) - 0.5)
        return np.hstack([linear, offset[:, None]])

    def _warp(
        self, image: Image, matrix: NDArray[np.float64], scale: float, source: str, rng: np.random.Generator | None
    ) -> Image:
        size = (SPEC.side, SPEC.side)
        shape = image.shape
        fit = matrix
        if scale < 0.7:  # a warp samples points; shrinking must average areas, as crop() does
            image, fit = _shrunk(image, matrix, scale)
        out = cv2.warpAffine(image, fit, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        if rng is not None and source != "driver":
            edge = rng.uniform(0.0, 0.06)
            mask = soft_mask(np.array([[edge, edge], [1 - edge, 1 - edge]]), rng)
            unit = np.array([shape[1], shape[0]]) / MASK
            low = np.hstack([matrix[:, :2] * unit, (matrix[:, :2] @ (unit / 2 - 0.5) + matrix[:, 2])[:, None]])
            soft = cv2.warpAffine(mask, low, size, flags=cv2.INTER_LINEAR, borderValue=0.0)
            out = mix(out.astype(np.uint8), self._ground(rng), soft.astype(np.float32))
        return out.astype(np.uint8, copy=False)

    def _window(self, index: int, rng: np.random.Generator) -> Image:
        """A window without a face, cut as a box there would be."""
        picture, x, y, side = self._data.windows[index]
        image = self._data.pictures[int(picture)]
        scale = SPEC.side / (1 + SPEC.margin) / float(side) * float(np.exp(rng.uniform(-0.15, 0.15)))
        turn = rng.uniform(-20, 20)
        shift = rng.uniform(-0.1, 0.1, 2)
        matrix = self._matrix((x + side / 2, y + side / 2), scale, turn, bool(rng.random() < 0.5), shift)
        return self._warp(image, matrix, scale, "driver", None)

    def _ground(self, rng: np.random.Generator) -> Image:
        """A background."""
        if not len(self._grounds) or rng.random() < 0.15:
            return drawn(SPEC.side, rng)
        return self._window(int(rng.choice(self._grounds)), rng)

    def _framed(self, image: Image, rng: np.random.Generator) -> Image:
        """Sometimes the frame ends inside the region, and crop() repeats its border."""
        if rng.random() >= self._jitter.frame:
            return image
        cut = int(rng.integers(3, SPEC.side // 3))
        side = int(rng.integers(4))
        inner = (image[cut:], image[:-cut], image[:, cut:], image[:, :-cut])[side]
        top, bottom, left, right = (cut if n == side else 0 for n in range(4))
        out = cv2.copyMakeBorder(inner, top, bottom, left, right, cv2.BORDER_REPLICATE)
        return out.astype(np.uint8, copy=False)

    def _hidden(self, image: Image, rng: np.random.Generator) -> Image:
        """Sometimes something lies over the picture: an ellipse of background or of one gray."""
        if rng.random() >= self._jitter.hide:
            return image
        side = SPEC.side
        mask = np.zeros((side, side), np.float32)
        centre = tuple(int(v) for v in rng.uniform(0.1, 0.9, 2) * side)
        axes = tuple(int(v) for v in rng.uniform(0.06, 0.26, 2) * side)
        cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1, cv2.LINE_AA)
        if rng.random() < 0.5:
            patch = np.full((side, side), rng.integers(0, 256), np.uint8)
        else:
            patch = self._ground(rng)
        return mix(patch, image, mask)


def check_rows(data: FaceSet, split: str, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Rows to judge a network on: ``count`` of a split at most, heads as many as drivers and tight crops together."""
    rows = np.flatnonzero(data.split == split)
    kinds = [rows[data.source[rows] == name] for name in ("faces", "driver", "fer")]
    shares = (0.5, 0.25, 0.25)
    return np.concatenate(
        [rng.choice(k, min(len(k) * 3, round(count * s))) for k, s in zip(kinds, shares, strict=True) if len(k)]
    )


def _upright_box(points: NDArray[np.float32], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The corners of the turned face's box: same size, moved with its centre.

    The reference box is the extent of the upright mesh; that of a turned mesh would be wider only
    because its corners stick out. Keeping the size along each of its axes keeps crops alike at any tilt.
    """
    low, high = points[-2].astype(np.float64), points[-1].astype(np.float64)
    centre = matrix[:, :2] @ ((low + high) / 2) + matrix[:, 2]
    half = (high - low) / 2 * np.linalg.norm(matrix[:, :2], axis=0)
    return np.stack([centre - half, centre + half])


def _shrunk(image: Image, matrix: NDArray[np.float64], scale: float) -> tuple[Image, NDArray[np.float64]]:
    """The part of the picture that the region shows, shrunk by area, and the matrix that fits it."""
    corners = np.array([[-2, -2], [SPEC.side + 1, -2], [-2, SPEC.side + 1], [SPEC.side + 1, SPEC.side + 1]])
    there = (corners - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    low = np.clip(np.floor(there.min(axis=0)).astype(int), 0, np.array(image.shape[::-1]) - 2)
    high = np.clip(np.ceil(there.max(axis=0)).astype(int) + 1, low + 2, image.shape[::-1])
    part = image[low[1] : high[1], low[0] : high[0]]
    size = np.maximum(1, np.round((high - low) * scale)).astype(int)
    smaller = cv2.resize(part, (int(size[0]), int(size[1])), interpolation=cv2.INTER_AREA)
    factor = size / (high - low)
    linear = matrix[:, :2] / factor
    offset = matrix[:, 2] + matrix[:, :2] @ (0.5 / factor - 0.5 + low)
    return smaller.astype(np.uint8, copy=False), np.hstack([linear, offset[:, None]])
