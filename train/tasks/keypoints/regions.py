"""Training regions of the keypoint network: the surroundings of a box that does not fit exactly.

The face is cut as ``monitor.faces.crop`` would cut it from a box that is shifted, too small or too large; it is tilted,
mirrored, badly lit, blurred or partly hidden. Tight pictures (FER2013, heads) are blended into real backgrounds with a
soft edge, because otherwise the network would learn that faces have frames.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.faces.crop import evened
from monitor.networks.keypoints import POSE_UNIT, SWAP
from train.data.faceset import FaceSet
from train.engine.augment import Augment, Jitter, disturb
from train.tasks.keypoints.backdrops import MASK, drawn, mix, soft_mask
from train.tasks.keypoints.placement import SPEC, Placement, upright_box, warped

Image = NDArray[np.uint8]

CHECK_LIGHT = Augment(light=0.2, brightness=15, side_light=0.1, blur=0.1, noise=0.1, jpeg=0.05, erase=0.0)
"""Disturbances of validation regions."""
SOURCES = {"fer": 0.24, "faces": 0.32, "driver": 0.19}
"""Share of an epoch's regions by source; the rest shows no face. Turned heads are rare in the data and drawn up to
seven times as often as frontal ones."""
WITH_TURNED = {"fer": 0.15, "faces": 0.25, "driver": 0.17, "turned": 0.20}
"""The same with rendered turned heads (``train/tasks/keypoints/turning.py``)."""


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
        """The content of an epoch's regions in random order: a source and a row, or "none" and 0."""
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
        """A face in a box with errors within ``Jitter``."""
        j = self._jitter
        # Mostly small errors, as when following; sometimes the whole range, as after a search or a lost frame.
        wide = rng.random() < j.wide
        reach = j.shift if wide else 0.4 * j.shift
        low, high = np.log(j.smaller), np.log(j.larger)
        size = np.exp(rng.uniform(low, high) * (1.0 if wide else 0.4))
        turn = rng.uniform(-1, 1) * (j.rotate if rng.random() < j.turned else 0.3 * j.rotate)
        shift = rng.uniform(-reach, reach, 2)
        mirror = bool(rng.random() < 0.5)
        stretch = float((1 + j.stretch) ** rng.uniform(-1, 1))
        region = self.region(row, Placement(shift, float(size), float(turn), mirror, stretch), rng)
        return replace(region, image=evened(region.image, SPEC.contrast))

    def region(self, row: int, at: Placement, rng: np.random.Generator | None) -> Region:
        """One face region with given errors, its contrast not evened.

        Args:
            row: The face.
            at: Where the face lies.
            rng: For background and disturbances; None = the picture's own surroundings, undisturbed.
        """
        data, square = self._data, self._squares[row]
        matrix = at.matrix(square)
        points = (data.points[row] - 0.5) @ matrix[:, :2].T + matrix[:, 2]
        pose, openness = data.pose[row].copy(), data.openness[row].copy()
        if at.mirror:
            points = np.concatenate([points[list(SWAP)], points[-2:]])
            pose[[0, 2]] *= -1
            openness[[0, 1]] = openness[[1, 0]]
        if at.mirror or at.turn or at.stretch != 1:
            points[-2:] = upright_box(data.points[row] - np.float32(0.5), matrix)
        openness /= at.stretch**2  # an opening over a width
        pose[2] += at.turn
        out = self._pasted(row, at, rng) if rng is not None else self._cut(row, at)
        if rng is not None:
            out = disturb(self._hidden(self._framed(out, rng), rng), self._light, rng)
        half = SPEC.side / 2
        return Region(
            out, 1.0, ((points - (half - 0.5)) / half).astype(np.float32),
            np.concatenate([pose / POSE_UNIT, np.clip(openness, 0, 1.2)]).astype(np.float32),
        )  # fmt: skip

    def without(self, rng: np.random.Generator) -> Region:
        """A region without a face in its middle: background, a detector's error, part of a face, or a face far off."""
        image = self._empty(self._far(rng), rng) if rng.random() < 0.2 else self.background(rng)
        return Region(
            evened(image, SPEC.contrast), 0.0, np.zeros((len(SWAP) + 2, 2), np.float32), np.zeros(6, np.float32)
        )

    def background(self, rng: np.random.Generator) -> Image:
        """A disturbed region with neither a face nor a large part of one in its box."""
        kind = rng.random()
        if kind < 0.42 and len(self._hard):
            out = self._window(int(rng.choice(self._hard)), rng)
        elif kind < 0.86 or not len(self._easy):
            out = self._window(int(rng.choice(self._easy if len(self._easy) else self._hard)), rng)
        else:
            out = drawn(SPEC.side, rng)
        return self._empty(out, rng)

    def _empty(self, out: Image, rng: np.random.Generator) -> Image:
        """Disturbs a region without a face in the same way as one with a face."""
        if rng.random() < 0.3:  # pasted like faces, so that a soft edge is no sign of a face
            mask = soft_mask(np.array([[0.1, 0.1], [0.9, 0.9]]) + rng.uniform(-0.1, 0.1, (2, 2)), rng)
            mask = cv2.resize(mask, (SPEC.side, SPEC.side)).astype(np.float32)
            out = mix(out, self._ground(rng), mask)
        return disturb(self._hidden(self._framed(out, rng), rng), self._light, rng)

    def _far(self, rng: np.random.Generator) -> Image:
        """A face too far from the middle, too large or too small for the box, or upside down."""
        row = int(rng.choice(self._rows[str(rng.choice([n for n in self._shares if len(self._rows[n])]))]))
        shift, size = rng.uniform(-0.2, 0.2, 2), 1.0
        kind, turn = rng.random(), float(rng.uniform(-40, 40))
        if kind < 0.15:  # upside down or lying: the parts of a face, but no face to follow
            turn = float(rng.uniform(100, 260))
        elif kind < 0.45:
            angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(0.8, 1.1)
            shift = np.array([np.cos(angle), np.sin(angle)]) * far
        elif kind < 0.8:  # part of a face
            size, shift = float(rng.uniform(2.4, 4.0)), rng.uniform(-1.0, 1.0, 2)
        else:
            size, shift = float(rng.uniform(0.2, 0.36)), rng.uniform(-0.4, 0.4, 2)
        return self._pasted(row, Placement(shift, size, turn, bool(rng.random() < 0.5)), rng)

    def _cut(self, row: int, at: Placement) -> Image:
        """A face's region out of its picture."""
        square = self._squares[row]
        image = self._data.pictures[int(self._data.picture[row])]
        return warped(image, at.matrix(square), at.scale(float(square[2])))

    def _pasted(self, row: int, at: Placement, rng: np.random.Generator) -> Image:
        """The same, tight pictures blended into a background."""
        out = self._cut(row, at)
        if self._data.source[row] == "driver":
            return out
        height, width = self._data.pictures.shapes[int(self._data.picture[row])]
        edge = rng.uniform(0.0, 0.06)
        mask = soft_mask(np.array([[edge, edge], [1 - edge, 1 - edge]]), rng)
        matrix, unit = at.matrix(self._squares[row]), np.array([width, height]) / MASK
        low = np.hstack([matrix[:, :2] * unit, (matrix[:, :2] @ (unit / 2 - 0.5) + matrix[:, 2])[:, None]])
        soft = cv2.warpAffine(mask, low, (SPEC.side, SPEC.side), flags=cv2.INTER_LINEAR, borderValue=0.0)
        return mix(out, self._ground(rng), soft.astype(np.float32))

    def _window(self, index: int, rng: np.random.Generator) -> Image:
        """A window without a face, cut as if it were a box."""
        picture, x, y, side = self._data.windows[index]
        size = float(np.exp(rng.uniform(-0.15, 0.15)))
        turn = float(rng.uniform(-20, 20))
        shift = rng.uniform(-0.1, 0.1, 2)
        at = Placement(shift, size, turn, bool(rng.random() < 0.5))
        square = np.array([x + side / 2, y + side / 2, side])
        return warped(self._data.pictures[int(picture)], at.matrix(square), at.scale(float(side)))

    def _ground(self, rng: np.random.Generator) -> Image:
        """A background."""
        if not len(self._grounds) or rng.random() < 0.15:
            return drawn(SPEC.side, rng)
        return self._window(int(rng.choice(self._grounds)), rng)

    def _framed(self, image: Image, rng: np.random.Generator) -> Image:
        """Sometimes lets the frame end inside the region, where ``crop`` repeats its border."""
        if rng.random() >= self._jitter.frame:
            return image
        cut = int(rng.integers(3, SPEC.side // 3))
        side = int(rng.integers(4))
        inner = (image[cut:], image[:-cut], image[:, cut:], image[:, :-cut])[side]
        top, bottom, left, right = (cut if n == side else 0 for n in range(4))
        out = cv2.copyMakeBorder(inner, top, bottom, left, right, cv2.BORDER_REPLICATE)
        return out.astype(np.uint8, copy=False)

    def _hidden(self, image: Image, rng: np.random.Generator) -> Image:
        """Sometimes covers part of the picture with an ellipse of background or of one gray."""
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
    """Up to ``count`` validation rows of a split: half heads, a quarter drivers, a quarter tight crops."""
    rows = np.flatnonzero(data.split == split)
    kinds = [rows[data.source[rows] == name] for name in ("faces", "driver", "fer")]
    shares = (0.5, 0.25, 0.25)
    return np.concatenate(
        [rng.choice(k, min(len(k) * 3, round(count * s))) for k, s in zip(kinds, shares, strict=True) if len(k)]
    )
