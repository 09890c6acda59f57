"""Reads expressions over time: chooses the faces to read in each frame and holds each face's shown expression."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.core.labels import UNKNOWN
from monitor.core.types import Box, Event, Face, Frame, Image, Keypoints, Reading
from monitor.expression.resting import Calibration
from monitor.expression.smoother import Smoother
from monitor.expression.steady import SteadyLabel
from monitor.settings.config import EmotionConfig

PASSING_S = 3.0
"""Faces that begin to overlap are not read for this many seconds, because most only pass each other; after that they
are read again."""
EARLY = 0.95
"""Share of the interval after which a reading is due: a 30 Hz camera with an interval of 100 ms reads every third
frame, although that frame may arrive a little early."""
LATEST = 1.5
"""A due reading may be postponed to the next frame if that frame arrives within this many intervals."""


class ExpressionNet(Protocol):
    """The part of ``EmotionNet`` that the reader uses."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the entries of a distribution."""

    def read(
        self, image: Image, box: Box, roll: float, *, mirrored: bool = False, visible: float = 1.0, least: float = 0.0
    ) -> Reading:
        """Reads the expression of one face; see ``EmotionNet.read``."""


class Tracked(Protocol):
    """The part of a track that the reader uses; see ``Track``."""

    @property
    def id(self) -> int:
        """The face's number."""

    @property
    def last(self) -> float:
        """When the face was last seen, in seconds."""

    @property
    def seen(self) -> bool:
        """Whether the last search for it succeeded."""

    @property
    def hidden(self) -> bool:
        """Whether another face overlaps it."""

    @property
    def keypoints(self) -> Keypoints | None:
        """The keypoints seen last."""

    @property
    def pose(self) -> NDArray[np.float64] | None:
        """Steadied yaw, pitch and roll in degrees."""

    @property
    def visible(self) -> float:
        """0..1, quality of the view; see ``quality.visibility``."""

    @property
    def still(self) -> bool:
        """Whether the face has not moved by itself for some seconds."""

    def predicted(self, t: float) -> Box:
        """Where the face is expected at ``t`` seconds."""


@dataclass(slots=True)
class _Expression:
    """The expression of one face over time.

    Attributes:
        smoother: Smooths the readings.
        steady: The shown label and distribution.
        read_at: Time in seconds when the face was last read, or a reading last postponed.
        postponed: Time when the due reading was first postponed, or None.
        touching: Time since which another face overlaps it, or None.
        quality: Quality of the last reading.
        refused: Whether the quality was too low at the last attempt.
        covered: The covered half of the face in the last reading.
        mirrored: Whether the next reading is of the mirrored crop.
        raw: The last distribution read.
        raw_t: Time of that reading in seconds.
    """

    smoother: Smoother
    steady: SteadyLabel
    read_at: float = -math.inf
    postponed: float | None = None
    touching: float | None = None
    quality: float = 0.0
    refused: bool = False
    covered: str = ""
    mirrored: bool = False
    raw: NDArray[np.float32] | None = None
    raw_t: float = -math.inf

    def is_passing(self, t: float, *, hidden: bool) -> bool:
        """Whether another face began to overlap this one less than ``PASSING_S`` ago."""
        if not hidden:
            self.touching = None
        elif self.touching is None:
            self.touching = t
        return self.touching is not None and 0 <= t - self.touching < PASSING_S


