"""Faces that never move by themselves: statues, posters and dolls."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from monitor.capture import demo
from monitor.core.errors import ConfigError
from monitor.core.types import Frame
from monitor.faces.still import PAUSE_S, SPAN_S, Stillness
from monitor.networks.load import load
from monitor.run.assembly import build
from monitor.settings import config as configuration
from tests.crowd import HAPPY_S
from tests.fakes import keypoints_at

BOX = (100.0, 100.0, 200.0, 200.0)
Script = Callable[[float], tuple[float, float, float]]
"""Openness of the eyes, of the mouth, and yaw at a time."""


def poster(t: float) -> tuple[float, float, float]:
    """Only camera noise, at most 0.05."""
    return 0.3 + 0.025 * math.sin(37 * t), 0.05 * abs(math.sin(11 * t)), 1.5 * math.sin(23 * t)


def played(script: Script, seconds: float, hz: float, start: float = 0.0, own: Stillness | None = None) -> Stillness:
    own = own or Stillness()
    for n in range(round(seconds * hz)):
        t = start + n / hz
        eyes, mouth, yaw = script(t)
        seen = replace(keypoints_at(BOX, yaw=yaw), openness=np.array([eyes, eyes, mouth], np.float32))
        own.update(seen, t)
    return own


@pytest.mark.parametrize("hz", [5, 10, 30])
def test_a_poster_is_still_after_some_seconds_at_any_rate(hz: float) -> None:
    assert not played(poster, SPAN_S - 1, hz).still
    assert played(poster, SPAN_S + 2, hz).still


@pytest.mark.parametrize("hz", [5, 10, 30])
@pytest.mark.parametrize(
    "moves",
    [
        lambda t: (0.05 if 4.0 <= t < 4.5 else 0.3, 0.0, 0.0),  # a long blink
        lambda t: (0.3, 0.3 * abs(math.sin(5 * t)), 0.0),  # speech
        lambda t: (0.3, 0.0, 10.0 * math.sin(t)),  # a turning head
    ],
)
def test_whoever_blinks_speaks_or_turns_is_not_still(moves: Script, hz: float) -> None:
    assert not played(moves, SPAN_S + 2, hz).still


@pytest.mark.parametrize("wrong", [0.0, 0.9])
def test_one_wrong_measurement_does_not_bring_a_poster_to_life(wrong: float) -> None:
    def measured(t: float) -> tuple[float, float, float]:
        return (wrong, 0.0, 0.0) if 6.0 <= t < 6.1 else poster(t)

    assert played(measured, SPAN_S + 2, 10).still


def test_whoever_sleeps_is_not_still() -> None:
    assert not played(lambda t: (0.05, 0.0, 0.0), 30, 10).still


def test_a_face_that_moves_again_is_no_longer_still() -> None:
    own = played(poster, SPAN_S + 2, 10)
    assert own.still
    assert not played(lambda t: (0.3, 0.4 * abs(math.sin(5 * t)), 0.0), 2, 10, SPAN_S + 2, own).still


def test_after_a_pause_the_seconds_start_anew() -> None:
    own = played(poster, SPAN_S + 2, 10)
    assert not played(poster, 1, 10, SPAN_S + 2 + 2 * PAUSE_S, own).still


@pytest.mark.slow
@pytest.mark.parametrize(("ignore", "shown"), [("false", 1), ("true", 0)])
def test_a_photograph_on_the_wall_is_told_and_left_out_on_request(ignore: str, shown: int) -> None:
    config = configuration.load(None, [f"detect.ignore_still={ignore}"])[0]
    pipeline, picture, rng = build(config, load(config)), demo.render(HAPPY_S), np.random.default_rng(1)
    results = []
    for n in range(120):
        noisy = np.clip(picture + rng.normal(0, 3, picture.shape[:2])[..., None], 0, 255).astype(np.uint8)
        results.append(pipeline.step(Frame(n, n / 10, 0.0, noisy, "wall")))
    assert [len(result.faces) for result in results[:60]] == [1] * 60
    assert not any(face.still for result in results[:60] for face in result.faces)
    assert len(results[-1].faces) == shown
    assert all(face.still and face.id == 1 for face in results[-1].faces)


def test_a_driver_is_never_left_out() -> None:
    with pytest.raises(ConfigError, match="would leave out a driver who sleeps"):
        configuration.load(None, ["driver.enabled=true", "detect.ignore_still=true"])
