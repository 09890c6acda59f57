"""Where the attention is, moment by moment: nods, glances, and a turned head that comes back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from monitor.core.driver_state import ATTENTIVE, TURNED
from monitor.driver.attention import Attention, Nods
from monitor.driver.evidence import Evidence
from monitor.settings.config import DriverConfig

CONFIG = DriverConfig()


def look(attention: Attention, t: float, yaw: float) -> None:
    """Takes one moment of a driver whose eyes are open."""
    attention.update(Evidence(t, 1.8e9 + t, 1, True, True, 0.9, 0.0, (yaw, 0.0, 0.0), 0.0, 0.0), (0.0, 0.0))


def nods(pitch: Callable[[float], float], seconds: float = 12.0, hz: float = 10.0) -> int:
    found = Nods()
    return sum(found.update(n / hz, pitch(n / hz), shut=True) for n in range(round(seconds * hz)))


@pytest.mark.parametrize("hz", [5.0, 10.0, 30.0])
def test_a_head_that_falls_forward_is_one_nod(hz: float) -> None:
    assert nods(lambda t: 25.0 if 5 < t < 7 else 0.0, hz=hz) == 1


def test_a_head_that_falls_again_is_another_only_after_it_was_up() -> None:
    assert nods(lambda t: 25.0 if 5 < t < 6 or 8 < t < 9 else 0.0) == 2
    assert nods(lambda t: (25.0 if t % 1 < 0.5 else 15.0) if t > 5 else 0.0) == 1


def test_a_glance_at_the_instruments_is_no_nod() -> None:
    assert nods(lambda t: 15.0 if 5 < t < 7 else 0.0) == 0


def test_a_head_that_sinks_slowly_is_no_nod() -> None:
    assert nods(lambda t: min(30.0, max(0.0, 5 * (t - 4)))) == 0  # from 9 to 18 degrees in 1.8 s
    assert nods(lambda t: min(30.0, max(0.0, 9 * (t - 4)))) == 1  # in 1 s


@pytest.mark.parametrize("jump", [-50.0, 1.1, 3600.0])
def test_a_clock_that_jumps_makes_no_nod(jump: float) -> None:
    found = Nods()
    for n in range(20):
        found.update(100 + n / 10, 0.0, shut=True)
    assert not found.update(102 + jump, 25.0, shut=True)


def test_a_turned_head_is_back_only_well_within_the_angle() -> None:
    attention = Attention(CONFIG)
    look(attention, 0.0, 0.97 * CONFIG.turned_deg)
    assert attention.state == ATTENTIVE
    look(attention, 0.1, 1.03 * CONFIG.turned_deg)
    assert attention.state == TURNED
    look(attention, 0.2, 0.9 * CONFIG.turned_deg)
    assert attention.state == TURNED
    look(attention, 0.3, 0.75 * CONFIG.turned_deg)
    assert attention.state == ATTENTIVE
    look(attention, 0.4, 0.9 * CONFIG.turned_deg)
    assert attention.state == ATTENTIVE
