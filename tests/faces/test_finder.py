from __future__ import annotations

import itertools

import numpy as np
import pytest

from monitor.core.types import Box, Detections, Image
from monitor.faces.finder import Finder
from monitor.faces.follower import Follower
from monitor.settings.config import DetectConfig, FollowConfig
from tests.fakes import ScriptedDetector, ScriptedNet, ScriptedProposer, picture, square


class Recorder(ScriptedDetector):
    """Remembers the size of each searched picture."""

    def __init__(self) -> None:
        super().__init__(lambda t: [])
        self.sizes: list[tuple[int, int]] = []

    def find(self, image: Image, smallest: int, largest: int, profile: bool = False) -> Detections:
        self.sizes.append((image.shape[1], image.shape[0]))
        assert smallest <= largest
        return super().find(image, smallest, largest, profile)


@pytest.mark.parametrize("hz", [10, 30, 60])
def test_the_whole_frame_is_searched_by_the_clock_not_by_the_frame(hz: float) -> None:
    finder = Finder(ScriptedDetector(lambda t: []), DetectConfig(every_ms=500, region_ms=0))
    known = [square(300, 200, 100)]
    full = [finder.search(picture(), known, n / hz).full for n in range(round(5 * hz))]
    assert 9 <= sum(full) <= 11


def test_between_full_searches_only_the_surroundings_are_searched() -> None:
    detector = Recorder()
    finder = Finder(detector, DetectConfig(width=320))
    finder.search(picture(), [], 0.0)
    search = finder.search(picture(), [square(300, 200, 100)], 0.07)
    assert not search.full
    assert search.looked == {0}
    assert detector.sizes[0] == (320, 240)
    assert max(detector.sizes[1]) <= 110


def test_a_full_search_is_scaled_back_to_the_frame() -> None:
    detector = ScriptedDetector(lambda t: [(10, 20, 60, 70)])
    found = Finder(detector, DetectConfig(width=320)).search(picture(1280, 960), [], 0.0).found
    assert np.allclose(found.boxes, [[40, 80, 240, 280]])


def test_a_region_at_the_frame_corner_and_a_tiny_face_are_survived() -> None:
    finder = Finder(Recorder(), DetectConfig())
    finder.search(picture(), [], 0.0)
    boxes = [square(0, 0, 100), square(640, 480, 300), square(320, 240, 2), square(-500, -500, 50)]
    assert len(finder.search(picture(), boxes, 0.07).found) == 0


def test_slowed_down_it_searches_less() -> None:
    counts = []
    for slowdown in (1.0, 4.0):
        detector = Recorder()
        finder = Finder(detector, DetectConfig())
        finder.slowdown = slowdown
        for n in range(60):
            finder.search(picture(), [square(300, 200, 100)], n / 30)
        counts.append(detector.searches)
    assert counts[1] < counts[0] / 3


def test_a_clip_that_starts_again_is_searched_at_once() -> None:
    finder = Finder(Recorder(), DetectConfig())
    finder.search(picture(), [], 100.0)
    assert finder.search(picture(), [], 0.0).full


def following(faces: list[Box], boxes: list[Box], **changes: object) -> tuple[Finder, ScriptedNet, Recorder]:
    """A finder whose detector finds ``boxes`` everywhere and whose network knows ``faces``."""
    net, detector = ScriptedNet(lambda t: faces), Recorder()
    detector.script = lambda t: boxes
    config = DetectConfig(width=640, **changes)  # type: ignore[arg-type]
    return Finder(detector, config, Follower(net, FollowConfig())), net, detector


def test_a_followed_face_is_looked_at_every_frame_and_not_searched_around() -> None:
    face = square(300, 200, 100)
    finder, net, detector = following([face], [], every_ms=10_000)
    finder.search(picture(), [face], 0.0)  # the first frame is searched whole
    detector.sizes.clear()
    net.looks = 0
    for n in range(1, 31):
        search = finder.search(picture(), [face], n / 30)
        assert search.followed.keys() == {0}
    assert net.looks == 30
    assert not detector.sizes


