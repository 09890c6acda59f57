"""Opens all outputs of a run together and closes them in the right order."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from monitor.capture.photos import ImageSource
from monitor.capture.source import Source
from monitor.core.incidents import Incidents
from monitor.core.labels import EMOTIONS
from monitor.core.types import Event
from monitor.outputs.drawing.canvas import Canvas
from monitor.outputs.drawing.history import History
from monitor.outputs.logs.columns import columns
from monitor.outputs.logs.events import EventSink
from monitor.outputs.logs.linelog import LineLog
from monitor.outputs.logs.session import SessionFolder
from monitor.outputs.logs.sessionfiles import SessionFiles
from monitor.outputs.logs.stats import StatsSink
from monitor.outputs.logs.storage import Storage
from monitor.outputs.logs.table import TableSink
from monitor.outputs.sink import CLOSE_S, PATIENT_S, Background, Sink, sink_name
from monitor.outputs.video.recorder import Target
from monitor.outputs.video.video import VideoSink
from monitor.settings.config import Config

if TYPE_CHECKING:
    from monitor.outputs.drawing.annotator import Annotator

log = logging.getLogger("monitor")


class Stop(Protocol):
    """Requests to the run, as ``run.shutdown.Stopper`` holds them.

    Attributes:
        asked: Set when the run is to end.
        rotate: Set when the logs are to be rotated.
    """

    asked: threading.Event
    rotate: threading.Event


@runtime_checkable
class LogSink(Protocol):
    """A sink that writes a log: storage syncs, rotates and restores it.

    Attributes:
        lines: The file.
    """

    lines: LineLog


class RunContext(NamedTuple):
    """The values that the factories of ``OUTPUTS`` may use.

    Attributes:
        session: The session folder.
        source: The source of the frames.
        config: All settings.
        labels: The labels of the expression model.
    """

    session: SessionFolder
    source: Source
    config: Config
    labels: tuple[str, ...] = EMOTIONS


def _table(run: RunContext) -> TableSink:
    chosen = columns(
        keypoints=run.config.output.keypoints, driver=run.config.driver.enabled,
        files=isinstance(run.source, ImageSource), labels=run.labels,
    )  # fmt: skip
    return TableSink(run.session.folder / "faces.csv", run.session.name, run.config.output, chosen)


def _events(run: RunContext) -> EventSink:
    return EventSink(run.session.folder / "events.jsonl", run.session.name)


# The others are imported only when needed: driver mode's modules, subprocess, tempfile and ssl slow down the start.


def _drive(run: RunContext) -> Sink | None:
    if not run.config.driver.enabled:
        return None
    from monitor.outputs.logs.drive import DriveSink

    return DriveSink(run.session.folder / "drive.csv", run.session.name)


def _evidence(run: RunContext) -> Sink | None:
    if not run.config.driver.enabled:
        return None
    from monitor.outputs.logs.evidence import EvidenceSink

    return EvidenceSink(run.session.folder / "evidence.csv", run.session.name)


def _alerts(run: RunContext) -> Sink | None:
    config = run.config.alerts
    if not (config.command or config.sound) or not (config.expression or run.config.driver.enabled):
        return None
    from monitor.outputs.remote.alerts import AlertSink
    from monitor.outputs.remote.command import missing

    if problem := missing(config):
        log.warning("%s", problem)  # resolved at the start, before the first alarm
    return AlertSink(config, camera=run.session.camera)


def _mqtt(run: RunContext) -> Sink | None:
    if not run.config.mqtt.host:
        return None
    from monitor.outputs.remote.mqtt import MqttSink

    return MqttSink(run.config.mqtt, run.session.name, driver=run.config.driver.enabled, labels=run.labels)


OUTPUTS: dict[str, Callable[[RunContext], Sink | None]] = {
    "faces.csv": _table,
    "events.jsonl": _events,
    "drive.csv": _drive,
    "evidence.csv": _evidence,
    "alerts": _alerts,
    "mqtt": _mqtt,
}
"""Factories of the outputs; each returns None if the settings do not enable its output. To add an output, write a sink
in its own module, a factory here and its settings."""
QUEUE, QUEUE_OF_SEVERAL = 8, 4
"""Most results that wait for the encoder, for a single source and for each of several; 640x480 pixels take 0.9 MB."""
REMOTE = ("alerts", "mqtt")
"""Outputs that leave the process. They are closed last, so that no file waits for a broker or a command."""


class Outputs:
    """The sinks of a run.

    Attributes:
        stats: Totals.
        history: The readings of the last minute, for ribbons and the live view.
        canvas: The annotated pictures, shared by window, recording and web page.
        video: The recording, off until it is switched on.
        storage: Watches the disk.
        labels: The labels of the expression model.
        sinks: All of them, in the order in which they get each result.
    """

    def __init__(self, run: RunContext, video_path: Path | None, incidents: Incidents, stop: Stop) -> None:
        session, source, config = run.session, run.source, run.config
        self._session, self._source, self._config, self.labels = session, source, config, run.labels
        self.stats = StatsSink(longest_gap_s=2 / source.fps if source.fps else 0.0)
        self.history = History(config.display.history_s)
        self.canvas = Canvas(self._annotator)
        target = Target(
            lambda suffix: session.free_path(f"video{suffix}"), source.fps, video_path, source.live,
            session.note_recording,
        )  # fmt: skip
        self.video = VideoSink(target, config.output, self.canvas, config.display)
        self._background = Background(
            self.video, drop=source.live, patience_s=lambda: CLOSE_S if stop.asked.is_set() else PATIENT_S,
            size=QUEUE_OF_SEVERAL if session.camera else QUEUE, camera=session.camera,
            idle=lambda: self.video.idle,
        )  # fmt: skip
        made = {name: sink for name, make in OUTPUTS.items() if (sink := make(run)) is not None}
        table = made["faces.csv"]
        assert isinstance(table, TableSink)
        self._remote = [sink for name, sink in made.items() if name in REMOTE]
        self._files = [sink for name, sink in made.items() if name not in REMOTE]
        logs = [sink.lines for sink in self._files if isinstance(sink, LogSink)]
        recordings = None if video_path is None else video_path.parent
        self.storage = Storage(
            SessionFiles(session, table, logs, self.video, recordings),
            config.output,
            incidents,
            live=source.live,
            rotate=stop.rotate,
        )
        self.sinks: list[Sink] = [self.stats, self.storage, self.history, *self._files, self._background, *self._remote]

    def _annotator(self) -> Annotator:
        from monitor.outputs.drawing.annotator import Annotator  # late: a headless run without recording never draws

        return Annotator(self._config.display, self._config.driver, self.history)

    def close(self, last_events: list[Event], elapsed_s: float) -> bool:
        """Closes the logs, then the video, writes the summary, and closes the remote outputs last.

        All outputs are closed, even if one of them fails.

        Args:
            last_events: Events caused by the end of the run.
            elapsed_s: Processing time in seconds.

        Returns:
            Whether everything was written.
        """
        late = [self._background, *self._remote]
        files = [sink for sink in self.sinks if not any(sink is other for other in late)]
        fine = _close_all([*files, self._background], last_events)
        fine &= self._write_summary(elapsed_s)
        fine &= _close_all(self._remote, last_events)
        video = self.video
        return fine and not (self._background.broken or video.failing or video.damaged or video.paused)

    def _write_summary(self, elapsed_s: float) -> bool:
        """Writes ``summary.json``; returns whether it could be written."""
        summary = {"session": self._session.name, **self.stats.summary(elapsed_s)}
        if isinstance(self._source, ImageSource):
            summary["pictures_skipped"] = self._source.skipped
        summary["video_frames_dropped"] = self._background.dropped
        try:
            self._session.write_json("summary.json", summary)
        except OSError as error:
            log.error("error: summary.json could not be written: %s", error.strerror)
            return False
        return True


def _close_all(sinks: Iterable[Sink], last_events: list[Event]) -> bool:
    """Closes each sink; returns whether all could be closed."""
    fine = True
    for sink in sinks:
        try:
            sink.close(last_events)
        except Exception as error:
            fine = False
            log.error("error: %s could not be finished: %s", sink_name(sink), error)
    return fine
