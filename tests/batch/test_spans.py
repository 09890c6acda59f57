"""Cutting recordings and joining ids at the seams."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.batch.analyse import Request, _Collector
from monitor.batch.spans import Sightings, Span, plan, same_people
from monitor.capture.sampling import Sampling
from monitor.core.types import Event
from monitor.settings.config import Config


@given(
    st.floats(0, 1e5, allow_nan=False), st.sampled_from([0.0, 60.0, 600.0]), st.sampled_from([0.0, 5.0, 30.0])
)  # fmt: skip
def test_spans_cover_a_recording_once(duration: float, span_s: float, overlap_s: float) -> None:
    spans = plan(duration, span_s, overlap_s)
    assert spans[0].start == 0
    assert math.isinf(spans[-1].end)
    for before, after in itertools.pairwise(spans):
        assert before.end == after.start
        assert after.read_from == pytest.approx(max(0.0, after.start - overlap_s))
    if span_s and len(spans) > 1:
        assert all(s.end - s.start <= span_s + 1e-6 for s in spans[:-1])


def test_short_and_unknown_lengths_are_not_cut() -> None:
    assert len(plan(0, 60, 5)) == len(plan(80, 60, 5)) == len(plan(1000, 0, 5)) == 1


def _seen(*rows: tuple[float, int, float]) -> Sightings:
    """Rows of time, id and x of a 100 px box."""
    boxes = np.array([[x, 0, x + 100, 100] for _, _, x in rows], np.float32).reshape(-1, 4)
    return Sightings(np.array([r[0] for r in rows]), np.array([r[1] for r in rows], np.int64), boxes)


def test_people_keep_their_ids_across_a_seam() -> None:
    before = _seen(*((n / 10, i, x) for n in range(10) for i, x in ((4, 0.0), (7, 300.0))))
    after = _seen(*((n / 10, i, x) for n in range(10) for i, x in ((1, 305.0), (2, 3.0))))
    assert same_people(before, after) == {1: 7, 2: 4}


def test_a_newcomer_gets_no_old_id() -> None:
    before = _seen((0.0, 4, 0.0))
    assert same_people(before, _seen((0.0, 1, 250.0))) == {}
    assert same_people(before, _seen((5.0, 1, 0.0))) == {}


def test_an_id_is_used_once_and_the_better_pair_wins() -> None:
    before = _seen((0.0, 4, 0.0))
    assert same_people(before, _seen((0.0, 1, 20.0), (0.0, 2, 2.0))) == {2: 4}


def test_a_span_that_begins_at_a_multiple_of_the_interval_takes_that_frame() -> None:
    """Three fifths of a second are 0.6000000000000001 s."""
    sampling = Sampling(0.2)
    sampling.start(3 * 0.2)
    assert sampling.due(0.6)
    assert not sampling.due(0.5)


def test_an_event_that_ended_in_the_overlap_belongs_to_the_span_before() -> None:
    span = Span(1, 8.0, 10.0, math.inf)
    collector = _Collector(span, 2.0, Request(Config()), lambda: None)
    for number, (start, end) in enumerate(((8.2, 9.5), (9.0, 10.0), (11.0, None)), 1):
        collector.events([Event("emotion", "start", number, start, 0.0, 1, 0, {})])
        if end is not None:
            collector.events([Event("emotion", "end", number, end, 0.0, 1, 0, {})])
    assert [episode["id"] for episode in collector.part(0.0).episodes] == [2, 3]
