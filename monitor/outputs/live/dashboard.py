"""The live view of a headless run on a terminal; without a terminal ``lines`` logs instead.

``Dashboard`` is the view of one camera, ``Wall`` that of a run.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.live import Live
from rich.text import Text

from monitor.core.labels import EMOTIONS
from monitor.core.types import Face, Result
from monitor.outputs.drawing.history import History
from monitor.outputs.live.blocks import blocks_for
from monitor.outputs.live.lines import RateMeter
from monitor.outputs.logs.stats import StatsSink
from monitor.outputs.wording import driver_text, face_notes, headline, severity
from monitor.system.machine import rss_mb

SHARE_WIDTH = 5
"""Cells of " 100%" behind a label."""
COLUMN = 8
"""Least cells of one expression's bar, a gap included; it is wider where there is room for the whole label."""
OTHER_ROWS = 8
"""Rows reserved for everything except the faces."""
LEAST_SPEED_S = 0.2
"""Seconds after which the speed is known and the time left is shown."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Facts about a run that its live view shows.

    Attributes:
        source: Name of the source.
        frames: Frames of a file, 0 when unknown or live.
        folder: The session folder.
        recording: Whether frames are being written.
        labels: The model's labels.
        camera: Name of the camera, where a run has several.
    """

    source: str
    frames: int
    folder: str
    recording: Callable[[], bool] = lambda: False
    labels: tuple[str, ...] = EMOTIONS
    camera: str = ""


