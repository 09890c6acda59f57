"""Proposing where faces may be: one small fully convolutional network over the whole shrunk frame.

The frame is shrunk to several sizes, an octave apart, and all of them are laid out on one canvas, so
that one call of the network sees faces of every size (an image pyramid, as in MTCNN's proposal network:
Zhang et al. 2016). What it proposes is not yet a face: ``Follower.accept`` decides that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.errors import ModelError
from monitor.faces.crop import int8_table, quantised
from monitor.faces.detector import suppress
from monitor.inference.card import ModelCard, load_card
from monitor.inference.runtime import Int8Model
from monitor.types import Detections, Image

FACE = ("face",)
"""What the network tells from everything else."""
STRIDE = 4
"""Pixels of the canvas from one answer to the next."""
UNIT = 17.0
"""Side in pixels of the face the network answers in; it sees faces half an octave smaller and larger."""
SMALLEST = 12.0
"""Side of the smallest face it sees; the largest is twice that, and the next level of the pyramid begins."""
GAP = 8
"""Pixels of gray between the levels on the canvas, so that no answer mixes two of them."""
GRAY = 128
"""Gray level of what is no picture."""
MOST = 12
"""Proposals a search gives at most, best first."""


@dataclass(frozen=True, slots=True)
class Level:
    """Where one size of the frame lies on the canvas, in canvas pixels."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Layout:
    """How a frame's sizes share one canvas.

    Attributes:
        width, height: The canvas, in pixels, multiples of ``STRIDE``.
        levels: The largest first; each has half the side of the one before.
    """

    width: int
    height: int
    levels: tuple[Level, ...]


def layout(frame_width: int, frame_height: int, smallest: float) -> Layout:
    """Plans the canvas for frames of one size.

    Args:
        frame_width: Pixels.
        frame_height: Pixels.
        smallest: Side in frame pixels of the smallest face to be found, above 0.

    Returns:
        Levels until a face as large as the frame's shorter side is within reach; the first at the top, the
        others in a row below it.
    """
    scale = min(1.0, SMALLEST / smallest)
    sizes = []
    while True:
        width, height = max(4, round(frame_width * scale)), max(4, round(frame_height * scale))
        sizes.append((width, height))
        if min(frame_width, frame_height) * scale <= 2 * SMALLEST:
            break
        scale /= 2
    levels = [Level(0, 0, *sizes[0])]
    left, top = 0, _up(sizes[0][1] + GAP)
    for width, height in sizes[1:]:
        levels.append(Level(left, top, width, height))
        left = _up(left + width + GAP)
    last = max((level.top + level.height for level in levels), default=0)
    right = max(level.left + level.width for level in levels)
    return Layout(_up(right), _up(last), tuple(levels))


def _up(pixels: int) -> int:
    return math.ceil(pixels / STRIDE) * STRIDE


def paint(image: Image, plan: Layout, canvas: Image) -> None:
    """Lays a frame's sizes out on ``canvas``.

    Args:
        image: (H, W, 3) BGR or (H, W) gray frame, uint8.
        plan: From ``layout`` of that size.
        canvas: (plan.height, plan.width) uint8; what is no level is left as it is.
    """
    part = image
    for level in plan.levels:
        # Halves are averaged exactly and for a tenth of what other ratios cost OpenCV; what is left is bilinear.
        while part.shape[1] >= 2 * level.width and part.shape[0] >= 2 * level.height:
            half = (part.shape[1] // 2, part.shape[0] // 2)
            part = cv2.resize(part[: 2 * half[1], : 2 * half[0]], half, interpolation=cv2.INTER_AREA).astype(
                np.uint8, copy=False
            )
            part = _gray(part)
        part = _gray(cv2.resize(part, (level.width, level.height), interpolation=cv2.INTER_LINEAR).astype(np.uint8))
        canvas[level.top : level.top + level.height, level.left : level.left + level.width] = part


def _gray(image: Image) -> Image:
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)


