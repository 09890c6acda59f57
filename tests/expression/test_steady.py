"""The shown label and distribution, as stories on a clock in seconds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.core.labels import EMOTIONS, UNKNOWN
from monitor.expression.smoother import Smoother
from monitor.expression.steady import RETURNS, SteadyLabel
from monitor.settings.config import EmotionConfig
from tests.fakes import distribution

CONFIG = EmotionConfig()
FLAT = np.full(7, 1 / 7, dtype=np.float32)
RATES = [5, 10, 30]
Probs = NDArray[np.float32]


def play(script: Callable[[float], Probs | None], seconds: float, hz: float = 30) -> list[str]:
    steady = SteadyLabel(CONFIG)
    return [steady.update(script(n / hz), n / hz) for n in range(round(seconds * hz))]


def mix(happy: float, neutral: float) -> Probs:
    probs = np.full(7, (1 - happy - neutral) / 5, dtype=np.float32)
    probs[3], probs[6] = happy, neutral
    return probs


readings = st.lists(
    st.tuples(
        st.floats(0.0, 1.5),
        st.none() | st.lists(st.floats(0.0, 1.0), min_size=7, max_size=7).filter(lambda v: sum(v) > 0.01),
    ),
    max_size=60,
)
shares = st.floats(0.0, 1.0)


@given(readings, shares, shares, shares, st.floats(0.0, 2.0))
def test_the_label_is_the_top_of_the_shown_distribution_or_unknown(
    steps: list[tuple[float, list[float] | None]], least: float, margin: float, jump: float, hold: float
) -> None:
    config = EmotionConfig(min_confidence=least, margin=margin, jump=jump, hold_s=hold)
    steady, t = SteadyLabel(config), 0.0
    for dt, values in steps:
        t += dt
        probs = None if values is None else np.array(np.array(values) / sum(values), np.float32)
        label = steady.update(probs, t)
        assert label == steady.label
        if steady.probs is None:
            assert label == UNKNOWN
            continue
        assert steady.probs.sum() == pytest.approx(1, abs=1e-5)
        assert (steady.probs >= 0).all()
        if label != UNKNOWN:
            assert label == EMOTIONS[int(steady.probs.argmax())]
            assert steady.probs.max() >= least


@given(readings)
def test_the_smoothed_label_is_the_top_of_the_shown_distribution(steps: list[tuple[float, list[float] | None]]) -> None:
    smoother, steady, t = Smoother(CONFIG.smooth_s), SteadyLabel(CONFIG), 0.0
    for dt, values in steps:
        t += dt
        raw = None if values is None else np.array(np.array(values) / sum(values), np.float32)
        label = steady.update(None if raw is None else smoother.update(raw, t), t)
        if label != UNKNOWN:
            assert steady.probs is not None
            assert label == EMOTIONS[int(steady.probs.argmax())]
            assert steady.probs.max() >= CONFIG.min_confidence


def test_a_reading_that_supports_the_label_is_shown_as_it_is() -> None:
    steady = SteadyLabel(CONFIG)
    for n, probs in enumerate((mix(0.7, 0.2), mix(0.5, 0.4), mix(0.45, 0.44))):
        steady.update(probs, n / 10)
        assert steady.probs is probs


def test_a_contradicting_reading_is_altered_by_no_more_than_the_limit() -> None:
    steady = SteadyLabel(CONFIG)
    steady.update(mix(0.6, 0.3), 0.0)
    probs = mix(0.4, 0.5)
    assert steady.update(probs, 0.1) == "happy"
    assert steady.probs is not None
    odds = steady.probs / probs
    assert np.log(odds[3] / odds[6]) <= np.log((1 + CONFIG.jump) / (1 - CONFIG.jump))
    assert np.allclose(np.delete(odds, 3), odds[6]), "all other labels keep their proportions"


def test_the_first_clear_reading_is_shown_at_once() -> None:
    assert play(lambda t: distribution("happy"), 0.1)[0] == "happy"


@pytest.mark.parametrize("hz", RATES)
def test_two_labels_that_lead_in_turn_do_not_flicker(hz: float) -> None:
    shown = play(lambda t: mix(0.46, 0.44) if round(t * hz) % 2 else mix(0.44, 0.46), 3, hz)
    assert len(set(shown)) == 1


@pytest.mark.parametrize("hz", RATES)
def test_a_new_label_is_shown_after_the_same_time_at_any_rate(hz: float) -> None:
    shown = play(lambda t: mix(0.3, 0.6) if t < 1 else mix(0.55, 0.35), 4, hz)
    change = shown.index("happy") / hz
    assert 1.9 <= change <= 1.97 + 1 / hz
    assert set(shown[shown.index("happy") :]) == {"happy"}


@pytest.mark.parametrize("hz", RATES)
def test_a_short_lead_changes_nothing(hz: float) -> None:
    assert set(play(lambda t: mix(0.55, 0.35) if 1 < t < 1.2 else mix(0.35, 0.55), 3, hz)) == {"neutral"}


@pytest.mark.parametrize("hz", RATES)
def test_a_large_lead_changes_it_at_once(hz: float) -> None:
    shown = play(lambda t: mix(0.05, 0.9) if t < 1 else mix(0.9, 0.05), 2, hz)
    assert shown[round(hz)] == "happy"


@pytest.mark.parametrize("hz", RATES)
def test_an_unsure_face_becomes_unknown_and_comes_back(hz: float) -> None:
    shown = play(lambda t: FLAT if 1 < t < 2 else distribution("sad"), 3, hz)
    assert shown[int(hz)] == "sad"
    assert shown[int(1.5 * hz)] == UNKNOWN
    assert shown[int(2.3 * hz)] == UNKNOWN
    assert shown[-1] == "sad"


def test_a_face_that_cannot_be_read_becomes_unknown() -> None:
    shown = play(lambda t: None if t > 1 else distribution("sad"), 2)
    assert shown[round(30 * (1 + 0.8 * CONFIG.hold_s))] == "sad"
    assert shown[-1] == UNKNOWN
    assert play(lambda t: None, 1)[-1] == UNKNOWN


def after(first: Probs, then: Probs, seconds: float = 2.0) -> list[str]:
    """The labels shown, ten times a second, once ``then`` is read."""
    steady = SteadyLabel(CONFIG)
    for n in range(20):
        steady.update(first, n / 10)
    return [steady.update(then, 2 + n / 10) for n in range(round(seconds * 10))]


@pytest.mark.parametrize(("over", "shown"), [(-0.01, UNKNOWN), (0.01, "happy")])
def test_a_label_needs_the_least_confidence_exactly(over: float, shown: str) -> None:
    probs = mix(CONFIG.min_confidence + over, 0.1)
    assert play(lambda t: probs, 1)[-1] == shown


@pytest.mark.parametrize(("over", "shown"), [(-0.015, "neutral"), (0.015, "happy")])
def test_a_lasting_lead_over_the_margin_changes_the_label(over: float, shown: str) -> None:
    half = (CONFIG.margin + over) / 2
    assert after(mix(0.1, 0.9), mix(0.5 + half, 0.5 - half))[-1] == shown


@pytest.mark.parametrize(("over", "shown"), [(-0.02, "neutral"), (0.02, "happy")])
def test_a_lead_over_the_jump_changes_the_label_at_once(over: float, shown: str) -> None:
    half = (CONFIG.jump + over) / 2
    assert after(mix(0.1, 0.9), mix(0.5 + half, 0.5 - half))[0] == shown


def test_unknown_is_left_only_after_a_while() -> None:
    shown = after(FLAT, mix(0.9, 0.02))
    assert shown[0] == UNKNOWN
    assert shown.index("happy") / 10 == pytest.approx(RETURNS * CONFIG.hold_s, abs=0.11)
