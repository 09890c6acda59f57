"""Wiring: opens what a run needs, runs it, and closes it in the right order."""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
from rich.console import Console

from monitor import stopper
from monitor.capture.feed import Feed, FileFeed, LiveFeed
from monitor.capture.files import ImageSource
from monitor.capture.grabber import Grabber
from monitor.capture.opening import SLACK_S, open_patiently
from monitor.capture.source import Source, kind_of, open_source, revealed, shown
from monitor.commands.devices import find_cameras, stable_path
from monitor.config import Config
from monitor.errors import EXIT_OK, EXIT_SOURCE, EXIT_UNEXPECTED, ConfigError, ModelError, SourceError
from monitor.faces.detector import make_detector
from monitor.incidents import Incidents
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
from monitor.outputs.storage import Storage
from monitor.outputs.table import TableSink
from monitor.outputs.video import SUFFIXES, VideoSink
from monitor.outputs.window import DisplayProbe, Window
from monitor.pipeline import Pipeline
from monitor.service import Service
from monitor.stopper import Stopper
from monitor.supervisor import Supervisor
from monitor.terminal import terminal
from monitor.types import Event
from monitor.worker import Worker

log = logging.getLogger("monitor")

WORKER_S = 1.5
"""Time the worker gets to finish its frame; the sinks need the rest of ``stopper.SHUTDOWN_S``."""
GIVE_UP_S = 60.0
"""A camera that is gone for so long ends the run, unless ``source.wait`` is set."""


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


def run(options: Options, config: Config, config_from: str) -> int:
    """Runs the monitor until the source ends, a limit is reached or somebody stops it.

    Returns:
        The exit code.

    Raises:
        UserError: Configuration, source or model cannot be used; nothing was written then.
    """
    mine = not stopper.installed()
    stop = stopper.install()
    mask = os.umask(0o077)  # whatever is written, OpenCV's files included, is the user's own
    try:
        return _run(options, config, config_from, stop)
    finally:
        os.umask(mask)
        stop.running = False
        if mine:
            stopper.remove()


def _run(options: Options, config: Config, config_from: str, stop: Stopper) -> int:
    video_path = _video_path(options.record)
    service = Service(config.service.health_file)
    probe = None if options.headless else DisplayProbe()
    cv2.setNumThreads(config.detect.threads)
    emotion = EmotionNet(find_model(config.emotion.model), config.emotion.threads)
    keypoints = load_keypoints(config)
    eyes = load_eyes(config, keypoints)
    detector = make_detector(config.detect)
    wanted = None if options.source is None else revealed(options.source)
    if wanted is not None:
        kind_of(wanted)  # a wrong name is told before a window is waited for
    windowed = probe is not None and not _tell_headless(probe)
    console = terminal()
    live_view = console.is_terminal and not windowed and not options.quiet
    source, name = _open(wanted, config, windowed, service)
    if video_path is not None and Path(name).exists() and video_path.resolve() == Path(name).resolve():
        source.close()
        raise ConfigError(f"--record {video_path}: is the source itself; give another file")
    incidents = Incidents()
    stop.running = True
    try:
        session = Session(options.out, config.output.dir, source.name, datetime.now())
        session.write_metadata(config, config_from, emotion, source.facts(), detector.name, keypoints, eyes)
        outputs = _Outputs(session, source, config, video_path, incidents, stop)
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
            config,
            track=replace(config.track, confirm_hits=1),
            detect=replace(config.detect, every_ms=0, empty_ms=0, motion=False),
            emotion=replace(config.emotion, every_ms=0),
        )
    pipeline = Pipeline(config, detector, emotion, keypoints, eyes=eyes)
    feed = _make_feed(source, name, config, windowed, incidents)
    worker = Worker(feed, pipeline, outputs.sinks, options.max_frames, options.max_seconds, incidents)
    watch = Supervisor(
        worker, outputs.stats, incidents, service, config.service.stuck_s,
        lambda: {
            "source": source.name, "session": str(session.folder), "camera_in_use": source.live,
            "recording": outputs.video.recording,
        },
    )  # fmt: skip
    started = time.monotonic()
    log.info("%s → %s", source.name, session.folder)
    if source.live:
        log.info(
            "the camera is in use; %s", "pictures are recorded" if outputs.video.recording else "nothing is filmed"
        )
    worker.start()
    outputs.storage.start()
    service.ready()
    try:
        if windowed:
            _watch_window(worker, outputs, session, config, stop, watch)
        else:
            dashboard = Dashboard(console, source.name, source.frames, str(session.folder)) if live_view else None
            view = dashboard or PlainLines(source.name, source.frames)
            _watch_headless(worker, outputs, stop, view, watch)
    finally:
        service.stopping()
        worker.stop()
        in_time = worker.join(WORKER_S)
        if in_time:
            feed.close()  # else its thread may be reading: pulling the source away would crash the process
        else:
            log.error("error: the worker did not end within %.1f s; it is left behind", WORKER_S)
        elapsed = time.monotonic() - started
        last = [*(pipeline.finish() if in_time else []), *incidents.finish(*worker.now())]
        finished = outputs.close(last, elapsed)
        session.release()
    if not options.quiet:
        Console().print(summary_table(outputs.stats, elapsed))
    log.info("%s", session.folder)
    if not finished or not in_time:
        return EXIT_UNEXPECTED
    return _exit_code(worker, feed, name, stop)


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
        if config.alerts.command or config.alerts.sound or config.mqtt.host:
            log.warning("alerts and mqtt act on a driver's events only; switch them on with --profile driver")
        return None
    if not config.detect.follow:
        raise ConfigError("driver.enabled needs detect.follow, which finds the eyes; set detect.follow=true")
    if keypoints is None:
        raise ModelError(f"driver.enabled needs the keypoint model {config.follow.model}, which finds the eyes")
    return EyeNet(find_model(config.driver.model), config.driver.threads)


