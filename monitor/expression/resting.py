"""A face's personal baseline: a resting face is not an expression.

Some faces read sad or angry while their owner rests. The first calm seconds of a face tell how it reads at rest; where
sad or angry leads there, both are corrected by as much as it takes for neutral to lead.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Set
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from monitor.core.labels import EMOTIONS
from monitor.core.lifecycle import Occurrence
from monitor.core.types import Event

CALM_S = 30.0
"""Calm seconds that a face is watched for."""
STEP_S = 0.5
"""Longest time that one reading counts for: what happens in a gap is not known."""
RESTING = ("sad", "angry")
"""Expressions that a resting face is mistaken for."""
NEUTRAL = EMOTIONS.index("neutral")
CORRECTED = tuple(EMOTIONS.index(label) for label in RESTING)
CALM = 0.6
"""Least probability of neutral, sad and angry together in a calm reading."""
LEAD = 0.7
"""Nats by which neutral is to lead at rest: twice as likely as sad or angry."""
MOST = 2.5
"""Largest correction in nats, a factor of 12: a face that reads sadder than that at rest may well look sad."""


@dataclass(slots=True)
class Resting:
    """The baseline of one face.

    Attributes:
        shift: (7,) nats taken off the logarithms of the probabilities; 0 until the face is known, and where it reads
            neutral at rest.
        known: Whether the face has been watched for long enough.
    """

    shift: NDArray[np.float64] = field(default_factory=lambda: np.zeros(len(EMOTIONS)))
    known: bool = False
    _sum: NDArray[np.float64] = field(default_factory=lambda: np.zeros(len(EMOTIONS)))
    _watched: float = 0.0
    _last: float = -math.inf

    @property
    def progress(self) -> float:
        """Share of the calm seconds seen so far, 0 to 1."""
        return 1.0 if self.known else min(1.0, self._watched / CALM_S)

    def learn(self, probs: NDArray[np.float32], t: float) -> None:
        """Takes a reading (7,) at ``t`` seconds; once the face is known, it stays as it is."""
        passed, self._last = t - self._last, t
        if self.known or passed < 0 or probs[NEUTRAL] + probs[list(CORRECTED)].sum() < CALM:
            return
        seconds = min(passed, STEP_S)
        self._sum += seconds * np.log(np.maximum(probs.astype(np.float64), 1e-6))
        self._watched += seconds
        if self._watched >= CALM_S - 1e-6:
            self.known = True
            usual = self._sum / self._watched
            for label in CORRECTED:
                self.shift[label] = min(MOST, max(0.0, usual[label] - usual[NEUTRAL] + LEAD))

    def corrected(self, probs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities (7,) with the correction; the same array where there is none."""
        if not self.shift.any():
            return probs
        weighed = probs * np.exp(-self.shift)
        return np.asarray(weighed / weighed.sum(), np.float32)


@dataclass(slots=True)
class Calibration:
    """Baselines of the faces in view, and their events of kind ``calibrating``.

    Attributes:
        ids: Source of event ids, shared by the session.
    """

    ids: Iterator[int]
    _faces: dict[int, Resting] = field(default_factory=dict)
    _open: dict[int, Occurrence] = field(default_factory=dict)
    _events: list[Event] = field(default_factory=list)

    def corrected(self, face: int, probs: NDArray[np.float32], t: float, wall: float) -> NDArray[np.float32]:
        """Learns from a reading of a face and returns it corrected."""
        own = self._faces.get(face)
        if own is None:
            own = self._faces[face] = Resting()
            event = self._open[face] = Occurrence("calibrating", next(self.ids), t, t, wall, face)
            self._events.append(event.started())
        own.learn(probs, t)
        event_open = self._open.get(face)
        if event_open is not None:
            event_open.t, event_open.wall = t, wall
            if own.known:
                self._end(face)
        return own.corrected(probs)

    def keep(self, faces: Set[int]) -> None:
        """Forgets all faces but these; a calibration that was not complete ends."""
        for gone in sorted(self._faces.keys() - faces):
            if gone in self._open:
                self._end(gone)
            del self._faces[gone]

    def take(self) -> list[Event]:
        """The events since the last call."""
        events, self._events = self._events, []
        return events

    def _end(self, face: int) -> None:
        own = self._faces[face]
        shift = {label: round(float(own.shift[EMOTIONS.index(label)]), 3) for label in RESTING}
        corrected = {label: value for label, value in shift.items() if value > 0}
        self._events.append(self._open.pop(face).ended(calibrated=round(own.progress, 3), corrected=corrected))
