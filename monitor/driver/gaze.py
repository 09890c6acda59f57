"""Lowered gaze: eyes that look shut from the front because the driver looks down."""

from __future__ import annotations

import math

from monitor.driver.moment import Moment

APART = 0.45
"""Distance of the lids, as a share of that with open eyes, above which they are not shut. Measured on the
clips: 0.48 to 0.67 (median) in seven glances down, 0.23 and 0.27 in shut eyes; 0.21 to 0.34 in shut eyes in the dark,
with noise, blur and at 0.4 of the size."""
APART_LOWERED, LOWERED_DEG = 0.40, 6.0
"""A smaller share suffices while the head is lowered by so many degrees."""
APART_TURNED, TURNED_DEG = 0.60, 25.0
"""The same beyond this yaw to the camera, and only with a lowered head: the far eye is seen at a slant (0.52 in the
shut eyes of munb_3 at 31 degrees)."""
AS_OPEN = 0.8
"""A distance as in open eyes is no evidence of a lowered gaze: in the dark the keypoints fall back to the average
face."""
STEEP_DEG = 25.0
"""Largest pitch to the camera at which the distance of the lids is used."""
SMOOTH_S, FIRST_S, LEAST_S = 0.4, 1.5, 0.25
"""The distance is smoothed with this time constant over the first ``FIRST_S`` of a closure, and used from ``LEAST_S``
of it on: glances often begin with a blink, and lids flutter."""
LONGEST_S = 6.0
"""After this time without a look up the eyes count as shut."""


class LoweredGaze:
    """Tells a lowered gaze from shut eyes by the distance of the lids during one closure."""

    def __init__(self) -> None:
        self._seconds = self._apart = self._bound = 0.0

    def update(self, moment: Moment, shut_s: float) -> bool:
        """Takes one moment.

        Args:
            moment: Needs ``lids`` and the pose.
            shut_s: Seconds for which the eyes have looked shut; 0 = open.

        Returns:
            Whether the eyes look down.
        """
        if shut_s <= 0:
            self._seconds = self._apart = self._bound = 0.0
            return False
        pose, off = moment.evidence.pose, moment.yaw_pitch
        if moment.lids is not None and pose is not None and off is not None and shut_s <= FIRST_S:
            bound = _bound(abs(pose[0]), off[1])
            if bound is not None and abs(pose[1]) < STEEP_DEG:
                share = 1.0 if not self._seconds else 1 - math.exp(-moment.dt / SMOOTH_S)
                self._seconds += moment.dt or 1e-3
                self._apart += share * (moment.lids - self._apart)
                self._bound += share * (bound - self._bound)
        return self._seconds >= LEAST_S and self._bound < self._apart <= AS_OPEN and shut_s <= LONGEST_S


def _bound(yaw: float, lowered: float) -> float | None:
    """The distance of the lids that indicates a lowered gaze, or None if it cannot be judged."""
    if yaw >= TURNED_DEG:
        return APART_TURNED if lowered >= LOWERED_DEG else None
    return APART_LOWERED if lowered >= LOWERED_DEG else APART
