"""Identities, told as stories on a seconds clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.types import Box, Detections, Image
from monitor.faces import tracker as tracking
from monitor.faces.finder import Search
from monitor.faces.oneeuro import OneEuro
from monitor.faces.tracker import Track, Tracker, pairing_cost
from monitor.settings.config import TrackConfig
from tests.fakes import detections, keypoints_at, picture, square

IMAGE = picture()


def play(
    script: Callable[[float], Sequence[Box]],
    seconds: float,
    hz: float,
    tracker: Tracker | None = None,
    start: float = 0.0,
) -> list[dict[int, Box]]:
    """Runs a script at a rate; returns id → box for each frame."""
    tracker = tracker or Tracker(TrackConfig())
    seen = []
    for n in range(round(seconds * hz)):
        t = start + n / hz
        looked = frozenset(range(len(tracker.expected(t))))
        tracks = tracker.update(Search(detections(*script(t)), False, looked), t, IMAGE)
        seen.append({track.id: track.predicted(t) for track in tracks})
    return seen


def test_a_face_gets_its_id_with_the_second_hit() -> None:
    seen = play(lambda t: [square(300, 200, 100)], 0.3, 10)
    assert [sorted(frame) for frame in seen] == [[], [1], [1]]


@pytest.mark.parametrize("hz", [1.0, 1.9])
def test_however_far_pictures_are_apart_the_second_hit_counts(hz: float) -> None:
    seen = play(lambda t: [square(300, 200, 100)], 4, hz)
    assert [sorted(frame) for frame in seen[:3]] == [[], [1], [1]]


@pytest.mark.parametrize(("presence", "ids"), [(0.9995, [1]), (0.99, [])])
def test_only_a_face_beyond_doubt_has_its_id_at_first_sight(presence: float, ids: list[int]) -> None:
    box = square(300, 200, 100)
    first = Search(detections(box), True, frozenset(), {}, (keypoints_at(box, presence),))
    assert [track.id for track in Tracker(TrackConfig()).update(first, 0.0, IMAGE)] == ids


def test_a_single_false_hit_never_gets_an_id() -> None:
    seen = play(lambda t: [square(300, 200, 100)] if t == 0 else [], 3, 10)
    assert not any(seen)


def test_after_a_gap_without_pictures_whoever_is_there_is_somebody_new() -> None:
    """A follower that looks at the old place would see a face there, whoever's it is."""
    config, box = TrackConfig(), square(300, 200, 100)
    for gap, ids in ((config.forget_s - 0.1, [1]), (config.forget_s + 0.1, [2])):
        tracker = Tracker(config)
        for t in (0.0, 0.1):
            tracker.update(Search(detections(box), True, frozenset()), t, IMAGE)
        for t in (0.1 + gap, 0.2 + gap):
            tracker.forget(t)
            known = range(len(tracker.expected(t)))
            followed = {i: keypoints_at(box, 0.9995) for i in known}
            found = detections(*([] if followed else [box]))
            tracks = tracker.update(Search(found, True, frozenset(known), followed), t, IMAGE)
        assert [track.id for track in tracks] == ids


@pytest.mark.parametrize("hz", [5, 10, 30])
def test_two_people_walking_keep_their_ids_at_any_rate(hz: float) -> None:
    seen = play(lambda t: [square(100 + 60 * t, 150, 80), square(550 - 50 * t, 320, 90)], 4, hz)
    assert {i for frame in seen for i in frame} == {1, 2}
    last = seen[-1]
    left = min(last, key=lambda i: last[i][0])
    assert left == 1


def test_out_of_sight_for_a_moment_the_id_stays() -> None:
    seen = play(lambda t: [] if 1 < t < 2.5 else [square(300, 200, 100)], 4, 10)
    assert {i for frame in seen for i in frame} == {1}
    assert not seen[22]
    assert seen[30]


def test_gone_for_longer_it_is_somebody_new() -> None:
    seen = play(lambda t: [] if 1 < t < 4 else [square(300, 200, 100)], 6, 10)
    assert {i for frame in seen for i in frame} == {1, 2}


