from __future__ import annotations

import numpy as np
import pytest

from monitor.config import DetectConfig
from monitor.faces.finder import Finder
from monitor.types import Detections, Image
from tests.fakes import ScriptedDetector, picture, square


class Recorder(ScriptedDetector):
    """Remembers the size of each searched picture."""

    def __init__(self) -> None:
        super().__init__(lambda t: [])
        self.sizes: list[tuple[int, int]] = []

    def find(self, image: Image, smallest: int, largest: int) -> Detections:
        self.sizes.append((image.shape[1], image.shape[0]))
        assert smallest <= largest
        return super().find(image, smallest, largest)


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
