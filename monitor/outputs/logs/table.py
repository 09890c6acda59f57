"""``faces.csv``: one row per face per processed frame, readable while it grows."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import numpy as np

from monitor.core.driver_state import DriverState
from monitor.core.labels import EMOTIONS
from monitor.core.types import Event, Face, Result
from monitor.networks.keypoints import POINTS
from monitor.outputs.logs.linelog import LineLog

COLUMNS = (
    "session", "frame", "timestamp", "video_time", "face_id", "success", "x", "y", "w", "h", "quality",
    "emotion", "confidence", *EMOTIONS, "raw_emotion", "latency_ms", "yaw", "pitch", "roll",
)  # fmt: skip
POINT_COLUMNS = tuple(f"{name}_{axis}" for name in POINTS for axis in "xy")
"""Added with ``output.keypoints``."""
DRIVER_COLUMNS = (
    "seen", "eye_right", "eye_left", "eye_right_quality", "eye_left_quality", "mouth", "picture", "driver",
    "eyes", "blinks_per_min", "perclos", "fatigue", "level", "attention",
)  # fmt: skip
"""Added in driver mode: what was seen of each face, then, in the driver's row (or that of an empty frame), the
driver's state."""
FILE_COLUMN = "file"
"""Added for a folder of images: which of them the row is of."""
CLOCK_COLUMNS = ("session", "timestamp", "latency_ms")
"""Columns that differ between two runs of the same file; all others are the same byte for byte."""