def test_weak_hits_continue_a_face_but_do_not_start_one() -> None:
    tracker = Tracker(TrackConfig())
    box = square(300, 200, 100)
    for n in range(5):
        assert not tracker.update(Search(detections(box, score=0.3), False, frozenset()), n / 10, IMAGE)
    for n in range(5, 8):
        tracker.update(Search(detections(box), False, frozenset({0})), n / 10, IMAGE)
    for n in range(8, 40):
        tracks = tracker.update(Search(detections(box, score=0.3), False, frozenset({0})), n / 10, IMAGE)
    assert [track.id for track in tracks] == [1]


def test_a_frame_without_a_search_is_no_miss() -> None:
    tracker = Tracker(TrackConfig())
    for n in range(3):
        tracker.update(Search(detections(square(300, 200, 100)), False, frozenset({0})), n / 10, IMAGE)
    tracks = tracker.update(Search(Detections.none(), False, frozenset()), 0.35, IMAGE)
    assert tracks[0].seen
    tracks = tracker.update(Search(Detections.none(), False, frozenset({0})), 0.4, IMAGE)
    assert not tracks[0].seen


def test_people_who_cross_are_told_apart_by_their_looks() -> None:
    """Two faces pass through each other and swap sides; the detector sees one while they overlap."""
    dark, bright = picture(80, 80, 1), picture(80, 80, 2)

    def scene(t: float) -> tuple[Image, list[Box]]:
        image = np.full((480, 640, 3), 110, np.uint8)
        xa, xb = 120 + 100 * t, 520 - 100 * t
        boxes = []
        for x, look in ((xa, dark), (xb, bright)):
            left = int(x) - 40
            image[200:280, left : left + 80] = look
            boxes.append(square(int(x), 240, 80))
        return image, boxes[:1] if abs(xa - xb) < 50 else boxes

    tracker = Tracker(TrackConfig())
    for n in range(41):
        t = n / 10
        image, boxes = scene(t)
        tracks = tracker.update(Search(detections(*boxes), False, frozenset(range(len(tracker.expected(t))))), t, image)
        if abs(400 - 200 * t) < 60:
            assert all(track.hidden for track in tracks if track.seen and len(tracks) == 2)
    places = {track.id: track.box[0] for track in tracks}
    assert places[1] > 400  # the first one came from the left and is now on the right
    assert places[2] < 240


def test_two_tracks_never_follow_one_face() -> None:
    tracker = Tracker(TrackConfig(confirm_hits=1))
    left, right = square(200, 200, 100), square(400, 200, 100)
    tracker.update(Search(detections(left, right), True, frozenset()), 0.0, IMAGE)
    both = frozenset({0, 1})
    for n in range(1, 4):  # the right one is gone, and its track has slid onto the left face
        followed = {0: keypoints_at(left), 1: keypoints_at(square(210, 200, 100))}
        tracks = tracker.update(Search(Detections.none(), False, both, followed), n / 30, IMAGE)
    assert [track.seen for track in tracks] == [True, False]


def test_a_doubtful_face_gets_no_id() -> None:
    tracker = Tracker(TrackConfig(), sure=0.8)
    box = square(300, 200, 100)
    tracker.update(Search(detections(box), True, frozenset(), {}, (keypoints_at(box, 0.85),)), 0.0, IMAGE)
    for n in range(1, 60):
        followed = {0: keypoints_at(box, 0.55)} if tracker.expected(n / 30) else {}
        assert not tracker.update(Search(Detections.none(), False, frozenset(followed), followed), n / 30, IMAGE)


def test_a_followed_face_keeps_its_id_and_its_pose_through_a_turn_no_detector_sees() -> None:
    tracker = Tracker(TrackConfig())
    box = square(300, 200, 100)
    for n in range(3):
        tracker.update(Search(detections(box), True, frozenset()), n / 30, IMAGE)
    for n in range(3, 120):
        yaw = min(60.0, (n - 3) * 2.0)
        followed = {0: keypoints_at(box, yaw=yaw)}
        tracks = tracker.update(Search(Detections.none(), False, frozenset({0}), followed), n / 30, IMAGE)
    assert [track.id for track in tracks] == [1]
    assert tracks[0].pose is not None
    assert tracks[0].pose[0] == pytest.approx(60, abs=2)


