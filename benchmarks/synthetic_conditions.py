"""Acts of synthetic drivers and the conditions they are seen in, by name."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.synthetic_script import (
    Act,
    Rng,
    Script,
    aside,
    closure,
    glance,
    laugh,
    lean,
    slump,
    speech,
    unseen,
    yawn,
)

Maker = Callable[[float, Rng], Act]


def _mirrors(t: float, rng: Rng) -> Act:
    return aside(t, rng)


def _talk(t: float, rng: Rng) -> Act:
    return speech(t, float(rng.uniform(2, 8)), rng, song=False)


def _shut(low: float, high: float, sink: float = 0.0) -> Maker:
    return lambda t, rng: closure(t, float(rng.uniform(low, high)), rng, sink * float(rng.uniform(0.6, 1.2)))


def _sings(t: float, rng: Rng) -> Act:
    return speech(t, float(rng.uniform(4, 10)), rng, song=True)


def _looks_down(t: float, rng: Rng) -> Act:
    return glance(t, float(rng.uniform(0.4, 4)), rng)


def _phones(t: float, rng: Rng) -> Act:
    return glance(t, float(rng.uniform(0.6, 5)), rng, turned=float(rng.choice([-1, 1]) * rng.uniform(15, 38)))


def _yawns(t: float, rng: Rng) -> Act:
    return yawn(t, rng, float(rng.uniform(2, 4)), shuts=bool(rng.random() < 0.6))


def _yawns_long(t: float, rng: Rng) -> Act:
    return yawn(t, rng, float(rng.uniform(5, 8)), shuts=True)


def _yawns_hidden(t: float, rng: Rng) -> Act:
    return yawn(t, rng, float(rng.uniform(2.5, 6)), shuts=True, hand=True)


def _unseen(low: float, high: float) -> Maker:
    return lambda t, rng: unseen(t, float(rng.uniform(low, high)))


ORDINARY = ((25.0, _mirrors), (40.0, _talk))
"""Acts of all awake drivers."""
AWAKE = Script(ORDINARY)
SLEEPY = Script(((20.0, _shut(1.1, 1.45)), (20.0, _shut(1.8, 5)), (40.0, _mirrors), (60.0, _talk)), 3.0, 1.3)
CONDITIONS: dict[str, tuple[Script, str, float]] = {
    "awake": (AWAKE, "clear", 30),
    "awake, 5 Hz": (AWAKE, "clear", 5),
    "awake, dark": (AWAKE, "dark", 15),
    "awake, very dark": (AWAKE, "very dark", 15),
    "awake, noise": (AWAKE, "noise", 30),
    "awake, infra-red": (AWAKE, "infra-red", 30),
    "awake, vibration": (AWAKE, "vibration", 30),
    "awake, tunnel flicker": (Script((*ORDINARY, (6.0, _unseen(0.1, 0.9)))), "clear", 25),
    "awake, glasses with glare": (Script((*ORDINARY, (8.0, _unseen(0.3, 4)))), "glare", 25),
    "slow blinks": (Script(ORDINARY, 5.0, 1.75), "clear", 30),
    "frequent blinks": (Script(ORDINARY, 1.6, 1.0), "clear", 30),
    "talk": (Script(((10.0, _talk), (30.0, _mirrors))), "clear", 30),
    "song, shut eyes at times": (Script(((12.0, _sings),)), "clear", 25),
    "laughter": (Script(((15.0, laugh), *ORDINARY)), "clear", 30),
    "glances down": (Script(((8.0, _looks_down), *ORDINARY)), "clear", 30),
    "glances down, 10 Hz, noise": (Script(((8.0, _looks_down), *ORDINARY)), "noise", 10),
    "phone, head lowered and turned": (Script(((9.0, _phones), *ORDINARY)), "clear", 30),
    "yawns": (Script(((30.0, _yawns), *ORDINARY)), "clear", 30),
    "yawns, noise": (Script(((30.0, _yawns), *ORDINARY)), "noise", 15),
    "long yawns, shut eyes": (Script(((40.0, _yawns_long), *ORDINARY)), "clear", 30),
    "yawns behind a hand": (Script(((30.0, _yawns_hidden), *ORDINARY)), "clear", 30),
    "sleepy": (SLEEPY, "clear", 30),
    "sleepy, 5 Hz": (SLEEPY, "clear", 5),
    "sleepy, 10 Hz": (SLEEPY, "clear", 10),
    "sleepy, dark": (SLEEPY, "dark", 15),
    "sleepy, very dark": (SLEEPY, "very dark", 15),
    "sleepy, noise": (SLEEPY, "noise", 30),
    "sleepy, infra-red": (SLEEPY, "infra-red", 30),
    "sleepy, vibration": (SLEEPY, "vibration", 30),
    "sleepy, head sinks": (Script(((20.0, _shut(2.5, 7, 26.0)), *ORDINARY), 3.0, 1.3), "clear", 30),
    "sleepy, yawns": (Script(((20.0, _shut(2.0, 6)), (30.0, _yawns), *ORDINARY), 3.0, 1.3), "clear", 30),
    "sleepy, hand before the mouth": (Script(((25.0, lean), *ORDINARY)), "clear", 30),
    "mask": (AWAKE, "mask", 30),
    "sleepy, mask": (SLEEPY, "mask", 30),
    "sunglasses": (AWAKE, "sunglasses", 30),
    "sunglasses, glances down": (Script(((8.0, _looks_down), *ORDINARY)), "sunglasses", 30),
    "sunglasses, head sinks": (Script(((25.0, slump), *ORDINARY)), "sunglasses", 30),
}
"""Script, camera and frames a second of each condition."""
