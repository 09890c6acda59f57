"""Values exchanged by the finder and the tracker: expected places of known faces, and the results of a search."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from monitor.core.types import Box, Detections, Keypoints


class Expected(NamedTuple):
    """The data of a known face for the finder.

    Attributes:
        track: Key of the track, unique within its tracker.
        box: Where the face is expected now, in full-frame pixels.
        missed: Whether the face has been out of sight for longer than a moment.
    """

    track: int
    box: Box
    missed: bool = False


class Sighting(NamedTuple):
    """A face found by a search, which may be new.

    Attributes:
        box: The face in full-frame pixels.
        score: 0..1; 0.5 or more may start a track.
        keypoints: The keypoint network's output, or None if it was not run.
    """

    box: Box
    score: float = 1.0
    keypoints: Keypoints | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """The outcome of one frame's search.

    Attributes:
        found: Faces found by searching; the tracker decides which of them are known.
        full: Whether the whole frame was searched, or a part of such a search was done.
        looked: Keys of the tracks whose faces were searched for.
        followed: Keypoints of the known faces that the keypoint network found, by the key of the track.
    """

    found: tuple[Sighting, ...] = ()
    full: bool = False
    looked: frozenset[int] = frozenset()
    followed: dict[int, Keypoints] = field(default_factory=dict)


def sightings(found: Detections) -> tuple[Sighting, ...]:
    """A detector's boxes as sightings without keypoints."""
    return tuple(
        Sighting((x1, y1, x2, y2), score)
        for (x1, y1, x2, y2), score in zip(found.boxes.tolist(), found.scores.tolist(), strict=True)
    )
