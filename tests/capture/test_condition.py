"""Faults of a camera's pictures, detected from the pictures and their times."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.capture.condition import Condition
from monitor.core.incidents import Incidents
from monitor.core.types import Image


class Watched:
    """A camera's condition and its reports."""

    def __init__(self, hold_s: float = 5.0, frozen_s: float = 5.0) -> None:
        self.incidents = Incidents()
        self.condition = Condition("camera", self.incidents, hold_s, frozen_s)
        self.n = 0

    def film(self, start: float, seconds: float, hz: float = 10.0, image: Image | None = None) -> None:
        for k in range(round(seconds * hz)):
            self.n += 1
            fresh = np.full((48, 64, 3), 20 + self.n % 200, np.uint8) if image is None else image
            self.condition.see(fresh, start + k / hz)

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(e.phase, e.data["state"]) for e in self.incidents.take(0.0, 0.0)]


def still(level: int = 90) -> Image:
    return np.full((48, 64, 3), level, np.uint8)


def test_the_very_same_picture_for_long_enough_is_none() -> None:
    camera = Watched()
    camera.film(0, 4.5, image=still())
    assert not camera.condition.frozen
    camera.film(4.5, 1.0, image=still())
    assert camera.condition.frozen
    camera.film(5.5, 0.1)
    assert not camera.condition.frozen
    assert camera.told == [("start", "frozen"), ("end", "frozen")]


def test_a_pause_does_not_count_as_standing_still() -> None:
    camera = Watched()
    camera.film(0, 1.0, image=still())
    camera.film(100.0, 3.5, image=still())
    assert not camera.condition.frozen
    camera.film(103.5, 1.5, image=still())
    assert camera.condition.frozen


def test_a_black_picture_is_reported_after_a_while_and_a_dark_scene_is_not() -> None:
    camera = Watched()
    rng = np.random.default_rng(0)
    for n in range(70):
        dark = np.clip(rng.normal(14, 3, (48, 64, 3)), 0, 255).astype(np.uint8)
        camera.condition.see(dark, n / 10)
    assert camera.told == []
    for n in range(70):
        black = np.clip(rng.normal(5, 2, (48, 64, 3)), 0, 255).astype(np.uint8)
        camera.condition.see(black, 7 + n / 10)
    assert camera.told == [("start", "black")]
    camera.film(14, 0.2)
    assert camera.told == [("end", "black")]


@pytest.mark.parametrize(("hz", "told"), [(7.5, []), (6.5, []), (5.5, [("start", "slow")])])
def test_exposure_in_the_dark_is_no_collapse_of_the_rate(hz: float, told: list[tuple[str, str]]) -> None:
    camera = Watched(frozen_s=0.0)
    camera.film(0, 15, hz=30)
    camera.film(15, 30, hz=hz)
    assert camera.told == told


@pytest.mark.parametrize(("hz", "told"), [(13.0, []), (18.0, [("end", "slow")])])
def test_it_is_back_only_at_half_its_best(hz: float, told: list[tuple[str, str]]) -> None:
    camera = Watched(frozen_s=0.0)
    camera.film(0, 15, hz=30)
    camera.film(15, 30, hz=3)
    assert camera.told == [("start", "slow")]
    camera.film(45, 20, hz=hz)
    assert camera.told == told