class ExpressionReader:
    """Reads faces in turn and holds the expression of each over time; used by one thread only.

    Attributes:
        slowdown: Factor on the interval between readings, at least 1; raised when the machine cannot keep up.
    """

    def __init__(self, net: ExpressionNet, config: EmotionConfig, ids: Iterator[int] | None = None) -> None:
        """Reads with ``net``.

        Args:
            net: The expression network.
            config: Settings.
            ids: The session's source of event ids; None = its own.
        """
        self._net, self._config, self._labels = net, config, net.labels
        self._uniform = np.full(len(net.labels), 1 / len(net.labels), dtype=np.float32)
        given = ids if ids is not None else itertools.count(1)
        self._calibration = Calibration(given) if config.baseline == "auto" else None
        self._expressions: dict[int, _Expression] = {}
        self._last_t = -math.inf
        self.slowdown = 1.0

    def update(self, tracks: Sequence[Tracked], frame: Frame, *, busy: bool) -> list[Event]:
        """Reads the faces that are due; returns the events of their calibration.

        Args:
            tracks: Confirmed faces in view.
            frame: The current frame.
            busy: Whether this frame has already been expensive; readings that can wait are postponed to the next frame.
        """
        for track in self._due(tracks, frame.t, busy=busy):
            self._read(track, frame)
        return self._calibration.take() if self._calibration is not None else []

    def face(self, track: Tracked, t: float) -> Face:
        """Describes one face at ``t`` seconds."""
        own = self._of(track.id)
        probs, label = own.steady.probs, own.steady.label
        # A reading becomes outdated once the face has been unreadable for a while.
        stale = label == UNKNOWN and own.refused and t - own.raw_t > self._config.hold_s
        known = probs is not None and not stale
        shown = probs if probs is not None and known else self._uniform
        return Face(
            id=track.id,
            box=track.predicted(t),
            label=label,
            confidence=float(shown.max()),
            probs=shown,
            raw=own.raw if own.raw_t == t else None,
            quality=own.quality,
            seen=track.seen,
            known=known,
            pose=None if track.pose is None else (float(track.pose[0]), float(track.pose[1]), float(track.pose[2])),
            keypoints=track.keypoints if track.last == t else None,
            labels=self._labels,
            covered=own.covered,
            still=track.still,
        )

    def keep(self, ids: Set[int]) -> list[Event]:
        """Drops the expressions of all faces except ``ids``; returns the end events of their calibrations."""
        for gone in self._expressions.keys() - ids:
            del self._expressions[gone]
        if self._calibration is None:
            return []
        self._calibration.keep(ids)
        return self._calibration.take()

    def __len__(self) -> int:
        return len(self._expressions)

    def _of(self, face: int) -> _Expression:
        own = self._expressions.get(face)
        if own is None:
            own = _Expression(Smoother(self._config.smooth_s), SteadyLabel(self._config, self._labels))
            self._expressions[face] = own
        return own

    def _due(self, tracks: Iterable[Tracked], t: float, *, busy: bool) -> list[Tracked]:
        """The faces to read now, at most ``emotion.max_per_frame``; those that have waited longest first."""
        passed, self._last_t = t - self._last_t, t
        every = self._config.every_ms * self.slowdown / 1000
        waiting = []
        for track in tracks:
            own = self._of(track.id)
            age = t - own.read_at
            due = age >= every * EARLY
            if due and busy and age + passed < LATEST * every:
                # The next interval still starts now; otherwise readings would become rarer.
                own.postponed = t
                continue
            passing = own.is_passing(t, hidden=track.hidden)
            if due and track.seen and not passing:
                waiting.append((own.read_at, track.id, track))
        waiting.sort(key=lambda entry: entry[:2])
        return [track for _, _, track in waiting[: self._config.max_per_frame]]

    def _read(self, track: Tracked, frame: Frame) -> None:
        """Reads one face and updates its expression."""
        own, t = self._of(track.id), frame.t
        own.read_at = t if own.postponed is None else own.postponed
        own.postponed = None
        reading = self._net.read(
            frame.image, track.predicted(t), float(track.pose[2]) if track.pose is not None else 0.0,
            mirrored=own.mirrored, visible=track.visible, least=self._config.min_quality,
        )  # fmt: skip
        own.quality, own.refused, own.covered = reading.quality, reading.probs is None, reading.covered
        if reading.probs is None:
            own.steady.update(None, t)
            return
        # The network errs differently on the mirrored crop; smoothing averages both errors.
        own.mirrored = not own.mirrored and self._config.mirror and self._config.smooth_s > 0
        own.raw, own.raw_t = reading.probs, t
        probs = reading.probs
        if self._calibration is not None:
            probs = self._calibration.corrected(track.id, probs, t, frame.wall)
        own.steady.update(own.smoother.update(probs, t, reading.quality), t)
