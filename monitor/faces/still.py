"""Detects faces that never move by themselves: statues, paintings, dolls and posters.

A living face blinks, speaks or turns within seconds, while a picture of a face changes only by camera noise. Before a
moving camera a statue seems to turn and is not detected; in photographs nothing is.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from monitor.core.types import Keypoints

SPAN_S = 8.0
"""A face that has not moved for this long is still."""
STEP_S, PAUSE_S = 0.1, 1.0
"""Shortest time between two samples, and the pause in seconds after which sampling restarts."""
FEWEST = 24
"""Least number of samples within ``SPAN_S``."""
EYES, MOUTH, YAW_DEG, PITCH_DEG = 0.08, 0.2, 5.0, 6.0
"""Largest range of the openness of an eye and of the mouth, and of yaw and pitch in degrees, of a still face. In 90
windows of 8 s of 12 clips of living people the eyes range over at least 0.12; of still frames of 20 clips with
simulated noise, flicker and camera shake 19 stay below 0.07 (docs/results/following.md)."""
SHUT = 0.12
"""Median openness of the eyes up to which a face is never still: the person may be asleep."""


class Stillness:
    """The recent movement of one face.

    Attributes:
        still: Whether the face has not moved by itself for ``SPAN_S``.
    """

    __slots__ = ("_checked", "_samples", "still")

    def __init__(self) -> None:
        self._samples: deque[tuple[float, tuple[float, ...]]] = deque()
        self._checked = 0.0
        self.still = False

    def update(self, keypoints: Keypoints, t: float) -> None:
        """Takes the keypoints of a sighting at ``t`` seconds."""
        if self._samples and not 0 <= t - self._samples[-1][0] <= PAUSE_S:
            self._samples.clear()
            self.still = False
        if self._samples and t - self._samples[-1][0] < 0.95 * STEP_S:
            return
        self._samples.append((t, (*keypoints.openness.tolist(), *keypoints.pose[:2].tolist())))
        while t - self._samples[0][0] > SPAN_S + STEP_S:
            self._samples.popleft()
        if not 0 <= t - self._checked < 1.0:  # once a second suffices
            self._checked = t
            self.still = self._is_still(t)

    def _is_still(self, t: float) -> bool:
        if t - self._samples[0][0] < 0.95 * SPAN_S or len(self._samples) < FEWEST:
            return False
        values = np.sort(np.array([sample for _, sample in self._samples], np.float32), axis=0)
        if float(values[len(values) // 2, :2].mean()) <= SHUT:
            return False
        spread = values[-2] - values[1]  # without the lowest and the highest value
        return bool((spread <= (EYES, EYES, MOUTH, YAW_DEG, PITCH_DEG)).all())
