"""Searches as the tracker takes them and finders as the tests need them, built from boxes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from monitor.core.types import Box, Detections, Image
from monitor.faces.finder import Finder
from monitor.faces.follower import Follower
from monitor.faces.search import Expected, Search, Sighting, sightings
from monitor.faces.tracker import Tracker
from monitor.settings.config import DetectConfig, FollowConfig, TrackConfig
from tests.fakes import ScriptedDetector, ScriptedNet, ScriptedProposer, detections, keypoints_at, picture

IMAGE = picture()


def seen(*boxes: Box, score: float = 1.0) -> tuple[Sighting, ...]:
    """Sightings of a detector, without keypoints."""
    return sightings(detections(*boxes, score=score))


def sighting(box: Box, presence: float = 0.99) -> Sighting:
    """A face that the keypoint network saw."""
    return Sighting(box, 1.0, keypoints_at(box, presence))


def everyone(tracker: Tracker, t: float) -> frozenset[int]:
    """The keys of all known faces."""
    return frozenset(face.track for face in tracker.expected(t))


def known(*boxes: Box) -> list[Expected]:
    """Known faces with keys from 0."""
    return [Expected(key, box) for key, box in enumerate(boxes)]


def places(search: Search) -> list[Box]:
    """The boxes that a search found."""
    return [found.box for found in search.found]


def play(
    script: Callable[[float], Sequence[Box]],
    seconds: float,
    hz: float,
    tracker: Tracker | None = None,
    start: float = 0.0,
) -> list[dict[int, Box]]:
    """Runs a script at a rate; returns id → box for each frame."""
    tracker = tracker or Tracker(TrackConfig())
    shown = []
    for n in range(round(seconds * hz)):
        t = start + n / hz
        tracks = tracker.update(Search(seen(*script(t)), looked=everyone(tracker, t)), t, IMAGE)
        shown.append({track.id: track.predicted(t) for track in tracks})
    return shown


class Recorder(ScriptedDetector):
    """Finds nothing by default; remembers the size of each searched picture."""

    def __init__(self) -> None:
        super().__init__(lambda t: [])
        self.sizes: list[tuple[int, int]] = []

    def find(self, image: Image, smallest: int, largest: int, *, profile: bool = False) -> Detections:
        self.sizes.append((image.shape[1], image.shape[0]))
        assert smallest <= largest
        return super().find(image, smallest, largest, profile=profile)


def following(faces: list[Box], boxes: list[Box], **changes: object) -> tuple[Finder, ScriptedNet, Recorder]:
    """A finder whose detector finds ``boxes`` everywhere and whose network knows ``faces``."""
    net, detector = ScriptedNet(lambda t: faces), Recorder()
    detector.script = lambda t: boxes
    config = DetectConfig(width=640, **changes)  # type: ignore[arg-type]
    return Finder(detector, config, Follower(net, FollowConfig())), net, detector


def proposing(
    faces: list[Box], boxes: list[Box], sure: float = 1.0, follow_ms: float = 0.0, **changes: object
) -> tuple[Finder, ScriptedNet, ScriptedProposer, Recorder]:
    """A finder whose proposals are ``boxes``, whose network knows ``faces`` and whose cascade finds nothing."""
    net, proposer, detector = ScriptedNet(lambda t: faces, presence=sure), ScriptedProposer(lambda t: boxes), Recorder()
    config = DetectConfig(motion=False, **changes)  # type: ignore[arg-type]
    follower = Follower(net, FollowConfig(every_ms=follow_ms))
    return Finder(detector, config, follower, proposer), net, proposer, detector
