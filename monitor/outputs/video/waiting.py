"""Pictures that wait to be blurred (large ones compressed), and mosaics."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.types import Image, Result

COLUMNS = 10
"""Patches across a mosaic. With 20 the keypoint network still found large faces, with 16 the cascade did, with 12 and
fewer neither (demo and two clips, 67 pictures)."""
PACK_BYTES = 1_000_000
"""Pictures over this size (640x480 is under it) wait as JPEG: 1.5 s of 1280x720 at 30 Hz are 124 MB, packed
some 9 MB. Packing and unpacking one of them takes 7 to 8 ms (2-core test machine), 640x480 nothing."""
PACK_QUALITY = 92
REDUCED = 8
"""A packed picture that becomes a mosaic is decoded at this fraction of its size, in half the time."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A result that waits; its picture may be packed.

    Attributes:
        result: The result; without its picture when that is packed.
        packed: The picture as JPEG, or None.
        size: Width and height of the picture.
    """

    result: Result
    packed: NDArray[np.uint8] | None
    size: tuple[int, int]

    @property
    def nbytes(self) -> int:
        """Memory of the picture."""
        return self.result.frame.image.nbytes if self.packed is None else self.packed.nbytes

    def clear(self) -> Result:
        """The result with its picture."""
        if self.packed is None:
            return self.result
        return with_image(self.result, _unpacked(self.packed, cv2.IMREAD_COLOR))

    def coarse(self) -> Result:
        """The result with its picture as a mosaic."""
        if self.packed is None:
            return coarse_result(self.result)
        wide = self.size[0] >= 2 * REDUCED * COLUMNS
        image = _unpacked(self.packed, cv2.IMREAD_REDUCED_COLOR_8 if wide else cv2.IMREAD_COLOR)
        return with_image(self.result, coarse(image, self.size))


def _unpacked(packed: NDArray[np.uint8], how: int) -> Image:
    image = cv2.imdecode(packed, how)
    assert image is not None  # compressed by this module
    return image.astype(np.uint8, copy=False)


def wait(result: Result) -> Waiting:
    """A result that waits; a large picture is packed."""
    if result.frame.image.nbytes > PACK_BYTES:
        ok, packed = cv2.imencode(".jpg", result.frame.color(), [cv2.IMWRITE_JPEG_QUALITY, PACK_QUALITY])
        if ok:
            empty = np.empty((0, 0, 3), np.uint8)
            return Waiting(with_image(result, empty), packed.astype(np.uint8, copy=False), result.frame.size)
    return Waiting(result, None, result.frame.size)


def coarse(image: Image, size: tuple[int, int] | None = None) -> Image:
    """A picture as a mosaic of ``COLUMNS`` patches across; ``size`` is the mosaic's, if not the picture's own."""
    width, height = size or (image.shape[1], image.shape[0])
    few = cv2.resize(image, (COLUMNS, max(1, round(COLUMNS * height / width))), interpolation=cv2.INTER_AREA)
    return cv2.resize(few, (width, height), interpolation=cv2.INTER_NEAREST).astype(np.uint8, copy=False)


def coarse_result(result: Result) -> Result:
    """The result with its picture as a mosaic."""
    return with_image(result, coarse(result.frame.color()))


def with_image(result: Result, image: Image) -> Result:
    """The result with another picture, without keypoints: they show the shape of the face."""
    faces = tuple(replace(face, keypoints=None) for face in result.faces)
    return replace(result, frame=replace(result.frame, image=image, decode=None), faces=faces)
