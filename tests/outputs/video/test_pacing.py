"""How often a picture is written so that a recording plays at true speed."""

from __future__ import annotations

from monitor.outputs.video.pacing import Pacing


def test_a_source_whose_time_goes_back_is_recorded_on() -> None:
    pacing = Pacing(20.0, live=False)
    pacing.begin(10.0)
    assert sum(pacing.due(10.0 + n / 20) for n in range(100)) == 100
    assert [pacing.due(2.0 + n / 20) for n in range(20)] == [1] * 20


def test_a_picture_that_comes_a_little_early_is_left_out() -> None:
    pacing = Pacing(20.0, live=False)
    pacing.begin(0.0)
    assert [pacing.due(t) for t in (0.0, 0.05, 0.01, 0.1)] == [1, 1, 0, 1]
