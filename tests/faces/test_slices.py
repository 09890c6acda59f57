from __future__ import annotations

import pytest

from tests.faces.searches import following, known
from tests.fakes import picture, square

SLICES = 8
"""Of a full search: three thirds for small faces, two halves for middle ones, three bands of large ones."""


@pytest.mark.slow
@pytest.mark.parametrize("hz", [5, 10, 30])
def test_a_full_search_comes_in_slices_and_is_through_in_its_time(hz: float) -> None:
    face = square(300, 200, 100)
    finder, _, detector = following([face], [], every_ms=500, motion=False)
    finder.search(picture(), known(face), 0.0)
    assert len(detector.sizes) == SLICES  # at the start nothing is known and nothing is put off
    detector.sizes.clear()
    most = 0
    for n in range(1, round(2.4 * hz)):
        before = len(detector.sizes)
        finder.search(picture(), known(face), n / hz)
        most = max(most, len(detector.sizes) - before)
    # A slow source waits for its next frame, so it gets through fewer searches.
    assert len(detector.sizes) == {5: 3 * SLICES, 10: 4 * SLICES, 30: 4 * SLICES}[round(hz)]
    assert most == {5: 4, 10: 2, 30: 1}[round(hz)]


def test_pictures_that_do_not_follow_one_another_are_searched_whole() -> None:
    finder, _, detector = following([], [], every_ms=0, empty_ms=0, motion=False)
    for n in range(3):
        detector.sizes.clear()
        finder.search(picture(), [], float(n))
        assert len(detector.sizes) == SLICES
