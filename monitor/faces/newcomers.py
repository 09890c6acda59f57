"""Searching for new faces: by the proposal network, or by a cascade a slice at a time."""

from __future__ import annotations

import math
from typing import Protocol

from monitor.core.types import Box, Detections
from monitor.faces.detector import suppress
from monitor.faces.framesearch import FrameSearch
from monitor.faces.motion import MotionGate
from monitor.faces.pace import Pace
from monitor.faces.places import APART_S, LATELY_S, OFTEN, Places, as_boxes
from monitor.faces.scene import Scene
from monitor.faces.slices import SlicedSearch
from monitor.settings.config import DetectConfig

REST_S, EMPTY_REST_S = 2.0, 0.5
"""A still picture is searched completely at this interval, with and without a face in view: a face that was turned away
or in shade may become detectable without much change in the picture."""


class NewcomerSearch(Protocol):
    """Searches frames for faces that are not known yet."""

    def boxes(self, scene: Scene) -> tuple[list[Box], bool]:
        """Returns the boxes to examine in this frame, and whether a part of a whole-frame search was done."""

    def forget(self) -> None:
        """Restarts with a picture unrelated to the last one."""


class _Scope:
    """Decides which part of the frame to search: normally only the changed part, and the whole frame at long
    intervals."""

    def __init__(self, config: DetectConfig, pace: Pace) -> None:
        self._config, self._pace = config, pace
        self._motion = MotionGate()
        self._complete_t = -math.inf

    def region(self, scene: Scene, *, urgent: bool) -> Box | None:
        """The part of the frame to search, or None when nothing has changed; all of it when ``urgent``."""
        rest = (REST_S if scene.seen else EMPTY_REST_S) * self._pace.slowdown
        region: Box | None = scene.frame_box
        if self._config.motion and not urgent and scene.t - self._complete_t < 0.95 * rest:
            region = self._motion.changed(scene.image, scene.faces)
        else:
            self._complete_t = scene.t
        if region is not None:
            self._motion.searched(scene.image)
        return region

    def forget(self) -> None:
        """Searches the whole frame next."""
        self._complete_t = -math.inf
        self._motion.forget()


class ProposalSearch:
    """Searches with the proposal network."""

    def __init__(self, places: Places, frames: FrameSearch, config: DetectConfig, pace: Pace) -> None:
        self._places, self._frames, self._config, self._pace = places, frames, config, pace
        self._scope = _Scope(config, pace)
        self._last = -math.inf

    def boxes(self, scene: Scene) -> tuple[list[Box], bool]:
        """Proposed boxes to examine in this frame, most likely first; see ``NewcomerSearch``."""
        places, missing = self._places, bool(scene.missing)
        every = (self._config.every_ms if scene.seen else self._config.empty_ms) / 1000
        if missing:
            every = min(every, self._config.region_ms / 1000)
        # The time window for doubtful places must span enough looks, even when looks are rare.
        places.lately_s = max(LATELY_S * self._pace.slowdown, (OFTEN + 0.5) * min(scene.passed, APART_S))
        unrelated = every <= 0  # pictures without any relation in time
        if unrelated:
            places.forget()
        if not places.busy and self._pace.is_due(self._last, every, scene.t):
            self._last = scene.t
            region = self._scope.region(scene, urgent=missing or places.doubting(scene.t))
            if region is not None:
                places.begin(region)
        smallest = self._frames.smallest(scene.image) / self._frames.width
        full = places.search(scene, smallest, hurry=missing or unrelated)
        return places.next(scene, hurry=unrelated), full

    def forget(self) -> None:
        """Starts anew."""
        self._last = -math.inf
        self._places.forget()
        self._scope.forget()


class CascadeSearch:
    """Searches with a cascade: around missing faces, and the frame a slice at a time."""

    def __init__(self, frames: FrameSearch, config: DetectConfig, pace: Pace) -> None:
        self._frames, self._config, self._pace = frames, config, pace
        self._slices = SlicedSearch(frames, profile=config.profile == "auto")
        self._scope = _Scope(config, pace)
        self._last = self._last_region = -math.inf

    def boxes(self, scene: Scene) -> tuple[list[Box], bool]:
        """Boxes that the cascade finds; see ``NewcomerSearch``."""
        every = (self._config.every_ms if scene.known else self._config.empty_ms) / 1000
        parts = [Detections.none()]
        if scene.missing and self._pace.is_due(self._last_region, self._config.region_ms / 1000, scene.t):
            self._last_region = scene.t
            parts += [self._frames.around(scene.image, box) for box in scene.missing]
        if not self._slices.busy and self._pace.is_due(self._last, every, scene.t):
            self._last = scene.t
            region = self._scope.region(scene, urgent=bool(scene.missing))
            if region is not None:
                self._slices.begin(region, turned=not scene.seen)
        slices = self._slices.search(scene.image, scene.passed, every * self._pace.slowdown)
        return as_boxes(suppress(Detections.join(parts + slices))), bool(slices)

    def forget(self) -> None:
        """Starts anew."""
        self._last = self._last_region = -math.inf
        self._slices.forget()
        self._scope.forget()
