"""Makes faces in recordings unrecognisable, irreversibly: a face is replaced by its mean color.

A face is also covered before it is tracked: pictures wait ``DELAY_S`` for later detections, and a lost face stays
covered for the same time. Pictures that cannot wait are reduced to a coarse mosaic. In addition the whole picture is
searched, also for turned faces and with a low threshold. A face that is never found cannot be covered; mode "picture"
reduces every picture to a mosaic.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence

import cv2
import numpy as np

from monitor.core.types import Box, Image, Result
from monitor.faces.crop import as_gray
from monitor.faces.detector import Detector
from monitor.outputs.drawing.layout import common_area
from monitor.outputs.video.waiting import Waiting, coarse_result, wait, with_image

log = logging.getLogger("monitor")

DELAY_S = 1.5
"""Longest time from a face's appearance to its id: at most 0.8 s until the next search, and 0.5 s to confirm."""
GAP_S = 0.6
"""After a longer gap between two pictures (camera lost, pause, stall) the waiting ones are written as mosaics, because
the next picture does not show where their faces were. A lower limit would turn a 2 Hz recording into mosaics."""
SEARCH_S = 0.25
"""Interval in seconds at which the whole picture is searched; a hit is covered for twice as long before and after."""
SEARCH_WIDTH = 400
SMALLEST = 24
"""Smallest face side searched, in pixels of a picture ``SEARCH_WIDTH`` wide."""
MARGIN = 0.15
"""Margin added to each side of a Haar box, in box sides: 1.3 times the box covers the face from hairline to chin."""
MARGIN_UNSEEN = 0.35
"""The margin of a predicted box."""
MARGIN_PER_S = 0.8
"""Further margin for each second between the box and the picture, in box sides: the speed of heads."""
SAME = 0.3
"""A search hit that shares this much of its area with a tracked face is that face and adds no second patch."""
MOST_BYTES = 96_000_000
"""Memory limit of the waiting pictures; beyond this the oldest are written early, as mosaics."""


class Blur:
    """Delays results and passes them on with their faces covered.

    Args:
        whole: Reduce the whole picture to a mosaic, not only the faces; nothing is delayed then.
        live: Whether the source is live. A file's last pictures are searched one by one at its end; live there is no
            time for that, and they become mosaics.
        detector: Searches for faces that are missing in the results; None = only tracked faces are covered.
    """

    def __init__(self, *, whole: bool, live: bool = True, detector: Detector | None = None) -> None:
        self._whole, self._live, self._detector = whole, live, detector
        self._hits: deque[tuple[float, Box]] = deque()
        self._searched = -np.inf
        self._last_t = -np.inf
        self._waiting: deque[Waiting] = deque()
        self._bytes = 0
        self._warned = False
        self._past: dict[int, tuple[float, Box]] = {}

    def push(self, result: Result) -> list[Result]:
        """Takes the next result; returns the results that are due, in order, without faces."""
        if self._whole:
            return [coarse_result(result)]
        ready = []
        t, before, self._last_t = result.frame.t, self._last_t, result.frame.t
        if not before <= t <= before + GAP_S:  # a gap, or the clock was set back
            ready += self.drain()
            # Faces seen before the gap may have moved anywhere.
            self._past.clear()
            self._hits.clear()
            self._searched = -np.inf
        self._waiting.append(wait(result))
        self._bytes += self._waiting[-1].nbytes
        self._search(result)
        while self._waiting[0].result.frame.t <= t - DELAY_S:
            first = self._pop().clear()
            ready.append(_without(first, self._boxes(first)))
        while self._bytes > MOST_BYTES and len(self._waiting) > 1:
            self._warn(result)
            ready.append(self._pop().coarse())
        return ready

    def finish(self) -> list[Result]:
        """The waiting results at the end of a recording: those of a file searched one by one, those of a live source as
        mosaics."""
        if self._live or self._detector is None:
            return self.drain()
        ready = []
        while self._waiting:
            first = self._pop().clear()
            self._look(first)
            ready.append(_without(first, self._boxes(first)))
        return ready

    def drain(self) -> list[Result]:
        """The waiting results as mosaics, because later detections are missing."""
        ready = [waiting.coarse() for waiting in self._waiting]
        self._waiting.clear()
        self._bytes = 0
        return ready

    def _pop(self) -> Waiting:
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
        """Searches for faces that are not tracked, every ``SEARCH_S``."""
        if self._detector is None or result.frame.t - self._searched < SEARCH_S:
            return
        self._searched = result.frame.t
        self._look(result)

    def _look(self, result: Result) -> None:
        assert self._detector is not None
        t, image = result.frame.t, result.frame.image
        scale = image.shape[1] / SEARCH_WIDTH
        size = (SEARCH_WIDTH, max(1, round(image.shape[0] / scale)))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        found = self._detector.find(as_gray(small), SMALLEST, min(size), profile=True)
        for x1, y1, x2, y2 in (found.boxes * scale).tolist():
            self._hits.append((t, (x1, y1, x2, y2)))

    def _boxes(self, result: Result) -> list[Box]:
        """All boxes to cover: faces in this frame, faces seen shortly before or after it, and search hits."""
        t = result.frame.t
        while self._hits and self._hits[0][0] < t - 2 * SEARCH_S:
            self._hits.popleft()
        tracked = [face.box for face in result.faces]
        hits = [
            _grown(box, MARGIN + MARGIN_PER_S * abs(seen - t))
            for seen, box in self._hits
            if seen <= t + 2 * SEARCH_S and not any(_same(box, other) for other in tracked)
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
            boxes[face.id] = _grown(face.box, MARGIN if face.seen else MARGIN_UNSEEN)
        return [*boxes.values(), *hits]


def erased(image: Image, boxes: Sequence[Box]) -> Image:
    """A copy of a (H, W, 3) picture in which each box has one color, its mean."""
    out = image.copy()
    height, width = image.shape[:2]
    for box in boxes:
        x1, y1 = max(0, int(box[0])), max(0, int(box[1]))
        x2, y2 = min(width, int(np.ceil(box[2]))), min(height, int(np.ceil(box[3])))
        if x2 > x1 and y2 > y1:
            # OpenCV, because NumPy takes 10 ms for one large box.
            mean = [int(value) for value in cv2.mean(image[y1:y2, x1:x2])[:3]]
            cv2.rectangle(out, (x1, y1), (x2 - 1, y2 - 1), mean, cv2.FILLED)
    return out


def _same(hit: Box, face: Box) -> bool:
    """Whether a search hit is a tracked face, whose own patch covers it."""
    inside = common_area(hit, face)
    area = (hit[2] - hit[0]) * (hit[3] - hit[1])
    return inside >= SAME * area and inside >= SAME * (face[2] - face[0]) * (face[3] - face[1])


def _grown(box: Box, share: float) -> Box:
    dx, dy = (box[2] - box[0]) * share, (box[3] - box[1]) * share
    return (box[0] - dx, box[1] - dy, box[2] + dx, box[3] + dy)


def _without(result: Result, boxes: Sequence[Box]) -> Result:
    return with_image(result, erased(result.frame.color(), boxes))
