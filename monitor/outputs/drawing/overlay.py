"""Drawing what was read onto the very frame it was read from."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np

from monitor.core.types import Box, Face, Image, Result
from monitor.outputs.drawing.pen import COLORS, WHITE, Pen, Spell
from monitor.settings.config import DisplayConfig

MOST_PANELS = 4
"""More faces than this get a label only: seven bars each would cover the picture."""


@dataclass(frozen=True, slots=True)
class Status:
    """What the status line shows beside the result; ``wrong``: what is amiss, such as "load degraded"."""

    fps: float = 0.0
    recording: bool = False
    paused: bool = False
    help: bool = False
    blurred: bool = False
    wrong: tuple[str, ...] = ()


class Overlay:
    """Draws boxes, ids, labels, the seven bars, a history strip and the status line.

    Sizes follow the picture's height, so that 480×270 and 4K are both readable. With ``mirror`` the
    picture is mirrored first and everything is drawn where the face then is; text stays upright.
    """

    def __init__(self, config: DisplayConfig) -> None:
        self._config = config
        self._history: dict[int, deque[Spell]] = {}

    def annotate(self, result: Result, status: Status, overlay: bool = True) -> Image:
        """A drawn copy of the result's frame, (H, W, 3) uint8 BGR."""
        image = result.frame.image
        canvas: Image = cv2.flip(image, 1).astype(np.uint8, copy=False) if self._config.mirror else image.copy()
        self._remember(result)
        pen = Pen(canvas)
        if overlay:
            words = _words(result, status)
            boxes = [self._place(face.box, canvas) for face in result.faces]
            dot = pen.dot_box(status.blurred) if status.recording else None
            above = [dot] if dot is not None else []
            if result.driver is not None:
                above.append(pen.headline_box(result.driver))
            tags = [pen.tag_box(_tag(face), box, above) for face, box in zip(result.faces, boxes, strict=True)]
            # What no panel may cover: all labels, the panels before it, dot and status line, the other faces.
            taken = [*tags, pen.status_box(words), *above]
            if result.driver is not None:
                taken.append(pen.gauges(result.driver))  # first: a face's own label may lie on them, not under them
            for number, (face, tag) in enumerate(zip(result.faces, tags, strict=True)):
                self._face(pen, face, boxes[number], tag)
                if face.known and len(boxes) <= MOST_PANELS:
                    spot = pen.panel_spot(boxes[number], [*taken, *boxes[:number], *boxes[number + 1 :]])
                    if spot is not None:
                        taken.append(spot)
                        pen.bars(spot, face)
                        pen.strip(spot, self._history[face.id], result.frame.t, self._config.history_s)
            pen.status_line(words)
        if status.recording:
            pen.recording_dot(status.blurred)
        if status.paused:
            pen.text("PAUSED", (canvas.shape[1] // 2 - pen.px(35), pen.px(24)), WHITE, 1.4)
        if status.help:
            pen.help()
        return canvas

    def _remember(self, result: Result) -> None:
        now = result.frame.t
        for face in result.faces:
            strip = self._history.setdefault(face.id, deque())
            if strip and now < strip[-1].last:
                strip.clear()
            if strip and strip[-1].label == face.label:
                strip[-1].last = now
            else:
                strip.append(Spell(face.label, now, now))
            while strip[0].last < now - self._config.history_s:
                strip.popleft()
        for gone in [i for i, strip in self._history.items() if now - strip[-1].last > self._config.history_s]:
            del self._history[gone]

    def _place(self, box: Box, canvas: Image) -> Box:
        """The box in the picture as drawn."""
        if not self._config.mirror:
            return box
        width = canvas.shape[1]
        return (width - box[2], box[1], width - box[0], box[3])

    def _spot(self, x: float, y: float, canvas: Image) -> tuple[int, int]:
        """A point in the picture as drawn."""
        return round(canvas.shape[1] - x if self._config.mirror else x), round(y)

    def _face(self, pen: Pen, face: Face, box: Box, tag: Box) -> None:
        pen.box(box, COLORS[face.label], solid=face.seen)
        pen.tag(_tag(face), tag, COLORS[face.label])
        if self._config.keypoints and face.keypoints is not None:
            pen.points([self._spot(x, y, pen.canvas) for x, y in face.keypoints.points.tolist()])


def _tag(face: Face) -> str:
    """A face's id and label."""
    return f"{face.id}  {face.label}" + ("" if face.is_unknown else f" {face.confidence:.0%}")


def _words(result: Result, status: Status) -> list[str]:
    """The status line; what is amiss comes first, as a narrow picture has no room for all."""
    return [*status.wrong, f"{status.fps:.1f} fps", f"{result.latency_ms:.0f} ms", f"{result.dropped} dropped"]
