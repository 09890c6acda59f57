"""Judges one driver from the faces of each frame, live or from a log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from monitor.core.driver_state import DriverState
from monitor.core.types import Event, EyeReading, Face, Frame, Image, Keypoints
from monitor.driver.evidence import Evidence, evidence_of
from monitor.driver.passengers import Passengers
from monitor.driver.seat import Seat
from monitor.driver.state import DriverMonitor
from monitor.settings.config import Config

SETTLED = 2.0
"""A driver in view for this many times ``driver.calibrate_s`` keeps the seat even if calibration has not ended."""


class EyeReader(Protocol):
    """The part of ``EyeNet`` that driver mode needs."""

    def read(self, image: Image, keypoints: Keypoints) -> tuple[EyeReading, EyeReading]:
        """Reads the person's right and left eye."""


class Driver:
    """Chooses the driver among the faces in view and judges; one for each session, owned by one thread.

    Args:
        config: All settings.
        eyes: Reads eyes; None = the eyes come with the faces, as from a log.
        ids: Source of event ids, shared by the session.
        usable: Decides whether a picture is good enough to show a face: not dark or covered.
    """

    def __init__(
        self,
        config: Config,
        eyes: EyeReader | None,
        ids: Iterator[int],
        usable: Callable[[Image], bool] = lambda image: True,
    ) -> None:
        self._config = config
        self._eyes, self._usable = eyes, usable
        self._seat = Seat(config.driver.memory_s, config.driver.seat)
        self._monitor = DriverMonitor(config.driver, ids)
        self._passengers = Passengers(config, ids) if config.driver.passengers and eyes is not None else None
        self._state: DriverState | None = None
        self._changed = False

    def step(self, frame: Frame, faces: tuple[Face, ...]) -> tuple[tuple[Face, ...], DriverState | None, list[Event]]:
        """Judges one frame.

        Returns:
            The faces, the driver's with its eyes read; the driver's state; the events of this frame.
        """
        face = self.choose(faces, frame.t, frame.size)
        beside = self._beside(frame, faces, face)
        if face is not None and face.keypoints is not None:
            read = self._read(frame, face)
            faces, face = tuple(read if f is face else f for f in faces), read
        picture = face is not None or self._usable(frame.image)
        evidence = self.evidence(face, frame.t, frame.wall, picture=picture)
        if evidence is None:
            return faces, self._state, beside
        self._state, events = self.judge(evidence)
        return faces, self._state, events + beside

    @property
    def seat(self) -> tuple[float, float] | None:
        """Middle of the driver's face as shares of the picture's size; None before the calibration has ended."""
        return self._seat.share if self._monitor.calibrated else None

    def _read(self, frame: Frame, face: Face) -> Face:
        """The face with its eyes read."""
        if self._eyes is None or face.keypoints is None:
            return face
        return replace(face, eyes=self._eyes.read(frame.image, face.keypoints))

    def _beside(self, frame: Frame, faces: tuple[Face, ...], face: Face | None) -> list[Event]:
        """Events of the passengers, if they are switched on."""
        if self._passengers is None:
            return []
        return self._passengers.update(faces, face, lambda other: self._read(frame, other), frame.t, frame.wall)

    def choose(self, faces: Sequence[Face], t: float, size: tuple[int, int] | None = None) -> Face | None:
        """The driver's face, or None. After a change of the driver, the next evidence has ``Evidence.changed``.

        Args:
            faces: Faces in view.
            t: Frame time in seconds.
            size: Width and height of the picture; None = unknown.
        """
        # With sunglasses calibration never ends; after some time the driver keeps the seat without it.
        known = self._monitor.calibrated or self._seat.seated_s > SETTLED * self._config.driver.calibrate_s
        face = self._seat.choose(faces, t, settled=known, size=size)
        self._changed = self._changed or self._seat.taken
        return face

    def evidence(self, face: Face | None, t: float, wall: float, *, picture: bool) -> Evidence | None:
        """A frame's evidence; None if the driver's face is in view but its keypoints were not read.

        Args:
            face: The answer of ``choose``, with its eyes read.
            t: Frame time in seconds.
            wall: The same in seconds since the epoch, for events only.
            picture: Whether the picture is good enough to show a face; true if it has the driver's face.
        """
        if face is not None and face.seen and face.keypoints is None:
            return None
        seen = evidence_of(
            face, t, wall, picture=picture or face is not None,
            min_eyes=self._config.driver.min_quality, min_face=self._config.emotion.min_quality,
        )  # fmt: skip
        changed, self._changed = self._changed, False
        return replace(seen, changed=True) if changed else seen

    def judge(self, evidence: Evidence) -> tuple[DriverState, list[Event]]:
        """Judges a moment's evidence; returns the driver's state and the events."""
        return self._monitor.update(evidence)

    def blind(self, t: float, wall: float) -> tuple[DriverState, list[Event]]:
        """Judges a moment without a frame: everything is unknown."""
        self._state, events = self._monitor.update(Evidence(t, wall, picture=False, frame=False))
        return self._state, events

    def finish(self) -> list[Event]:
        """Ends the open events."""
        return self._monitor.finish() + (self._passengers.finish() if self._passengers is not None else [])