class Dashboard:
    """Shows faces with all expressions, the last minute, the driver, rates, and a file's progress.

    Args:
        console: The terminal.
        shown: Facts about the run.
        history: The readings of the last minute.
        clock: Seconds on a monotonic clock.
    """

    def __init__(
        self, console: Console, shown: Shown, history: History, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._shown, self._history, self._clock = shown, history, clock
        self._blocks = blocks_for(console, shown.labels)
        self._longest = max(map(len, shown.labels))
        self._meter = RateMeter(clock)
        self._started: tuple[float, int] | None = None
        self._result: Result | None = None
        self._stats: StatsSink | None = None

    def update(self, result: Result | None, stats: StatsSink) -> None:
        """Shows the newest result at the next refresh."""
        self._result, self._stats = result, stats
        if self._started is None:
            self._started = self._clock(), stats.frames

    def view(self, width: int, height: int = 24) -> Group:
        """The view for a terminal of the given columns and rows."""
        result, stats = self._result, self._stats
        if result is None or stats is None:
            name = self._shown.camera or self._shown.source
            parts = [Text(f"{name}: waiting for the first frame")]
            return Group(*parts, *self._progress(width, 0))
        lines = [self._head(), self._rates(result, stats, width), Text("")]
        lines += self._faces(result, width, max(1, (height - OTHER_ROWS) // 2))
        if result.driver is not None:
            worst = severity(result.driver)
            style = self._blocks.styles["unknown"] if worst is None else self._blocks.severity[worst]
            lines += [Text(""), Text(headline(result.driver)[0], style=f"bold {style}")]
            lines.append(Text(driver_text(result.driver), style="dim"))
        lines += [Text(""), *self._progress(width, stats.frames)]
        if not self._shown.camera:
            lines.append(_footer(self._shown.folder))
        for line in lines:
            line.truncate(width, overflow="ellipsis")
        return Group(*lines)

    def _head(self) -> Text:
        recording = (f"   {self._blocks.full} REC", "bold red") if self._shown.recording() else ""
        name = self._shown.camera or "Emotion Monitor"
        return Text.assemble((name, "bold"), f"   {self._shown.source}", recording)

    def _rates(self, result: Result, stats: StatsSink, width: int) -> Text:
        """Time, rates and memory, as many as fit."""
        fps = self._meter.update(stats.frames)
        parts = [
            clock_text(stats.duration_s), f"{fps:.1f} fps", f"{result.latency_ms:.0f} ms",
            f"{result.dropped} dropped", f"{rss_mb():.0f} MB",
        ]  # fmt: skip
        gap = f"  {self._blocks.dot}  "
        while len(parts) > 1 and len(gap.join(parts)) > width:
            parts.pop()
        return Text(gap.join(parts), style="dim")

    def _faces(self, result: Result, width: int, most: int) -> list[Text]:
        """Two lines a face: its expressions, and its last minute."""
        if not result.faces:
            return [Text("nobody in view", style="dim")]
        names = self._shown.labels
        label_width = max(8, min(self._longest, width - 24)) + SHARE_WIDTH
        column = min(max(COLUMN, self._longest + 1), (width - label_width - 6) // len(names))
        wide = column >= COLUMN  # room for a column of each label
        head = " " * (label_width + 6) + "".join(f"{_short(name, column):<{column}}" for name in names)
        lines = [Text(head.rstrip())] if wide else []
        for face in result.faces[:most]:
            label = face.label
            if not face.is_unknown:
                label = f"{_short(face.label, label_width - SHARE_WIDTH + 1)} {face.confidence:.0%}"
            line = Text.assemble(
                f"{face.id:>3}  ", (f"{label:<{label_width}} ", f"bold {self._blocks.styles[face.label]}")
            )
            line.append_text(self._all(face, column) if wide else self._top(face, width - label_width - 6))
            lines += [line, self._minute(face, result.frame.t, width)]
        if len(result.faces) > most:
            lines.append(Text(f"     and {len(result.faces) - most} more", style="dim"))
        return lines

    def _minute(self, face: Face, now: float, width: int) -> Text:
        """A face's last minute, and the notes about it."""
        notes = face_notes(face)
        cells = width - 6 - (len(notes) + 2 if notes else 0)
        minute = Text(" " * 5)
        minute.append_text(self._blocks.sparkline(self._history.of(face.id, now), max(10, min(60, cells))))
        return minute.append(f"  {notes}", style="dim") if notes else minute

    def _all(self, face: Face, column: int) -> Text:
        line = Text()
        for name, share in zip(face.labels, face.probs, strict=True):
            line.append_text(
                self._blocks.bar(float(share) if face.known else 0.0, column - 1, self._blocks.styles[name])
            )
            line.append(" ")
        return line

    def _top(self, face: Face, width: int) -> Text:
        """The most probable expression as a bar, if there is no room for all."""
        best = int(face.probs.argmax())
        share = float(face.probs[best]) if face.known else 0.0
        return self._blocks.bar(share, max(4, min(20, width)), self._blocks.styles[face.labels[best]])

    def _progress(self, width: int, done: int) -> list[Text]:
        """A file's progress bar with the time left."""
        total = self._shown.frames
        if not total:
            return []
        share = min(1.0, done / total)
        left = ""
        if self._started is not None:
            elapsed, frames = self._clock() - self._started[0], done - self._started[1]
            if frames > 0 and elapsed >= LEAST_SPEED_S:
                left = f"  {clock_text(max(0.0, total - done) * elapsed / frames)} left"
        words = f" {share:4.0%}  {done} of {total} frames{left}"
        length = max(8, min(40, width - len(words) - 1))
        full = round(length * share)
        bar = Text.assemble((self._blocks.done * full, "cyan"), (self._blocks.empty * (length - full), "dim"))
        return [bar.append(words)]


class Wall:
    """The live view of a run: its cameras one below the other.

    Args:
        console: The terminal.
        folder: The folder of the whole run.

    Attributes:
        boards: One view for each camera; more can be added while the wall is shown.
    """

    def __init__(self, console: Console, folder: str) -> None:
        self._folder = folder
        self.boards: list[Dashboard] = []
        self._live = Live(self, console=console, refresh_per_second=4, transient=True, vertical_overflow="crop")

    def __enter__(self) -> Wall:
        self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._live.stop()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> list[RenderableType]:
        """The content that rich prints at each refresh."""
        boards = list(self.boards)
        if len(boards) == 1:
            return [boards[0].view(options.max_width, options.size.height)]
        height = (options.size.height - 2) // max(1, len(boards))
        return [*(board.view(options.max_width, height) for board in boards), Text(""), _footer(self._folder)]


def _footer(folder: str) -> Text:
    return Text(f"Ctrl-C ends   {folder}", style="dim")


def _short(name: str, column: int) -> str:
    """A name that leaves a gap in a column."""
    return name if len(name) < column else name[: column - 3].rstrip() + "."


def clock_text(seconds: float) -> str:
    """A time such as "1:05" or "2:00:09"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