class _Outputs:
    """Everything a run writes."""

    def __init__(
        self,
        session: Session,
        source: Source,
        config: Config,
        video_path: Path | None,
        incidents: Incidents,
        stop: Stopper,
    ) -> None:
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
        table = TableSink(
            session.folder / "faces.csv",
            session.name,
            config.output.rows,
            config.output.flush_s,
            config.output.keypoints,
            config.driver.enabled,
        )
        events = EventSink(session.folder / "events.jsonl", session.name)
        self.sinks: list[Sink] = [self.stats, table, events, self._background]
        logs = [table.lines, events.lines]
        if config.driver.enabled:
            drive = DriveSink(session.folder / "drive.csv", session.name)
            logs.append(drive.lines)
            self.sinks.append(drive)
            if config.alerts.command or config.alerts.sound:
                self.sinks.append(AlertSink(config.alerts))
            if config.mqtt.host:
                self.sinks.append(MqttSink(config.mqtt, session.name))
        self.storage = Storage(session, config.output, table, logs, self.video, incidents, source.live, stop.rotate)
        self.sinks.insert(1, self.storage)

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
        return fine and not self._background.broken and not self.video.failing


def _open(wanted: str | None, config: Config, windowed: bool, service: Service) -> tuple[Source, str]:
    """Opens the source the user named; else the first camera that works, else the demo (said in one line)."""
    settings, wait = config.source, config.source.wait

    def tell(status: str) -> None:
        if wait:
            service.ready()  # up, and waiting for what it was told to wait for
        service.alive()
        if service.due():
            service.tell(status, {"state": "waiting"})

    def opened(name: str, make: Callable[[], Source], wait: bool = wait) -> Source:
        return open_patiently(make, shown(name), 2 * settings.open_timeout_s + SLACK_S, wait, tell)

    if wanted is not None:
        loops = _loops(config, wanted, windowed)
        return opened(wanted, lambda: open_source(wanted, settings, loops)), wanted
    names: list[str] = []
    try:
        return opened("the first camera", lambda: _first_camera(config, names)), names[-1]
    except SourceError as error:
        log.warning("%s; playing the built-in demo (choose with --source, see: emotion-monitor devices)", error)
    return open_source("demo", settings, _loops(config, "demo", windowed)), "demo"


def _first_camera(config: Config, names: list[str]) -> Source:
    """The first camera that works; its name is added to ``names``."""
    why = "no camera found"
    for camera in find_cameras():
        name = camera.stable or camera.path
        try:
            source = open_source(name, config.source)
        except SourceError as error:
            why = error.lines[0]
            continue
        names.append(name)
        return source
    raise SourceError(why)


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


def _make_feed(source: Source, name: str, config: Config, windowed: bool, incidents: Incidents) -> Feed:
    if source.live:
        settings = config.source
        again = stable_path(name)  # plugged in again, a camera may come back under another number
        grabber = Grabber(
            source, lambda: open_source(again, settings), settings.stall_s, settings.frozen_s, incidents,
            open_s=2 * settings.open_timeout_s + SLACK_S, give_up_s=math.inf if settings.wait else GIVE_UP_S,
        )  # fmt: skip
        return LiveFeed(grabber)
    pace = config.source.pace == "always" or (config.source.pace == "auto" and windowed)
    return FileFeed(source, pace)


def _watch_headless(
    worker: Worker, outputs: _Outputs, stop: Stopper, view: Dashboard | PlainLines, watch: Supervisor
) -> None:
    context: AbstractContextManager[Any] = view if isinstance(view, Dashboard) else nullcontext()
    with context:
        while not worker.join(0.1) and not stop.asked.is_set() and watch.tick():
            view.update(worker.latest, outputs.stats)


def _watch_window(
    worker: Worker, outputs: _Outputs, session: Session, config: Config, stop: Stopper, watch: Supervisor
) -> None:
    """The main thread's loop with a window: draw the newest result, react to keys."""
    window, overlay, meter = Window(config.display.max_width), Overlay(config.display), RateMeter()
    stats, video = outputs.stats, outputs.video
    drawn, picture, show_overlay, help_shown, redraw = None, None, config.display.overlay, False, False
    blurred = config.output.blur != "none"
    while not worker.done.is_set() and not stop.asked.is_set() and watch.tick():
        result = worker.latest
        if result is not None and (result is not drawn or redraw):
            status = Status(meter.update(stats.frames), video.recording, worker.paused.is_set(), help_shown, blurred)
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
        elif key == "s" and blurred:
            log.warning("no snapshot: output.blur is on, and a single picture cannot be blurred safely")
        elif key == "s":
            path = session.free_path("snapshot.png")
            if cv2.imwrite(str(path), picture):
                log.info("snapshot %s", path)
            else:
                log.error("error: %s could not be written; is the disk full?", path)
    window.close()


def _exit_code(worker: Worker, feed: Feed, name: str, stop: Stopper) -> int:
    if worker.failed:
        log.error("error: %s", worker.failed)
        return EXIT_UNEXPECTED
    if worker.broken_sinks:
        return EXIT_UNEXPECTED
    if feed.ended and not stop.asked.is_set():
        if not worker.frames:
            log.error("error: --source %s: gave no readable picture", shown(name))
        if feed.live or not worker.frames:
            return EXIT_SOURCE
    return EXIT_OK
