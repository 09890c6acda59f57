"""One synchronous step, which turns a frame into a result. It uses no camera, display, file or clock."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from monitor.core.driver_state import DriverState
from monitor.core.types import Event, Frame, Image, Result
from monitor.expression.episodes import Episodes
from monitor.expression.held import HeldExpressions
from monitor.expression.reader import ExpressionNet, ExpressionReader
from monitor.faces.detector import Detector
from monitor.faces.finder import Finder
from monitor.faces.follower import Follower, Reader
from monitor.faces.places import Proposer
from monitor.faces.quality import usable
from monitor.faces.tracker import Tracker
from monitor.settings.config import Config

if TYPE_CHECKING:
    from monitor.driver.judge import Driver, EyeReader


class Parts(Protocol):
    """The networks that a pipeline runs; see ``networks.load.Networks``."""

    @property
    def detector(self) -> Detector:
        """Detects faces in a whole frame."""

    @property
    def emotion(self) -> ExpressionNet:
        """Reads expressions."""

    @property
    def keypoints(self) -> Reader | None:
        """Follows known faces; None = the detector searches for them again."""

    @property
    def proposals(self) -> Proposer | None:
        """Proposes regions that may show new faces; None = the detector searches the whole frame."""

    @property
    def eyes(self) -> EyeReader | None:
        """Reads the driver's eyes; None outside driver mode."""


class Pipeline:
    """All state between frames; used by one thread only.

    Args:
        config: Settings.
        networks: Detector and networks.
        clock: Gives seconds for ``Result.timings_ms`` and ``Result.latency_ms`` only; no reading depends on it.
    """

    def __init__(self, config: Config, networks: Parts, clock: Callable[[], float] = time.monotonic) -> None:
        net, within_s = networks.keypoints, config.track.lost_s / 2
        follower = Follower(net, config.follow, within_s) if net is not None else None
        self._finder = Finder(networks.detector, config.detect, follower, networks.proposals)
        self._tracker = Tracker(config.track, config.follow.start)
        ids = itertools.count(1)
        self._reader = ExpressionReader(networks.emotion, config.emotion, ids)
        eyes = networks.eyes if config.driver.enabled else None
        self._episodes = Episodes(config.output.episode_update_s, ids)
        self._held = HeldExpressions(config.alerts, ids)
        self._driver: Driver | None = None
        if eyes is not None:
            from monitor.driver.judge import Driver  # late: a start without driver mode does not need it

            self._driver = Driver(config, eyes, ids, usable)
        self._proposes = networks.proposals is not None
        self._ignores_still = config.detect.ignore_still
        self._clock = clock

    def step(self, frame: Frame, dropped: int = 0, latency_from: float | None = None) -> Result:
        """Analyses one frame: find, follow, track, read, judge.

        Args:
            frame: The picture; after a step back in time nothing is read until the frames have caught up.
            dropped: Frames overwritten in the live mailbox so far, passed on to the result.
            latency_from: Time of the grab on this pipeline's clock; None = now.
        """
        t = frame.t
        times = [self._clock()]
        self._tracker.forget(t)
        search = self._finder.search(frame.image, self._tracker.expected(t), t)
        times.append(self._clock())
        tracks = self._tracker.update(search, t, frame.image)
        if self._ignores_still:
            tracks = [track for track in tracks if not track.still]
        times.append(self._clock())
        events = self._reader.update(tracks, frame, busy=search.full and self._proposes)
        times.append(self._clock())
        known = self._tracker.known_ids()
        faces = tuple(self._reader.face(track, t) for track in tracks)
        events += self._reader.keep(known)
        events += self._episodes.update(faces, known, t, frame.wall)
        events += self._held.update(faces, t, frame.wall)
        times.append(self._clock())
        state: DriverState | None = None
        if self._driver is not None:
            faces, state, more = self._driver.step(frame, faces)
            events += more
        times.append(self._clock())
        stages = ("find", "track", "read", "judge", "driver")[: 5 if self._driver is not None else 4]
        timings = {stage: (times[n + 1] - times[n]) * 1e3 for n, stage in enumerate(stages)}
        latency = times[-1] - (times[0] if latency_from is None else latency_from)
        return Result(frame, faces, tuple(events), timings, dropped, latency * 1e3, state)

    def turned_faces(self, image: Image) -> dict[int, int]:
        """Number of faces found in a picture (H, W, 3) BGR turned counter-clockwise by 1, 2 and 3 quarters."""
        return self._finder.turned_faces(image)

    def blind(self, t: float, wall: float) -> tuple[DriverState | None, list[Event]]:
        """Updates the state while a live source delivers no pictures.

        Returns:
            The driver's state, None outside driver mode, and the resulting events.
        """
        events = self._held.update((), t, wall)
        state, more = self._driver.blind(t, wall) if self._driver is not None else (None, [])
        return state, events + more

    @property
    def seat(self) -> tuple[float, float] | None:
        """The driver's place as shares of the picture's width and height; None if unknown or outside driver mode."""
        return self._driver.seat if self._driver is not None else None

    def finish(self) -> list[Event]:
        """Ends all open events; call once after the last frame."""
        events = self._reader.keep(set()) + self._episodes.finish() + self._held.finish()
        return events + (self._driver.finish() if self._driver else [])

    def set_effort(self, search: float, read: float, width: float) -> None:
        """Reduces the work per second when the machine cannot keep up.

        Args:
            search: Factor on the intervals between searches, at least 1.
            read: Factor on the interval between readings, at least 1.
            width: Factor on the width at which faces are searched, at most 1.
        """
        self._finder.slowdown = max(1.0, search)
        self._finder.width = min(1.0, width)
        self._reader.slowdown = max(1.0, read)
