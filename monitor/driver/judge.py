"""From the faces of a frame to the judgement of one driver: alike at the wheel and when a log is judged again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from monitor.core.driver_state import DriverState
from monitor.core.types import Event, Face
from monitor.driver.evidence import Evidence, evidence_of
from monitor.driver.seat import Seat
from monitor.driver.state import DriverMonitor
from monitor.settings.config import Config

SETTLED = 2.0
"""In ``driver.calibrate_s``: in view for so long the driver is the driver, learnt or not."""


class Judge:
    """Chooses the driver among the faces in view and judges; one for each session.

    Args:
        config: All settings.
        ids: Source of event ids.
    """

    def __init__(self, config: Config, ids: Iterator[int]) -> None:
        self._config = config
        self._seat = Seat(config.driver.memory_s)
        self._monitor = DriverMonitor(config.driver, ids)

    def choose(self, faces: Sequence[Face], t: float) -> Face | None:
        """The driver's face, or None; what was learnt of a driver whose seat is taken is forgotten.

        Args:
            faces: Those in view.
            t: Frame time in seconds.
        """
        # Behind sunglasses no usual is ever learnt: who sat there for so long is the driver all the same.
        known = self._monitor.calibrated or self._seat.seated_s > SETTLED * self._config.driver.calibrate_s
        face = self._seat.choose(faces, t, known)
        if self._seat.taken:
            self._monitor.forget()
        return face

    def evidence(self, face: Face | None, t: float, wall: float, picture: bool) -> Evidence | None:
        """What a frame tells of the driver; None where the driver's face is in view and was not looked at in it.

        Args:
            face: What ``choose`` answered, with its eyes read.
            t: Frame time in seconds.
            wall: The same in seconds since the epoch, for events only.
            picture: Whether the picture could show a face at all; one that shows the driver's does.
        """
        if face is not None and face.seen and face.keypoints is None:
            return None
        least_eyes, least_face = self._config.driver.min_quality, self._config.emotion.min_quality
        return evidence_of(face, t, wall, picture or face is not None, least_eyes, least_face)

    def judge(self, evidence: Evidence) -> tuple[DriverState, list[Event]]:
        """The driver's state; what began, went on or ended."""
        return self._monitor.update(evidence)

    def blind(self, t: float, wall: float) -> tuple[DriverState, list[Event]]:
        """There are no pictures: whatever was the case, nothing can be said of now."""
        return self._monitor.update(Evidence(t, wall, picture=False, frame=False))

    def finish(self) -> list[Event]:
        """Ends what is still going on."""
        return self._monitor.finish()
