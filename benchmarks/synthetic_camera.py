"""From a synthetic driver's body to the evidence that the program would read, with noise measured on real clips.

Each table holds quantiles of what the networks read on the shared clips as filmed, and degraded by
``benchmarks.degraded``: openness of eyes that are open and shut, and deviations from a running median of nine frames.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from benchmarks.synthetic_script import Body
from monitor.core.evidence import Evidence

SHARES = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)
"""Shares of the quantiles in the tables."""
KEPT_S = 0.08
"""Noise changes with this time constant."""
HALF_LIDS, SOFT = 0.70, 0.05
"""The network reads eyes whose lids are ``HALF_LIDS`` apart as half open: eyes that look down, with lids 0.48 to 0.67
apart, read shut (dagan, esh_tired); ``SOFT`` is how soon this changes."""
COVERS_S, TOLD = 0.1, {"upper": 0.913, "lower": 0.947}
"""Seconds between two readings of covers, and the share of covered halves that a reading tells: sunglasses and hands in
docs/results/expressions.md."""
LEFT, STEEP, SIDE = 0.24, 29.0, 45.0
"""Distance of shut lids that the keypoints report, as a share; pitch and yaw from which no eye is read."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a camera sees.

    Attributes:
        opened, shut: Quantiles of the openness of open and of shut eyes.
        lids: Quantiles of the relative deviation of the lid distance.
        mouth: Quantiles of the deviation of the mouth's opening.
        pitch: Quantiles of the deviation of the pitch in degrees; the yaw has half of it.
        unknown: Share of time in which the eyes cannot be read, in stretches of ``stretch_s``.
        stretch_s: Mean length of such a stretch in seconds.
        flat: Factor on the opening of the mouth.
        shut_apart: Added to the distance of shut lids: in the dark the keypoints fall back to an average face.
        shake: Factor on the noise of pose, lids and mouth.
        covers: Half of the face that something covers throughout: "", "upper" or "lower".
    """

    opened: tuple[float, ...] = (0.6, 0.949, 0.994, 1.0, 1.0, 1.0, 1.0)
    shut: tuple[float, ...] = (0.001, 0.002, 0.004, 0.02, 0.057, 0.111, 0.25)
    lids: tuple[float, ...] = (-0.15, -0.035, -0.012, 0.0, 0.011, 0.027, 0.07)
    mouth: tuple[float, ...] = (-0.05, -0.02, -0.004, 0.0, 0.004, 0.02, 0.05)
    pitch: tuple[float, ...] = (-0.93, -0.24, -0.02, 0.0, 0.02, 0.24, 0.8)
    unknown: float = 0.004
    stretch_s: float = 0.3
    flat: float = 1.0
    shut_apart: float = 0.0
    shake: float = 1.0
    covers: str = ""


CAMERAS = {
    "clear": Look(),
    "dark": Look((0.5, 0.911, 0.994, 1.0, 1.0, 1.0, 1.0), (0.0, 0.001, 0.003, 0.012, 0.035, 0.095, 0.3), unknown=0.03),
    "very dark": Look(
        (0.756, 0.918, 0.989, 0.999, 1.0, 1.0, 1.0), (0.001, 0.001, 0.004, 0.014, 0.07, 0.145, 0.344),
        (-0.154, -0.038, -0.014, 0.0, 0.012, 0.03, 0.084), unknown=0.35, stretch_s=2.0, shut_apart=0.1,
    ),
    "noise": Look(shake=2.0, flat=0.75, unknown=0.02),
    "infra-red": Look(shake=1.3),
    "vibration": Look(shake=3.0),
    "glare": Look(unknown=0.05, stretch_s=1.0),
    "sunglasses": Look(unknown=1.0, covers="upper"),
    "mask": Look(covers="lower"),
}  # fmt: skip
"""Cameras by name."""


class Camera:
    """Turns bodies into evidence; one for each drive, because each driver's face and place differ.

    Args:
        look: How it sees.
        rng: Source of the driver's traits and of the noise.
    """

    def __init__(self, look: Look, rng: np.random.Generator) -> None:
        self._look, self._rng = look, rng
        self._open = float(rng.uniform(0.88, 1.0))
        self._apart = float(rng.uniform(0.22, 0.42))
        self._mouth = float(rng.uniform(0.0, 0.05))
        self._yaw, self._pitch = float(rng.uniform(-20, 20)), float(rng.uniform(-6, 6))
        self._drift = rng.uniform(0, 6, 2)
        self._noise = rng.normal(size=5)
        self._last: float | None = None
        self._blind = look.unknown >= 1
        self._covered, self._read_at = "", -math.inf

    def see(self, t: float, body: Body) -> Evidence:
        """The evidence of one moment."""
        look, dt = self._look, 0.0 if self._last is None else t - self._last
        self._last = t
        keep = math.exp(-dt / KEPT_S)
        self._noise = keep * self._noise + math.sqrt(1 - keep * keep) * self._rng.normal(size=5)
        share = 0.5 * (1 + np.vectorize(math.erf)(self._noise / math.sqrt(2)))
        yaw = self._yaw + body.yaw + 2 * math.sin(0.13 * t + self._drift[0])
        pitch = self._pitch + body.pitch + 1.5 * math.sin(0.19 * t + self._drift[1])
        apart = body.lids * (1 - 0.52 * body.gaze)
        eyes = None if self._cannot_see(body, yaw, pitch, dt) else self._eyes(apart, float(share[0]))
        lids = self._apart * (LEFT + look.shut_apart + (1 - LEFT - look.shut_apart) * apart)
        lids *= 1 + look.shake * float(np.interp(share[1], SHARES, look.lids))
        hidden = body.hand or look.covers == "lower"
        mouth = 0.0 if hidden else look.flat * body.mouth + self._mouth
        mouth = max(0.0, mouth + look.shake * float(np.interp(share[2], SHARES, look.mouth)))
        covered = self._covers(t, body)
        shaken = look.shake * np.interp(share[3:], SHARES, look.pitch)
        return Evidence(
            t, 1.7e9 + t, 1, present=True, eyes=eyes, mouth=None if covered == "lower" else mouth,
            pose=(yaw + 0.5 * float(shaken[0]), pitch + float(shaken[1]), 0.0),
            anger=None if covered else 0.05, happy=None if covered else body.happy, lids=None if eyes is None else lids,
            covered=covered,
        )  # fmt: skip

    def _covers(self, t: float, body: Body) -> str:
        """The half of the face that the last reading told as covered."""
        if t - self._read_at >= COVERS_S - 1e-6:
            self._read_at = t
            half = "lower" if body.hand else self._look.covers
            self._covered = half if half and self._rng.random() < TOLD[half] else ""
        return self._covered

    def _eyes(self, apart: float, share: float) -> float:
        """The eye network's answer for lids that are so far apart."""
        opened = float(np.interp(share, SHARES, self._look.opened)) * self._open
        shut = float(np.interp(share, SHARES, self._look.shut))
        between = 1 / (1 + math.exp(-(apart - HALF_LIDS) / SOFT))
        return shut + (opened - shut) * between

    def _cannot_see(self, body: Body, yaw: float, pitch: float, dt: float) -> bool:
        """Whether no eye can be read at this moment."""
        look = self._look
        if look.unknown < 1:
            leave = 1 - math.exp(-dt / look.stretch_s)
            enter = 1 - math.exp(-dt * look.unknown / (1 - look.unknown) / look.stretch_s)
            self._blind = self._rng.random() >= leave if self._blind else self._rng.random() < enter
        return self._blind or body.hidden or abs(yaw) > SIDE or abs(pitch) > STEEP
