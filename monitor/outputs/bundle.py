"""Everything a run writes, opened together and closed in the right order."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Protocol

from monitor.capture.photos import ImageSource
from monitor.capture.source import Source
from monitor.core.incidents import Incidents
from monitor.core.types import Event
from monitor.outputs.drawing.annotator import Annotator, Canvas
from monitor.outputs.drawing.history import History
from monitor.outputs.logs.drive import DriveSink
from monitor.outputs.logs.events import EventSink
from monitor.outputs.logs.session import SessionFolder
from monitor.outputs.logs.stats import StatsSink
from monitor.outputs.logs.storage import Storage
from monitor.outputs.logs.table import TableSink
from monitor.outputs.sink import CLOSE_S, PATIENT_S, Background, Sink
from monitor.outputs.video.video import VideoSink
from monitor.settings.config import Config

log = logging.getLogger("monitor")


class Stop(Protocol):
    """Requests to the run, as ``run.shutdown.Stopper`` holds them.

    Attributes:
        asked: Set when the run is to end.
        rotate: Set when the logs are to be rotated.
    """

    asked: threading.Event
    rotate: threading.Event


class Outputs:
    """The sinks of a run.

    Attributes:
        stats: Totals.
        canvas: The annotated pictures, shared by window, recording and web page.
        video: The recording, off until it is switched on.
        storage: Watches the disk.
        sinks: All of them, in the order in which they get each result.
    """

    def __init__(
        self,
        session: SessionFolder,
        source: Source,
        config: Config,
        video_path: Path | None,
        incidents: Incidents,
        stop: Stop,
    ) -> None:
        self._session, self._source = session, source
        self.stats = StatsSink(longest_gap_s=2 / source.fps if source.fps else 0.0)
        history = History(config.display.history_s)
        self.canvas = Canvas(Annotator(config.display, config.driver, history))
        self.video = VideoSink(
            lambda suffix: session.free_path(f"video{suffix}"),
            config.output,
            source.fps,
            self.canvas,
            video_path,
            live=source.live,
            display=config.display,
            begun=session.note_recording,
        )
        self._background = Background(
            self.video, drop=source.live, patience_s=lambda: CLOSE_S if stop.asked.is_set() else PATIENT_S
        )
        table = TableSink(
            session.folder / "faces.csv",
            session.name,
            config.output,
            driver=config.driver.enabled,
            files=isinstance(source, ImageSource),
        )
        events = EventSink(session.folder / "events.jsonl", session.name)
        self.sinks: list[Sink] = [self.stats, history, table, events, self._background]
        self._outward: list[Sink] = []
        logs = [table.lines, events.lines]
        if config.driver.enabled:
            drive = DriveSink(session.folder / "drive.csv", session.name)
            logs.append(drive.lines)
            self.sinks.append(drive)
            # Imported when asked for: they bring subprocess, tempfile and ssl, which every start would pay for.
            if config.alerts.command or config.alerts.sound:
                from monitor.outputs.remote.alerts import AlertSink, missing

                if what := missing(config.alerts):
                    log.warning("%s", what)  # now, and not only at the first alarm of the night
                self._outward.append(AlertSink(config.alerts))
            if config.mqtt.host:
                from monitor.outputs.remote.mqtt import MqttSink

                self._outward.append(MqttSink(config.mqtt, session.name))
            self.sinks += self._outward
        recordings = None if video_path is None else video_path.parent
        self.storage = Storage(
            session, config.output, table, logs, self.video, incidents, source.live, stop.rotate, recordings
        )
        self.sinks.insert(1, self.storage)

    def close(self, last_events: list[Event], elapsed_s: float) -> bool:
        """Closes the sinks, the video after the logs, writes the summary, and only then says good-bye to the outside.

        A broker out of reach or an alarm that goes on may take what is left of the time; no file waits for them. One
        failure does not keep the others open.

        Returns:
            Whether everything was written.
        """
        files = [sink for sink in self.sinks if sink not in self._outward]
        fine = _all_closed(sorted(files, key=lambda sink: sink is self._background), last_events)
        summary = {"session": self._session.name, **self.stats.summary(elapsed_s)}
        if isinstance(self._source, ImageSource):
            summary["pictures_skipped"] = self._source.skipped
        try:
            self._session.write_json("summary.json", summary | {"video_frames_dropped": self._background.dropped})
        except OSError as error:
            fine = False
            log.error("error: summary.json could not be written: %s", error.strerror)
        fine &= _all_closed(self._outward, last_events)
        return fine and not (self._background.broken or self.video.failing or self.video.damaged)


def _all_closed(sinks: list[Sink], last_events: list[Event]) -> bool:
    """Closes each; whether all could be."""
    fine = True
    for sink in sinks:
        try:
            sink.close(last_events)
        except Exception as error:
            fine = False
            log.error("error: %s could not be finished: %s", type(sink).__name__, error)
    return fine
