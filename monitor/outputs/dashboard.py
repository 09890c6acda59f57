"""The live view of a headless run: a picture of the state on a terminal, plain lines elsewhere."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from monitor.labels import EMOTIONS
from monitor.machine import rss_mb
from monitor.outputs.stats import StatsSink
from monitor.signals.driver import KINDS, DriverState
from monitor.types import Event, Face, Result

log = logging.getLogger("monitor")

STYLES = {
    "angry": "red", "disgust": "green", "fear": "magenta", "happy": "yellow", "sad": "blue",
    "surprise": "bright_red", "neutral": "white", "unknown": "bright_black",
}  # fmt: skip
LEVEL_STYLES = {"none": "white", "early": "yellow", "drowsy": "bright_red", "danger": "bold red"}
MOST_FACES = 8
MOST_SUMMARY_FACES = 12
LINE_EVERY_S = 10.0
JOURNAL_LINE_EVERY_S = 600.0
"""The journal is kept, often on an SD card; what is now stands in ``systemctl status``."""


class RateMeter:
    """Frames per second over about the last second."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since, self._frames = clock(), 0
        self.fps = 0.0

    def update(self, frames: int) -> float:
        """Takes the number of frames processed so far; returns frames per second."""
        now = self._clock()
        if now - self._since >= 1.0 or (not self.fps and now > self._since):
            self.fps = (frames - self._frames) / (now - self._since)
            if now - self._since >= 1.0:
                self._since, self._frames = now, frames
        return self.fps


class Dashboard:
    """A rich live view of faces, probabilities, rates and memory, with a progress bar for files."""

    def __init__(
        self, console: Console, source: str, frames: int, folder: str, recording: Callable[[], bool] = lambda: False
    ) -> None:
        self._source, self._folder, self._recording = source, folder, recording
        self._meter = RateMeter()
        self._result: Result | None = None
        self._stats: StatsSink | None = None
        self._progress: Progress | None = None
        if frames:
            self._progress = Progress(
                TextColumn("{task.completed}/{task.total} frames"),
                BarColumn(),
                TaskProgressColumn(),
                TimeRemainingColumn(),
            )
            self._task = self._progress.add_task("file", total=frames)
        self._live = Live(console=console, refresh_per_second=4, transient=True, get_renderable=self._render)

    def __enter__(self) -> Dashboard:
        self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._live.stop()

    def update(self, result: Result | None, stats: StatsSink) -> None:
        """Shows the newest result at the next refresh."""
        self._result, self._stats = result, stats

    def _render(self) -> Any:
        result, stats = self._result, self._stats
        if result is None or stats is None:
            return Text(f"{self._source}: waiting for the first frame …")
        if self._progress is not None:
            self._progress.update(self._task, completed=stats.frames)
        head = Text.assemble(
            ("Emotion Monitor  ", "bold"), f"{self._source}   ",
            f"{self._meter.update(stats.frames):.1f} fps   {result.latency_ms:.1f} ms   {result.dropped} dropped   "
            f"{rss_mb():.0f} MB   {_clock(stats.duration_s)}",
            ("   ● REC" if self._recording() else "", "bold red"),
        )  # fmt: skip
        parts: list[Any] = [head, faces_table(result)]
        if result.driver is not None:
            parts.append(Text(driver_text(result.driver), style=LEVEL_STYLES[result.driver.level]))
        if self._progress is not None:
            parts.append(self._progress.get_renderable())
        parts.append(Text(f"{self._folder}   Ctrl-C ends", style="dim"))
        return Group(*parts)


def faces_table(result: Result) -> Table:
    """One row per face: label, quality and the seven probabilities as bars."""
    table = Table(expand=False, show_edge=False, pad_edge=False)
    table.add_column("face", justify="right")
    table.add_column("expression", min_width=15)
    table.add_column("quality", justify="right")
    for name in EMOTIONS:
        table.add_column(name, min_width=8)
    for face in result.faces[:MOST_FACES]:
        table.add_row(*_cells(face))
    if len(result.faces) > MOST_FACES:
        table.add_row("", f"and {len(result.faces) - MOST_FACES} more")
    if not result.faces:
        table.add_row("", Text("nobody in view", style="dim"))
    return table


def _cells(face: Face) -> list[Any]:
    label = face.label if face.is_unknown else f"{face.label} {face.confidence:.0%}"
    bars = [_bar(float(p), name) if face.known else Text("") for name, p in zip(EMOTIONS, face.probs, strict=True)]
    return [str(face.id), Text(label, style=f"bold {STYLES[face.label]}"), f"{face.quality:.2f}", *bars]


def _bar(share: float, name: str, width: int = 8) -> Text:
    """A bar of eighth blocks."""
    eighths = round(share * width * 8)
    full, rest = divmod(eighths, 8)
    return Text(("█" * full + (" ▏▎▍▌▋▊▉"[rest] if rest else "")).ljust(width), style=STYLES[name])


