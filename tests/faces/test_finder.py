"""When and where is searched, with a detector alone and with a cascade beside following."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from monitor.faces.finder import Finder
from monitor.faces.follower import Follower
from monitor.settings.config import DetectConfig, FollowConfig
from tests.faces.searches import Recorder, following, known, places
from tests.fakes import ScriptedDetector, ScriptedNet, picture, square


@pytest.mark.parametrize("hz", [10, 30, 60])
def test_the_whole_frame_is_searched_by_the_clock_not_by_the_frame(hz: float) -> None:
    finder = Finder(ScriptedDetector(lambda t: []), DetectConfig(every_ms=500, region_ms=0))
    faces = known(square(300, 200, 100))
    full = [finder.search(picture(), faces, n / hz).full for n in range(round(5 * hz))]
    assert 9 <= sum(full) <= 11


def test_between_full_searches_only_the_surroundings_are_searched() -> None:
    detector = Recorder()
    finder = Finder(detector, DetectConfig(width=320))
    finder.search(picture(), [], 0.0)
    search = finder.search(picture(), known(square(300, 200, 100)), 0.07)
    assert not search.full
    assert search.looked == {0}
    assert detector.sizes[0] == (320, 240)
    assert max(detector.sizes[1]) <= 110


def test_a_full_search_is_scaled_back_to_the_frame() -> None:
    detector = ScriptedDetector(lambda t: [(10, 20, 60, 70)])
    search = Finder(detector, DetectConfig(width=320)).search(picture(1280, 960), [], 0.0)
    assert np.allclose(places(search), [[40, 80, 240, 280]])


def test_a_region_at_the_frame_corner_and_a_tiny_face_are_survived() -> None:
    finder = Finder(Recorder(), DetectConfig())
    finder.search(picture(), [], 0.0)
    boxes = [square(0, 0, 100), square(640, 480, 300), square(320, 240, 2), square(-500, -500, 50)]
    assert len(finder.search(picture(), known(*boxes), 0.07).found) == 0


def test_slowed_down_it_searches_less() -> None:
    counts = []
    for slowdown in (1.0, 4.0):
        detector = Recorder()
        finder = Finder(detector, DetectConfig())
        finder.slowdown = slowdown
        for n in range(60):
            finder.search(picture(), known(square(300, 200, 100)), n / 30)
        counts.append(detector.searches)
    assert counts[1] < counts[0] / 3


def test_a_clip_that_starts_again_is_searched_at_once() -> None:
    finder = Finder(Recorder(), DetectConfig())
    finder.search(picture(), [], 100.0)
    assert finder.search(picture(), [], 0.0).full


def test_a_followed_face_is_looked_at_every_frame_and_not_searched_around() -> None:
    face = square(300, 200, 100)
    finder, net, detector = following([face], [], every_ms=10_000)
    finder.search(picture(), known(face), 0.0)  # the first frame is searched whole
    detector.sizes.clear()
    net.looks = 0
    for n in range(1, 31):
        search = finder.search(picture(), known(face), n / 30)
        assert search.followed.keys() == {0}
    assert net.looks == 30
    assert not detector.sizes


def test_a_found_box_must_pass_the_network_before_it_counts() -> None:
    face, cloth = square(300, 200, 100), square(500, 300, 100)
    finder, _, _ = following([face], [face, cloth])
    search = finder.search(picture(), [], 0.0)
    assert np.allclose(places(search), [face])
    assert search.found[0].keypoints is not None


def test_a_face_that_is_followed_is_no_newcomer() -> None:
    face = square(300, 200, 100)
    finder, _, _ = following([face], [square(305, 198, 110)], every_ms=0)
    search = finder.search(picture(), known(face), 0.0)
    assert search.followed.keys() == {0}
    assert len(search.found) == 0


def test_a_lost_face_is_searched_for_where_it_was() -> None:
    finder, _, detector = following([], [], every_ms=10_000)
    finder.search(picture(), [], 0.0)
    detector.sizes.clear()
    search = finder.search(picture(), known(square(300, 200, 100)), 0.1)
    assert search.looked == {0}
    assert not search.followed
    assert len(detector.sizes) == 1
    assert max(detector.sizes[0]) <= 110


SLICES_OF_A_SEARCH = 8


def test_a_picture_that_rests_is_searched_only_now_and_then() -> None:
    finder, _, detector = following([], [], every_ms=500, empty_ms=200)
    still = picture()
    for n in range(60 * 10):
        finder.search(still, [], n / 10)
    searches = len(detector.sizes) / SLICES_OF_A_SEARCH
    assert 90 <= searches <= 125, "every half second in a minute, not every tenth"


@pytest.mark.parametrize("hz", [5, 10, 30])
def test_who_comes_into_a_resting_picture_is_searched_for_at_once_and_there(hz: float) -> None:
    newcomer = square(460, 300, 90)
    finder, net, detector = following([], [], every_ms=500, empty_ms=200)
    still = picture()
    came = still.copy()
    came[255:345, 415:505] = picture(90, 90, seed=5)
    for n in range(round(3.4 * hz)):
        finder.search(still, [], n / hz)
    detector.sizes.clear()
    net.script = lambda t: [newcomer]
    detector.script = lambda t: [square(60, 60, 90)]
    for n in range(round(3.4 * hz), int(3.9 * hz) + 1):
        finder.search(came, [], n / hz)
    assert min(width for width, _ in detector.sizes) <= 200, "within half a second, where something changed"


def test_movements_of_a_known_face_create_no_new_face() -> None:
    face = square(300, 200, 100)
    finder, _, detector = following([face], [], every_ms=500)
    for n in range(19):
        image = picture().copy()
        image[150:250, 250:350] = picture(100, 100, seed=n)
        finder.search(image, known(face), n / 10)
        if n == 0:
            detector.sizes.clear()
    assert not detector.sizes


def test_however_slow_the_machine_known_faces_are_looked_at_in_time() -> None:
    face = square(300, 200, 100)
    net = ScriptedNet(lambda t: [face])
    finder = Finder(Recorder(), DetectConfig(), Follower(net, FollowConfig(every_ms=1000), within_s=0.4))
    finder.slowdown = 8.0
    looked = [n / 30 for n in range(90) if finder.search(picture(), known(face), n / 30).looked]
    assert max(b - a for a, b in itertools.pairwise(looked)) <= 0.4 + 1e-9


def test_without_proposals_slices_and_cascades_are_trusted() -> None:
    face = square(300, 200, 100)
    net, detector = ScriptedNet(lambda t: [face], presence=0.93), Recorder()
    detector.script = lambda t: [face]
    finder = Finder(detector, DetectConfig(width=640), Follower(net, FollowConfig()))
    assert len(finder.search(picture(), [], 0.0).found) == 1
