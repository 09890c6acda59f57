"""This driver's baseline, learnt during calibration; the straight-ahead pose is updated throughout the drive."""

from __future__ import annotations

import math

from monitor.core.lifecycle import Observation
from monitor.driver.closure import SPARSE_S
from monitor.driver.evidence import Evidence
from monitor.driver.moment import Moment
from monitor.driver.timing import Clock

OPEN_QUANTILE = 0.75
"""The quantile of the openness that counts as fully open eyes: blinks and glances down lie below it."""
LEAST_OPEN = 0.5
"""Least openness that is scaled to fully open; narrower eyes are scaled as if their open value were this."""
LARGEST_ZERO = 40.0
"""Largest yaw or pitch in degrees that the position of the camera explains; beyond it the head is turned away. A driver
filmed from the windscreen pillar looks ahead at some 30 degrees (munb_2 of the clips)."""
FIRST_S = 5.0
"""Seconds of calibration if only the straight-ahead pose is learnt; they have the weight of a whole calibration."""
DOUBT, DOUBT_S = 0.25, 15.0
"""While the straight-ahead pose is learnt, a second with the head turned away has this weight, for at most ``DOUBT_S``
in a row. A look aside is reported up to the last level before it can become straight ahead; a first pose that was a
look aside is soon corrected."""
AGAIN_S = 1.0
"""Interval in seconds at which the straight-ahead pose is computed after calibration; the median over bins is the
costliest part."""
LIDS_S, TYPICAL_LIDS = 2.0, 0.36
"""Seconds of open eyes after which the distance of their lids is known, and the value assumed until then."""
FIRST_MINUTE = 0.5
"""The calibration has the weight of this share of ``memory_s``. With 360 s a new posture of the head becomes straight
ahead after some 145 s, in a long drive after 250 s. For this long a driver who looked at a phone throughout calibration
counts as turned away, and a real look aside may last this long before it is no longer reported."""
HEAVY = 1e6
"""Weight of a new second at which all weights are scaled down."""


class _Quantiles:
    """Quantiles of a number over time, in bins, weighted by seconds."""

    def __init__(self, low: float, high: float, bins: int) -> None:
        self._low, self._width = low, (high - low) / bins
        self._bins = [0.0] * bins

    def __bool__(self) -> bool:
        """Whether anything was added."""
        return any(self._bins)

    def scale(self, factor: float) -> None:
        """Multiplies all weights by a factor."""
        self._bins = [seconds * factor for seconds in self._bins]

    def add(self, value: float, seconds: float) -> None:
        """Adds a value with a weight in seconds; values outside the range go to the outermost bins."""
        index = int((value - self._low) / self._width)
        self._bins[min(max(index, 0), len(self._bins) - 1)] += seconds

    def at(self, share: float) -> float:
        """The quantile for a share of 0..1."""
        rest = share * sum(self._bins)
        for index, seconds in enumerate(self._bins):
            if seconds and seconds >= rest:
                return self._low + (index + rest / seconds) * self._width
            rest -= seconds
        return self._low + len(self._bins) * self._width