class PlainLines:
    """Log lines for a run without a terminal: what happens to faces, and a status line now and then."""

    def __init__(self, source: str, frames: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._source, self._frames, self._clock = source, frames, clock
        self._every_s = JOURNAL_LINE_EVERY_S if "JOURNAL_STREAM" in os.environ else LINE_EVERY_S
        self._next = clock() + self._every_s
        self._meter = RateMeter(clock)

    def update(self, result: Result | None, stats: StatsSink) -> None:
        """Logs a status line when one is due."""
        self._meter.update(stats.frames)
        if self._clock() < self._next or result is None:
            return
        self._next = self._clock() + self._every_s
        of = f" of {self._frames}" if self._frames else ""
        faces = ", ".join(f"{f.id} {f.label}" for f in result.faces) or "nobody in view"
        if result.driver is not None:
            faces += "; " + driver_text(result.driver)
        log.info(
            "%s: %d%s frames, %.1f fps, %.1f ms, %d dropped, %.0f MB; %s",
            self._source, stats.frames, of, self._meter.fps, result.latency_ms, result.dropped, rss_mb(), faces,
        )  # fmt: skip


class EventLines:
    """A sink that logs each beginning and end as a plain line."""

    def handle(self, result: Result) -> None:
        """Logs the events of one frame."""
        for event in result.events:
            if event.kind == "face" and event.phase != "update":
                log.info("face %d %s", event.face, "appeared" if event.phase == "start" else "left")
            elif event.kind == "emotion" and event.phase == "start":
                log.info("face %d: %s expression", event.face, event.data["label"])
            elif event.kind in KINDS:
                log.info("%s", driver_line(event))

    def tell(self, events: Sequence[Event]) -> None:
        """Whoever noticed it has logged it."""

    def flush(self) -> None:
        """Nothing is buffered."""

    def close(self, last_events: Any) -> None:
        """Nothing is held open."""


def driver_line(event: Event) -> str:
    """A driver's event in a few words."""
    what = str(event.data.get("what", event.kind)).replace("_", " ")
    if event.kind == "fatigue":
        what = f"fatigue {what}, score {event.data['score']:.0f}"
    elif event.kind == "eyes_closed":
        what = f"eyes shut, {what}"
    if event.phase == "end":
        return f"driver: {what} over after {event.data['duration_s']:.1f} s"
    return f"driver: {what} (level {event.level})"


def driver_text(state: DriverState) -> str:
    """A driver's state in one line."""
    if state.calibrated < 1:
        parts = [f"calibrating {state.calibrated:.0%}"]
    else:
        parts = []
    parts.append(f"fatigue {state.fatigue:.0f} {state.level}{'' if state.judged else ' (last known)'}")
    parts.append(state.attention)
    if state.perclos is not None:
        parts.append(f"PERCLOS {state.perclos:.0%}")
    if state.blinks_per_min is not None:
        parts.append(f"{state.blinks_per_min:.0f} blinks/min")
    if state.yawns:
        parts.append(f"{state.yawns} yawns")
    return "driver: " + ", ".join(parts)


def summary_table(stats: StatsSink, elapsed_s: float) -> Group:
    """The table at the end: seconds and share of each expression per face."""
    summary = stats.summary(elapsed_s)
    latency = summary["latency_ms"]
    title = (
        f"{summary['frames']} frames in {elapsed_s:.1f} s ({summary['fps']:.1f} fps), {summary['dropped']} dropped, "
        f"latency {latency['p50']:.1f} / {latency['p95']:.1f} ms (p50 / p95)"
    )
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("face", "in view", "expression", "seconds", "share"):
        table.add_column(name, justify="left" if name == "expression" else "right", no_wrap=True)
    table.add_column("")
    longest = sorted(stats.faces.items(), key=lambda entry: -entry[1].frames)[:MOST_SUMMARY_FACES]
    for face_id, face in sorted(longest):
        total = sum(face.seconds.values()) or 1.0
        lead = (str(face_id), f"{face.last - face.first:.1f} s")
        for name, seconds in sorted(face.seconds.items(), key=lambda entry: -entry[1]):
            table.add_row(*lead, name, f"{seconds:.1f}", f"{seconds / total:.0%}", _bar(seconds / total, name))
            lead = ("", "")
    if not stats.faces:
        table.add_row("-", "nobody")
    elif len(stats.faces) > len(longest):
        table.add_row("…", f"and {len(stats.faces) - len(longest)} more in summary.json")
    driver = summary.get("driver")
    lines = [Text(f"driver: {shares_text(driver)}")] if driver else []
    episodes = ", ".join(f"{name} {n}" for name, n in summary["episodes"].items())
    return Group(Text(title), table, Text(f"episodes: {episodes}" if episodes else "no expression was held"), *lines)


def shares_text(driver: dict[str, Any]) -> str:
    """A drive's shares and events in one line."""
    shares = ", ".join(f"{name} {share:.0%}" for name, share in driver["attention"].items())
    events = ", ".join(f"{kind} {n}" for kind, n in driver["events"].items() if kind != "calibrating")
    return f"{shares}; eyes judged {driver['eyes_judged']:.0%} of the time; {events or 'nothing happened'}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
