"""Wiring: opens what a run needs, runs it, and closes it in the right order."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

import cv2
from rich.console import Console

from monitor.capture.feed import Feed, FileFeed, LiveFeed
from monitor.capture.files import ImageSource
from monitor.capture.mailbox import Grabber
from monitor.capture.source import Source, kind_of, open_source, shown
from monitor.config import Config
from monitor.errors import EXIT_OK, EXIT_SOURCE, EXIT_UNEXPECTED, ConfigError, ModelError, SourceError
from monitor.faces.detector import make_detector
from monitor.inference.emotion import EmotionNet, find_model
from monitor.inference.eyes import EyeNet
from monitor.inference.landmarks import LandmarkNet
from monitor.outputs.alerts import AlertSink
from monitor.outputs.dashboard import Dashboard, EventLines, PlainLines, RateMeter, summary_table
from monitor.outputs.drive import DriveSink
from monitor.outputs.events import EventSink
from monitor.outputs.mqtt import MqttSink
from monitor.outputs.overlay import Overlay, Status
from monitor.outputs.session import Session
from monitor.outputs.sink import Background, Sink
from monitor.outputs.stats import StatsSink
from monitor.outputs.table import TableSink
from monitor.outputs.video import SUFFIXES, VideoSink
from monitor.outputs.window import DisplayProbe, Window
from monitor.pipeline import Pipeline
from monitor.terminal import terminal
from monitor.types import Event
from monitor.worker import Worker

log = logging.getLogger("monitor")

SHUTDOWN_S = 5.0
"""Files are finished within this time after a stop."""


@dataclass(frozen=True, slots=True)
class Options:
    """The command line of a run.

    Attributes:
        source: What the user named; None = the first camera, else the demo.
        headless: Never open a window.
        record: None = no video, "" = into the session folder, else the file's path.
        out: The session folder itself, None = a new one in ``output.dir``.
        max_seconds: Stop after so much frame time, 0 = never.
        max_frames: Stop after so many frames, 0 = never.
        quiet: No live view and no summary.
    """

    source: str | None = None
    headless: bool = False
    record: str | None = None
    out: str | None = None
    max_seconds: float = 0.0
    max_frames: int = 0
    quiet: bool = False


class Stopper:
    """SIGINT and SIGTERM: the first asks for an orderly end, the second forces one."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup and the like stay in force
                signal.signal(number, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.asked.is_set():
            os._exit(128 + number)
        self.asked.set()


def run(options: Options, config: Config, config_from: str) -> int:
    """Runs the monitor until the source ends, a limit is reached or somebody stops it.

    Returns:
        The exit code.

    Raises:
        UserError: Configuration, source or model cannot be used; nothing was written then.
    """
    video_path = _video_path(options.record)
    stopper = Stopper()
    probe = None if options.headless else DisplayProbe()
    cv2.setNumThreads(config.detect.threads)
    emotion = EmotionNet(find_model(config.emotion.model), config.emotion.threads)
    keypoints = load_keypoints(config)
    eyes = load_eyes(config, keypoints)
    detector = make_detector(config.detect)
    if options.source is not None:
        kind_of(options.source)  # a wrong name is told before a window is waited for
    windowed = probe is not None and not _tell_headless(probe)
    console = terminal()
    live_view = console.is_terminal and not windowed and not options.quiet
    source, name = _open(options.source, config, windowed)
    if video_path is not None and Path(name).exists() and video_path.resolve() == Path(name).resolve():
        source.close()
        raise ConfigError(f"--record {video_path}: is the source itself; give another file")
    try:
        session = Session(options.out, config.output.dir, source.name, datetime.now())
        session.write_metadata(config, config_from, emotion, source.facts(), detector.name, keypoints, eyes)
        outputs = _Outputs(session, source, config, video_path)
    except OSError as error:
        source.close()
        where = error.filename or options.out or config.output.dir
        raise ConfigError(f"{where}: cannot be written: {error.strerror}; free space or give another --out") from None
    except BaseException:
        source.close()
        raise
    outputs.video.switch(options.record is not None)
    if not live_view:
        outputs.sinks.append(EventLines())
    if isinstance(source, ImageSource):
        # Pictures need not follow one another: nobody can be asked to be seen twice.
        config = replace(
            config, track=replace(config.track, confirm_hits=1), detect=replace(config.detect, every_ms=0, empty_ms=0)
        )
    pipeline = Pipeline(config, detector, emotion, keypoints, eyes=eyes)
    feed = _make_feed(source, name, config, windowed)
    worker = Worker(feed, pipeline, outputs.sinks, options.max_frames, options.max_seconds)
    started = time.monotonic()
    log.info("%s → %s", source.name, session.folder)
    worker.start()
    try:
        if windowed:
            _watch_window(worker, outputs, session, config, stopper)
        else:
            dashboard = Dashboard(console, source.name, source.frames, str(session.folder)) if live_view else None
            _watch_headless(worker, outputs.stats, stopper, dashboard or PlainLines(source.name, source.frames))
    finally:
        worker.stop()
        in_time = worker.join(SHUTDOWN_S)
        if not in_time:
            log.error("error: the worker did not end within %.0f s", SHUTDOWN_S)
        feed.close()
        elapsed = time.monotonic() - started
        finished = outputs.close(pipeline.finish() if in_time else [], elapsed)
    if not options.quiet:
        Console().print(summary_table(outputs.stats, elapsed))
    log.info("%s", session.folder)
    if not finished or not in_time:
        return EXIT_UNEXPECTED
    return _exit_code(worker, feed, name, stopper)


def load_keypoints(config: Config) -> LandmarkNet | None:
    """The network that follows faces; None when it is switched off or not there, which is said in one line.

    Raises:
        ModelError: The file is there but damaged or foreign.
    """
    if not config.detect.follow:
        return None
    path = find_model(config.follow.model)
    if not path.exists():
        log.warning("%s: no such model; faces are found by the detector alone (detect.follow)", path)
        return None
    return LandmarkNet(path, config.follow.threads)


def load_eyes(config: Config, keypoints: LandmarkNet | None) -> EyeNet | None:
    """The network that reads a driver's eyes; None when nobody is to be judged as a driver.

    Raises:
        ConfigError: Driver mode without following.
        ModelError: The file is missing, damaged or foreign.
    """
    if not config.driver.enabled:
        return None
    if not config.detect.follow:
        raise ConfigError("driver.enabled needs detect.follow, which finds the eyes; set detect.follow=true")
    if keypoints is None:
        raise ModelError(f"driver.enabled needs the keypoint model {config.follow.model}, which finds the eyes")
    return EyeNet(find_model(config.driver.model), config.driver.threads)


class _Outputs:
    """Everything a run writes."""

    def __init__(self, session: Session, source: Source, config: Config, video_path: Path | None) -> None:
        self._session = session
        self.stats = StatsSink(longest_gap_s=2 / source.fps if source.fps else 0.0)
        self.video = VideoSink(
            lambda suffix: session.free_path(f"video{suffix}"),
            config.output,
            source.fps,
            Overlay(config.display),
            video_path,
            live=source.live,
            draw=config.display.overlay,
        )
        self._background = Background(self.video, drop=source.live)
        self.sinks: list[Sink] = [
            self.stats,
            TableSink(
                session.folder / "faces.csv",
                session.name,
                config.output.rows,
                config.output.flush_s,
                config.output.keypoints,
                config.driver.enabled,
            ),
            EventSink(session.folder / "events.jsonl", session.name),
            self._background,
        ]
        if config.driver.enabled:
            self.sinks.append(DriveSink(session.folder / "drive.csv", session.name))
            if config.alerts.command or config.alerts.sound:
                self.sinks.append(AlertSink(config.alerts))
            if config.mqtt.host:
                self.sinks.append(MqttSink(config.mqtt, session.name))

    def close(self, last_events: list[Event], elapsed_s: float) -> bool:
        """Closes the sinks, the video last, and writes the summary; one failure does not keep the others open.

        Returns:
            Whether everything was written.
        """
        fine = True
        for sink in sorted(self.sinks, key=lambda sink: sink is self._background):
            try:
                sink.close(last_events)
            except Exception as error:
                fine = False
                log.error("error: %s could not be finished: %s", type(sink).__name__, error)
        summary = {"session": self._session.name, **self.stats.summary(elapsed_s)}
        try:
            self._session.write_json("summary.json", summary | {"video_frames_dropped": self._background.dropped})
        except OSError as error:
            fine = False
            log.error("error: summary.json could not be written: %s", error.strerror)
        return fine and not self._background.broken


def _open(wanted: str | None, config: Config, windowed: bool) -> tuple[Source, str]:
    """Opens the source the user named; else the first camera that works, else the demo (said in one line)."""
    from monitor.commands.devices import find_cameras

    if wanted is not None:
        return open_source(wanted, config.source, _loops(config, wanted, windowed)), wanted
    why = "no camera found"
    for camera in find_cameras():
        name = camera.stable or camera.path
        try:
            return open_source(name, config.source), name
        except SourceError as error:
            why = error.lines[0]
    log.warning("%s; playing the built-in demo (choose with --source, see: emotion-monitor devices)", why)
    return open_source("demo", config.source, _loops(config, "demo", windowed)), "demo"


def _tell_headless(probe: DisplayProbe) -> str:
    reason = probe.reason()
    if reason:
        log.warning("%s; running headless", reason)
    return reason


def _loops(config: Config, name: str, windowed: bool) -> bool:
    return config.source.loop == "always" or (config.source.loop == "auto" and name == "demo" and windowed)


def _video_path(record: str | None) -> Path | None:
    """The path given with --record, checked before anything starts.

    Raises:
        ConfigError: Its folder is missing or not writable, or it is a folder.
    """
    if not record:
        return None
    path = Path(record)
    if path.is_dir():
        raise ConfigError(f"--record {path}: is a folder; give a file such as {path / 'video.mp4'}")
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"--record {path}: must end in {', '.join(SUFFIXES)}")
    if path.exists():
        raise ConfigError(f"--record {path}: exists already; delete it or give another file")
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise ConfigError(f"--record {path}: the folder {path.parent} is missing or not writable")
    return path


