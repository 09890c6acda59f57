"""A track: the trajectory of one face and its identity."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from monitor.core.boxes import centre, longer_side
from monitor.core.types import Box, Keypoints
from monitor.faces.appearance import Appearance
from monitor.faces.oneeuro import OneEuro
from monitor.faces.quality import visibility
from monitor.faces.still import Stillness

SPEED_MEMORY_S = 0.3
"""Time constant of the velocity that predicts a face between two sightings."""
MISSED_S = 0.3
"""A followed face that is out of sight for longer than this (a passing hand takes less) counts as missed: a search must
find it like a new face, and it then gets its id back."""
MAX_COAST_S = 0.4
"""The motion of an unseen face is extrapolated for at most this long; after that its expected place stays fixed."""


def _box_filter() -> OneEuro:
    return OneEuro(min_cutoff=0.5, beta=4.0)


def _pose_filter() -> OneEuro:
    return OneEuro(min_cutoff=1.0, beta=0.02)


@dataclass(slots=True)
class Trajectory:
    """Position, motion and pose of a face.

    Attributes:
        box: (4,) float64 smoothed x1, y1, x2, y2 in full-frame pixels.
        last: When the face was last seen, in seconds.
        seen: Whether the last search for it succeeded.
        misses: Searches in a row that failed.
        velocity: (2,) float64 pixels per second.
        keypoints: The keypoints seen last, or None when the last sighting had none.
        pose: (3,) float64 smoothed yaw, pitch and roll in degrees, or None without keypoints.
        movement: Whether the face moves by itself.
    """

    box: NDArray[np.float64]
    last: float
    seen: bool = True
    misses: int = 0
    velocity: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    keypoints: Keypoints | None = None
    pose: NDArray[np.float64] | None = None
    movement: Stillness = field(default_factory=Stillness)
    _box_filter: OneEuro = field(default_factory=_box_filter)
    _pose_filter: OneEuro = field(default_factory=_pose_filter)

    @classmethod
    def start(cls, box: Box, keypoints: Keypoints | None, t: float) -> Trajectory:
        """Starts the trajectory of a face first seen at ``t`` seconds."""
        new = cls(np.array(box, np.float64), t)
        new._box_filter(new.box, t)
        new._turn(keypoints, t)
        return new

    def move(self, box: Box, keypoints: Keypoints | None, t: float, *, anew: bool) -> None:
        """Continues with a sighting at ``t`` seconds.

        Args:
            box: The face in full-frame pixels.
            keypoints: The keypoint network's answer, or None when it was not run.
            t: Frame time in seconds.
            anew: Whether the face was out of sight for so long that its earlier motion no longer applies.
        """
        dt = t - self.last
        sighted = np.array(box, np.float64)
        if anew:
            self._box_filter, self.velocity, self.pose = _box_filter(), np.zeros(2), None
        before = np.array(centre(sighted if anew else self.box))
        self.box = self._box_filter(sighted, t, unit=longer_side(self.box))
        if dt > 0:
            speed = (np.array(centre(self.box)) - before) / dt
            self.velocity = self.velocity + (1 - math.exp(-dt / SPEED_MEMORY_S)) * (speed - self.velocity)
        self.last, self.seen, self.misses = t, True, 0
        self._turn(keypoints, t)

    def miss(self) -> None:
        """Counts a search that did not find the face."""
        self.seen = False
        self.misses += 1

    def is_missed(self, t: float) -> bool:
        """Whether the face is out of sight for longer than a moment, and for more than one frame of a slow source."""
        return not self.seen and self.misses > 1 and t - self.last > MISSED_S

    def predicted(self, t: float) -> Box:
        """Where the face is expected at ``t`` seconds."""
        ahead = min(max(0.0, t - self.last), MAX_COAST_S)
        # Plain floats: this runs several times a frame, and NumPy takes twenty times as long for so few numbers.
        (vx, vy), (x1, y1, x2, y2) = self.velocity.tolist(), self.box.tolist()
        dx, dy = vx * ahead, vy * ahead
        return x1 + dx, y1 + dy, x2 + dx, y2 + dy

    def _turn(self, keypoints: Keypoints | None, t: float) -> None:
        """Takes the keypoints of a sighting and smooths their pose."""
        self.keypoints = keypoints
        if keypoints is None:
            self.pose = None
            return
        self.movement.update(keypoints, t)
        if self.pose is None:
            self._pose_filter = _pose_filter()
        self.pose = self._pose_filter(keypoints.pose.astype(np.float64), t)


@dataclass(slots=True, eq=False)
class Track:
    """One face over time.

    Attributes:
        key: Unique within the tracker, from the first sighting on.
        path: Position and motion of the face; two tracks that were confused exchange their paths.
        hits: Times of the sightings that count towards confirmation, in seconds.
        id: The face's number, 0 until it is confirmed.
        appearance: The face's appearance, or None while it is unknown.
        hidden: Whether another confirmed face overlaps it.
        rivals: Ids of the faces that overlapped it and that have not been distinguished from it since.
    """

    key: int
    path: Trajectory
    hits: list[float]
    id: int = 0
    appearance: Appearance | None = None
    hidden: bool = False
    rivals: set[int] = field(default_factory=set)

    @property
    def box(self) -> NDArray[np.float64]:
        """(4,) float64 smoothed box."""
        return self.path.box

    @property
    def last(self) -> float:
        """When the face was last seen, in seconds."""
        return self.path.last

    @property
    def seen(self) -> bool:
        """Whether the last search for it succeeded."""
        return self.path.seen

    @property
    def keypoints(self) -> Keypoints | None:
        """The keypoints seen last."""
        return self.path.keypoints

    @property
    def pose(self) -> NDArray[np.float64] | None:
        """Smoothed yaw, pitch and roll in degrees."""
        return self.path.pose

    @property
    def visible(self) -> float:
        """0..1, quality of the view; see ``quality.visibility``."""
        return visibility(self.path.pose, self.path.keypoints)

    @property
    def still(self) -> bool:
        """Whether the face has not moved by itself for some seconds; see ``still.Stillness``."""
        return self.path.movement.still

    def predicted(self, t: float) -> Box:
        """Where the face is expected at ``t`` seconds."""
        return self.path.predicted(t)

    def is_clear(self, t: float) -> bool:
        """Whether the face was seen in the frame of ``t`` seconds and no other face overlaps it."""
        return not self.hidden and self.path.seen and self.path.last == t
