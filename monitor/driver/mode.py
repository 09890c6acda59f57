"""Driver mode: from the faces of a frame to the state of one driver."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

from monitor.core.driver_state import DriverState
from monitor.core.types import Event, EyeReading, Face, Frame, Image, Keypoints
from monitor.driver.judge import Judge
from monitor.faces.quality import usable
from monitor.settings.config import Config


class EyeReader(Protocol):
    """The part of ``EyeNet`` that driver mode needs."""

    def read(self, image: Image, keypoints: Keypoints) -> tuple[EyeReading, EyeReading]:
        """The person's right and left eye."""


class Driver:
    """Chooses the driver among the faces, reads the eyes and judges; owned by the pipeline's thread.

    Args:
        config: All settings.
        eyes: Reads eyes.
        ids: Source of event ids, shared by the session.
    """

    def __init__(self, config: Config, eyes: EyeReader, ids: Iterator[int]) -> None:
        self._eyes = eyes
        self._judge = Judge(config, ids)
        self._state: DriverState | None = None

    def step(self, frame: Frame, faces: tuple[Face, ...]) -> tuple[tuple[Face, ...], DriverState | None, list[Event]]:
        """Takes a frame and its faces.

        Returns:
            The faces, the driver's with its eyes read; the driver's state; what began, went on or ended.
        """
        face = self._judge.choose(faces, frame.t)
        if face is not None and face.keypoints is not None:
            read = replace(face, eyes=self._eyes.read(frame.image, face.keypoints))
            faces, face = tuple(read if f is face else f for f in faces), read
        picture = face is not None or usable(frame.image)
        evidence = self._judge.evidence(face, frame.t, frame.wall, picture)
        if evidence is None:  # nothing new is known
            return faces, self._state, []
        self._state, events = self._judge.judge(evidence)
        return faces, self._state, events

    def blind(self, t: float, wall: float) -> tuple[DriverState, list[Event]]:
        """The camera gives no pictures: whatever was the case, nothing can be said of now."""
        self._state, events = self._judge.blind(t, wall)
        return self._state, events

    def finish(self) -> list[Event]:
        """Ends what is still going on."""
        return self._judge.finish()
