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
SMOOTH_S, FIRST_S, LEAST_S = 0.4, 2.5, 0.25
"""The distance is smoothed with this time constant over the first ``FIRST_S`` of a closure, and used from ``LEAST_S``
of it on: glances often begin with a blink, and lids flutter."""
FAST_S, SANK_S = 0.15, 1.0
"""Time constant of the distance that tells when a glance down ended and the lids shut: only what follows is a closure.
Lids that touch for ``SANK_S`` are shut, whatever they were before."""
DOUBT_S = 4.0
"""Eyes that read shut while the keypoints see the lids apart as in open eyes are in doubt: in the dark or under marks
one of the two is wrong. After this time they count as shut."""
STAYS = 0.7
"""Share of ``ASIDE_DEG`` below which a head that was turned is back."""
HALF_OPEN, HALF_APART, HANG_S, HANG_GAP_S, SMILE = 0.6, 0.8, 1.0, 0.3, 0.5
"""Lids hang half shut when the eyes read less open than ``HALF_OPEN`` and the lids are less than ``HALF_APART`` of the
usual distance apart, both smoothed as above. After ``HANG_S`` of it, gaps of up to ``HANG_GAP_S`` included and without
a smile of this share of happy, the eyes are not on the road."""
LONGEST_S = 6.0
"""After this time of lowered gaze without a look up the eyes count as shut."""


class LoweredGaze:
    """Distinguishes a lowered gaze from shut eyes by the lid distance and the head pose during one closure.

    Attributes:
        aside_s: Seconds of the closure up to the last moment in which the head was aside, the lids were apart as in a
            lowered gaze, or the closure was in doubt.
        doubtful: Whether the lids that the keypoints see contradict the closure.
    """

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._seconds = self._apart = self._bound = 0.0
        self._compared_s = self._beyond = self._fast = self._touch_s = 0.0
        self._aside = self.doubtful = False
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
            self._reset()
            return False
        pose, off = moment.evidence.pose, moment.yaw_pitch
        if off is not None and shut_s <= TOGETHER_S:
            self._aside = self._aside or (abs(off[0]) >= ASIDE_DEG and off[1] >= ASIDE_DOWN_DEG)
        if moment.lids is not None and pose is not None and off is not None and abs(pose[1]) < STEEP_DEG:
            self._compare(moment.lids, _bound(abs(pose[0]), off[1]), moment.dt, first=shut_s <= FIRST_S)
        apart = self._seconds >= LEAST_S and self._bound < self._apart <= AS_OPEN and self._touch_s < SANK_S
        aside = self._aside and (off is None or abs(off[0]) >= STAYS * ASIDE_DEG)
        lowered = shut_s <= LONGEST_S and (apart or aside)
        self.doubtful = not lowered and shut_s <= DOUBT_S and self._compared_s >= LEAST_S and self._beyond > 0
        if aside or self.doubtful or (lowered and self._fast > self._bound):
            self.aside_s = shut_s
        if shut_s > LONGEST_S:
            self.aside_s = 0.0
        return lowered

    def _compare(self, lids: float, bound: float | None, dt: float, *, first: bool) -> None:
        """Takes a distance of the lids; ``bound`` as ``_bound`` gives it."""
        beyond = lids - (APART_TURNED if bound is None else AS_OPEN)
        self._beyond += _share(self._compared_s, dt) * (beyond - self._beyond)
        self._fast += _share(self._compared_s, dt, FAST_S) * (lids - self._fast)
        self._compared_s += dt or 1e-3
        if self._touch_s < SANK_S:
            self._touch_s = self._touch_s + dt if self._fast <= (bound or APART) else 0.0
        if first and bound is not None:
            share = _share(self._seconds, dt)
            self._seconds += dt or 1e-3
            self._apart += share * (lids - self._apart)
            self._bound += share * (bound - self._bound)


def _share(seconds: float, dt: float, constant: float = SMOOTH_S) -> float:
    """Weight of a new value in a mean with a time constant that has taken values for ``seconds``."""
    return 1 - math.exp(-dt / constant) if seconds else 1.0


class Narrowed:
    """Detects lids that hang half shut: such eyes look down, or are shut in the dark, and are not on the road."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._last = 0.0
        self._opened = self._lids = 1.0

    def update(self, moment: Moment) -> float:
        """Takes one moment; returns the seconds for which the lids have hung half shut, 0 below ``HANG_S``.

        A smile, speech and a yawn also narrow the eyes and do not count.
        """
        t, happy = moment.evidence.t, moment.evidence.happy or 0.0
        busy = happy > SMILE or moment.speaking or moment.mouth_wide
        known = moment.opened is not None and moment.lids is not None
        if moment.opened is not None and moment.lids is not None:
            share = _share(1.0, moment.dt)
            self._opened += share * (moment.opened - self._opened)
            self._lids += share * (moment.lids - self._lids)
        hangs = not busy and known and self._opened < HALF_OPEN and self._lids < HALF_APART
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
