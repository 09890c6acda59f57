"""Making faces unrecognisable in recordings, for good: what is left of a face is its mean color.

A face is blurred before it is known, too: pictures wait ``DELAY_S`` until it is clear who appeared in
them, and a face that was lost keeps its patch for as long. What cannot wait is made coarse as a whole.
Faces that the program does not follow are searched besides, turned ones too and on the slightest hint.
A face that is never found (see "Limits" in README) cannot be blurred; mode "picture" is safe from that.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.types import Box, Image, Result
from monitor.faces.detector import Detector

log = logging.getLogger("monitor")

DELAY_S = 1.5
"""From a face's first sight to its id: 0.5 s to confirm after at most 0.8 s until the next search."""
GAP_S = 0.6
"""A longer gap between two pictures (camera lost, pause, stall) tells nothing about who was in those that
waited: they go out coarse. Less would make everything coarse at 2 Hz."""
COLUMNS = 10
"""A whole picture becomes so many patches across. With 20 the keypoint network still knew large faces as
faces, with 16 the cascade did; with 12 and less neither (demo and two clips, 67 pictures)."""
SEARCH_S = 0.25
"""The whole picture is searched this often; a hit is covered for twice as long before and after."""
SEARCH_WIDTH = 400
SMALLEST = 24
"""Smallest face side searched, in pixels of a picture ``SEARCH_WIDTH`` wide."""
MARGIN = 0.35
"""Head, hair and chin around a Haar box, in box sides."""
MARGIN_PER_S = 1.0
"""What is added where the box is from so many seconds before or after."""
MOST_BYTES = 96_000_000
"""Pictures that wait may take so much memory; the oldest go out early then, coarse as a whole."""
PACK_BYTES = 1_000_000
"""Pictures over this size (640x480 is under it) wait as JPEG: 1.5 s of 1280x720 at 30 Hz are 124 MB, packed
some 9 MB. Packing and unpacking one of them takes 7 to 8 ms (2-core test machine), 640x480 nothing."""
PACK_QUALITY = 92
REDUCED = 8
"""A packed picture that goes out coarse is unpacked at this fraction of its size, in half the time."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A result that waits, its picture packed or not.

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
        return self.result.frame.image.nbytes if self.packed is None else self.packed.nbytes

    def clear(self) -> Result:
        """The result with its picture."""
        if self.packed is None:
            return self.result
        return _with_image(self.result, _unpacked(self.packed, cv2.IMREAD_COLOR))

    def coarse(self) -> Result:
        """The result with its picture in patches."""
        if self.packed is None:
            return _coarse(self.result)
        wide = self.size[0] >= 2 * REDUCED * COLUMNS
        image = _unpacked(self.packed, cv2.IMREAD_REDUCED_COLOR_8 if wide else cv2.IMREAD_COLOR)
        return _with_image(self.result, coarse(image, self.size))


def _unpacked(packed: NDArray[np.uint8], how: int) -> Image:
    image = cv2.imdecode(packed, how)
    assert image is not None  # we packed it
    return image.astype(np.uint8, copy=False)


def _wait(result: Result) -> _Waiting:
    image = result.frame.image
    if image.nbytes > PACK_BYTES:
        ok, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, PACK_QUALITY])
        if ok:
            empty = np.empty((0, 0, 3), np.uint8)
            return _Waiting(_with_image(result, empty), packed.astype(np.uint8, copy=False), result.frame.size)
    return _Waiting(result, None, result.frame.size)


class Blur:
    """Delays results and hands them on with their faces gone.

    Args:
        whole: Make the whole picture coarse, not only the faces; nothing is delayed then.
        detector: Searches for faces that the results do not have; None = they are all there is.
    """

    def __init__(self, whole: bool, detector: Detector | None = None) -> None:
        self._whole, self._detector = whole, detector
        self._hits: deque[tuple[float, Box]] = deque()
        self._searched = -np.inf
        self._last_t = -np.inf
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._warned = False
        self._past: dict[int, tuple[float, Box]] = {}

    def push(self, result: Result) -> list[Result]:
        """Takes the next result; returns those whose time has come, in order, without faces."""
        if self._whole:
            return [_coarse(result)]
        ready = []
        t, before, self._last_t = result.frame.t, self._last_t, result.frame.t
        if not before <= t <= before + GAP_S:  # a gap, or the clock was set back
            ready += self.drain()
            # What was seen before the gap may be anywhere now; and after a clock that was set back it would stay.
            self._past.clear()
            self._hits.clear()
            self._searched = -np.inf
        self._waiting.append(_wait(result))
        self._bytes += self._waiting[-1].nbytes
        self._search(result)
        while self._waiting[0].result.frame.t <= t - DELAY_S:
            first = self._pop().clear()
            ready.append(_without(first, self._boxes(first)))
        while self._bytes > MOST_BYTES and len(self._waiting) > 1:
            self._warn(result)
            ready.append(self._pop().coarse())
        return ready

    def drain(self) -> list[Result]:
        """What still waits; nobody knows yet who is in it, so it comes coarse."""
        ready = [waiting.coarse() for waiting in self._waiting]
        self._waiting.clear()
        self._bytes = 0
        return ready

    def _pop(self) -> _Waiting:
        first = self._waiting.popleft()
        self._bytes -= first.nbytes
        return first

    def _warn(self, result: Result) -> None:
        if not self._warned:
            self._warned = True
            log.warning(
                "blur: %.1f s of pictures of %dx%d at this rate take more than %.0f MB; the recording is coarse as "
                "a whole, not only its faces; a smaller picture or a lower rate helps",
                DELAY_S, *result.frame.size, MOST_BYTES / 1e6,
            )  # fmt: skip

    def _search(self, result: Result) -> None:
        """Looks for faces that nobody follows, where it is time."""
        t, image = result.frame.t, result.frame.image
        if self._detector is None or t - self._searched < SEARCH_S:
            return
        self._searched = t
        scale = image.shape[1] / SEARCH_WIDTH
        size = (SEARCH_WIDTH, max(1, round(image.shape[0] / scale)))
        gray = cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
        found = self._detector.find(gray.astype(np.uint8, copy=False), SMALLEST, min(size), profile=True)
        for x1, y1, x2, y2 in (found.boxes * scale).tolist():
            self._hits.append((t, (x1, y1, x2, y2)))

    def _boxes(self, result: Result) -> list[Box]:
        """All places to blur: faces in this frame, those seen shortly before or after it, and hits."""
        t = result.frame.t
        while self._hits and self._hits[0][0] < t - 2 * SEARCH_S:
            self._hits.popleft()
        hits = [
            _grown(box, MARGIN + MARGIN_PER_S * abs(seen - t)) for seen, box in self._hits if seen <= t + 2 * SEARCH_S
        ]
        boxes = {}
        for other in reversed(self._waiting):
            for face in other.result.faces:
                boxes[face.id] = _grown(face.box, MARGIN + MARGIN_PER_S * (other.result.frame.t - t))
        for face_id, (seen, box) in list(self._past.items()):
            if t - seen > DELAY_S:
                del self._past[face_id]
            elif face_id not in boxes:
                boxes[face_id] = _grown(box, MARGIN + MARGIN_PER_S * (t - seen))
        for face in result.faces:
            self._past[face.id] = (t, face.box)
            boxes[face.id] = _grown(face.box, MARGIN if face.seen else MARGIN * 2)
        return [*boxes.values(), *hits]


def erased(image: Image, boxes: Sequence[Box]) -> Image:
    """A copy of a (H, W, 3) picture in which each box has one color, its mean."""
    out = image.copy()
    height, width = image.shape[:2]
    for box in boxes:
        x1, y1 = max(0, int(box[0])), max(0, int(box[1]))
        x2, y2 = min(width, int(np.ceil(box[2]))), min(height, int(np.ceil(box[3])))
        if x2 > x1 and y2 > y1:
            # OpenCV, as NumPy takes 10 ms for one large box.
            mean = [int(value) for value in cv2.mean(image[y1:y2, x1:x2])[:3]]
            cv2.rectangle(out, (x1, y1), (x2 - 1, y2 - 1), mean, cv2.FILLED)
    return out


def coarse(image: Image, size: tuple[int, int] | None = None) -> Image:
    """The whole picture in ``COLUMNS`` patches across; ``size`` is the result's, if not the picture's own."""
    width, height = size or (image.shape[1], image.shape[0])
    few = cv2.resize(image, (COLUMNS, max(1, round(COLUMNS * height / width))), interpolation=cv2.INTER_AREA)
    return cv2.resize(few, (width, height), interpolation=cv2.INTER_NEAREST).astype(np.uint8, copy=False)


def _grown(box: Box, share: float) -> Box:
    dx, dy = (box[2] - box[0]) * share, (box[3] - box[1]) * share
    return (box[0] - dx, box[1] - dy, box[2] + dx, box[3] + dy)


def _without(result: Result, boxes: Sequence[Box]) -> Result:
    return _with_image(result, erased(result.frame.image, boxes))


def _coarse(result: Result) -> Result:
    return _with_image(result, coarse(result.frame.image))


def _with_image(result: Result, image: Image) -> Result:
    """The result on another picture; keypoints go too, being a drawing of the face."""
    faces = tuple(replace(face, keypoints=None) for face in result.faces)
    return replace(result, frame=replace(result.frame, image=image), faces=faces)
