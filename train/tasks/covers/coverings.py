"""Training crops of the cover network: expression crops with something drawn over the face, and their labels."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from monitor.core.numeric import sigmoid
from monitor.core.types import Image
from monitor.faces.crop import CropSpec, crop, evened
from monitor.networks.card import find_model
from monitor.networks.eyes import EyeNet, eye_boxes
from monitor.networks.keypoints import SWAP
from train.data.faceset import FaceSet
from train.engine.augment import Augment, Jitter, disturb
from train.tasks.covers.canvas import Canvas, Floats, oval, shape
from train.tasks.covers.drawing import COVERS, HARMLESS

SPEC = CropSpec(48, 0.185, 0.03, align=True, contrast=40.0)
"""The crop: that of the expression network, so that it is cut only once."""
FINE = 2
"""Covers are drawn at this many times the crop's resolution."""
COVERED, CLEAR = 0.6, 0.15
"""Hidden shares of a region from which it counts as covered, and up to which it counts as clear; between them it has no
label."""
SHARES = {"none": 0.45, "mask": 0.2, "hand": 0.15, "thing": 0.06, "sunglasses": 0.09, "band": 0.05}
"""Share of an epoch's crops by kind of cover."""
HARMLESS_SHARE = 0.35
"""Chance of clear glasses or a beard."""
LEAST_SEEN = 0.4
"""Mean visibility of both eyes by the eye network below which the photograph itself may show sunglasses; then the upper
half has no label unless a cover is drawn over it."""
SOURCES = {"faces": 0.45, "fer": 0.4, "driver": 0.15}
"""Share of an epoch's crops by source of the face."""


@dataclass(frozen=True, slots=True)
class Covering:
    """One training example.

    Attributes:
        image: (48, 48) uint8, contrast evened.
        target: (2,) float32, upper and lower half: 1 covered, 0 clear, -1 no label.
        kind: The drawn cover.
    """

    image: Image
    target: Floats
    kind: str


class Coverings:
    """Makes crops of one split of a face set."""

    def __init__(self, data: FaceSet, split: str, jitter: Jitter, light: Augment) -> None:
        self._data, self._jitter, self._light = data, jitter, light
        self._squares = data.squares()
        self._eyes = EyeNet(find_model("eyes.tflite"))
        mine = data.split == split
        self._rows = {name: np.flatnonzero(mine & (data.source == name)) for name in SOURCES}

    def epoch(self, rng: np.random.Generator) -> list[tuple[str, int]]:
        """Kind of cover and row of the face of an epoch's crops, in random order."""
        total = self._jitter.regions
        kinds = rng.choice(list(SHARES), total, p=np.array(list(SHARES.values())))
        shares = np.array([SOURCES[name] if len(self._rows[name]) else 0.0 for name in SOURCES])
        sources = rng.choice(list(SOURCES), total, p=shares / shares.sum())
        return [(str(kind), int(rng.choice(self._rows[str(name)]))) for kind, name in zip(kinds, sources, strict=True)]

    def make(self, job: tuple[str, int], rng: np.random.Generator) -> Covering:
        """One crop, disturbed and covered."""
        kind, row = job
        canvas = self._canvas(row, rng)
        if rng.random() < HARMLESS_SHARE:
            HARMLESS[str(rng.choice(list(HARMLESS)))](canvas, rng)
        canvas.hidden[:] = 0
        if kind != "none":
            COVERS[kind](canvas, rng)
        if kind == "mask" and rng.random() < 0.08:
            COVERS["sunglasses"](canvas, rng)
        upper, lower = (_label(share) for share in hidden_shares(canvas))
        if upper == 0 and not self._sees_eyes(row):
            upper = -1.0
        small = cv2.resize(canvas.pixels, (SPEC.side, SPEC.side), interpolation=cv2.INTER_AREA)
        pixels = np.clip(np.rint(small), 0, 255).astype(np.uint8)
        image = evened(disturb(pixels, self._light, rng), SPEC.contrast)
        return Covering(image, np.array([upper, lower], np.float32), kind)

    def _sees_eyes(self, row: int) -> bool:
        """Whether the eye network sees eyes in the photograph."""
        image, net = self._data.pictures[int(self._data.picture[row])], self._eyes
        boxes, roll = eye_boxes(self._data.points[row]), float(self._data.pose[row, 2])
        try:
            seen = [sigmoid(float(net.logits(crop(image, box, net.card.crop, roll))[1])) for box in boxes]
        except ValueError:  # an eye lies outside of the picture
            return False
        return sum(seen) / 2 >= LEAST_SEEN

    def _canvas(self, row: int, rng: np.random.Generator) -> Canvas:
        """The face at ``FINE`` times the crop's resolution, cut approximately as in the app."""
        data, j, side = self._data, self._jitter, SPEC.side * FINE
        cx, cy, size = self._squares[row]
        image = data.pictures[int(data.picture[row])]
        flip = -1.0 if rng.random() < 0.5 else 1.0
        turn = np.deg2rad(rng.uniform(-1, 1) * j.rotate - float(data.pose[row, 2]))
        zoom = side / (size * (1 + SPEC.margin)) * float(np.exp(rng.uniform(np.log(j.smaller), np.log(j.larger))))
        cos, sin = np.cos(turn) * zoom, np.sin(turn) * zoom
        linear = np.array([[cos * flip, -sin * flip], [sin, cos]])
        target = (side - 1) / 2 + rng.uniform(-j.shift, j.shift, 2) * side - np.array([0.0, SPEC.shift_y * size * zoom])
        offset = target - linear @ np.array([cx - 0.5, cy - 0.5])
        warp = np.hstack([linear, offset[:, None]])
        if zoom < 0.7:
            image = cv2.GaussianBlur(image, (0, 0), 0.4 / zoom).astype(np.uint8, copy=False)
        out = cv2.warpAffine(image, warp, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        points = (data.points[row][:17] - 0.5) @ linear.T + offset
        if flip < 0:
            points = points[list(SWAP)]
        return Canvas(out.astype(np.float32), points.astype(np.float32))


def hidden_shares(canvas: Canvas) -> tuple[float, float]:
    """Shares 0..1 of the eyes and of the mouth that are hidden by a drawn cover or outside of the crop."""
    side, unit = len(canvas.pixels), canvas.unit
    eyes = [oval(canvas.at(name), (unit * 0.17, unit * 0.1), 0.0) for name in ("r_iris", "l_iris")]
    mouth = oval(canvas.mouth, (unit * 0.28, unit * 0.15), 0.0)
    regions = [np.maximum(shape(side, eyes[0], 0.5), shape(side, eyes[1], 0.5)), shape(side, mouth, 0.5)]
    upper, lower = (float((canvas.hidden * r).sum() / max(float(r.sum()), 1.0)) for r in regions)
    return upper, lower


def _label(share: float) -> float:
    if share >= COVERED:
        return 1.0
    return 0.0 if share <= CLEAR else -1.0


def check_coverings(data: FaceSet, split: str, each: int, light: Augment) -> list[Covering]:
    """A fixed set of crops: ``each`` of every kind of cover, and five times as many without one.

    Args:
        data: The faces.
        split: Their split.
        each: Crops of one kind.
        light: Disturbances.
    """
    rng = np.random.default_rng(11)
    maker = Coverings(data, split, Jitter(regions=each, shift=0.05, smaller=0.92, larger=1.1, rotate=6.0), light)
    made = []
    for kind in ("none", *COVERS):
        rows = [row for _ in range(5 if kind == "none" else 1) for _, row in maker.epoch(rng)]
        made += [maker.make((kind, row), rng) for row in rows]
    return made