def test_boxes_that_are_no_boxes_are_ignored() -> None:
    tracker = Tracker(TrackConfig(confirm_hits=1))
    bad = [(np.nan, 0, 10, 10), (10, 10, 10, 30), (50, 50, 20, 20), (900, 900, 990, 990), (0, 0, np.inf, 5)]
    for n in range(3):
        assert not tracker.update(Search(detections(*bad), False, frozenset()), n / 10, IMAGE)


def test_the_box_of_a_still_face_is_steadier_than_its_detections() -> None:
    rng = np.random.default_rng(3)
    jitter = rng.normal(0, 4, (90, 2))
    tracker, places = Tracker(TrackConfig()), []
    for n in range(90):
        box = square(300 + jitter[n, 0], 200 + jitter[n, 1], 100)
        tracks = tracker.update(Search(detections(box), False, frozenset({0})), n / 30, IMAGE)
        places += [track.box[0] for track in tracks]
    assert np.std(places[20:]) < 0.6 * np.std(jitter[20:, 0])


@given(st.floats(0, 500), st.floats(0, 400), st.floats(5, 200), st.floats(0, 500), st.floats(0, 400), st.floats(5, 200))
def test_the_cost_is_symmetric_zero_for_the_same_and_blind_to_scale(
    x1: float, y1: float, s1: float, x2: float, y2: float, s2: float
) -> None:
    a, b = square(x1, y1, s1), square(x2, y2, s2)
    cost = pairing_cost(a, b)
    assert cost >= 0
    assert pairing_cost(b, a) == pytest.approx(cost)
    assert pairing_cost(a, a) == 0
    doubled = pairing_cost(tuple(2 * v for v in a), tuple(2 * v for v in b))  # type: ignore[arg-type]
    assert doubled == pytest.approx(cost, abs=1e-6)


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
        looked = frozenset(range(len(tracker.expected(n / 8))))
        tracks = tracker.update(Search(detections(*(square(*b) for b in boxes)), False, looked), n / 8, IMAGE)
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
            Search(Detections.none(), False, frozenset(range(len(tracker.expected(t)))), keypoints)
            if known
            else Search(detections(*boxes), True, frozenset(range(2)), {}, tuple(keypoints.values()))
        )
        return {track.id: track.box[0] for track in tracker.update(search, t, picture()) if track.seen}

    for n in range(10):
        step(n / 10, [one, two], known=n > 0)
    for n in range(10, 16):
        step(n / 10, [], known=True)
    back = [square(260, 200, 100), square(345, 200, 100)]
    tracker.update(
        Search(detections(*back), True, frozenset(), {}, tuple(keypoints_at(b) for b in back)), 1.6, picture()
    )
    again = {2: keypoints_at(back[0]), 3: keypoints_at(back[1])}
    shown = tracker.update(Search(Detections.none(), False, frozenset({2, 3}), again), 1.7, picture())
    assert {track.id: round(float(track.box[0])) for track in shown} == {1: 210, 2: 295}


def crossing(turn_back: bool) -> dict[int, float]:
    """Left edges by id after two have met in the middle and gone on, or turned back."""
    dark, bright = picture(80, 80, 1), picture(80, 80, 2)
    tracker = Tracker(TrackConfig())
    for n in range(41):
        t = n / 10
        way = 100 * (4 - t if turn_back and t > 2 else t)
        image, boxes = np.full((480, 640, 3), 110, np.uint8), []
        for x, look in ((120 + way, dark), (520 - way, bright)):
            left = int(x) - 40
            image[200:280, left : left + 80] = look
            boxes.append(square(int(x), 240, 80))
        shown = boxes[:1] if abs(400 - 2 * way) < 50 else boxes
        known = frozenset(range(len(tracker.expected(t))))
        tracks = tracker.update(Search(detections(*shown), False, known), t, image)
    return {track.id: float(track.box[0]) for track in tracks}


def test_people_who_meet_and_part_again_stay_who_they_were() -> None:
    gone_on, turned_back = crossing(turn_back=False), crossing(turn_back=True)
    assert gone_on[1] > gone_on[2]
    assert turned_back[1] < turned_back[2]


