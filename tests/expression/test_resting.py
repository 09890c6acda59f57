"""Stories of faces at rest, at 5, 10 and 30 readings a second."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.core.labels import EMOTIONS
from monitor.core.types import Event
from monitor.expression.resting import CALM_S, MOST, Calibration

RATES = (5.0, 10.0, 30.0)
Probs = NDArray[np.float32]


def reading(**shares: float) -> Probs:
    """A distribution with these shares; the rest is spread over the others."""
    left = [label for label in EMOTIONS if label not in shares]
    rest = (1 - sum(shares.values())) / len(left)
    return np.array([shares.get(label, rest) for label in EMOTIONS], np.float32)


SAD_AT_REST = reading(sad=0.55, neutral=0.33)
NEUTRAL = reading(neutral=0.8, sad=0.08)
SMILE = reading(happy=0.9)


class Story:
    """One face, read at a rate."""

    def __init__(self, hz: float) -> None:
        self.hz, self.t = hz, 0.0
        self.calibration = Calibration(iter(range(1, 1000)))
        self.events: list[Event] = []

    def show(self, probs: Probs, seconds: float, face: int = 1) -> str:
        """Shows one expression; returns the label that is read last."""
        label = ""
        for _ in range(round(seconds * self.hz)):
            label = self.read(probs, face)
        return label

    def read(self, probs: Probs, face: int = 1) -> str:
        """One reading; returns its label."""
        out = self.calibration.corrected(face, probs, self.t, 1000 + self.t)
        assert out.sum() == pytest.approx(1, abs=1e-5)
        self.events += self.calibration.take()
        self.t += 1 / self.hz
        return EMOTIONS[int(out.argmax())]


@pytest.fixture(params=RATES, ids="{:g} Hz".format)
def story(request: pytest.FixtureRequest) -> Story:
    return Story(request.param)


def test_a_face_that_reads_sad_at_rest_reads_neutral_after_thirty_calm_seconds(story: Story) -> None:
    assert story.show(SAD_AT_REST, CALM_S - 1) == "sad"
    assert story.show(SAD_AT_REST, 2) == "neutral"
    start, end = story.events
    assert (start.kind, start.phase, start.face) == ("calibrating", "start", 1)
    assert (end.phase, end.id) == ("end", start.id)
    assert end.data["duration_s"] == pytest.approx(CALM_S, abs=0.6)
    assert end.data["corrected"].keys() == {"sad"}
    assert end.data["calibrated"] == 1


def test_sadness_beyond_the_resting_face_is_still_read(story: Story) -> None:
    story.show(SAD_AT_REST, CALM_S + 1)
    assert story.show(reading(sad=0.9, neutral=0.06), 1) == "sad"
    assert story.show(SMILE, 1) == "happy"


def test_a_scowl_at_rest_is_corrected_and_a_real_one_is_not(story: Story) -> None:
    story.show(reading(angry=0.5, neutral=0.4), CALM_S + 1)
    assert story.show(reading(angry=0.5, neutral=0.4), 1) == "neutral"
    assert story.show(reading(angry=0.9, neutral=0.05), 1) == "angry"


def test_a_face_that_is_neutral_at_rest_is_left_as_it_is(story: Story) -> None:
    story.show(NEUTRAL, CALM_S + 1)
    assert story.events[-1].data["corrected"] == {}
    assert story.calibration.corrected(1, SAD_AT_REST, story.t, 0) is SAD_AT_REST


def test_smiles_do_not_count_as_rest(story: Story) -> None:
    story.show(SMILE, 60)
    assert [event.phase for event in story.events] == ["start"]
    story.show(SAD_AT_REST, CALM_S + 1)
    assert story.events[-1].data["corrected"]["sad"] > 0


def test_a_known_baseline_does_not_change(story: Story) -> None:
    story.show(NEUTRAL, CALM_S + 1)
    assert story.show(SAD_AT_REST, 120) == "sad"
    assert len(story.events) == 2


def test_a_very_sad_face_is_not_talked_away(story: Story) -> None:
    deep = reading(sad=0.97, neutral=0.01)
    story.show(deep, CALM_S + 1)
    assert story.events[-1].data["corrected"]["sad"] == MOST
    assert story.show(deep, 1) == "sad"


def test_gaps_in_the_readings_do_not_count_as_rest(story: Story) -> None:
    story.show(SAD_AT_REST, 1)
    story.t += 300
    story.show(SAD_AT_REST, 1)
    assert [event.phase for event in story.events] == ["start"]


def test_each_face_has_its_own_baseline_and_loses_it_when_it_leaves(story: Story) -> None:
    story.show(SAD_AT_REST, CALM_S + 1, face=1)
    assert story.read(SAD_AT_REST, face=2) == "sad"
    story.calibration.keep({1})
    (end,) = story.calibration.take()
    assert (end.face, end.phase) == (2, "end")
    assert end.data["calibrated"] < 1
    story.calibration.keep(set())
    assert story.calibration.take() == []
    assert story.read(SAD_AT_REST, face=1) == "sad"


def test_time_that_steps_back_teaches_nothing(story: Story) -> None:
    teach: Callable[[float], Probs] = lambda t: story.calibration.corrected(1, SAD_AT_REST, t, 0)  # noqa: E731
    for n in range(200):
        teach(100 - n)
    assert story.calibration.take()[-1].phase == "start"
