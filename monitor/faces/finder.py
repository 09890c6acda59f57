"""Decides where and when to search a frame, because searching is the most expensive step.

The keypoint network follows known faces. To find new ones, the proposal network searches the whole frame at intervals,
and the keypoint network examines the few boxes it proposes. Without the proposal network a cascade searches the frame,
a slice at a time. Without the keypoint network the detector searches the whole frame and the regions around known
faces.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from monitor.core.types import Detections, Image, Keypoints
from monitor.faces.admission import Admission
from monitor.faces.detector import Detector, suppress
from monitor.faces.follower import Follower
from monitor.faces.framesearch import FrameSearch
from monitor.faces.newcomers import CascadeSearch, NewcomerSearch, ProposalSearch
from monitor.faces.pace import Pace
from monitor.faces.places import Places, Proposer
from monitor.faces.quarters import QUARTERS, TurnedSearch
from monitor.faces.scene import Scene
from monitor.faces.search import Expected, Search, Sighting, sightings
from monitor.settings.config import DetectConfig


class Finder:
    """Plans and runs the searches in the frames of one source; used by one thread only."""

    def __init__(
        self,
        detector: Detector,
        config: DetectConfig,
        follower: Follower | None = None,
        proposer: Proposer | None = None,
    ) -> None:
        """Prepares the searches.

        Args:
            detector: A cascade or another detector.
            config: Settings of the searches.
            follower: Follows known faces; None = the detector searches alone.
            proposer: Proposes boxes that may show new faces; None = the detector searches for them. Needs a follower.
        """
        self._config = config
        self._frames = FrameSearch(detector, config)
        self._pace = Pace()
        self._following: _Following | None = None
        self._turned: TurnedSearch | None = None
        if follower is not None:
            places = Places(proposer, config.propose, config.most) if proposer is not None else None
            search: NewcomerSearch = (
                ProposalSearch(places, self._frames, config, self._pace)
                if places is not None
                else CascadeSearch(self._frames, config, self._pace)
            )
            admission = Admission(follower, self._frames, places, again=config.second_look)
            self._following = _Following(follower, search, admission, self._pace, relocates=places is not None)
            if proposer is not None:
                self._turned = TurnedSearch(proposer, follower, self._frames, config)
                self._following.turned = self._turned if config.turned == "always" else None
        self._last_t = self._last_full = self._last_region = -math.inf
        self._shape: tuple[int, ...] = ()

    @property
    def slowdown(self) -> float:
        """Factor on all intervals, at least 1; raised when the machine cannot keep up."""
        return self._pace.slowdown

    @slowdown.setter
    def slowdown(self, factor: float) -> None:
        self._pace.slowdown = factor

    @property
    def width(self) -> float:
        """Factor on the width at which faces are searched, at most 1; lowered when the machine cannot keep up."""
        return self._frames.width

    @width.setter
    def width(self, factor: float) -> None:
        self._frames.width = factor

    def search(self, image: Image, known: Sequence[Expected], t: float) -> Search:
        """Does the searches that are due at ``t`` seconds.

        Args:
            image: (H, W, 3) BGR full frame.
            known: The faces known so far.
            t: Frame time in seconds.
        """
        if t < self._last_t or image.shape != self._shape:  # the clip has restarted, or an unrelated picture follows
            self._forget()
            self._last_t, self._shape = -math.inf, image.shape
        passed, self._last_t = t - self._last_t, t
        if self._following is not None:
            return self._following.search(image, known, t, passed)
        return self._detect(image, known, t)

    def turned_faces(self, image: Image) -> dict[int, int]:
        """The number of faces in a picture for each of its quarter turns; none without the proposal network."""
        if self._turned is None:
            return {}
        return {turns: len(self._turned.find(image, (), (turns,))) for turns in QUARTERS}

    def _forget(self) -> None:
        self._last_full = self._last_region = -math.inf
        if self._following is not None:
            self._following.forget()

    def _detect(self, image: Image, known: Sequence[Expected], t: float) -> Search:
        """Searches the whole frame, or around known faces, with the detector alone."""
        everyone = frozenset(face.track for face in known)
        every = (self._config.every_ms if known else self._config.empty_ms) / 1000
        if self._pace.is_due(self._last_full, every, t):
            self._last_full = self._last_region = t
            return Search(sightings(self._frames.whole(image)), full=True, looked=everyone)
        if known and self._pace.is_due(self._last_region, self._config.region_ms / 1000, t):
            self._last_region = t
            parts = [self._frames.around(image, face.box) for face in known]
            return Search(sightings(suppress(Detections.join(parts))), looked=everyone)
        return Search()


class _Following:
    """Follows known faces with the keypoint network and searches for new and missing ones.

    Attributes:
        turned: Also finds faces that are not upright; None = only upright ones.
    """

    turned: TurnedSearch | None = None

    def __init__(
        self, follower: Follower, newcomers: NewcomerSearch, admission: Admission, pace: Pace, *, relocates: bool
    ) -> None:
        """Prepares a source.

        Args:
            follower: The keypoint network.
            newcomers: Searches for new faces.
            admission: Examines the boxes that the search found.
            pace: Common pace of all searches.
            relocates: Whether the search also finds missed faces; if so, there is no separate search at their last
                position.
        """
        self._follower, self._newcomers, self._admission, self._pace = follower, newcomers, admission, pace
        self._relocates = relocates
        self._last = -math.inf

    def forget(self) -> None:
        """Resets the state before a picture that is unrelated to the last one."""
        self._last = -math.inf
        self._newcomers.forget()
        if self.turned is not None:
            self.turned.forget()

    def search(self, image: Image, known: Sequence[Expected], t: float, passed: float) -> Search:
        """Follows known faces, and searches for new and missing ones."""
        looked, followed = self._follow(image, known, t)
        scene = _scene(image, known, looked, followed, t, passed)
        boxes, full = self._newcomers.boxes(scene)
        admitted = self._admission.admit(image, boxes, scene.faces, t)
        if self.turned is not None:
            upright = [*scene.faces, *(keypoints.box for keypoints in admitted)]
            admitted += self.turned.search(image, upright, t, self._pace)
        found = tuple(Sighting(keypoints.box, 1.0, keypoints) for keypoints in admitted)
        return Search(found, full, looked, followed)

    def _follow(self, image: Image, known: Sequence[Expected], t: float) -> tuple[frozenset[int], dict[int, Keypoints]]:
        """Follows the known faces if that is due; returns the keys of the examined tracks and the keypoints of the
        faces seen."""
        if not known or not self._pace.is_due(self._last, self._follower.every_s, t, self._follower.within_s):
            return frozenset(), {}
        self._last = t
        candidates = [face for face in known if not (face.missed and self._relocates)]
        answers = {face.track: self._follower.follow(image, face.box) for face in candidates}
        return frozenset(answers), {key: seen for key, seen in answers.items() if seen is not None}


def _scene(
    image: Image,
    known: Sequence[Expected],
    looked: frozenset[int],
    followed: dict[int, Keypoints],
    t: float,
    passed: float,
) -> Scene:
    """The frame with its known faces, after they have been followed."""
    missing = [face.box for face in known if (face.track in looked or face.missed) and face.track not in followed]
    if looked:
        faces = [keypoints.box for keypoints in followed.values()]
    else:  # between looks known faces count as at their expected places, so that they are not taken for new ones
        faces = [face.box for face in known if not face.missed]
    seen = bool(followed) or (len(known) > len(missing) and not looked)
    return Scene(image, t, passed, tuple(faces), tuple(missing), seen, bool(known))
