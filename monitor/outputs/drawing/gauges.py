"""A driver's state on the picture: a headline, and gauges with words and scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.core.driver_state import DriverState
from monitor.core.labels import UNKNOWN
from monitor.core.types import Box
from monitor.driver.fatigue import FROM
from monitor.outputs.drawing import typeface
from monitor.outputs.drawing.layout import common_area
from monitor.outputs.drawing.palette import COLORS, INK, MUTED, PLATE, SEVERITY, Color, text_on
from monitor.outputs.drawing.pen import Pen
from monitor.outputs.drawing.typeface import Style
from monitor.outputs.wording import WARNINGS, headline, severity
from monitor.settings.config import DriverConfig

ALARM = 3
"""The level from which the whole picture is framed."""
PERCLOS_FULL = 0.3
"""Right end of the PERCLOS gauge: twice the share at which the driver counts as drowsy."""
CHANGE_CORNER = 0.5
"""The panel moves to another corner if it hides less than this share of the face area there; so it rarely moves."""
SHUT_TOLD_S = 0.3
"""A shorter closure is a blink; its time is not shown."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """One row: a name, a bar and a word.

    Attributes:
        name: On the left.
        share: 0 to 1, or None while unknown.
        word: On the right.
        ticks: Thresholds as shares of the bar.
        level: 0 to 3, colors the bar.
    """

    name: str
    share: float | None
    word: str
    ticks: tuple[float, ...]
    level: int = 0


def gauges(state: DriverState, config: DriverConfig) -> tuple[Gauge, ...]:
    """The rows for a state."""
    perclos = state.perclos
    tired = sum(state.fatigue >= bound for bound in FROM)
    return (
        Gauge("eyes", state.eyes, _eyes(state, config), (config.closed,), min(3, state.closure_level)),
        Gauge(
            "PERCLOS", None if perclos is None else perclos / PERCLOS_FULL,
            "not yet known" if perclos is None else f"{perclos:.0%} shut",
            (config.perclos_warn / PERCLOS_FULL, config.perclos_drowsy / PERCLOS_FULL),
            0 if perclos is None else int(perclos >= config.perclos_warn) + int(perclos >= config.perclos_drowsy),
        ),
        Gauge("mouth", state.mouth, _mouth(state), (config.yawn_open,), int(state.yawning)),
        Gauge(
            "fatigue", state.fatigue / 100, f"{state.fatigue:.0f}  {state.level if tired else 'low'}",
            tuple(bound / 100 for bound in FROM), tired,
        ),
    )  # fmt: skip


def _eyes(state: DriverState, config: DriverConfig) -> str:
    if state.eyes is None:
        return "not visible"
    if state.closed_s > SHUT_TOLD_S:
        return f"shut {state.closed_s:.1f} s"
    return "shut" if state.eyes <= config.closed else "narrow" if state.eyes < config.opened else "open"


def _mouth(state: DriverState) -> str:
    if state.mouth is None:
        return "not visible"
    counted = f", {state.yawns} yawn{'s' if state.yawns != 1 else ''}" if state.yawns else ""
    return "yawning" if state.yawning else f"closed{counted}" if state.mouth < 0.15 else f"open{counted}"


def alarmed(state: DriverState | None) -> bool:
    """Whether to frame the whole picture."""
    return state is not None and severity(state) == ALARM


def headline_color(state: DriverState) -> Color:
    """The headline's color: the worst of fatigue and attention, gray while nothing can be judged."""
    worst = severity(state)
    return COLORS[UNKNOWN] if worst is None else SEVERITY[worst]


def headline_words(state: DriverState) -> tuple[str, str]:
    """The headline, and the word of its level before it ("ALARM"), or ""."""
    title, grave = headline(state)
    word = WARNINGS[grave]
    if word and title.startswith(f"{word}: "):
        return title.removeprefix(f"{word}: "), word
    return title, ""


