"""Draws a result's readings onto a copy of its picture."""

from __future__ import annotations

import cv2
import numpy as np

from monitor.core.types import Box, Face, Image, Result
from monitor.outputs.drawing import typeface
from monitor.outputs.drawing.bars import bars, bars_size
from monitor.outputs.drawing.canvas import Detail
from monitor.outputs.drawing.gauges import ALARM, DriverPanel, alarmed
from monitor.outputs.drawing.history import History
from monitor.outputs.drawing.labels import label_text, pill, pill_size
from monitor.outputs.drawing.layout import beside, label_spot, panel_spot
from monitor.outputs.drawing.palette import MUTED, SEVERITY, colors
from monitor.outputs.drawing.pen import Pen
from monitor.outputs.drawing.ribbon import Ribbon
from monitor.settings.config import DisplayConfig, DriverConfig

MOST_PANELS = 4
"""With more faces than this each gets its label only: bars and ribbons would cover the picture."""
MOST_RIBBONS = 3
SMALL_FACE = 0.17
"""A face under this share of the picture's height gets its label only."""
CALM_BARS = 3
FRAME = 6
"""Thickness of an alarm's frame, in pixels of 480 lines."""


class Annotator:
    """Draws a result's readings onto a copy of its frame.

    Sizes follow the picture from 320x240 to 4K. With ``display.mirror`` the picture is mirrored first; text stays
    upright.

    Args:
        config: What is drawn.
        driver: Thresholds shown on a driver's gauges.
        history: Readings for the ribbons, collected by another sink; None = ``annotate`` collects them from its
            results.
    """

    def __init__(
        self, config: DisplayConfig, driver: DriverConfig | None = None, history: History | None = None
    ) -> None:
        self._config = config
        self._fed = history is not None
        self.history = history if history is not None else History(config.history_s)
        self._ribbon = Ribbon(self.history)
        self._driver = DriverPanel(driver or DriverConfig())

    def annotate(self, result: Result, detail: Detail = "calm") -> Image:
        """A drawn copy of the result's frame.

        Args:
            result: The frame and its readings.
            detail: "off" draws nothing, "calm" labels, top bars, ribbons and a driver's gauges, "full" all seven bars.

        Returns:
            (H, W, 3) uint8 BGR.
        """
        image = result.frame.color()
        canvas: Image = cv2.flip(image, 1).astype(np.uint8, copy=False) if self._config.mirror else image.copy()
        if not self._fed:
            self.history.handle(result)
        if detail != "off":
            self._draw(Pen(canvas, self._shown(canvas)), result, detail)
        return canvas

    def _shown(self, canvas: Image) -> float:
        """Scale at which the window shows a picture."""
        height, width = canvas.shape[:2]
        return float(min(1.0, self._config.max_width / width, self._config.max_height / height))

    def _draw(self, pen: Pen, result: Result, detail: Detail) -> None:
        faces = [(face, self._place(face.box, pen.width)) for face in result.faces]
        crowd = len(faces) > MOST_PANELS
        for face, box in faces:
            pen.brackets(box, colors(face.labels)[face.label], solid=face.seen)
        floor = pen.height if crowd else self._ribbons(pen, result)
        taken: list[Box] = [(0.0, float(floor), float(pen.width), float(pen.height))] if floor < pen.height else []
        if result.driver is not None:
            taken += self._driver.draw(pen, result.driver, [box for _, box in faces], floor)
        taken += self._labels(pen, faces, floor, taken)
        if not crowd and (result.driver is None or detail == "full"):
            self._panels(pen, faces, taken, floor, detail)
        if self._config.keypoints:
            for face in result.faces:
                self._keypoints(pen, face)
        if alarmed(result.driver):
            pen.frame(SEVERITY[ALARM], FRAME)

    def _labels(self, pen: Pen, faces: list[tuple[Face, Box]], floor: int, taken: list[Box]) -> list[Box]:
        """Draws each face's label; returns the covered rectangles."""
        labels: list[Box] = []
        for face, box in faces:
            quiet = len(faces) > MOST_PANELS or self._small(box, pen)
            others = [other for _, other in faces if other is not box]
            text, share = label_text(face)
            size = pill_size(pen, text, share, quiet=quiet)
            spot = label_spot(box, size, (pen.width, floor), pen.px(6), [*taken, *labels, *(others if quiet else [])])
            pill(pen, text, (round(spot[0]), round(spot[1])), colors(face.labels)[face.label], share, quiet=quiet)
            labels.append(spot)
        return labels

    def _panels(self, pen: Pen, faces: list[tuple[Face, Box]], taken: list[Box], floor: int, detail: Detail) -> None:
        if not faces:
            return
        labels = faces[0][0].labels
        calm = min(len(labels), CALM_BARS if pen.height >= 360 else CALM_BARS - 1)
        rows = len(labels) if detail == "full" else calm
        edge = float(pen.px(6))
        room = (edge, edge, pen.width - edge, floor - edge)
        size = bars_size(pen, rows, labels)
        for face, box in faces:
            if not face.known or self._small(box, pen):
                continue
            others = [other for _, other in faces if other is not box]
            spot = panel_spot(box, size, room, pen.px(10), [*taken, *others])
            if spot is not None:
                taken.append(spot)
                bars(pen, spot, face, rows)
                if len(faces) > 1 and not beside(spot, box, pen.px(12)):
                    self._chip(pen, face, spot)

    def _chip(self, pen: Pen, face: Face, spot: Box) -> None:
        """The id of bars that lie away from their face: above them, or beside them at the picture's top."""
        width, height = pill_size(pen, str(face.id))
        above = spot[1] >= height + pen.px(4)
        x = spot[0] if above else spot[0] - width - pen.px(4)
        y = spot[1] - height - pen.px(3) if above else spot[1] + pen.px(2)
        pill(pen, str(face.id), (round(x), round(y)), colors(face.labels)[face.label])

    def _ribbons(self, pen: Pen, result: Result) -> int:
        """Draws each person's ribbon; returns the first row of the ribbons, or the picture's height without any."""
        height, gap, edge = pen.px(12), pen.px(4), pen.px(10)
        most = MOST_RIBBONS if pen.height >= 400 else 1
        t = result.frame.t
        shown = [face for face in result.faces if self._ribbon.ready(face.id, t)][:most]
        self._ribbon.forget({face.id for face in result.faces})
        if not shown:
            return pen.height
        row = max(height, pen.small.cap) + gap
        top = pen.height - pen.px(7 + (FRAME if alarmed(result.driver) else 0)) - row * len(shown) + gap
        names = typeface.width("88", pen.small) + pen.px(6)
        pen.plate((edge / 2, top - gap, pen.width - edge / 2, top + row * len(shown)))
        for number, face in enumerate(shown):
            y = top + number * row
            pen.text_right(
                str(face.id), (edge + names - pen.px(5), y + (height + pen.small.cap) // 2), MUTED, pen.small
            )
            width = pen.width - 2 * edge - names
            self._ribbon.draw(pen.canvas, face.id, t, (edge + names, y, width, height))
        return top - gap

    def _place(self, box: Box, width: int) -> Box:
        """A box in the coordinates of the drawn picture."""
        return (width - box[2], box[1], width - box[0], box[3]) if self._config.mirror else box

    def _small(self, box: Box, pen: Pen) -> bool:
        return box[3] - box[1] < SMALL_FACE * min(pen.height, pen.width)

    def _keypoints(self, pen: Pen, face: Face) -> None:
        if face.keypoints is not None:
            points = face.keypoints.points.tolist()
            pen.points([(pen.width - x if self._config.mirror else x, y) for x, y in points])
