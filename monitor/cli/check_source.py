"""Tests of ``emotion-monitor check``: the source."""

from __future__ import annotations

import time

from monitor.cli.finding import Finding
from monitor.core.errors import EXIT_SOURCE
from monitor.settings.config import Config

TRIED_S = 3.0
"""Seconds within which a source must deliver pictures."""
TRIED_FRAMES = 15
"""Number of pictures that are read."""


def source(config: Config, name: str | None) -> Finding:
    """Opens the given source, or else the first camera, and reads its first pictures."""
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
    # On its own thread, so that the main thread can handle signals while a device hangs.
    return answered(lambda: _seen(config, wanted), shown(wanted), limit)


def _seen(config: Config, name: str) -> Finding:
    """Reads the first pictures of a source."""
    from monitor.capture.decoder import is_flat
    from monitor.capture.kinds import open_source
    from monitor.capture.photos import no_drive, unrelated

    source = open_source(name, config.source)
    try:
        if config.driver.enabled and unrelated(source, sequence=config.source.sequence):
            raise no_drive(source)
        frames = flat = 0
        started = time.monotonic()
        while frames < TRIED_FRAMES and time.monotonic() - started < TRIED_S:
            frame = source.read()
            if frame is None and not source.live:
                break
            if frame is not None:
                frames += 1
                flat += is_flat(frame.image)
        took = time.monotonic() - started
        facts = source.facts()
    finally:
        source.close()
    if not frames:
        return Finding("source", "fail", f"{source.name}: delivers no picture", EXIT_SOURCE)
    rate = f", {frames / max(1e-6, took):.1f} fps measured" if source.live else ""
    size = f"{facts['width']}x{facts['height']}" if "width" in facts else ""
    reader = ", decoded by the ffmpeg program" if "ffmpeg" in (facts.get("reader"), facts.get("backend")) else ""
    detail = f"{source.name}: {facts['kind']} {size} {source.fps:.4g} fps{rate}{reader}"
    if flat == frames:
        return Finding(
            "source", "note", f"{detail}; every picture is black or of one color{_flat_hint(live=source.live)}"
        )
    return Finding("source", "ok", detail)


def _flat_hint(*, live: bool) -> str:
    from monitor.capture import ffmpeg

    if live:
        return "; is the lens covered or the light off?"
    return "" if ffmpeg.available() else "; if it is interlaced, install ffmpeg: sudo apt install ffmpeg"
