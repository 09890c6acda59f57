"""Reading ``faces.csv`` back: the evidence that a driver was judged on."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from monitor.config import Config
from monitor.errors import ConfigError
from monitor.labels import EMOTIONS, UNKNOWN
from monitor.outputs.reader import Damage, open_table
from monitor.outputs.table import COLUMNS, DRIVER_COLUMNS
from monitor.signals.evidence import Evidence, evidence_of
from monitor.signals.seat import Seat
from monitor.types import EyeReading, Face, Landmarks

NEEDED = ("session", "frame", "timestamp", "video_time", "face_id", "success", *COLUMNS[6:11], *EMOTIONS, *COLUMNS[-3:])


@dataclass(slots=True)
class Log:
    """A table that was read.

    Attributes:
        rows: Rows used.
        skipped: Lines that were torn or made no sense.
    """

    rows: int = 0
    skipped: int = 0


def read(path: Path, config: Config, log: Log) -> Iterator[tuple[str, Evidence]]:
    """Session and evidence of each logged frame, in order; damaged lines are counted in ``log`` and left out.

    A continued table holds several sessions, whose times begin anew.

    Args:
        path: A ``faces.csv`` of driver mode.
        config: For the qualities from which eyes and expressions count.
        log: Where rows and skipped lines are counted.

    Raises:
        ConfigError: The file is missing, or is no table of driver mode.
    """
    seats: dict[str, Seat] = {}
    damage = Damage()
    try:
        header, rows = open_table(path, damage)
        missing = [name for name in (*NEEDED, *DRIVER_COLUMNS) if name not in header]
        if missing:
            raise ConfigError(
                f"{path}: is no faces.csv of driver mode (lacks {', '.join(missing[:3])}); "
                "log one with --profile driver"
            )
        for _, frame in itertools.groupby(rows, key=lambda row: (row["session"], row["frame"])):
            yield from _evidence(list(frame), seats, config, log)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    finally:
        log.skipped += damage.lines


def _evidence(
    frame: list[dict[str, str]], seats: dict[str, Seat], config: Config, log: Log
) -> Iterator[tuple[str, Evidence]]:
    """One frame's rows as evidence; nothing where the driver's face was not looked at in it."""
    try:
        t, wall = _number(frame[0]["video_time"]), datetime.fromisoformat(frame[0]["timestamp"]).timestamp()
        faces = [_face(row) for row in frame if row["success"] == "1"]
    except (ValueError, OverflowError):
        log.skipped += len(frame)
        return
    log.rows += len(frame)
    session = frame[0]["session"]
    face = seats.setdefault(session, Seat(config.driver.memory_s)).choose(faces, t)
    if face is not None and face.seen and face.marks is None:
        return
    picture = face is not None or frame[0]["picture"] != "0"
    yield session, evidence_of(face, t, wall, picture, config.driver.min_quality, config.emotion.min_quality)


def _face(row: dict[str, str]) -> Face:
    """A face as far as the table keeps it."""
    x, y, w, h = (_number(row[k]) for k in ("x", "y", "w", "h"))
    known = row[EMOTIONS[0]] != ""
    probs = np.array([_number(row[name]) if known else 0.0 for name in EMOTIONS], np.float32)
    pose = tuple(_number(row[k]) for k in ("yaw", "pitch", "roll")) if row["yaw"] else None
    marks = eyes = None
    if row["mouth"]:
        openness = np.array([0.0, 0.0, _number(row["mouth"])], np.float32)
        marks = Landmarks(
            1.0, np.zeros((17, 2), np.float32), (x, y, x + w, y + h), np.array(pose or (0, 0, 0), np.float32), openness
        )
    if row["eye_right"]:
        right, left = (
            EyeReading(_number(row[f"eye_{s}"]), _number(row[f"eye_{s}_quality"])) for s in ("right", "left")
        )
        eyes = (right, left)
    return Face(
        int(row["face_id"]), (x, y, x + w, y + h), row["emotion"] or UNKNOWN, _number(row["confidence"] or "0"), probs,
        None, _number(row["quality"]), 0.0, 0.0, row["seen"] == "1", known,
        None if pose is None else (pose[0], pose[1], pose[2]), marks, eyes,
    )  # fmt: skip


def _number(cell: str) -> float:
    """A cell's number.

    Raises:
        ValueError: It is none, or not finite.
    """
    value = float(cell)
    if not math.isfinite(value):
        raise ValueError(f"{cell} is not finite")
    return value
