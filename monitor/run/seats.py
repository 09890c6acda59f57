"""Remembers the driver's place in the picture of each live camera from one run to the next."""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from monitor.settings.config import Config
from monitor.settings.crossfield import NEAR_SEAT, near
from monitor.system.wholefile import replace_text

log = logging.getLogger("monitor")

NAME = "seats.json"
"""File in ``output.dir``: the driver's place in the picture, as shares of its size, by name of the camera."""
MOST_BYTES, MOST_CAMERAS = 100_000, 200
"""A larger file was not written by this program; beyond this number of cameras the longest unused are dropped."""


def with_remembered(config: Config, camera: str, *, live: bool) -> Config:
    """The settings with the driver's remembered place, if the seat is to be learnt and this camera is known."""
    if not _learns(config, live=live):
        return config
    place = _read(_path(config)).get(camera)
    text = f"{NEAR_SEAT}{place[0]:.3f},{place[1]:.3f}" if _is_place(place) and place is not None else ""
    if near(text) is None:
        return config
    return replace(config, driver=replace(config.driver, seat=text))


def remember(config: Config, camera: str, place: tuple[float, float] | None, *, live: bool) -> None:
    """Stores the driver's place for the next run; if it cannot be written, only this is lost.

    Args:
        config: The settings of the run.
        camera: Name of the source.
        place: Middle of the driver's face as shares of the picture's width and height; None = not known.
        live: Whether the source is a camera.
    """
    if place is None or not _learns(config, live=live):
        return
    path = _path(config)
    try:
        with _locked(path):
            known = {name: kept for name, kept in _read(path).items() if name != camera}
            known[camera] = [round(place[0], 3), round(place[1], 3)]
            newest = dict(list(known.items())[-MOST_CAMERAS:])
            replace_text(path, json.dumps(newest, indent=1) + "\n", 0o600)
    except OSError as error:
        log.warning("%s: the driver's place is not remembered: %s", path, error.strerror)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Locks the file against other cameras and runs that end at the same moment.

    Raises:
        OSError: The lock file cannot be made.
    """
    descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _learns(config: Config, *, live: bool) -> bool:
    seat = config.driver.seat
    return (
        live
        and config.driver.enabled
        and config.driver.remember_seat
        and (seat == "auto" or seat.startswith(NEAR_SEAT))
    )


def _path(config: Config) -> Path:
    return Path(config.output.dir).expanduser() / NAME


def _read(path: Path) -> dict[str, Any]:
    """The places by camera; a missing or damaged file holds none."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return {}
        kept = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _is_place(kept: Any) -> bool:
    return (
        isinstance(kept, list) and len(kept) == 2 and all(isinstance(v, int | float) and math.isfinite(v) for v in kept)
    )
