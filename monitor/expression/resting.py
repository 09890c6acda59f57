"""The personal baseline of a face, which corrects faces that read sad or angry at rest.

Some faces read sad or angry while the person is at rest. The first calm seconds of a face show how it reads at rest.
From then on sad and angry are each reduced as far as needed to put neutral ahead of them at rest.
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
"""Calm seconds from which the baseline of a face is learnt."""
STEP_S = 0.5
"""Longest time in seconds credited to one reading; the rest of a longer gap is ignored."""
RESTING = ("sad", "angry")
"""Expressions that the network often reads from a resting face."""
NEUTRAL = EMOTIONS.index("neutral")
CORRECTED = tuple(EMOTIONS.index(label) for label in RESTING)
CALM = 0.6
"""Lowest sum of the probabilities of neutral, sad and angry in a calm reading."""
LEAD = 0.7
"""Lead of neutral at rest in nats after the correction: twice as likely as sad or angry."""
MOST = 2.5
"""Largest correction in nats, a factor of 12; a face that needs more may really show a sad expression."""


@dataclass(slots=True)
class Resting:
    """The baseline of one face.

    Attributes:
        shift: (7,) nats subtracted from the logarithms of the probabilities; 0 until the face is known, and for a face
            that reads neutral at rest.
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
        """Learns from a reading (7,) at ``t`` seconds; the baseline stays unchanged once it is known."""
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
        """Corrected probabilities (7,); the same array when there is no correction."""
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
        """Learns from a reading of a face and returns the corrected reading."""
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
        """Forgets all faces except these and ends their incomplete calibrations."""
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
