"""The proposal network: proposes boxes that may show faces; fully convolutional over the shrunk frame.

The frame is shrunk to several sizes, an octave apart (an image pyramid, as for MTCNN's proposal network: Zhang
et al. 2016), and laid out on three tiles of one shape: the upper and the lower half of the largest size, and all
smaller sizes side by side. Therefore one network of a fixed shape finds faces of every size, and a search can be spread
over three frames. ``Admission`` decides which proposals are faces.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ModelError
from monitor.core.types import Detections, Image
from monitor.faces.crop import as_gray
from monitor.faces.detector import suppress
from monitor.networks.base import Network

FACE = ("face",)
"""Labels of the network: one logit for the presence of a face."""
STRIDE = 4
"""Distance between two output cells in pixels of a tile."""
UNIT = 17.0
"""Unit of the size output in pixels; the network finds faces up to half an octave smaller and larger."""
SMALLEST = 12.0
"""Side in tile pixels of the smallest face that the network finds; the largest one is twice that, where the next level
begins."""
GAP = 8
"""Pixels of gray between two levels on a tile, so that no output cell covers both."""
CONTEXT = 16
"""Pixels by which the two halves overlap: the receptive field around the centre of a face."""
GRAY = 128
"""Gray level of the parts of a tile without picture."""
DARK, LIT, MOST_GAIN = 45.0, 90.0, 6.0
"""Pictures with a mean gray level below the first value are dark; their blocks darker than the second value are
brightened to it, by at most the third as a factor."""
PLACE = 12
"""Side of a block in pixels: the smallest face. One gain for the whole picture would overexpose a lit face before a
black background."""
MOST = 12
"""Most proposals per tile by default."""
TILES = 3
"""Tiles of a search."""


class Patch(NamedTuple):
    """A part of the frame on a tile.

    Attributes:
        left, top, width, height: Position and size in tile pixels.
        upper, lower: Rows of the frame that it shows.
        first, last: Rows of the frame in which its faces are centred; last is exclusive.
    """

    left: int
    top: int
    width: int
    height: int
    upper: int
    lower: int
    first: float
    last: float


class Layout(NamedTuple):
    """The arrangement of all levels on the tiles.

    Attributes:
        width, height: Of each tile, in pixels, multiples of ``STRIDE``.
        tiles: The patches of each of the ``TILES``.
    """

    width: int
    height: int
    tiles: tuple[tuple[Patch, ...], ...]


def layout(frame_width: int, frame_height: int, smallest: float) -> Layout:
    """Plans the tiles for frames of one size.

    Args:
        frame_width: Pixels.
        frame_height: Pixels.
        smallest: Side in frame pixels of the smallest face to be found, above 0.

    Returns:
        The largest level, on which ``smallest`` measures ``SMALLEST``, is split into two halves. Smaller levels follow
        until a face as large as the frame's shorter side can be found.
    """
    scale = min(1.0, SMALLEST / smallest)
    middle, reach = frame_height / 2, CONTEXT / scale
    upper, lower = max(0, int(middle - reach)), min(frame_height, math.ceil(middle + reach))
    width = max(4, round(frame_width * scale))
    halves = [
        (Patch(0, 0, width, max(4, round((end - start) * scale)), start, end, first, last),)
        for start, end, first, last in ((0, lower, -math.inf, middle), (upper, frame_height, middle, math.inf))
    ]
    rest, left = [], 0
    while min(frame_width, frame_height) * scale > 2 * SMALLEST:
        scale /= 2
        size = (max(4, round(frame_width * scale)), max(4, round(frame_height * scale)))
        rest.append(Patch(left, 0, *size, 0, frame_height, -math.inf, math.inf))
        left = _up(left + size[0] + GAP)
    patches = [*halves[0], *halves[1], *rest]
    return Layout(
        _up(max(p.left + p.width for p in patches)), _up(max(p.height for p in patches)),
        (halves[0], halves[1], tuple(rest)),
    )  # fmt: skip


def _up(pixels: int) -> int:
    return math.ceil(pixels / STRIDE) * STRIDE


def paint(image: Image, patches: tuple[Patch, ...], tile: Image) -> None:
    """Draws parts of a frame on a tile and fills the rest with gray.

    Args:
        image: (H, W, 3) BGR or (H, W) gray frame, uint8.
        patches: Of ``layout`` for that size.
        tile: (height, width) uint8 of that layout.
    """
    tile[:] = GRAY
    part, rows = image, (0, image.shape[0])
    for patch in patches:
        if rows != (patch.upper, patch.lower):
            part, rows = image[patch.upper : patch.lower], (patch.upper, patch.lower)
        # Halving averages exactly and takes a tenth of the time of other ratios in OpenCV; the rest is bilinear.
        while part.shape[1] >= 2 * patch.width and part.shape[0] >= 2 * patch.height:
            half = (part.shape[1] // 2, part.shape[0] // 2)
            shrunk = cv2.resize(part[: 2 * half[1], : 2 * half[0]], half, interpolation=cv2.INTER_AREA)
            part = as_gray(shrunk.astype(np.uint8, copy=False))
        fitted = cv2.resize(part, (patch.width, patch.height), interpolation=cv2.INTER_LINEAR)
        part = lit(as_gray(fitted.astype(np.uint8, copy=False)))
        tile[patch.top : patch.top + patch.height, patch.left : patch.left + patch.width] = part


def lit(gray: Image) -> Image:
    """Brightens the dark places of a dark picture (H, W) uint8; returns other pictures unchanged.

    The network was trained on pictures of ordinary rooms and cars; at an eighth of their light it misses faces.
    """
    if cv2.mean(gray)[0] >= DARK:
        return gray
    height, width = gray.shape
    places = (max(1, width // PLACE), max(1, height // PLACE))
    local = cv2.dilate(cv2.resize(gray, places, interpolation=cv2.INTER_AREA), np.ones((3, 3), np.uint8))
    gains = np.clip(LIT / np.maximum(local.astype(np.float32), 1.0), 1.0, MOST_GAIN)
    smooth = cv2.resize(gains, (width, height), interpolation=cv2.INTER_LINEAR)
    return cv2.multiply(gray, smooth, dtype=cv2.CV_8U).astype(np.uint8, copy=False)


class ProposalNet(Network):
    """The proposal network with its card; see ``Network``. It keeps the layout of its frames: one thread may use it.

    Attributes:
        parts: Tiles of one search; ``propose`` takes their indices.
    """

    parts = TILES

    def __init__(self, path: Path, threads: int = 1) -> None:
        """Loads ``path`` and the card beside it.

        Raises:
            ModelError: The model or its card is missing, damaged, mismatched or foreign, or no runtime is installed.
        """
        super().__init__(path, FACE, threads)
        sides = [shape[3] if len(shape) == 4 else 0 for shape in self._shapes]
        if sorted(sides) != [1, 3] or len(self._model.input.shape) != 4 or self._model.input.shape[3] != 1:
            raise ModelError(f"{path}: gives {self._shapes}, expected (1, h, w, 1) and (1, h, w, 3)")
        self._logit, self._box = sides.index(1), sides.index(3)
        self._frame = (0, 0, 0.0)
        self._plan = Layout(0, 0, ())
        self._tile: Image = np.zeros((0, 0), np.uint8)

    def propose(
        self, image: Image, smallest: float, least: float, tiles: Iterable[int] = range(TILES), most: int = MOST
    ) -> Detections:
        """Proposes boxes that may show a face.

        Args:
            image: (H, W, 3) BGR or (H, W) gray frame, uint8.
            smallest: Side of the smallest face, in frame pixels.
            least: Lowest face probability of a proposal, 0..1.
            tiles: Indices of the tiles to search.
            most: Most proposals per tile.

        Returns:
            At most ``most`` Haar boxes per tile in frame pixels, with probabilities as scores, most likely first.
        """
        height, width = image.shape[:2]
        if self._frame != (width, height, smallest):
            self._plan = layout(width, height, smallest)
            self._tile = np.empty((self._plan.height, self._plan.width), np.uint8)
            self._model.resize((1, self._plan.height, self._plan.width, 1))
            self._frame = (width, height, smallest)
        found = suppress(Detections.join([self._searched(image, self._plan.tiles[n], least, most) for n in tiles]), 0.3)
        order = np.argsort(-found.scores, kind="stable")
        return Detections(found.boxes[order], found.scores[order])

    def _searched(self, image: Image, patches: tuple[Patch, ...], least: float, most: int) -> Detections:
        """The proposals of one tile in frame pixels."""
        if not patches:
            return Detections.none()
        paint(image, patches, self._tile)
        outputs = self._run(self._tile)
        logits = outputs[self._logit][0, :, :, 0]
        # A face is found by several cells; only the best one of a neighbourhood counts.
        peaks = cv2.dilate(logits, np.ones((3, 3), np.uint8))
        rows, columns = np.nonzero((logits >= peaks) & (logits > math.log(least / (1 - least))))
        best = np.argsort(-logits[rows, columns], kind="stable")[:most]
        rows, columns = rows[best], columns[best]
        centres, sides = decode(outputs[self._box][0, rows, columns], rows, columns)
        found, scores = [], []
        for (x, y), side, logit in zip(centres.tolist(), sides.tolist(), logits[rows, columns].tolist(), strict=True):
            patch = next((p for p in patches if 0 <= x - p.left < p.width and 0 <= y - p.top < p.height), None)
            if patch is None:
                continue
            across, down = self._frame[0] / patch.width, (patch.lower - patch.upper) / patch.height
            cx, cy, half = (x - patch.left) * across, patch.upper + (y - patch.top) * down, side * (across + down) / 4
            if patch.first <= cy < patch.last:
                found.append((cx - half, cy - half, cx + half, cy + half))
                scores.append(1 / (1 + math.exp(-logit)))
        return Detections(np.array(found, np.float32).reshape(-1, 4), np.array(scores, np.float32))


def decode(
    boxes: NDArray[np.float32], rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Centres (N, 2) as x, y and sides (N,) in tile pixels, from the outputs (N, 3) of the cells."""
    cells = (np.stack([columns, rows], axis=1) + 0.5) * STRIDE
    centres = cells + boxes[:, :2] * (UNIT / 2)
    return centres.astype(np.float32), (UNIT * np.exp2(np.clip(boxes[:, 2], -2, 2))).astype(np.float32)


def encode(x: float, y: float, side: float, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.float32]:
    """Target outputs (N, 3) float32 of the cells for a face: the inverse of ``decode``."""
    cells = (np.stack([columns, rows], axis=1) + 0.5) * STRIDE
    offsets = (np.array([x, y]) - cells) / (UNIT / 2)
    return np.concatenate([offsets, np.full((len(rows), 1), math.log2(side / UNIT))], axis=1).astype(np.float32)
