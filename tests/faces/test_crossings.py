"""Faces that overlap and part again."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.core.types import Box, Image
from monitor.faces.appearance import Appearance
from monitor.faces.crossings import are_confused
from monitor.faces.search import Search
from monitor.faces.tracker import Tracker
from monitor.settings.config import TrackConfig
from tests.faces.searches import everyone, seen
from tests.fakes import picture, square


def test_people_who_cross_are_distinguished_by_their_looks() -> None:
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
        tracks = tracker.update(Search(seen(*boxes), False, everyone(tracker, t)), t, image)
        if abs(400 - 200 * t) < 60:
            assert all(track.hidden for track in tracks if track.seen and len(tracks) == 2)
    places = {track.id: track.box[0] for track in tracks}
    assert places[1] > 400  # the first one came from the left and is now on the right
    assert places[2] < 240


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
        known = everyone(tracker, t)
        tracks = tracker.update(Search(seen(*shown), False, known), t, image)
    return {track.id: float(track.box[0]) for track in tracks}


def test_people_who_meet_and_part_keep_their_ids() -> None:
    gone_on, turned_back = crossing(turn_back=False), crossing(turn_back=True)
    assert gone_on[1] > gone_on[2]
    assert turned_back[1] < turned_back[2]


@pytest.mark.parametrize(("share", "confused"), [(1.05, False), (0.95, False), (0.9, False), (0.8, True)])
def test_faces_are_exchanged_only_when_their_appearances_clearly_fit_better(share: float, confused: bool) -> None:
    """Known as all 0 and all 1, they now look p and 1 - p: a difference of 2p, and of 2 - 2p when exchanged."""
    p = 1 / (1 + share)
    zero, one, at_a, at_b = (Appearance(np.full((16, 16), v, np.float32), 0.0) for v in (0, 1, p, 1 - p))
    assert are_confused((zero, one), (at_a, at_b)) == confused