def test_a_found_box_must_pass_the_network_before_it_counts() -> None:
    face, cloth = square(300, 200, 100), square(500, 300, 100)
    finder, _, _ = following([face], [face, cloth])
    search = finder.search(picture(), [], 0.0)
    assert np.allclose(search.found.boxes, [face])
    assert len(search.keypoints) == 1


def test_a_face_that_is_followed_is_no_newcomer() -> None:
    face = square(300, 200, 100)
    finder, _, _ = following([face], [square(305, 198, 110)], every_ms=0)
    search = finder.search(picture(), [face], 0.0)
    assert search.followed.keys() == {0}
    assert len(search.found) == 0


def test_a_lost_face_is_searched_for_where_it_was() -> None:
    finder, _, detector = following([], [], every_ms=10_000)
    finder.search(picture(), [], 0.0)
    detector.sizes.clear()
    search = finder.search(picture(), [square(300, 200, 100)], 0.1)
    assert search.looked == {0}
    assert not search.followed
    assert len(detector.sizes) == 1
    assert max(detector.sizes[0]) <= 110


def test_a_picture_that_rests_is_searched_only_now_and_then() -> None:
    finder, _, detector = following([], [], every_ms=500, empty_ms=200)
    still = picture()
    for n in range(60 * 10):
        finder.search(still, [], n / 10)
    searches = len(detector.sizes) / SLICES_OF_A_SEARCH
    assert 90 <= searches <= 125, "every half second in a minute, not every tenth"


SLICES_OF_A_SEARCH = 8


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


def test_a_known_faces_own_movements_bring_nobody_new() -> None:
    face = square(300, 200, 100)
    finder, _, detector = following([face], [], every_ms=500)
    for n in range(19):
        image = picture().copy()
        image[150:250, 250:350] = picture(100, 100, seed=n)
        finder.search(image, [face], n / 10)
        if n == 0:
            detector.sizes.clear()
    assert not detector.sizes


def proposing(
    faces: list[Box], places: list[Box], sure: float = 1.0, **changes: object
) -> tuple[Finder, ScriptedNet, ScriptedProposer, Recorder]:
    """A finder whose proposals name ``places``, whose network knows ``faces`` and whose cascade finds nothing."""
    net, proposer, detector = (
        ScriptedNet(lambda t: faces, presence=sure),
        ScriptedProposer(lambda t: places),
        Recorder(),
    )
    config = DetectConfig(motion=False, **changes)  # type: ignore[arg-type]
    return Finder(detector, config, Follower(net, FollowConfig()), proposer=proposer), net, proposer, detector


def test_with_proposals_no_cascade_searches_the_frame() -> None:
    face = square(300, 200, 100)
    finder, _, proposer, detector = proposing([face], [square(310, 195, 110)])
    search = finder.search(picture(), [], 0.0)
    assert np.allclose(search.found.boxes, [face])
    assert len(search.keypoints) == 1
    assert proposer.asked == [40.0], "the smallest face of a picture 640 px wide"
    assert not detector.sizes


def test_the_smallest_face_grows_with_the_frame_and_when_less_is_to_be_done() -> None:
    finder, _, proposer, _ = proposing([], [], empty_ms=0)
    finder.search(picture(1280, 720), [], 0.0)
    finder.width = 0.8
    finder.search(picture(640, 480), [], 0.1)
    assert proposer.asked == pytest.approx([80.0, 50.0])


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
    search = finder.search(picture(), [face], 0.0)
    assert search.followed.keys() == {0}
    assert len(search.found) == 0
    assert net.looks == 1


def test_between_two_looks_a_known_face_is_no_newcomer() -> None:
    face = square(300, 200, 100)
    finder, net, _, _ = proposing([face], [square(305, 198, 110)], every_ms=0)
    finder._follow_every = 0.1
    found = [finder.search(picture(), [face], n / 30) for n in range(10)]
    assert [len(search.found) for search in found] == [0] * 10
    assert net.looks == 4, "every third frame, and never for the place that is proposed"


