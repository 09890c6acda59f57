"""Trajectories: smoothing, prediction and forgetting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.faces.search import Search
from monitor.faces.track import Trajectory
from monitor.faces.tracker import Tracker
from monitor.settings.config import TrackConfig
from tests.faces.searches import IMAGE, seen
from tests.fakes import square


def test_the_box_of_a_still_face_is_steadier_than_its_detections() -> None:
    rng = np.random.default_rng(3)
    jitter = rng.normal(0, 4, (90, 2))
    tracker, places = Tracker(TrackConfig()), []
    for n in range(90):
        box = square(300 + jitter[n, 0], 200 + jitter[n, 1], 100)
        tracks = tracker.update(Search(seen(box), False, frozenset({0})), n / 30, IMAGE)
        places += [track.box[0] for track in tracks]
    assert np.std(places[20:]) < 0.6 * np.std(jitter[20:, 0])


def test_a_moving_face_out_of_sight_is_expected_only_a_little_further_on() -> None:
    tracker = Tracker(TrackConfig())
    for n in range(31):
        tracker.update(Search(seen(square(150 + 4 * n, 200, 100)), True, frozenset()), n / 30, IMAGE)
    at, later, much_later = (tracker.expected(1 + t)[0].box for t in (0.0, 0.3, 1.5))
    speed = (later[0] - at[0]) / 0.3
    assert speed == pytest.approx(120, rel=0.15)
    assert much_later[0] - at[0] == pytest.approx(0.4 * speed, rel=0.01)


def test_what_a_face_did_before_it_was_lost_says_nothing_of_now() -> None:
    tracker = Tracker(TrackConfig())
    for n in range(31):
        tracker.update(Search(seen(square(150 + 4 * n, 200, 100)), True, frozenset()), n / 30, IMAGE)
    found = square(300, 200, 100)
    tracks = tracker.update(Search(seen(found), True, frozenset({0})), 2.2, IMAGE)
    assert [track.id for track in tracks] == [1]
    assert tracks[0].box.tolist() == pytest.approx(list(found))
    assert tracker.expected(2.5)[0].box == pytest.approx(found)


@given(
    st.tuples(st.floats(0, 500), st.floats(0, 400), st.floats(5, 200)),
    st.lists(st.tuples(st.floats(-30, 30), st.floats(-30, 30), st.just(0.0) | st.floats(1e-3, 0.5)), max_size=15),
    st.floats(0, 100),
)
def test_a_predicted_box_keeps_its_size_and_stays_finite(
    start: tuple[float, float, float], steps: list[tuple[float, float, float]], later: float
) -> None:
    x, y, side = start
    t, path = 0.0, Trajectory.start(square(x, y, side), None, 0.0)
    for dx, dy, dt in steps:
        x, y, t = x + dx, y + dy, t + dt
        path.move(square(x, y, side), None, t, anew=dt > 0.4)
    x1, y1, x2, y2 = path.predicted(t + later)
    assert np.isfinite([x1, y1, x2, y2]).all()
    assert x2 - x1 == pytest.approx(path.box[2] - path.box[0], abs=1e-6)
    assert y2 - y1 == pytest.approx(path.box[3] - path.box[1], abs=1e-6)
    assert path.predicted(t + 0.4 + later) == pytest.approx(path.predicted(t + 0.4))
