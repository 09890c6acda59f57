"""New faces, found through proposals."""

from __future__ import annotations

import numpy as np
import pytest

from tests.faces.searches import known, places, proposing
from tests.fakes import picture, square


def test_with_proposals_no_cascade_searches_the_frame() -> None:
    face = square(300, 200, 100)
    finder, _, proposer, detector = proposing([face], [square(310, 195, 110)])
    search = finder.search(picture(), [], 0.0)
    assert np.allclose(places(search), [face])
    assert search.found[0].keypoints is not None
    assert proposer.asked == [40.0], "the smallest face of a picture 640 px wide"
    assert not detector.sizes


def test_the_smallest_face_grows_with_the_frame_and_when_less_is_to_be_done() -> None:
    finder, _, proposer, _ = proposing([], [], empty_ms=0)
    finder.search(picture(1280, 720), [], 0.0)
    finder.width = 0.8
    finder.search(picture(640, 480), [], 0.1)
    assert proposer.asked == pytest.approx([80.0, 50.0])


def test_in_a_panorama_the_smallest_face_follows_the_height() -> None:
    finder, _, proposer, _ = proposing([], [], empty_ms=0)
    finder.search(picture(3200, 900), [], 0.0)
    finder.search(picture(1600, 900), [], 0.1)
    assert proposer.asked == pytest.approx([100.0, 100.0])


def test_proposed_places_are_looked_at_one_a_frame() -> None:
    faces = [square(100, 100, 80), square(300, 200, 80), square(500, 300, 80)]
    finder, net, proposer, _ = proposing([], [], empty_ms=500)
    for n in range(15):
        finder.search(picture(), [], n / 30)  # the first frame looks at everything at once, as nothing came before
    net.script = proposer.script = lambda t: faces
    found = [len(finder.search(picture(), [], n / 30).found) for n in range(15, 21)]
    assert found == [0, 0, 1, 1, 1, 0], "the search takes three frames, its last part names them"
    assert net.looks == 6, "twice each"


def test_pictures_that_do_not_follow_one_another_are_looked_at_whole() -> None:
    faces = [square(100, 100, 80), square(300, 200, 80), square(500, 300, 80)]
    finder, _, _, _ = proposing(faces, faces, every_ms=0, empty_ms=0)
    assert [len(finder.search(picture(), [], n / 10).found) for n in range(3)] == [3, 3, 3]


def test_a_followed_face_is_not_looked_at_again_where_it_is_proposed() -> None:
    face = square(300, 200, 100)
    finder, net, _, _ = proposing([face], [square(305, 198, 110)], every_ms=0)
    search = finder.search(picture(), known(face), 0.0)
    assert search.followed.keys() == {0}
    assert len(search.found) == 0
    assert net.looks == 1


def test_between_two_looks_a_known_face_is_no_newcomer() -> None:
    face = square(300, 200, 100)
    finder, net, _, _ = proposing([face], [square(305, 198, 110)], every_ms=0, follow_ms=100)
    found = [finder.search(picture(), known(face), n / 30) for n in range(10)]
    assert [len(search.found) for search in found] == [0] * 10
    assert net.looks == 4, "every third frame, and never for the place that is proposed"


def test_a_face_that_was_lost_is_proposed_again_soon() -> None:
    face = square(300, 200, 100)
    finder, net, proposer, detector = proposing([], [], every_ms=10_000, region_ms=60)
    finder.search(picture(), [], 0.0)
    asked = len(proposer.asked)
    net.script = proposer.script = lambda t: [face]
    search = finder.search(picture(), known(square(600, 400, 100)), 0.07)
    assert len(proposer.asked) == asked + 1
    assert np.allclose(places(search), [face])
    assert not detector.sizes


@pytest.mark.parametrize(
    ("presence", "agrees", "believed"), [(0.98, True, True), (0.98, False, False), (0.93, True, False)]
)
def test_a_doubtful_place_needs_the_cascades_word_which_is_not_enough_for_an_unlikely_one(
    presence: float, agrees: bool, believed: bool
) -> None:
    """A place without a face can have a presence of 0.95, and a cascade errs in a place that it searches often
    enough."""
    face = square(300, 200, 100)
    finder, net, _, detector = proposing([face], [face], sure=presence)
    net.elsewhere = 0.9
    detector.script = lambda t: [(20, 20, 76, 76)] if agrees else []  # in pixels of the region searched around it
    search = finder.search(picture(), [], 0.0)
    assert len(detector.sizes) == (presence > 0.97)
    assert len(search.found) == believed


def test_a_place_that_showed_no_face_is_left_alone_for_a_second() -> None:
    cloth = square(300, 200, 100)
    finder, net, _, _ = proposing([], [cloth], every_ms=0, empty_ms=100)
    for n in range(21):
        finder.search(picture(), [], n / 10)
    assert 2 <= net.looks <= 3


@pytest.mark.parametrize(("presence", "believed"), [(0.985, True), (0.9, False)])
def test_a_place_the_cascade_never_confirms_is_a_face_when_it_looks_like_one_steadily(
    presence: float, believed: bool
) -> None:
    face = square(300, 200, 100)
    finder, net, _, _ = proposing([face], [face], sure=presence, every_ms=0, empty_ms=300)
    net.elsewhere = 0.9
    found = [len(finder.search(picture(), [], n / 30).found) for n in range(60)]
    assert (sum(found) > 0) == believed
    assert not any(found[:15]), "not within half a second"


@pytest.mark.parametrize(("slowdown", "hz"), [(1.0, 1.0), (6.0, 15.0), (8.0, 15.0), (8.0, 3.75)])
def test_however_rarely_a_doubtful_place_is_looked_at_it_becomes_clear(slowdown: float, hz: float) -> None:
    face = square(300, 200, 100)
    finder, net, _, _ = proposing([face], [face], sure=0.985)
    net.elsewhere = 0.9
    finder.slowdown = slowdown
    first = next(n / hz for n in range(600) if len(finder.search(picture(), [], n / hz).found))
    assert first < 5


def test_what_one_picture_of_a_folder_showed_says_nothing_of_the_next() -> None:
    face = square(300, 200, 100)
    finder, net, _, _ = proposing([], [face], every_ms=0, empty_ms=0)
    assert len(finder.search(picture(), [], 0.0).found) == 0
    net.script = lambda t: [face]
    assert len(finder.search(picture(), [], 0.1).found) == 1


@pytest.mark.slow
def test_however_many_places_a_background_names_the_likeliest_of_each_search_are_looked_at() -> None:
    finder, net, proposer, _ = proposing([], [square(40 + 30 * n, 100, 25) for n in range(20)], empty_ms=200)
    for n in range(300):
        finder.search(picture(), [], n / 30)
    face = square(300, 300, 100)
    net.script, proposer.script = (lambda t: [face]), (lambda t: [face])
    assert sum(len(finder.search(picture(), [], n / 30).found) for n in range(300, 318)) >= 1
