"""``emotion-monitor check``: tries everything a run needs and says what is wrong, before the night."""

from __future__ import annotations

import shutil
import socket
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from rich.table import Table
from rich.text import Text

from monitor.core.errors import EXIT_CONFIG, EXIT_OK, EXIT_SOURCE, EXIT_UNEXPECTED, ConfigError, DiskError, UserError
from monitor.outputs.video.video import CODECS
from monitor.outputs.video.videofile import write_trial
from monitor.settings import config as configuration
from monitor.settings.config import Config
from monitor.system.paths import refusal
from monitor.system.terminal import plain_console

TRIED_S = 3.0
"""Seconds in which a source must give pictures."""
LOW_DISK_MB = 500
"""A day of faces.csv at 15 rows a second is some 200 MB."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table.

    Attributes:
        what: What was tried.
        state: "ok", "note" (works, but worth knowing) or "fail".
        detail: What was found, or the fix.
        exit_code: What a failure ends the command with.
    """

    what: str
    state: str
    detail: str
    exit_code: int = EXIT_OK


def command(
    config_path: str | None, overrides: list[str], source: str | None, out: str | None, profile: str = ""
) -> int:
    """Prints the table; the exit code is the first failure's."""
    findings: list[Finding] = []
    try:
        config, origin = configuration.load(config_path, overrides, profile)
        findings.append(Finding("configuration", "ok", origin))
    except ConfigError as error:
        findings.append(Finding("configuration", "fail", "\n".join(error.lines), error.exit_code))
        config = Config()
    checks: list[tuple[str, Callable[[], Finding]]] = [
        ("source", lambda: _source(config, source)),
        ("detector", lambda: _detector(config)),
        ("model", lambda: _model(config)),
        ("following", lambda: _keypoints(config)),
        ("proposals", lambda: _proposals(config)),
        ("driver mode", lambda: _driver(config)),
        ("alerts", lambda: _alerts(config)),
        ("mqtt", lambda: _mqtt(config)),
        ("display", _display),
        ("video codecs", _codecs),
        ("health file", lambda: _health(config.service.health_file)),
        ("disk", lambda: _disk(Path(out or config.output.dir).expanduser(), out is None)),
    ]
    for what, check in checks:
        try:
            findings.append(check())
        except UserError as error:
            findings.append(Finding(what, "fail", "\n".join(error.lines), error.exit_code))
        except OSError as error:  # a full or read-only disk is what this command is there to tell
            findings.append(Finding(what, "fail", _reason(error), EXIT_UNEXPECTED))
    table = Table(show_edge=False)
    table.add_column("what")
    table.add_column("")
    table.add_column("found", overflow="fold")
    styles = {"ok": "green", "note": "yellow", "fail": "bold red"}
    for finding in findings:
        table.add_row(finding.what, Text(finding.state, styles[finding.state]), finding.detail)
    plain_console().print(table)
    return next((f.exit_code for f in findings if f.state == "fail"), EXIT_OK)


