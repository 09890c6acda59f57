"""Reads ``faces.csv`` of driver mode back as faces."""

from __future__ import annotations

import itertools
import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from monitor.core.errors import ConfigError
from monitor.core.labels import EMOTIONS, UNKNOWN
from monitor.core.types import EyeReading, Face, Keypoints
from monitor.outputs.logs.drivercolumns import DRIVER_COLUMNS
from monitor.outputs.logs.reader import Damage, files_of, open_table

logger = logging.getLogger("monitor")

NEEDED = (
    "session", "frame", "timestamp", "video_time", "face_id", "success", "x", "y", "w", "h", "confidence", "emotion",
    *EMOTIONS, "quality", "yaw", "pitch", "roll",
)  # fmt: skip
"""Columns that are read, by name."""


@dataclass(slots=True)
class Log:
    """Counts of a table that was read.

    Attributes:
        rows: Rows used.
        skipped: Damaged or invalid lines.
    """

    rows: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class LoggedFrame:
    """The rows of one frame.

    Attributes:
        session: The session of the frame.
        t: Seconds on the frame clock.
        wall: Seconds since the epoch.
        faces: Faces in view, with the values from the table.
        picture: Whether the picture was good enough to show a face: not dark or covered.
    """

    session: str
    t: float
    wall: float
    faces: tuple[Face, ...]
    picture: bool


def read(path: Path, log: Log) -> Iterator[LoggedFrame]:
    """Each logged frame, in order; damaged lines are skipped and counted in ``log``.

    A continued table holds several sessions; each starts at time 0.

    Args:
        path: A ``faces.csv`` of driver mode, whose rotated parts come first, or the folder of its session.
        log: Counts rows and skipped lines.

    Raises:
        ConfigError: The file is missing or is not a table of driver mode.
    """
    damage = Damage()
    parts = files_of(path, "faces.csv")
    refused, fitting = "", False
    for part in parts:
        try:
            header, rows = open_table(part, damage)
            missing = [name for name in (*NEEDED, *DRIVER_COLUMNS) if name not in header]
            if missing:  # empty after a power cut, or from before driver mode was on; other parts may be complete
                refused = f"{part}: is not a faces.csv of driver mode (lacks {', '.join(missing[:3])})"
                if len(parts) > 1:
                    logger.warning("%s; skipped", refused)
                continue
            fitting = True
            for _, frame in itertools.groupby(rows, key=lambda row: (row["session"], row["frame"])):
                if (read := _frame(list(frame), log)) is not None:
                    yield read
        except OSError as error:
            raise ConfigError(f"{part}: cannot be read: {error.strerror}") from None
        finally:
            log.skipped += damage.lines
            damage.lines = 0
    if not fitting:
        raise ConfigError(f"{refused}; log one with --profile driver")


def _frame(rows: list[dict[str, str]], log: Log) -> LoggedFrame | None:
    """The rows of one frame as faces; None if they are invalid."""
    first = rows[0]
    try:
        t, wall = _number(first["video_time"]), datetime.fromisoformat(first["timestamp"]).timestamp()
        faces = tuple(_face(row) for row in rows if row["success"] == "1")
    except (ValueError, OverflowError):
        log.skipped += len(rows)
        return None
    log.rows += len(rows)
    return LoggedFrame(first["session"], t, wall, faces, first["picture"] != "0")


def _face(row: dict[str, str]) -> Face:
    """A face with the values from the table."""
    x, y, w, h = (_number(row[k]) for k in ("x", "y", "w", "h"))
    known = row[EMOTIONS[0]] != ""
    probs = np.array([_number(row[name]) if known else 0.0 for name in EMOTIONS], np.float32)
    pose = tuple(_number(row[k]) for k in ("yaw", "pitch", "roll")) if row["yaw"] else None
    keypoints = eyes = None
    covered = row.get("covered") or ""  # absent from older tables
    hidden = covered in ("lower", "both") and row.get("seen") == "1"  # the mouth is unknown, the pose is known
    if row["mouth"] or hidden:
        openness = np.array([0.0, 0.0, _number(row["mouth"] or "0")], np.float32)
        keypoints = Keypoints(
            1.0, np.zeros((17, 2), np.float32), (x, y, x + w, y + h), np.array(pose or (0, 0, 0), np.float32), openness
        )
    if row["eye_right"]:
        right, left = (
            EyeReading(_number(row[f"eye_{s}"]), _number(row[f"eye_{s}_quality"])) for s in ("right", "left")
        )
        eyes = (right, left)
    return Face(
        int(row["face_id"]), (x, y, x + w, y + h), row["emotion"] or UNKNOWN, _number(row["confidence"] or "0"), probs,
        None, _number(row["quality"]), row["seen"] == "1", known,
        None if pose is None else (pose[0], pose[1], pose[2]), keypoints, eyes, covered=covered,
    )  # fmt: skip


def _number(cell: str) -> float:
    """A cell's number.

    Raises:
        ValueError: It is not a finite number.
    """
    value = float(cell)
    if not math.isfinite(value):
        raise ValueError(f"{cell} is not finite")
    return value
