"""Lowered gaze: eyes that look shut from the front because the driver looks down."""

from __future__ import annotations

import math

from monitor.driver.moment import Moment

APART = 0.45
"""Distance of the lids, as a share of that with open eyes, above which they are not shut. Measured on the
clips: 0.48 to 0.67 (median) in seven glances down, 0.23 and 0.27 in shut eyes; 0.21 to 0.34 in shut eyes in the dark,
with noise, blur and at 0.4 of the size."""
APART_LOWERED, LOWERED_DEG = 0.40, 6.0
"""A smaller share suffices while the head is lowered by this many degrees."""
APART_TURNED, TURNED_DEG = 0.60, 25.0
"""Share that is required beyond this yaw to the camera, and only with a lowered head: the camera views the far eye at a
slant (0.52 in the shut eyes of munb_3 at 31 degrees)."""
AS_OPEN = 0.8
"""A distance as large as in open eyes is no evidence of a lowered gaze: in the dark the keypoints fall back to the
average face."""
STEEP_DEG = 25.0
"""Largest pitch to the camera at which the distance of the lids is used."""
ASIDE_DEG, ASIDE_DOWN_DEG, TOGETHER_S = 12.0, 7.0, 0.5
"""A head that is turned and lowered by so much, off straight ahead, when the eyes shut or at most ``TOGETHER_S`` later
looks at a phone or the seat beside. A head that sinks in sleep follows the lids later, and does not turn."""
SMOOTH_S, FIRST_S, LEAST_S = 0.4, 1.5, 0.25
"""The distance is smoothed with this time constant over the first ``FIRST_S`` of a closure, and used from ``LEAST_S``
of it on: glances often begin with a blink, and lids flutter."""
STAYS = 0.7
"""Share of ``ASIDE_DEG`` below which a head that was turned is back."""
HALF_OPEN, HALF_APART, HANG_S, HANG_GAP_S, SMILE = 0.6, 0.75, 1.0, 0.3, 0.5
"""Lids hang half shut when the eyes read less open than ``HALF_OPEN`` and the lids are less than ``HALF_APART`` of the
usual distance apart. After ``HANG_S`` of it, gaps of up to ``HANG_GAP_S`` included and without a smile of this share of
happy, the eyes are not on the road."""
LONGEST_S = 6.0
"""After this time of lowered gaze without a look up the eyes count as shut."""


class LoweredGaze:
    """Distinguishes a lowered gaze from shut eyes by the lid distance and the head pose during one closure.

    Attributes:
        aside_s: Seconds of the closure up to the last moment with the head turned aside.
    """

    def __init__(self) -> None:
        self._seconds = self._apart = self._bound = 0.0
        self._aside = False
        self.aside_s = 0.0

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
            self._aside = False
            self.aside_s = 0.0
            return False
        pose, off = moment.evidence.pose, moment.yaw_pitch
        if off is not None and shut_s <= TOGETHER_S:
            self._aside = self._aside or (abs(off[0]) >= ASIDE_DEG and off[1] >= ASIDE_DOWN_DEG)
        if moment.lids is not None and pose is not None and off is not None and shut_s <= FIRST_S:
            bound = _bound(abs(pose[0]), off[1])
            if bound is not None and abs(pose[1]) < STEEP_DEG:
                share = 1.0 if not self._seconds else 1 - math.exp(-moment.dt / SMOOTH_S)
                self._seconds += moment.dt or 1e-3
                self._apart += share * (moment.lids - self._apart)
                self._bound += share * (bound - self._bound)
        apart = self._seconds >= LEAST_S and self._bound < self._apart <= AS_OPEN
        aside = self._aside and (off is None or abs(off[0]) >= STAYS * ASIDE_DEG)
        if aside:
            self.aside_s = shut_s
        if shut_s > LONGEST_S:
            self.aside_s = 0.0
        return shut_s <= LONGEST_S and (apart or aside)


class Narrowed:
    """Detects lids that hang half shut: such eyes look down, or are shut in the dark, and are not on the road."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._last = 0.0

    def update(self, moment: Moment) -> float:
        """Takes one moment; returns the seconds for which the lids have hung half shut, 0 below ``HANG_S``.

        A smile, speech and a yawn also narrow the eyes and do not count.
        """
        t, happy = moment.evidence.t, moment.evidence.happy or 0.0
        busy = happy > SMILE or moment.speaking or moment.mouth_wide
        hangs = (
            not busy
            and moment.opened is not None
            and moment.lids is not None
            and moment.opened < HALF_OPEN
            and moment.lids < HALF_APART
        )
        if hangs:
            if self._since is None or not 0 <= t - self._last <= HANG_GAP_S + moment.dt:
                self._since = t - moment.dt / 2
            self._last = t
        elif self._since is not None and not 0 <= t - self._last <= HANG_GAP_S:
            self._since = None
        hung = 0.0 if self._since is None else self._last - self._since
        return hung if hung >= HANG_S else 0.0


def _bound(yaw: float, lowered: float) -> float | None:
    """The distance of the lids that indicates a lowered gaze, or None if it cannot be judged."""
    if yaw >= TURNED_DEG:
        return APART_TURNED if lowered >= LOWERED_DEG else None
    return APART_LOWERED if lowered >= LOWERED_DEG else APART
