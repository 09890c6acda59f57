"""Sleeping passengers: a separate event if switched on, never one of the driver."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from monitor.core.lifecycle import Lifecycle, Observation
from monitor.core.types import Event, Face
from monitor.driver.closure import Closure
from monitor.driver.evidence import evidence_of
from monitor.driver.place import size_of
from monitor.settings.config import Config

KIND = "passenger"
"""Kind of the events."""
RELEASE_S, GONE_S = 1.0, 2.0
"""Seconds with open eyes after which the event ends, and without the face after which it is forgotten."""


class _Passenger:
    """One face beside the driver's."""

    def __init__(self, config: Config, ids: Iterator[int]) -> None:
        self.lids = Closure(config.driver)
        self.life = Lifecycle(KIND, ids, config.driver.update_s, RELEASE_S)
        self.seen = 0.0


class Passengers:
    """Follows the eyes of the largest face beside the driver's.

    An event of level 1 starts when they have been shut for ``driver.sleep_s``; its data contain ``who: passenger``.

    Args:
        config: All settings.
        ids: Source of event ids, shared by the session.
    """

    def __init__(self, config: Config, ids: Iterator[int]) -> None:
        self._config, self._ids = config, ids
        self._known: dict[int, _Passenger] = {}

    def update(
        self, faces: Sequence[Face], driver: Face | None, read: Callable[[Face], Face], t: float, wall: float
    ) -> list[Event]:
        """Takes a frame.

        Args:
            faces: Faces in view.
            driver: The driver's among them; without a driver no face counts as a passenger's.
            read: Reads the eyes of a face that has keypoints.
            t: Frame time in seconds.
            wall: The same in seconds since the epoch.
        """
        events = self._forget(t)
        beside = [f for f in faces if driver is not None and f.id != driver.id and f.keypoints is not None]
        if not beside:
            return events
        face = read(max(beside, key=size_of))
        config = self._config
        evidence = evidence_of(
            face, t, wall, picture=True, min_eyes=config.driver.min_quality, min_face=config.emotion.min_quality
        )
        one = self._known.setdefault(face.id, _Passenger(config, self._ids))
        one.seen = t
        eyes = one.lids.update(t, evidence.eyes)
        shut = eyes.closed_s >= config.driver.sleep_s
        data = {"who": "passenger", "what": "eyes shut"}
        return events + one.life.update(
            Observation(int(shut), t - eyes.closed_s, eyes.closed is True, data), t, wall, face.id
        )

    def finish(self) -> list[Event]:
        """Ends the open events."""
        return [event for one in self._known.values() for event in one.life.finish()]

    def _forget(self, t: float) -> list[Event]:
        """Ends the events of faces that are out of view."""
        gone = [number for number, one in self._known.items() if not 0 <= t - one.seen <= GONE_S]
        return [event for number in gone for event in self._known.pop(number).life.finish()]