def _make_feed(source: Source, name: str, config: Config, windowed: bool) -> Feed:
    if source.live:
        return LiveFeed(Grabber(source, lambda: open_source(name, config.source), config.source.stall_s))
    pace = config.source.pace == "always" or (config.source.pace == "auto" and windowed)
    return FileFeed(source, pace)


def _watch_headless(worker: Worker, stats: StatsSink, stopper: Stopper, view: Dashboard | PlainLines) -> None:
    context: AbstractContextManager[Any] = view if isinstance(view, Dashboard) else nullcontext()
    with context:
        while not worker.join(0.1) and not stopper.asked.is_set():
            view.update(worker.latest, stats)


def _watch_window(worker: Worker, outputs: _Outputs, session: Session, config: Config, stopper: Stopper) -> None:
    """The main thread's loop with a window: draw the newest result, react to keys."""
    window, overlay, meter = Window(config.display.max_width), Overlay(config.display), RateMeter()
    stats, video = outputs.stats, outputs.video
    drawn, picture, show_overlay, help_shown, redraw = None, None, config.display.overlay, False, False
    while not worker.done.is_set() and not stopper.asked.is_set():
        result = worker.latest
        if result is not None and (result is not drawn or redraw):
            status = Status(meter.update(stats.frames), video.recording, worker.paused.is_set(), help_shown)
            picture, drawn, redraw = overlay.annotate(result, status, show_overlay), result, False
            window.show(picture)
        if picture is None:
            worker.join(0.02)
            continue
        key = window.key(10)
        redraw = bool(key)
        if key in ("q", "esc", "closed"):
            break
        if key == " ":
            worker.paused.clear() if worker.paused.is_set() else worker.paused.set()
        elif key == "r":
            video.switch(not video.recording)
        elif key == "o":
            show_overlay = not show_overlay
        elif key == "h":
            help_shown = not help_shown
        elif key == "s":
            path = session.free_path("snapshot.png")
            if cv2.imwrite(str(path), picture):
                log.info("snapshot %s", path)
            else:
                log.error("error: %s could not be written; is the disk full?", path)
    window.close()


def _exit_code(worker: Worker, feed: Feed, name: str, stopper: Stopper) -> int:
    if worker.failed:
        log.error("error: %s", worker.failed)
        return EXIT_UNEXPECTED
    if worker.broken_sinks:
        return EXIT_UNEXPECTED
    if feed.ended and not stopper.asked.is_set():
        if not worker.frames:
            log.error("error: --source %s: gave no readable picture", shown(name))
        if feed.live or not worker.frames:
            return EXIT_SOURCE
    return EXIT_OK