class Baseline:
    """Learns openness, straight-ahead pose and the resting anger-like share over ``needed_s`` of calibration time.
    Calibration time passes while the eyes and the pose are known. Afterwards the values are fixed, so that a driver who
    drifts into sleep does not become the baseline. Only the straight-ahead pose is updated, while the eyes are open; a
    value of ``memory_s`` ago weighs a third, so that a driver who looked at a phone during calibration is not "turned
    away" for the whole drive. An absence of ``memory_s`` starts a new calibration, because another driver may have
    taken the seat.

    Args:
        needed_s: Seconds of calibration time; 0 = only the straight-ahead pose is learnt, in ``FIRST_S``.
        memory_s: Seconds of absence after which a new calibration starts, and time constant of the straight-ahead pose;
            0 = neither.
        opened: Openness relative to this driver's open eyes, from which eyes are open.
        turned: Degrees of yaw off straight ahead that count as turned away.
        lowered: Degrees of pitch off straight ahead that count as turned away.

    Attributes:
        good_s: Seconds of calibration time so far.
        blinks: Blinks in that time.
    """

    def __init__(self, needed_s: float, memory_s: float, opened: float, turned: float, lowered: float) -> None:
        self._needed, self._memory, self._opened = needed_s, memory_s, opened
        self._off = (turned, lowered)
        self._left: float | None = None
        self._clock = Clock()
        self._reset()

    def _reset(self) -> None:
        self.good_s = 0.0
        self._eyes = _Quantiles(0.0, 1.0, 50)
        self._yaw, self._pitch = _Quantiles(-60, 60, 120), _Quantiles(-60, 60, 120)
        self._anger = _Quantiles(0.0, 1.0, 50)
        self._lids, self._lids_s, self._lids_open = _Quantiles(0.0, 1.0, 200), 0.0, TYPICAL_LIDS
        self.blinks = self._samples = 0
        self._learnt: tuple[float, float] | None = None
        self._ahead = (0.0, 0.0)
        self._guessed = self._doubted = 0.0
        self._settled = False
        self._weight, self._since_told = 1.0, 0.0

    def forget(self) -> None:
        """Starts a new calibration for another driver."""
        self._reset()

    @property
    def progress(self) -> float:
        """Progress of the calibration, 0..1."""
        return 1.0 if self._needed <= 0 else min(1.0, self.good_s / self._needed)

    def update(self, evidence: Evidence, *, blinked: bool = False) -> bool:
        """Takes a moment's evidence and whether a blink ended in it; returns whether the last driver was forgotten."""
        forgotten = False
        dt = self._clock.step(evidence.t)
        if evidence.present:
            if self._left is not None and self._memory and evidence.t - self._left > self._memory:
                self._reset()
                forgotten = True
            self._left = None
        elif self._left is None:
            self._left = evidence.t
        self._learn_lids(evidence, dt or 0.0)
        if evidence.pose is None:
            return forgotten
        if self._settled:
            self._follow(evidence.pose, evidence.eyes, dt or 0.0)
            return forgotten
        self._guess(evidence.pose, dt)
        if not dt or evidence.eyes is None or self._needed <= 0:
            return forgotten
        self.good_s += dt
        self._samples += 1
        self.blinks += blinked
        self._eyes.add(evidence.eyes, dt)
        if evidence.anger is not None:
            self._anger.add(evidence.anger, dt)
        if self.progress >= 1:
            anger = self._anger.at(0.9) if self._anger else 0.0  # never readable
            self._learnt = (max(LEAST_OPEN, self._eyes.at(OPEN_QUANTILE)), anger)
            self._settled = True
            # Weighted more, so that a look aside of two minutes does not become straight ahead.
            self._scale(max(1.0, FIRST_MINUTE * self._memory / self.good_s))
        return forgotten

    def _learn_lids(self, evidence: Evidence, dt: float) -> None:
        """Learns the distance of open lids, throughout the drive."""
        if evidence.lids is None or evidence.eyes is None or self.openness(evidence.eyes) < self._opened:
            return
        before, self._lids_s = self._lids_s, self._lids_s + dt
        self._lids.add(evidence.lids, dt)
        if self._lids_s >= LIDS_S and int(before / AGAIN_S) != int(self._lids_s / AGAIN_S):
            self._lids_open = max(0.1, self._lids.at(OPEN_QUANTILE))

    def lids(self, distance: float | None) -> float | None:
        """Distance of the lids as a share of this driver's with open eyes."""
        return None if distance is None else distance / self._lids_open

    @property
    def knows_lids(self) -> bool:
        """Whether the distance of this driver's open lids is learnt."""
        return self._lids_s >= LIDS_S

    def _guess(self, pose: tuple[float, float, float], dt: float | None) -> None:
        """Estimates the straight-ahead pose during calibration, beginning with the first pose."""
        seconds = dt or 1e-3
        off = any(abs(seen - ahead) > far for seen, ahead, far in zip(pose, self._ahead, self._off, strict=False))
        self._doubted = self._doubted + seconds if off and self._guessed else 0.0
        weight = DOUBT if 0 < self._doubted <= DOUBT_S else 1.0
        self._guessed += seconds
        self._yaw.add(pose[0], seconds * weight)
        self._pitch.add(pose[1], seconds * weight)
        self._ahead = (_bounded(self._yaw.at(0.5)), _bounded(self._pitch.at(0.5)))
        if self._needed <= 0 and self._guessed >= FIRST_S:
            self._settled = True
            self._scale(max(1.0, FIRST_MINUTE * self._memory / self._guessed))

    def _follow(self, pose: tuple[float, float, float], eyes: float | None, dt: float) -> None:
        """Updates the straight-ahead pose; each new second weighs a little more, so that older ones fade."""
        if not dt or not self._memory or eyes is None or self.openness(eyes) < self._opened:
            return
        self._weight *= math.exp(dt / self._memory)
        if self._weight > HEAVY:
            self._scale(1 / self._weight)
            self._weight = 1.0
        self._yaw.add(pose[0], dt * self._weight)
        self._pitch.add(pose[1], dt * self._weight)
        self._since_told += dt
        if self._since_told >= AGAIN_S:
            self._since_told = 0.0
            self._ahead = (_bounded(self._yaw.at(0.5)), _bounded(self._pitch.at(0.5)))

    def _scale(self, factor: float) -> None:
        """Multiplies the weights of the poses seen so far."""
        self._yaw.scale(factor)
        self._pitch.scale(factor)

    def openness(self, eyes: float) -> float:
        """Openness relative to this driver's open eyes, 0..1."""
        return min(1.0, eyes / self._learnt[0]) if self._learnt else eyes

    @property
    def zero(self) -> tuple[float, float]:
        """Yaw and pitch of this driver looking ahead: the median, with more weight on recent time."""
        return self._ahead

    @property
    def blinks_per_min(self) -> float | None:
        """This driver's normal blink rate; None until calibrated, or if frames were too far apart to count blinks."""
        countable = self._learnt is not None and self.good_s <= SPARSE_S * self._samples
        return self.blinks * 60 / self.good_s if countable else None

    @property
    def anger(self) -> float:
        """90 % quantile of the resting face's anger-like share; 0 until calibrated."""
        return self._learnt[1] if self._learnt else 0.0


def _bounded(degrees: float) -> float:
    return min(LARGEST_ZERO, max(-LARGEST_ZERO, degrees))


class Calibrating:
    """The sign ``calibrating``: level 1 from the first view of the driver until calibrated."""

    def __init__(self) -> None:
        self._came = False

    def update(self, moment: Moment) -> Observation:
        """Reports the progress of the calibration."""
        self._came = self._came or moment.evidence.present
        level = int(moment.calibrated < 1 and self._came)
        return Observation(level, data={"percent": round(100 * moment.calibrated)})
