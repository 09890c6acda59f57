"""Tests of ``emotion-monitor check``: alerts, MQTT, display, video codecs, health file and disk."""

from __future__ import annotations

import shutil
import socket
import tempfile
from pathlib import Path

import numpy as np

from monitor.cli.finding import Finding
from monitor.core.errors import EXIT_CONFIG, ConfigError, DiskError
from monitor.outputs.video.encoders import working
from monitor.settings.config import Config
from monitor.system.paths import refusal

LOW_DISK_MB = 500
"""A day of faces.csv at 15 rows a second takes about 200 MB."""


def alerts(config: Config) -> Finding:
    """Looks for the alert command and the sound player without running them."""
    from monitor.outputs.remote import command, sound

    wanted = {"command": bool(config.alerts.command), "sound": config.alerts.sound}
    chosen = " and ".join(name for name, on in wanted.items() if on)
    triggered = bool(config.alerts.expression) or config.driver.enabled
    if not chosen or not triggered:
        return Finding("alerts", "ok", "off" if triggered else "off (set alerts.expression, or use --profile driver)")
    if what := command.missing(config.alerts):
        return Finding("alerts", "fail", what, EXIT_CONFIG)
    if config.alerts.sound and sound.player() is None:
        return Finding("alerts", "note", sound.NO_PLAYER)
    return Finding("alerts", "ok", f"{chosen}, from level {config.alerts.min_level} on; not run")


def mqtt(config: Config) -> Finding:
    """Connects to the broker."""
    from monitor.outputs.remote import broker

    if not config.mqtt.host:
        return Finding("mqtt", "ok", "off")
    broker.require(config.mqtt)
    where = f"{config.mqtt.host}:{config.mqtt.port}"
    try:
        socket.create_connection((config.mqtt.host, config.mqtt.port), timeout=3).close()
    except UnicodeError:
        raise ConfigError(f"mqtt.host: is not a host name (got {config.mqtt.host[:60]})") from None
    except OSError as error:
        return Finding("mqtt", "note", f"{where}: cannot be reached ({error}); a run keeps trying")
    return Finding("mqtt", "ok", f"{where}: answers; user and password were not tested")


def display() -> Finding:
    """Whether a window can be opened."""
    from monitor.outputs.live.window import DisplayProbe

    reason = DisplayProbe().reason()
    return (
        Finding("display", "note", f"{reason}; runs are headless")
        if reason
        else Finding("display", "ok", "a window opens")
    )


def codecs(config: Config) -> Finding:
    """Writes a short video with each encoder."""
    picture = np.full((96, 128, 3), 90, np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        works = [f"{e.name} ({e.suffix})" for e in working(config.output.video_codec, Path(folder), 10.0, picture)]
    if not works:
        return Finding("video codecs", "note", "none works; --record cannot be used")
    others = f"; also {', '.join(works[1:])}" if works[1:] else ""
    hint = "" if works[0].startswith("H.264") else "; install ffmpeg for H.264"
    return Finding("video codecs", "ok", f"recordings use {works[0]}{others}{hint}")


def health(name: str) -> Finding:
    """Whether the health file can be written; a run continues without it."""
    if not name:
        return Finding("health file", "ok", "off")
    path = Path(name).expanduser()
    refused = refusal(path.parent)
    why = "Is a directory" if path.is_dir() else refused and refused.strerror
    if why:
        # Not a failure: systemd creates the folder of the shipped unit when the unit starts.
        return Finding("health file", "note", f"{path}: cannot be written now: {why}")
    return Finding("health file", "ok", str(path))


def disk(folder: Path, *, for_all_sessions: bool) -> Finding:
    """Free space on the disk to which a run would write.

    Args:
        folder: The session folder, or the folder of all sessions.
        for_all_sessions: Whether it is the folder of all sessions.
    """
    folder = folder.expanduser()
    existing = next(p for p in [folder, *folder.resolve().parents] if p.exists())
    free = shutil.disk_usage(existing).free / 1e6
    if (refused := refusal(existing)) is not None:
        why = f"{existing}: is not writable: {refused.strerror}; set output.dir"
        return Finding("disk", "fail", why, DiskError.kind(refused, for_all_sessions=for_all_sessions).exit_code)
    state = "ok" if free >= LOW_DISK_MB else "note"
    return Finding("disk", state, f"{existing.resolve()}: {free:,.0f} MB free")