class TableSink:
    """Writes the table; the schema only ever grows at its end.

    An existing table is continued. A disk that takes no more is no error here: rows wait in memory
    (``LineLog``), and whoever watches the disk sets ``thin``.

    Args:
        path: The file.
        session: Text of the first column.
        rows: "every" frame, "10hz", "5hz", "1hz" or "change" (faces or labels differ from the last row's).
        flush_s: Rows reach the file at least this often.
        keypoints: Also write each face's 17 keypoints.
        driver: Also write ``DRIVER_COLUMNS``.
        files: Also write ``FILE_COLUMN``.
        clock: Monotonic seconds.

    Attributes:
        lines: The file.
        thin: While it is set only the first frame of each second is written, whatever ``rows`` says.
    """

    def __init__(
        self,
        path: Path,
        session: str,
        rows: str,
        flush_s: float,
        keypoints: bool = False,
        driver: bool = False,
        files: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session, self._rows, self._flush_s, self._clock = session, rows, flush_s, clock
        self._keypoints, self._driver, self._files = keypoints, driver, files
        self._columns = COLUMNS + (POINT_COLUMNS if keypoints else ()) + (DRIVER_COLUMNS if driver else ())
        self.lines = LineLog(path, ",".join(self._columns + ((FILE_COLUMN,) if files else ())) + "\n")
        self.thin = False
        self._start: float | None = None
        self._flushed = clock()
        self._last_slot = -1
        self._last_shown: tuple[tuple[int, str], ...] | None = None

    def handle(self, result: Result) -> None:
        """Writes the rows of one frame, where they are due."""
        if self._start is None:
            self._start = result.frame.t
        video_time = result.frame.t - self._start
        if self._is_due(result, video_time):
            self.lines.write("".join(self._lines(result, video_time)))
        self.flush()

    def tell(self, events: Sequence[Event]) -> None:
        """The table has faces only."""

    def flush(self) -> None:
        """Writes what is buffered, once ``flush_s`` has passed since the last time."""
        now = self._clock()
        if now - self._flushed >= self._flush_s:
            self._flushed = now
            self.lines.flush()

    def close(self, last_events: Sequence[Event]) -> None:
        """Writes what is buffered and closes the file.

        Raises:
            OSError: Rows were left that the disk does not take.
        """
        self.lines.finish()

    def _is_due(self, result: Result, video_time: float) -> bool:
        if self.thin or self._rows.endswith("hz"):
            slot = math.floor(video_time * (1 if self.thin else int(self._rows[:-2])) + 1e-6)
            due = slot != self._last_slot
            self._last_slot = slot
            return due
        if self._rows == "change":
            shown = tuple((face.id, face.label) for face in result.faces)
            due = shown != self._last_shown
            self._last_shown = shown
            return due
        return True

    def _lines(self, result: Result, video_time: float) -> list[str]:
        frame = result.frame
        stamp = iso_time(frame.wall)
        head = f"{self._session},{frame.index},{stamp},{video_time:.3f}"
        tail = f"{result.latency_ms:.1f}"
        file = f",{_quoted(frame.file)}" if self._files else ""
        if not result.faces:
            after = [""] * (len(self._columns) - COLUMNS.index("latency_ms") - 1)
            if self._driver:
                after[-len(DRIVER_COLUMNS) :] = _driver_cells(None, result.driver)
            return [f"{head},,0{',' * (COLUMNS.index('latency_ms') - 6)},{tail},{','.join(after)}{file}\n"]
        state, first = result.driver, result.faces[0].id
        seated = state is not None and any(face.id == state.face for face in result.faces)
        driver = state.face if state is not None and seated else first
        return [
            f"{head},{_face_cells(face)},{tail},{self._pose_cells(face, state, face.id == driver)}{file}\n"
            for face in result.faces
        ]

    def _pose_cells(self, face: Face, state: DriverState | None, carries: bool) -> str:
        cells = [f"{v:.1f}" for v in face.pose] if face.pose is not None else [""] * 3
        if self._keypoints:
            cells += (
                [f"{v:.1f}" for v in face.keypoints.points.ravel()] if face.keypoints else [""] * len(POINT_COLUMNS)
            )
        if self._driver:
            cells += _driver_cells(face, state, carries)
        return ",".join(cells)


def _driver_cells(face: Face | None, state: DriverState | None, carries: bool = True) -> list[str]:
    """Cells of ``DRIVER_COLUMNS``; the state goes with the driver's face, else with a frame's first row."""
    eyes = face.eyes if face is not None else None
    keypoints = face.keypoints if face is not None else None
    cells = ["" if face is None else str(int(face.seen))]
    cells += [f"{eye.open:.3f}" for eye in eyes] if eyes else [""] * 2
    cells += [f"{eye.quality:.3f}" for eye in eyes] if eyes else [""] * 2
    cells += [f"{keypoints.openness[2]:.3f}" if keypoints is not None else ""]
    cells += ["" if state is None else str(int(state.picture))]
    if state is None or not carries:
        return [*cells, "0" if face is not None else "", *([""] * 6)]
    return [
        *cells, "" if face is None else str(int(face.id == state.face)),
        _cell(state.eyes, 3), _cell(state.blinks_per_min, 1), _cell(state.perclos, 3),
        f"{state.fatigue:.1f}", state.level, state.attention,
    ]  # fmt: skip


def _quoted(text: str) -> str:
    """Text of others as one cell (RFC 4180)."""
    if not any(c in text for c in ',"\r\n'):
        return text
    return '"' + " ".join(text.splitlines()).replace('"', '""') + '"'


def _cell(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _face_cells(face: Face) -> str:
    x1, y1, x2, y2 = face.box
    probs = ",".join(f"{p:.4f}" for p in face.probs.tolist()) if face.known else "," * (len(EMOTIONS) - 1)
    raw = EMOTIONS[int(np.argmax(face.raw))] if face.raw is not None else ""
    confidence = f"{face.confidence:.4f}" if face.known else ""
    return (
        f"{face.id},1,{x1:.1f},{y1:.1f},{x2 - x1:.1f},{y2 - y1:.1f},{face.quality:.3f},"
        f"{face.label},{confidence},{probs},{raw}"
    )


def iso_time(wall: float) -> str:
    """Local ISO-8601 time with milliseconds and offset."""
    second, micros = divmod(round(wall * 1e6), 1_000_000)
    until_seconds, offset = _iso_second(second)
    return f"{until_seconds}.{micros // 1000:03d}{offset}"


@lru_cache(maxsize=2)  # asking for the time zone costs more than the rest of a row
def _iso_second(second: int) -> tuple[str, str]:
    """What comes before and after the decimals of that second."""
    text = datetime.fromtimestamp(second).astimezone().isoformat(timespec="seconds")
    return text[:19], text[19:]