class DriverPanel:
    """The panel in a corner of the picture, the upper left one where it is free.

    Args:
        config: Its thresholds are the gauges' ticks.
    """

    def __init__(self, config: DriverConfig) -> None:
        self._config = config
        self._corner = 0

    def draw(self, pen: Pen, state: DriverState, faces: Sequence[Box] = (), floor: int = 0) -> list[Box]:
        """Draws headline and gauges in a corner that hides little of the faces.

        Args:
            pen: Draws onto the picture.
            state: The driver's state.
            faces: Boxes of the faces.
            floor: First row of the ribbons at the bottom; 0 = none.

        Returns:
            The rectangles that they cover.
        """
        title, word = headline_words(state)
        rows = gauges(state, self._config)
        if pen.height < 300:
            rows = (rows[0], rows[-1])
        edge = pen.px(12)
        upper, lower = self._headline_size(pen, title, word), self._rows_size(pen, state, rows)
        width, height = max(upper[0], lower[0]), upper[1] + pen.px(6) + lower[1]
        left, right = float(edge), float(pen.width - edge - width)
        bottom = float(max(edge, (floor or pen.height) - edge - height))
        # The upper right corner leaves room for the recording dot.
        corners = ((left, float(edge)), (right, float(edge + pen.px(28))), (left, bottom), (right, bottom))

        def hidden(at: tuple[float, float]) -> float:
            return sum(common_area((*at, at[0] + width, at[1] + height), face) for face in faces)

        best = min(corners, key=hidden)
        if hidden(best) < CHANGE_CORNER * hidden(corners[self._corner]):
            self._corner = corners.index(best)
        x, y = corners[self._corner]
        top = (x, y, x + upper[0], y + upper[1])
        below = (x, top[3] + pen.px(6), x + lower[0], top[3] + pen.px(6) + lower[1])
        self._headline(pen, state, top)
        self._rows(pen, state, rows, below)
        return [top, below]

    def _headline_style(self, pen: Pen, title: str) -> Style:
        room = pen.width - 2 * pen.px(12) - 2 * pen.px(11)
        if typeface.width(title, pen.title) <= room:
            return pen.title
        return typeface.style(16 * pen.unit, pen.least, bold=True)  # the picture is narrow

    def _headline_size(self, pen: Pen, title: str, word: str) -> tuple[int, int]:
        style, pad = self._headline_style(pen, title), pen.px(11)
        lead = pen.small.cap + pen.px(7) if word else 0
        width = max(typeface.width(title, style), pen.px(150)) + 2 * pad
        return min(pen.width - 2 * pen.px(12), width), lead + style.cap + 2 * pen.px(10)

    def _headline(self, pen: Pen, state: DriverState, box: Box) -> None:
        title, word = headline_words(state)
        color, left = headline_color(state), round(box[0]) + pen.px(11)
        ink = text_on(color)
        pen.plate(box, color, 1.0)
        if word:
            pen.text(word.upper(), (left, round(box[1]) + pen.px(9) + pen.small.cap), ink, pen.small)
        pen.text(title, (left, round(box[3]) - pen.px(10)), ink, self._headline_style(pen, title))

    @staticmethod
    def _columns(pen: Pen, rows: Sequence[Gauge]) -> tuple[int, int, int]:
        """Widths of names, bars and words."""
        names = max(typeface.width(gauge.name, pen.small) for gauge in rows) + pen.px(9)
        words = max(typeface.width(word, pen.small) for word in ("not yet known", "100  danger"))
        return names, pen.px(84), words

    def _rows_size(self, pen: Pen, state: DriverState, rows: Sequence[Gauge]) -> tuple[int, int]:
        names, length, words = self._columns(pen, rows)
        lines = len(rows) + int(state.calibrated < 1)
        return 2 * pen.px(10) + names + length + pen.px(9) + words, (pen.small.cap + pen.px(11)) * lines + pen.px(9)

    def _rows(self, pen: Pen, state: DriverState, rows: Sequence[Gauge], box: Box) -> None:
        names, length, _ = self._columns(pen, rows)
        pen.plate(box, PLATE)
        left, row = round(box[0]) + pen.px(10), pen.small.cap + pen.px(11)
        base = round(box[1]) + pen.px(10) + pen.small.cap
        for gauge in rows:
            pen.text(gauge.name, (left, base), MUTED, pen.small)
            self._scale(pen, gauge, (left + names, base), length)
            pen.text(gauge.word, (left + names + length + pen.px(9), base), INK, pen.small)
            base += row
        if state.calibrated < 1:
            pen.text(f"calibrating: {state.calibrated:.0%}", (left, base), MUTED, pen.small)

    @staticmethod
    def _scale(pen: Pen, gauge: Gauge, at: tuple[int, int], length: int) -> None:
        """The bar with its thresholds as ticks."""
        thick = max(4, pen.px(6))
        y = at[1] - pen.small.cap // 2 - thick // 2
        pen.bar((at[0], y), (length, thick), gauge.share or 0.0, SEVERITY[gauge.level] if gauge.level else INK)
        for tick in gauge.ticks:
            x = at[0] + round(length * tick)
            pen.plate((x, y - pen.px(3), x + pen.px(1.5), y + thick + pen.px(3)), MUTED, 1.0, 0.5)