class ProposalNet:
    """The proposal network with its card; one thread's own.

    Attributes:
        card: Its card; the temperature does not matter, ``threshold`` does.
        runtime: Name and version of the TFLite runtime.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        """Loads ``path`` and the card beside it.

        Raises:
            ModelError: Missing, damaged, mismatched or foreign model or card, or no runtime.
        """
        self.card: ModelCard = load_card(path, FACE)
        self._model = Int8Model(path, threads)
        self.runtime = f"{self._model.runtime.package} {self._model.runtime.version}"
        sides = [port.shape[3] if len(port.shape) == 4 else 0 for port in self._model.outputs]
        if sorted(sides) != [1, 3] or len(self._model.input.shape) != 4 or self._model.input.shape[3] != 1:
            raise ModelError(
                f"{path}: gives {[p.shape for p in self._model.outputs]}, expected (1, h, w, 1) and (1, h, w, 3)"
            )
        self._logit, self._box = sides.index(1), sides.index(3)
        self._table = int8_table(self._model.input.scale, self._model.input.zero_point)
        self._frame = (0, 0, 0.0)
        self._plan = Layout(0, 0, ())
        self._canvas: Image = np.zeros((0, 0), np.uint8)

    def propose(self, image: Image, smallest: float, least: float) -> Detections:
        """Places that may show a face.

        Args:
            image: (H, W, 3) BGR or (H, W) gray frame, uint8.
            smallest: Side of the smallest face, in frame pixels.
            least: Chance of a face below which a place is not proposed, 0..1.

        Returns:
            At most ``MOST`` Haar-like boxes in frame pixels with their chances as scores, best first.
        """
        height, width = image.shape[:2]
        if self._frame != (width, height, smallest):
            self._frame = (width, height, smallest)
            self._plan = layout(width, height, smallest)
            self._canvas = np.full((self._plan.height, self._plan.width), GRAY, np.uint8)
            self._model.resize((1, self._plan.height, self._plan.width, 1))
        paint(image, self._plan, self._canvas)
        outputs = self._model.run(quantised(self._canvas, self._table)[None, :, :, None])
        logits = outputs[self._logit][0, :, :, 0]
        # A face answers in several cells; the best of its neighbourhood speaks for it.
        peaks = cv2.dilate(logits, np.ones((3, 3), np.uint8))
        rows, columns = np.nonzero((logits >= peaks) & (logits > math.log(least / (1 - least))))
        return self._placed(logits[rows, columns], outputs[self._box][0, rows, columns], rows, columns)

    def _placed(
        self,
        logits: NDArray[np.float32],
        boxes: NDArray[np.float32],
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
    ) -> Detections:
        """Answers as boxes of the frame, each face once."""
        frame_width, frame_height, _ = self._frame
        found, scores = [], []
        best = np.argsort(-logits, kind="stable")[: 2 * MOST]
        centres, sides = decode(boxes[best], rows[best], columns[best])
        for (x, y), side, logit in zip(centres, sides, logits[best], strict=True):
            level = self._level(float(x), float(y))
            if level is None:
                continue
            sx, sy = frame_width / level.width, frame_height / level.height
            cx, cy, half = (x - level.left) * sx, (y - level.top) * sy, side * (sx + sy) / 4
            found.append((cx - half, cy - half, cx + half, cy + half))
            scores.append(1 / (1 + math.exp(-float(logit))))
        kept = suppress(Detections(np.array(found, np.float32).reshape(-1, 4), np.array(scores, np.float32)), 0.3)
        order = np.argsort(-kept.scores, kind="stable")[:MOST]
        return Detections(kept.boxes[order], kept.scores[order])

    def _level(self, x: float, y: float) -> Level | None:
        """The level a place of the canvas belongs to."""
        for level in self._plan.levels:
            if level.left <= x < level.left + level.width and level.top <= y < level.top + level.height:
                return level
        return None


def decode(
    boxes: NDArray[np.float32], rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Centres (N, 2) as x, y and sides (N,) in canvas pixels of the answers (N, 3) at cells."""
    cells = (np.stack([columns, rows], axis=1) + 0.5) * STRIDE
    centres = cells + boxes[:, :2] * (UNIT / 2)
    return centres.astype(np.float32), (UNIT * np.exp2(np.clip(boxes[:, 2], -2, 2))).astype(np.float32)


def encode(x: float, y: float, side: float, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.float32]:
    """What the cells (N,) should answer for a face: the inverse of ``decode``, (N, 3) float32."""
    cells = (np.stack([columns, rows], axis=1) + 0.5) * STRIDE
    offsets = (np.array([x, y]) - cells) / (UNIT / 2)
    return np.concatenate([offsets, np.full((len(rows), 1), math.log2(side / UNIT))], axis=1).astype(np.float32)
