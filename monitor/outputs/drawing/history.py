"""Each face's probabilities over the last minute, for the timeline ribbon."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.core.labels import EMOTIONS
from monitor.core.types import Event, Result

STEP_S = 0.25
"""Seconds of readings that become one column of the ribbon."""


class _Track:
    """One face's columns in a ring buffer: a column's number is its time divided by ``STEP_S``."""

    __slots__ = ("count", "number", "total")

    def __init__(self, columns: int, labels: int) -> None:
        self.total = np.zeros((columns, labels), np.float32)
        self.count = np.zeros(columns, np.int32)
        self.number = np.full(columns, -1, np.int64)


class History:
    """Collects readings as a sink; may be read from other threads.

    Args:
        span_s: Seconds that are kept.

    Attributes:
        columns: Number of columns.
        labels: Labels of the faces seen last.
    """

    def __init__(self, span_s: float = 60.0) -> None:
        self.columns = max(4, round(span_s / STEP_S))
        self.labels: tuple[str, ...] = EMOTIONS
        self._tracks: dict[int, _Track] = {}
        self._last_t = -np.inf
        self._lock = threading.Lock()

    def handle(self, result: Result) -> None:
        """Takes one result; a clock that goes back starts a new history."""
        t = result.frame.t
        with self._lock:
            if t < self._last_t:
                self._tracks.clear()
            self._last_t = t
            number = int(t // STEP_S)
            for face in result.faces:
                self.labels = face.labels
                track = self._tracks.get(face.id)
                if track is None:
                    track = self._tracks[face.id] = _Track(self.columns, len(face.labels))
                place = number % self.columns
                if track.number[place] != number:
                    track.number[place], track.count[place], track.total[place] = number, 0, 0
                track.count[place] += 1
                if face.known and not face.is_unknown:
                    track.total[place] += face.probs
            for face_id in [i for i, track in self._tracks.items() if track.number.max() < number - self.columns]:
                del self._tracks[face_id]

    def of(self, face_id: int, t: float) -> NDArray[np.float32]:
        """The columns before the time ``t``.

        Args:
            face_id: The face.
            t: Frame time in seconds; the column of ``t`` itself is incomplete and left out.

        Returns:
            (columns, K) float32, the newest last: mean distribution over ``labels`` times the share of the
            column in which the label was known; zeros where the face was not in view.
        """
        numbers = int(t // STEP_S) + np.arange(-self.columns, 0)
        with self._lock:
            track = self._tracks.get(face_id)
            if track is None:
                return np.zeros((self.columns, len(self.labels)), np.float32)
            places = numbers % self.columns
            known = (track.number[places] == numbers) & (track.count[places] > 0)
            means = track.total[places] / np.maximum(track.count[places], 1)[:, None]
        return np.where(known[:, None], means, 0).astype(np.float32)

    def __len__(self) -> int:
        return len(self._tracks)

    def tell(self, events: Sequence[Event]) -> None:
        """Does nothing: only results are stored."""

    def flush(self) -> None:
        """Does nothing: there is no buffer."""

    def close(self, last_events: Sequence[Event]) -> None:
        """Does nothing: nothing is open."""