def _reason(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"


def _source(config: Config, name: str | None) -> Finding:
    from monitor.capture.names import revealed, shown
    from monitor.capture.opening import SLACK_S, answered
    from monitor.capture.v4l2 import find_cameras

    if name is None:
        cameras = find_cameras()
        if not cameras and config.source.wait:
            return Finding("source", "note", "no camera; a run waits for one (source.wait)")
        if not cameras and config.driver.enabled:
            return Finding("source", "fail", "no camera; driver mode needs one, or a --source", EXIT_SOURCE)
        if not cameras:
            return Finding("source", "note", "no camera; a run without --source plays the demo")
        name = cameras[0].path
    wanted, limit = revealed(name), 2 * config.source.open_timeout_s + SLACK_S + TRIED_S
    # Apart: the main thread must be able to answer a signal while a device does not.
    return answered(lambda: _seen(config, wanted), shown(wanted), limit)


def _seen(config: Config, name: str) -> Finding:
    """What a source gives in its first seconds."""
    from monitor.capture.kinds import open_source
    from monitor.capture.photos import no_drive, unrelated

    source = open_source(name, config.source)
    try:
        if config.driver.enabled and unrelated(source, sequence=config.source.sequence):
            raise no_drive(source)
        frames, started = 0, time.monotonic()
        while frames < 15 and time.monotonic() - started < TRIED_S:
            frame = source.read()
            if frame is None and not source.live:
                break
            frames += frame is not None
        took = time.monotonic() - started
        facts = source.facts()
    finally:
        source.close()
    rate = f", {frames / max(1e-6, took):.1f} fps measured" if source.live else ""
    size = f"{facts['width']}x{facts['height']}" if "width" in facts else ""
    detail = f"{source.name}: {facts['kind']} {size} {source.fps:.4g} fps{rate}"
    return Finding(
        "source", "ok" if frames else "fail", detail if frames else f"{source.name}: gives no picture", EXIT_SOURCE
    )


def _detector(config: Config) -> Finding:
    from monitor.faces.detector import make_detector

    detector = make_detector(config.detect)
    detector.find(np.zeros((48, 48, 3) if detector.wants_color else (48, 48), np.uint8), 24, 48, profile=True)
    return Finding("detector", "ok", f"{detector.name}, OpenCV {cv2.__version__}")


def _model(config: Config) -> Finding:
    from monitor.networks.card import find_model
    from monitor.networks.emotion import EmotionNet

    path = find_model(config.emotion.model)
    net = EmotionNet(path, config.emotion.threads, config.emotion.prior)
    crop = np.full((net.card.input_side, net.card.input_side), 128, np.uint8)
    net.probabilities(crop)
    each = _mean_ms(lambda: net.probabilities(crop))
    return Finding("model", "ok", f"{path.name} {net.card.version}, {net.runtime}, {each:.2f} ms per face")


def _keypoints(config: Config) -> Finding:
    from monitor.networks.card import find_model
    from monitor.networks.keypoints import KeypointNet

    if not config.detect.follow:
        return Finding("following", "ok", "off (detect.follow)")
    path = find_model(config.follow.model)
    if not path.exists():
        return Finding("following", "note", f"{path}: no such model; faces are found by the detector alone")
    net = KeypointNet(path, config.follow.threads)
    image = np.full((200, 200), 128, np.uint8)
    each = _mean_ms(lambda: net.read(image, (50.0, 50.0, 150.0, 150.0)))
    return Finding("following", "ok", f"{path.name} {net.card.version}, {each:.2f} ms per face")


def _proposals(config: Config) -> Finding:
    from monitor.networks.card import find_model
    from monitor.networks.load import wants_proposals
    from monitor.networks.proposals import ProposalNet

    if not wants_proposals(config):
        return Finding("proposals", "ok", "off; the detector searches")
    if not find_model(config.follow.model).exists():
        return Finding("proposals", "note", "off without the keypoint model; the detector searches")
    path = find_model(config.detect.proposals)
    if not path.exists():
        return Finding("proposals", "note", f"{path}: no such model; newcomers are searched for by the cascade")
    net = ProposalNet(path, config.detect.threads)
    image = np.full((480, 640, 3), 128, np.uint8)
    each = _mean_ms(lambda: net.propose(image, config.detect.min_face, config.detect.propose), 20)
    return Finding("proposals", "ok", f"{path.name} {net.card.version}, {each:.2f} ms per search of 640x480")


def _driver(config: Config) -> Finding:
    from monitor.networks.load import load_eyes, load_keypoints

    if not config.driver.enabled:
        return Finding("driver mode", "ok", "off")
    net = load_eyes(config, load_keypoints(config))
    assert net is not None
    pixels = np.full((net.card.input_side,) * 2, 128, np.uint8)
    each = _mean_ms(lambda: net.logits(pixels))
    return Finding("driver mode", "ok", f"{net.card.name} {net.card.version}, {each:.2f} ms per eye")


def _alerts(config: Config) -> Finding:
    from monitor.outputs.remote import alerts

    wanted = {"command": bool(config.alerts.command), "sound": config.alerts.sound}
    chosen = " and ".join(name for name, on in wanted.items() if on)
    if not chosen or not config.driver.enabled:
        return Finding("alerts", "ok", "off" if config.driver.enabled else "off (they tell of a driver only)")
    if what := alerts.missing(config.alerts):
        return Finding("alerts", "fail", what, EXIT_CONFIG)
    if config.alerts.sound and alerts.player() is None:
        return Finding("alerts", "note", alerts.NO_PLAYER)
    return Finding("alerts", "ok", f"{chosen}, from level {config.alerts.min_level} on; not tried")


def _mqtt(config: Config) -> Finding:
    from monitor.outputs.remote import mqtt

    if not config.mqtt.host or not config.driver.enabled:
        return Finding("mqtt", "ok", "off" if config.driver.enabled else "off (it tells of a driver only)")
    mqtt.require(config.mqtt)
    where = f"{config.mqtt.host}:{config.mqtt.port}"
    try:
        socket.create_connection((config.mqtt.host, config.mqtt.port), timeout=3).close()
    except UnicodeError:
        raise ConfigError(f"mqtt.host: is no name of a host (got {config.mqtt.host[:60]})") from None
    except OSError as error:
        return Finding("mqtt", "note", f"{where}: cannot be reached ({error}); a run tries again and again")
    return Finding("mqtt", "ok", f"{where}: answers; user and password are not tried")


def _mean_ms(call: Callable[[], object], times: int = 50) -> float:
    """What a call takes on average, in milliseconds."""
    started = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - started) / times * 1e3


def _display() -> Finding:
    from monitor.outputs.live.window import DisplayProbe

    reason = DisplayProbe().reason()
    return (
        Finding("display", "note", f"{reason}; runs are headless")
        if reason
        else Finding("display", "ok", "a window opens")
    )


def _codecs() -> Finding:
    works = []
    picture = np.full((96, 128, 3), 90, np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        for codec, suffix in CODECS:
            if write_trial(Path(folder) / f"{codec}{suffix}", codec, 10.0, picture) is not None:
                works.append(f"{codec} ({suffix})")
    if not works:
        return Finding("video codecs", "note", "none works; --record will not")
    return Finding("video codecs", "ok", ", ".join(works))


def _health(name: str) -> Finding:
    """The file that tells a supervisor of a run, which goes on without it."""
    if not name:
        return Finding("health file", "ok", "off")
    path = Path(name).expanduser()
    refused = refusal(path.parent)
    why = "Is a directory" if path.is_dir() else refused and refused.strerror
    if why:
        # A run goes on without it, and systemd makes the folder of the shipped unit's as that starts.
        return Finding("health file", "note", f"{path}: cannot be written now: {why}")
    return Finding("health file", "ok", str(path))


def _disk(folder: Path, of_many: bool) -> Finding:
    """Where a run would write; ``of_many``: into a session folder of its own there, see ``SessionFolder``."""
    existing = next(p for p in [folder, *folder.resolve().parents] if p.exists())
    free = shutil.disk_usage(existing).free / 1e6
    if (refused := refusal(existing)) is not None:
        why = f"{existing}: is not writable: {refused.strerror}; set output.dir"
        return Finding("disk", "fail", why, DiskError.kind(refused, of_many).exit_code)
    state = "ok" if free >= LOW_DISK_MB else "note"
    return Finding("disk", state, f"{existing.resolve()}: {free:,.0f} MB free")
