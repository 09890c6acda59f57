"""Loading a session for its report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.core.labels import EMOTIONS, UNKNOWN
from monitor.outputs.logs.camerafolders import camera_folders
from monitor.outputs.logs.columns import labels_in
from monitor.outputs.logs.reading import Session
from monitor.outputs.report.digest import Episode, Person, Rows, episodes, people


@dataclass(frozen=True, slots=True)
class Loaded:
    """The data shown by the report of one session.

    Attributes:
        name: The folder's name; for a camera of a run with several, the run's name and the camera's.
        source: The source's name.
        started: Start as ISO 8601, empty if unknown.
        model: Version of the expression model.
        duration_s: Length in seconds.
        frames: Frames processed.
        frames_with_face: Frames with at least one face.
        dropped: Camera frames that were overwritten before they were processed.
        people: All people seen, those longest in view first.
        episodes: Events joined from start to end.
        driver: The summary's figures of the drive, empty outside of driver mode.
        damaged: Lines that could not be read.
        labels: The model's labels, without "unknown".
    """

    name: str
    source: str
    started: str
    model: str
    duration_s: float
    frames: int
    frames_with_face: int
    dropped: int
    people: Sequence[Person]
    episodes: Sequence[Episode]
    driver: dict[str, Any]
    damaged: int
    labels: tuple[str, ...] = EMOTIONS

    def shares(self) -> dict[str, float]:
        """Share of each label in the total time of all people."""
        total = sum(person.in_view_s for person in self.people)
        return {
            name: sum(person.shares[name] * person.in_view_s for person in self.people) / total if total else 0.0
            for name in (*self.labels, UNKNOWN)
        }


def load(folder: Path) -> Loaded:
    """Reads a session folder.

    Raises:
        ConfigError: The folder is not a session.
    """
    session = Session.open(folder)
    rows, frames, with_face = _rows(session)
    summary, metadata = session.summary, session.metadata
    source = metadata.get("source", {})
    return Loaded(
        name=f"{folder.parent.name}/{folder.name}" if folder in camera_folders(folder.parent) else folder.name,
        source=str(source.get("file") or source.get("kind") or "") if isinstance(source, dict) else str(source),
        started=str(metadata.get("started", "")),
        model=str(metadata.get("model", {}).get("version", "unknown")),
        duration_s=float(summary.get("duration_s") or (rows.t[-1] if len(rows.t) else 0.0)),
        frames=int(summary.get("frames") or frames),
        frames_with_face=int(summary.get("frames_with_face") or with_face),
        dropped=int(summary.get("dropped") or 0),
        people=people(rows),
        episodes=episodes(session.events),
        driver=summary.get("driver", {}),
        damaged=sum(session.damaged.values()),
        labels=rows.labels,
    )


def _rows(session: Session) -> tuple[Rows, int, int]:
    """The rows with a face, the number of frames, and the number of frames with a face."""
    faces = session.faces
    frame, success = faces["frame"], faces["success"] == 1
    with_face = _changes(frame[success])
    labels = labels_in(list(faces.columns))
    probs = np.stack([faces[name][success] for name in labels], axis=1)
    rows = Rows(
        faces["video_time"][success], faces["face_id"][success].astype(np.int64), faces["emotion"][success], probs,
        faces["quality"][success], labels,
    )  # fmt: skip
    return rows, _changes(frame), with_face


def _changes(frame: NDArray[np.int64]) -> int:
    """Number of frames in a column of frame numbers; the rows of one frame are adjacent."""
    return int(np.count_nonzero(np.diff(frame)) + 1) if len(frame) else 0
