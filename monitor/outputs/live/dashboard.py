"""The live view of a headless run on a terminal, and the table at the end; elsewhere there are `lines`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from monitor.core.driver_state import FATIGUE_LEVELS
from monitor.core.labels import EMOTIONS
from monitor.core.types import Face, Result
from monitor.outputs.live.lines import RateMeter
from monitor.outputs.logs.stats import StatsSink
from monitor.outputs.wording import driver_text, headline
from monitor.system.machine import rss_mb

STYLES = {
    "angry": "red", "disgust": "green", "fear": "magenta", "happy": "yellow", "sad": "blue",
    "surprise": "bright_red", "neutral": "white", "unknown": "bright_black",
}  # fmt: skip
LEVEL_STYLES = {"none": "white", "early": "yellow", "drowsy": "bright_red", "danger": "bold red"}
MOST_FACES = 8
MOST_SUMMARY_FACES = 12


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
            level = FATIGUE_LEVELS[headline(result.driver)[1]]
            parts.append(Text(driver_text(result.driver), style=LEVEL_STYLES[level]))
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


def summary_table(stats: StatsSink, elapsed_s: float) -> Group:
    """The table at the end: seconds and share of each expression per face."""
    summary = stats.summary(elapsed_s)
    latency = summary["latency_ms"]
    title = (
        f"{summary['frames']} frame{'s' if summary['frames'] != 1 else ''} in {elapsed_s:.1f} s "
        f"({summary['fps']:.1f} fps), {summary['dropped']} dropped, "
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
        if not face.seconds:  # of a single picture
            table.add_row(*lead, face.label, "-", "-")
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
