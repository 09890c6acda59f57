"""Speech and song against yawns, silence and noise."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.driver.speech import Speech
from tests.driver.stories import RATES, times


def speaks(rate: float, mouth: object, seconds: float = 6.0) -> bool:
    speech = Speech()
    for t in times(seconds, rate):
        speech.update(0.0 if t == 0 else 1 / rate, mouth(t))  # type: ignore[operator]
    return speech.speaking


@pytest.mark.parametrize("rate", RATES)
def test_song_moves_the_mouth(rate: float) -> None:
    assert speaks(rate, lambda t: 0.35 + 0.35 * np.sin(2 * np.pi * 1.3 * t))


@pytest.mark.parametrize("rate", RATES)
def test_a_yawn_opens_it_once(rate: float) -> None:
    assert not speaks(rate, lambda t: 0.8 * min(1.0, max(0.0, t - 1)) * (t < 5))


@pytest.mark.parametrize("rate", RATES)
def test_noise_on_a_mouth_at_rest_is_no_speech(rate: float) -> None:
    rng = np.random.default_rng(1)
    assert not speaks(rate, lambda t: max(0.0, rng.normal(0.05, 0.03)))


def test_a_mouth_that_cannot_be_seen_keeps_the_state() -> None:
    speech = Speech()
    for n in range(60):
        speech.update(0.1, 0.7 * (n % 5 > 1))
    assert speech.speaking
    assert speech.update(0.1, None)
