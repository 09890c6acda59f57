"""Bursty streams are stamped and shown at their own pace; others with their arrival."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.capture.playout import Playout


def play(frames: list[tuple[float, float]], buffer_s: float) -> list[float]:
    """When each (stated, arrival) is shown; like a reader that waits for one frame before it fetches the next."""
    playout, shown = Playout(buffer_s), [-math.inf]
    for stated, arrival in frames:
        shown.append(playout.due(stated, max(arrival, shown[-1])))
    return shown[1:]


def hls(segments: int, seconds: float = 2.0, fps: int = 25) -> list[tuple[float, float]]:
    """Every segment arrives as a whole when its last frame was taken."""
    count = round(seconds * fps)
    return [(n / fps, (n // count + 1) * seconds) for n in range(segments * count)]


def test_the_frames_of_a_burst_are_spread_over_their_own_times() -> None:
    shown = play(hls(10), 2.0)
    assert np.diff(shown) == pytest.approx(1 / 25, abs=1e-6)
    assert shown[0] == 2.0


def test_without_a_buffer_frames_carry_their_arrival() -> None:
    assert play(hls(3), 0.0) == [arrival for _, arrival in hls(3)]


def test_a_late_burst_delays_only_the_following_frames() -> None:
    frames = [(s, a + (1.5 if s >= 4 else 0)) for s, a in hls(6)]
    steps = np.diff(play(frames, 2.0))
    assert steps.max() == pytest.approx(1.54, abs=0.01)
    assert np.sort(steps)[:-1] == pytest.approx(1 / 25, abs=1e-6)


def test_a_clock_that_jumps_starts_anew() -> None:
    shown = play([(0.0, 10.0), (0.04, 10.04), (900.0, 10.08), (900.04, 10.12), (3.0, 10.16)], 2.0)
    assert shown == pytest.approx([10.0, 10.04, 10.08, 10.12, 10.16])


@given(st.lists(st.tuples(st.floats(0, 1e4) | st.just(math.nan), st.floats(0, 0.5)), max_size=60), st.floats(0, 5))
def test_no_frame_is_shown_before_it_arrived_or_later_than_the_buffer(
    steps: list[tuple[float, float]], buffer_s: float
) -> None:
    playout, now = Playout(buffer_s), 0.0
    for stated, gap in steps:
        now += gap
        assert now <= playout.due(stated, now) <= now + buffer_s + 1e-9