def test_however_slow_the_machine_known_faces_are_looked_at_in_time() -> None:
    face = square(300, 200, 100)
    net = ScriptedNet(lambda t: [face])
    finder = Finder(Recorder(), DetectConfig(), Follower(net, FollowConfig()), 1000.0, None, 0.4)
    finder.slowdown = 8.0
    looked = [n / 30 for n in range(90) if finder.search(picture(), [face], n / 30).looked]
    assert max(b - a for a, b in itertools.pairwise(looked)) <= 0.4 + 1e-9


def test_a_face_that_was_lost_is_proposed_again_soon() -> None:
    face = square(300, 200, 100)
    finder, net, proposer, detector = proposing([], [face], every_ms=10_000, region_ms=60)
    finder.search(picture(), [], 0.0)
    asked = len(proposer.asked)
    net.script = lambda t: [face]
    search = finder.search(picture(), [square(600, 400, 100)], 0.07)
    assert len(proposer.asked) == asked + 1
    assert np.allclose(search.found.boxes, [face])
    assert not detector.sizes


@pytest.mark.parametrize(
    ("presence", "agrees", "believed"), [(0.98, True, True), (0.98, False, False), (0.93, True, False)]
)
def test_a_doubtful_place_needs_the_cascades_word_which_is_not_enough_for_an_unlikely_one(
    presence: float, agrees: bool, believed: bool
) -> None:
    """What is no face can have 0.95 of one, and a cascade errs in a place that it is asked about often enough."""
    face = square(300, 200, 100)
    finder, _, _, detector = proposing([face], [face], sure=presence)
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


def test_slices_and_cascades_are_trusted_as_before_where_there_are_no_proposals() -> None:
    face = square(300, 200, 100)
    net, detector = ScriptedNet(lambda t: [face], presence=0.93), Recorder()
    detector.script = lambda t: [face]
    finder = Finder(detector, DetectConfig(width=640), Follower(net, FollowConfig()))
    assert len(finder.search(picture(), [], 0.0).found) == 1


@pytest.mark.parametrize(("presence", "believed"), [(0.985, True), (0.9, False)])
def test_a_place_the_cascade_never_confirms_is_a_face_when_it_looks_like_one_steadily(
    presence: float, believed: bool
) -> None:
    face = square(300, 200, 100)
    finder, _, _, _ = proposing([face], [face], sure=presence, every_ms=0, empty_ms=300)
    found = [len(finder.search(picture(), [], n / 30).found) for n in range(60)]
    assert (sum(found) > 0) == believed
    assert not any(found[:15]), "not within half a second"


@pytest.mark.parametrize(("slowdown", "hz"), [(1.0, 1.0), (6.0, 15.0), (8.0, 15.0), (8.0, 3.75)])
def test_however_rarely_a_doubtful_place_is_looked_at_it_becomes_clear(slowdown: float, hz: float) -> None:
    face = square(300, 200, 100)
    finder, _, _, _ = proposing([face], [face], sure=0.985)
    finder.slowdown = slowdown
    first = next(n / hz for n in range(600) if len(finder.search(picture(), [], n / hz).found))
    assert first < 5


def test_what_one_picture_of_a_folder_showed_says_nothing_of_the_next() -> None:
    face = square(300, 200, 100)
    finder, net, _, _ = proposing([], [face], every_ms=0, empty_ms=0)
    assert len(finder.search(picture(), [], 0.0).found) == 0
    net.script = lambda t: [face]
    assert len(finder.search(picture(), [], 0.1).found) == 1


def test_however_many_places_a_background_names_the_likeliest_of_each_search_are_looked_at() -> None:
    finder, net, proposer, _ = proposing([], [square(40 + 30 * n, 100, 25) for n in range(20)], empty_ms=200)
    for n in range(300):
        finder.search(picture(), [], n / 30)
    assert finder._places is not None
    assert len(finder._places._waiting) <= 20
    face = square(300, 300, 100)
    net.script, proposer.script = (lambda t: [face]), (lambda t: [face])
    assert sum(len(finder.search(picture(), [], n / 30).found) for n in range(300, 318)) >= 1
