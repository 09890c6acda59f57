"""Identities, as stories on a clock in seconds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.types import Box
from monitor.faces.search import Search
from monitor.faces.tracker import Tracker
from monitor.settings.config import TrackConfig
from tests.faces.searches import IMAGE, everyone, play, seen, sighting
from tests.fakes import keypoints_at, picture, square


def test_a_face_gets_its_id_with_the_second_hit() -> None:
    shown = play(lambda t: [square(300, 200, 100)], 0.3, 10)
    assert [sorted(frame) for frame in shown] == [[], [1], [1]]


@pytest.mark.parametrize("hz", [1.0, 1.9])
def test_however_far_pictures_are_apart_the_second_hit_counts(hz: float) -> None:
    shown = play(lambda t: [square(300, 200, 100)], 4, hz)
    assert [sorted(frame) for frame in shown[:3]] == [[], [1], [1]]


@pytest.mark.parametrize(("presence", "ids"), [(0.9995, [1]), (0.99, [])])
def test_only_a_face_beyond_doubt_has_its_id_at_first_sight(presence: float, ids: list[int]) -> None:
    box = square(300, 200, 100)
    first = Search((sighting(box, presence),), full=True)
    assert [track.id for track in Tracker(TrackConfig()).update(first, 0.0, IMAGE)] == ids


def test_a_single_false_hit_never_gets_an_id() -> None:
    shown = play(lambda t: [square(300, 200, 100)] if t == 0 else [], 3, 10)
    assert not any(shown)


def test_after_a_gap_without_pictures_a_face_is_a_new_person() -> None:
    """A follower that looks at the old place would accept any face there."""
    config, box = TrackConfig(), square(300, 200, 100)
    for gap, ids in ((config.forget_s - 0.1, [1]), (config.forget_s + 0.1, [2])):
        tracker = Tracker(config)
        for t in (0.0, 0.1):
            tracker.update(Search(seen(box), True, frozenset()), t, IMAGE)
        for t in (0.1 + gap, 0.2 + gap):
            tracker.forget(t)
            known = everyone(tracker, t)
            followed = {i: keypoints_at(box, 0.9995) for i in known}
            found = seen(*([] if followed else [box]))
            tracks = tracker.update(Search(found, True, known, followed), t, IMAGE)
        assert [track.id for track in tracks] == ids


@pytest.mark.parametrize("hz", [5, 10, 30])
def test_two_people_walking_keep_their_ids_at_any_rate(hz: float) -> None:
    shown = play(lambda t: [square(100 + 60 * t, 150, 80), square(550 - 50 * t, 320, 90)], 4, hz)
    assert {i for frame in shown for i in frame} == {1, 2}
    last = shown[-1]
    left = min(last, key=lambda i: last[i][0])
    assert left == 1


def test_a_face_out_of_sight_for_a_moment_keeps_its_id() -> None:
    shown = play(lambda t: [] if 1 < t < 2.5 else [square(300, 200, 100)], 4, 10)
    assert {i for frame in shown for i in frame} == {1}
    assert not shown[22]
    assert shown[30]


def test_a_face_that_was_gone_for_longer_is_a_new_person() -> None:
    shown = play(lambda t: [] if 1 < t < 4 else [square(300, 200, 100)], 6, 10)
    assert {i for frame in shown for i in frame} == {1, 2}


def test_weak_hits_continue_a_face_but_do_not_start_one() -> None:
    tracker = Tracker(TrackConfig())
    box = square(300, 200, 100)
    for n in range(5):
        assert not tracker.update(Search(seen(box, score=0.3), False, frozenset()), n / 10, IMAGE)
    for n in range(5, 8):
        tracker.update(Search(seen(box), False, frozenset({0})), n / 10, IMAGE)
    for n in range(8, 40):
        tracks = tracker.update(Search(seen(box, score=0.3), False, frozenset({0})), n / 10, IMAGE)
    assert [track.id for track in tracks] == [1]


def test_a_frame_without_a_search_is_no_miss() -> None:
    tracker = Tracker(TrackConfig())
    for n in range(3):
        tracker.update(Search(seen(square(300, 200, 100)), False, frozenset({0})), n / 10, IMAGE)
    tracks = tracker.update(Search(), 0.35, IMAGE)
    assert tracks[0].seen
    tracks = tracker.update(Search(looked=frozenset({0})), 0.4, IMAGE)
    assert not tracks[0].seen


def test_two_tracks_never_follow_one_face() -> None:
    tracker = Tracker(TrackConfig(confirm_hits=1))
    left, right = square(200, 200, 100), square(400, 200, 100)
    tracker.update(Search(seen(left, right), True, frozenset()), 0.0, IMAGE)
    both = frozenset({0, 1})
    for n in range(1, 4):  # the right one is gone, and its track has slid onto the left face
        followed = {0: keypoints_at(left), 1: keypoints_at(square(210, 200, 100))}
        tracks = tracker.update(Search(looked=both, followed=followed), n / 30, IMAGE)
    assert [track.seen for track in tracks] == [True, False]


def test_a_doubtful_face_gets_no_id() -> None:
    tracker = Tracker(TrackConfig(), sure=0.8)
    box = square(300, 200, 100)
    tracker.update(Search((sighting(box, 0.85),), full=True), 0.0, IMAGE)
    for n in range(1, 60):
        followed = {0: keypoints_at(box, 0.55)} if tracker.expected(n / 30) else {}
        assert not tracker.update(Search(looked=frozenset(followed), followed=followed), n / 30, IMAGE)


def test_a_followed_face_keeps_its_id_and_its_pose_through_a_turn_no_detector_sees() -> None:
    tracker = Tracker(TrackConfig())
    box = square(300, 200, 100)
    for n in range(3):
        tracker.update(Search(seen(box), True, frozenset()), n / 30, IMAGE)
    for n in range(3, 120):
        yaw = min(60.0, (n - 3) * 2.0)
        followed = {0: keypoints_at(box, yaw=yaw)}
        tracks = tracker.update(Search(looked=frozenset({0}), followed=followed), n / 30, IMAGE)
    assert [track.id for track in tracks] == [1]
    assert tracks[0].pose is not None
    assert tracks[0].pose[0] == pytest.approx(60, abs=2)


def test_boxes_that_are_no_boxes_are_ignored() -> None:
    tracker = Tracker(TrackConfig(confirm_hits=1))
    bad = [(np.nan, 0, 10, 10), (10, 10, 10, 30), (50, 50, 20, 20), (900, 900, 990, 990), (0, 0, np.inf, 5)]
    for n in range(3):
        assert not tracker.update(Search(seen(*bad), False, frozenset()), n / 10, IMAGE)


@given(
    st.lists(
        st.lists(st.tuples(st.floats(-50, 700), st.floats(-50, 500), st.floats(0.5, 300)), max_size=6), max_size=25
    )
)
def test_whatever_is_detected_ids_are_unique_and_never_reused(frames: list[list[tuple[float, float, float]]]) -> None:
    tracker = Tracker(TrackConfig())
    highest = 0
    gone: set[int] = set()
    before: set[int] = set()
    for n, boxes in enumerate(frames):
        looked = everyone(tracker, n / 8)
        tracks = tracker.update(Search(seen(*(square(*b) for b in boxes)), False, looked), n / 8, IMAGE)
        ids = [track.id for track in tracks]
        assert len(set(ids)) == len(ids)
        known = set(tracker.known_ids())
        assert set(ids) <= known
        assert not known & gone
        gone |= before - known
        assert all(i > highest for i in known - before)
        before = known
        highest = max([highest, *known])


def test_two_who_were_lost_together_come_back_as_themselves() -> None:
    tracker = Tracker(TrackConfig(), sure=0.8)
    one, two = square(200, 200, 100), square(310, 200, 100)

    def step(t: float, boxes: list[Box], known: bool) -> dict[int, float]:
        keypoints = {i: keypoints_at(box) for i, box in enumerate(boxes)}
        search = (
            Search(looked=everyone(tracker, t), followed=keypoints)
            if known
            else Search(tuple(sighting(box) for box in boxes), True, frozenset(range(2)))
        )
        return {track.id: track.box[0] for track in tracker.update(search, t, picture()) if track.seen}

    for n in range(10):
        step(n / 10, [one, two], known=n > 0)
    for n in range(10, 16):
        step(n / 10, [], known=True)
    back = [square(260, 200, 100), square(345, 200, 100)]
    tracker.update(Search(tuple(sighting(box) for box in back), full=True), 1.6, picture())
    again = {2: keypoints_at(back[0]), 3: keypoints_at(back[1])}
    shown = tracker.update(Search(looked=frozenset({2, 3}), followed=again), 1.7, picture())
    assert {track.id: round(float(track.box[0])) for track in shown} == {1: 210, 2: 295}


def test_a_single_frame_of_a_slow_source_without_a_face_is_no_loss() -> None:
    """At two pictures a second one miss is half a second: it must not have to come back as newcomers come."""
    tracker, box = Tracker(TrackConfig(), sure=0.8), square(300, 200, 100)
    tracker.update(Search((sighting(box, 0.9995),), full=True), 0.0, IMAGE)
    for t, out in ((0.5, set()), (1.0, {0})):
        tracker.update(Search(looked=frozenset({0})), t, IMAGE)
        assert {face.track for face in tracker.expected(t + 0.4) if face.missed} == out
