from __future__ import annotations

import numpy as np
import pytest

from monitor.core.types import Box, Image, Keypoints
from monitor.faces.follower import Follower, moved
from monitor.settings.config import FollowConfig
from tests.fakes import ScriptedNet, keypoints_at, picture, square

FACE = square(300, 200, 100)


def follower(net: ScriptedNet) -> Follower:
    return Follower(net, FollowConfig(start=0.8, keep=0.4))


def test_a_resting_face_takes_one_look_and_a_jumping_one_two() -> None:
    net = ScriptedNet(lambda t: [FACE])
    assert follower(net).follow(picture(), square(302, 201, 100)) is not None
    assert net.looks == 1
    assert follower(net).follow(picture(), square(330, 200, 100)) is not None
    assert net.looks == 3


@pytest.mark.parametrize(("presence", "starts", "stays"), [(0.9, True, True), (0.6, False, True), (0.3, False, False)])
def test_becoming_a_face_takes_more_than_staying_one(presence: float, starts: bool, stays: bool) -> None:
    net = ScriptedNet(lambda t: [FACE], presence)
    assert (follower(net).accept(picture(), FACE) is not None) is starts
    assert (follower(net).follow(picture(), FACE) is not None) is stays


def test_a_box_that_the_network_moves_away_from_is_not_a_face() -> None:
    class Wanderer:
        def read(self, image: Image, box: Box) -> Keypoints | None:
            return keypoints_at((box[0] + 60, box[1], box[2] + 60, box[3]))

    assert Follower(Wanderer(), FollowConfig()).accept(picture(), FACE) is None


@pytest.mark.parametrize(
    "box", [(np.nan, 0, 5, 5), square(-200, 200, 100), square(300, 200, 3), square(300, 200, 9000)]
)
def test_an_impossible_box_is_lost(box: Box) -> None:
    class Odd:
        def read(self, image: Image, where: Box) -> Keypoints | None:
            return keypoints_at(box)

    assert Follower(Odd(), FollowConfig()).follow(picture(), FACE) is None


def test_moved_counts_sides_of_the_first_box() -> None:
    assert moved(FACE, FACE) == 0
    assert moved(FACE, square(310, 200, 100)) == pytest.approx(0.1)
    assert moved(FACE, square(300, 200, 120)) == pytest.approx(0.1)
