"""Acts of a synthetic driver, drawn at random for each condition, with exact intervals.

The shapes come from the literature, from memory: a blink closes in about 0.1 s and opens in about twice that (Caffier
et al. 2003: 0.2 s alert, 0.3 s drowsy), a yawn lasts 4 to 7 s and often shuts the eyes (Provine 1986), a microsleep is
a closure of 1.5 s and more. Nothing here comes from the judgement.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Body:
    """State of the driver's body at one moment.

    Attributes:
        lids: Aperture of the lids, 0 shut to 1 open, as a share of this driver's.
        gaze: 0 ahead, 1 fully lowered: the lids follow the gaze.
        mouth: Opening of the lips over the mouth's width.
        yaw: Degrees off straight ahead.
        pitch: Degrees below straight ahead.
        happy: Share of a happy expression.
        hand: Whether a hand covers the mouth.
        hidden: Whether the eyes cannot be seen.
    """

    lids: float = 1.0
    gaze: float = 0.0
    mouth: float = 0.03
    yaw: float = 0.0
    pitch: float = 0.0
    happy: float = 0.03
    hand: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """Something that the driver does.

    Attributes:
        start: Seconds of the drive.
        length: Seconds.
        what: "eyes_closed", "yawn", "looking_down", "droop", "excused" (shut eyes that are nobody's sleep) or "" for
            the rest.
        shut: Interval of shut lids relative to ``start``, if any; the truth of closures.
        move: The body at a second after ``start``, from the body without the act.
    """

    start: float
    length: float
    what: str
    move: Callable[[float, Body], Body]
    shut: tuple[float, float] | None = None


def ramp(t: float, start: float, rise: float, end: float, fall: float) -> float:
    """0 to 1 from ``start`` within ``rise`` seconds, back to 0 from ``end`` within ``fall``; smooth."""
    up = min(1.0, max(0.0, (t - start) / max(rise, 1e-6)))
    down = min(1.0, max(0.0, (t - end) / max(fall, 1e-6)))
    share = up * (1 - down)
    return share * share * (3 - 2 * share)


def blink(start: float, rng: Rng, slow: float = 1.0) -> Act:
    """A blink; ``slow`` stretches it."""
    close, hold, reopen = (slow * float(rng.uniform(*span)) for span in ((0.06, 0.1), (0.02, 0.08), (0.12, 0.22)))
    depth = float(rng.uniform(0.85, 1.0))

    def move(t: float, body: Body) -> Body:
        return replace(body, lids=body.lids * (1 - depth * ramp(t, 0, close, close + hold, reopen)))

    return Act(start, close + hold + reopen, "", move)


def closure(start: float, length: float, rng: Rng, sink: float = 0.0) -> Act:
    """Lids that fall shut for ``length`` seconds; the head sinks by ``sink`` degrees after they shut."""
    fall, rise = float(rng.uniform(0.2, 0.7)), float(rng.uniform(0.15, 0.4))
    begin, sinks = float(rng.uniform(0.5, 1.0)), float(rng.uniform(0.5, 1.2))

    def move(t: float, body: Body) -> Body:
        share = ramp(t, 0, fall, fall + length, rise)
        down = sink * ramp(t, fall + begin, sinks, fall + length + 0.3, 0.6)
        return replace(body, lids=body.lids * (1 - share), pitch=body.pitch + down)

    return Act(start, fall + length + rise + 1.0, "eyes_closed", move, (fall, fall + length))


def yawn(start: float, rng: Rng, plateau: float, *, shuts: bool, hand: bool = False) -> Act:
    """A yawn; ``hand`` covers the mouth from half-way of the rise on."""
    rise, fall = float(rng.uniform(0.5, 1.1)), float(rng.uniform(0.4, 0.9))
    peak, narrowed = float(rng.uniform(0.72, 1.05)), float(rng.uniform(0.35, 0.7))
    back = float(rng.uniform(0, 8))

    def move(t: float, body: Body) -> Body:
        share = ramp(t, 0, rise, rise + plateau, fall)
        eyes = ramp(t, 0.4 * rise, 0.5, rise + plateau - 0.2, 0.5)
        lids = body.lids * (1 - eyes * (1.0 if shuts else narrowed * 0.6))
        covered = hand and 0.5 * rise < t < rise + plateau + 0.4 * fall
        mouth = max(body.mouth, peak * share)
        return replace(body, mouth=mouth, lids=lids, pitch=body.pitch - back * share, hand=covered)

    shut = (0.4 * rise + 0.4, rise + plateau) if shuts else None
    return Act(start, rise + plateau + fall + 0.3, "yawn", move, shut)


def laugh(start: float, rng: Rng) -> Act:
    """A laugh of one to two seconds with shut eyes."""
    length = float(rng.uniform(1.0, 2.0))

    def move(t: float, body: Body) -> Body:
        share = ramp(t, 0, 0.25, length, 0.3)
        mouth = max(body.mouth, share * (0.35 + 0.12 * np.sin(25 * t)))
        return replace(body, happy=max(body.happy, 0.95 * ramp(t, -0.3, 0.2, length + 0.6, 0.4)), mouth=mouth,
                       lids=body.lids * (1 - 0.95 * share))  # fmt: skip

    return Act(start, length + 1.0, "excused", move, (0.2, length))


def speech(start: float, length: float, rng: Rng, *, song: bool) -> Act:
    """Talk, or song with a wide mouth and, now and then, shut eyes for about a second."""
    rate = float(rng.uniform(1.2, 2.2) if song else rng.uniform(3.0, 5.5))
    wide, phase = float(rng.uniform(0.5, 0.85) if song else rng.uniform(0.15, 0.35)), float(rng.uniform(0, 6))
    at, lasts = float(rng.uniform(0, max(0.1, length - 2))), float(rng.uniform(0.5, 1.3))

    def move(t: float, body: Body) -> Body:
        wave = 0.5 + 0.5 * np.sin(2 * np.pi * rate * t + phase + np.sin(1.3 * t))
        shut = ramp(t, at, 0.2, at + 0.2 + lasts, 0.2) if song else 0.0
        return replace(body, mouth=max(body.mouth, wide * wave * ramp(t, 0, 0.2, length, 0.2)),
                       lids=body.lids * (1 - shut))  # fmt: skip

    shut = (at + 0.1, at + 0.3 + lasts) if song else None
    return Act(start, length + 0.3, "eyes_closed" if song else "", move, shut)


def glance(start: float, length: float, rng: Rng, *, turned: float = 0.0) -> Act:
    """A look down at the lap, or at a phone or the seat beside with the head turned by ``turned`` degrees."""
    deep, pitch = float(rng.uniform(0.7, 1.0)), float(rng.uniform(3, 14) if not turned else rng.uniform(10, 24))
    move_s = float(rng.uniform(0.2, 0.45))

    def move(t: float, body: Body) -> Body:
        share = ramp(t, 0, move_s, move_s + length, move_s)
        return replace(body, gaze=max(body.gaze, deep * share), pitch=body.pitch + pitch * share,
                       yaw=body.yaw + turned * share)  # fmt: skip

    return Act(start, length + 2 * move_s, "looking_down", move)


def lean(start: float, rng: Rng) -> Act:
    """A hand that stays before the mouth while the driver rests on it, and a closure of seconds meanwhile."""
    length, at = float(rng.uniform(12, 30)), float(rng.uniform(4, 7))
    shut = closure(0.0, float(rng.uniform(2, 4.5)), rng)
    assert shut.shut is not None

    def move(t: float, body: Body) -> Body:
        body = replace(body, hand=t < length)
        return shut.move(t - at, body) if t >= at else body

    return Act(start, length + 0.5, "eyes_closed", move, (at + shut.shut[0], at + shut.shut[1]))


def slump(start: float, rng: Rng) -> Act:
    """A head that sinks and stays down, as that of a sleeper behind sunglasses."""
    length, deg = float(rng.uniform(4, 9)), float(rng.uniform(18, 32))
    sinks = float(rng.uniform(0.6, 2.5))

    def move(t: float, body: Body) -> Body:
        share = ramp(t, 0, sinks, sinks + length, 0.5)
        return replace(body, pitch=body.pitch + deg * share, lids=body.lids * (1 - ramp(t, -0.5, 0.4, length, 0.5)))

    return Act(start, sinks + length + 0.5, "droop", move)


def aside(start: float, rng: Rng) -> Act:
    """A look into a mirror or over the shoulder."""
    length, yaw = float(rng.uniform(0.4, 1.6)), float(rng.choice([-1, 1]) * rng.uniform(20, 48))

    def move(t: float, body: Body) -> Body:
        return replace(body, yaw=body.yaw + yaw * ramp(t, 0, 0.3, 0.3 + length, 0.3))

    return Act(start, length + 0.6, "", move)


def unseen(start: float, length: float) -> Act:
    """Eyes behind glare or in a dark moment of a tunnel."""
    return Act(start, length, "", lambda t, body: replace(body, hidden=True))


@dataclass(frozen=True, slots=True)
class Script:
    """The acts of a driver of one condition; times between two acts of a kind are exponential.

    Attributes:
        acts: (mean seconds between, maker) in order of precedence; makers get the start and the random generator.
        blink_s: Mean seconds between blinks.
        slow: Stretches blinks.
    """

    acts: tuple[tuple[float, Callable[[float, Rng], Act]], ...] = ()
    blink_s: float = 4.0
    slow: float = 1.0

    def play(self, seconds: float, rng: Rng) -> list[Act]:
        """Acts of a drive: those of ``acts`` follow one another, blinks fall where no lids are shut."""
        made: list[Act] = []
        t = 3.0
        while self.acts and t < seconds - 12:
            rates = np.array([1 / mean for mean, _ in self.acts])
            t += float(rng.exponential(1 / rates.sum()))
            act = self.acts[int(rng.choice(len(rates), p=rates / rates.sum()))][1](t, rng)
            made.append(act)
            t = act.start + act.length + 1.5
        busy = [(a.start - 0.3, a.start + a.length + 0.3) for a in made if a.shut is not None or a.what]
        t = 0.5
        while t < seconds:
            t += 0.4 + float(rng.exponential(self.blink_s - 0.4))
            if not any(start < t < end for start, end in busy):
                made.append(blink(t, rng, self.slow))
        return sorted((a for a in made if a.start + a.length < seconds), key=lambda a: a.start)
