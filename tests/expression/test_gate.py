from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from monitor.core.labels import UNKNOWN
from monitor.expression.gate import LabelGate
from monitor.settings.config import EmotionConfig
from tests.fakes import distribution

CONFIG = EmotionConfig()


def play(script: Callable[[float], np.ndarray | None], seconds: float, hz: float = 30) -> list[str]:
    gate = LabelGate(EmotionConfig())
    return [gate.update(script(n / hz), n / hz) for n in range(round(seconds * hz))]


def mix(happy: float, neutral: float) -> np.ndarray:
    probs = np.full(7, (1 - happy - neutral) / 5, dtype=np.float32)
    probs[3], probs[6] = happy, neutral
    return probs


def test_the_first_clear_reading_is_shown_at_once() -> None:
    assert play(lambda t: distribution("happy"), 0.1)[0] == "happy"


def test_two_labels_that_lead_in_turn_do_not_flicker() -> None:
    shown = play(lambda t: mix(0.46, 0.44) if int(t * 30) % 2 else mix(0.44, 0.46), 3)
    assert len(set(shown)) == 1


@pytest.mark.parametrize("hz", [5, 10, 30])
def test_a_new_label_is_shown_after_it_led_long_enough_at_any_rate(hz: float) -> None:
    shown = play(lambda t: mix(0.3, 0.6) if t < 1 else mix(0.55, 0.35), 3, hz)
    change = shown.index("happy") / hz
    assert 1.25 <= change <= 1.25 + 1.5 / hz


def test_a_short_lead_changes_nothing() -> None:
    assert set(play(lambda t: mix(0.55, 0.35) if 1 < t < 1.2 else mix(0.35, 0.55), 3)) == {"neutral"}


def test_a_large_lead_changes_it_at_once() -> None:
    shown = play(lambda t: mix(0.05, 0.9) if t < 1 else mix(0.9, 0.05), 2)
    assert shown[30] == "happy"


def test_an_unsure_face_becomes_unknown_and_comes_back() -> None:
    flat = np.full(7, 1 / 7, dtype=np.float32)
    shown = play(lambda t: flat if 1 < t < 2 else distribution("sad"), 3)
    assert shown[29] == "sad"
    assert shown[45] == UNKNOWN
    assert shown[-1] == "sad"


def test_a_face_that_cannot_be_read_becomes_unknown() -> None:
    assert play(lambda t: None if t > 1 else distribution("sad"), 2)[-1] == UNKNOWN
    assert play(lambda t: None, 1)[-1] == UNKNOWN


def after(first: np.ndarray, then: np.ndarray, seconds: float = 2.0) -> list[str]:
    """What is shown, ten times a second, once ``then`` is read."""
    gate = LabelGate(CONFIG)
    for n in range(20):
        gate.update(first, n / 10)
    return [gate.update(then, 2 + n / 10) for n in range(round(seconds * 10))]


@pytest.mark.parametrize(("over", "shown"), [(-0.01, UNKNOWN), (0.01, "happy")])
def test_a_label_needs_the_least_confidence_exactly(over: float, shown: str) -> None:
    probs = mix(CONFIG.min_confidence + over, 0.1)
    assert play(lambda t: probs, 1)[-1] == shown


@pytest.mark.parametrize(("over", "shown"), [(-0.01, "neutral"), (0.01, "happy")])
def test_a_lead_needs_the_margin_exactly(over: float, shown: str) -> None:
    lead = CONFIG.margin + over
    assert after(mix(0.3, 0.6), mix(0.45 + lead / 2, 0.45 - lead / 2))[-1] == shown


@pytest.mark.parametrize(("over", "shown"), [(-0.01, "neutral"), (0.01, "happy")])
def test_a_jump_needs_its_lead_exactly(over: float, shown: str) -> None:
    lead = CONFIG.jump + over
    assert after(mix(0.05, 0.9), mix(0.48 + lead / 2, 0.48 - lead / 2))[0] == shown


def test_unknown_is_left_only_after_a_while() -> None:
    shown = after(np.full(7, 1 / 7, np.float32), mix(0.9, 0.02))
    assert shown[0] == UNKNOWN
    assert shown.index("happy") / 10 == pytest.approx(CONFIG.hold_s, abs=0.11)