@pytest.mark.parametrize(("share", "exchanged"), [(1.05, False), (0.95, False), (0.9, False), (0.8, True)])
def test_places_are_exchanged_only_where_looks_clearly_fit_better_so(share: float, exchanged: bool) -> None:
    """Once one was all 0, the other all 1; now they are p and 1 - p, which is off by 2p, crossed by 2 - 2p."""
    places = [np.array(square(x, 100, 80)) for x in (100, 400)]
    a, b = (Track(box=place, last=1.0, hits=[1.0], filter=OneEuro(1.0, 0.0)) for place in places)
    zero, one = np.zeros((16, 16), np.float32), np.ones((16, 16), np.float32)
    a.thumb, b.thumb = zero, one
    p = np.float32(1 / (1 + share))
    tracking._swap_if_mistaken(a, b, zero + p, one - p)
    assert (a.box[0] > b.box[0]) == exchanged


@pytest.mark.parametrize(("metres", "ids"), [(0.7, {1}), (0.9, {1, 2})])
def test_a_box_is_the_same_face_up_to_the_gate(metres: float, ids: set[int]) -> None:
    """Three sights in one place, then on at another, that many face sizes away at once."""
    seen = play(lambda t: [square(200 + (100 * metres if t > 0.25 else 0), 200, 100)], 1.0, 30)
    assert {i for frame in seen for i in frame} == ids


@pytest.mark.parametrize(("ratio", "ids"), [(3.0, {1}), (6.5, {1, 2})])
def test_a_box_of_another_size_is_the_same_face_up_to_the_gate(ratio: float, ids: set[int]) -> None:
    seen = play(lambda t: [square(300, 240, 40 * (ratio if t > 0.25 else 1))], 1.0, 30)
    assert {i for frame in seen for i in frame} == ids


@pytest.mark.parametrize(("away", "ids"), [(1.2, {1}), (0.2, {1, 2})])
def test_who_was_out_of_sight_may_be_farther_away(away: float, ids: set[int]) -> None:
    """A face size and a half from where it was: too far for a fifth of a second, not for one and a fifth."""
    seen = play(lambda t: [] if 1 < t < 1 + away else [square(200 + (150 if t >= 1 + away else 0), 200, 100)], 3, 20)
    assert {i for frame in seen for i in frame} == ids


def test_a_moving_face_out_of_sight_is_expected_only_a_little_further_on() -> None:
    tracker = Tracker(TrackConfig())
    for n in range(31):
        tracker.update(Search(detections(square(150 + 4 * n, 200, 100)), True, frozenset()), n / 30, IMAGE)
    at, later, much_later = (tracker.expected(1 + t)[0] for t in (0.0, 0.3, 1.5))
    speed = (later[0] - at[0]) / 0.3
    assert speed == pytest.approx(120, rel=0.15)
    assert much_later[0] - at[0] == pytest.approx(0.4 * speed, rel=0.01)


def test_what_a_face_did_before_it_was_lost_says_nothing_of_now() -> None:
    tracker = Tracker(TrackConfig())
    for n in range(31):
        tracker.update(Search(detections(square(150 + 4 * n, 200, 100)), True, frozenset()), n / 30, IMAGE)
    found = square(300, 200, 100)
    tracks = tracker.update(Search(detections(found), True, frozenset({0})), 2.2, IMAGE)
    assert [track.id for track in tracks] == [1]
    assert tracks[0].box.tolist() == pytest.approx(list(found))
    assert tracker.expected(2.5)[0] == pytest.approx(found)


def test_a_single_frame_of_a_slow_source_without_a_face_is_no_loss() -> None:
    """At two pictures a second one miss is half a second: it must not have to come back as newcomers come."""
    tracker, box = Tracker(TrackConfig(), sure=0.8), square(300, 200, 100)
    tracker.update(Search(detections(box), True, frozenset(), {}, (keypoints_at(box, 0.9995),)), 0.0, IMAGE)
    for t, out in ((0.5, frozenset()), (1.0, frozenset({0}))):
        tracker.update(Search(Detections.none(), False, frozenset({0})), t, IMAGE)
        assert tracker.missed(t + 0.4) == out
