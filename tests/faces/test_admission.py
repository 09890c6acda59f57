"""Doubtful faces: settled at once by looks from other crops, or in later frames."""

from __future__ import annotations

import pytest

from monitor.core.types import Box, Image, Keypoints
from monitor.faces.admission import Admission
from monitor.faces.follower import OTHER_CROPS, Follower
from monitor.faces.framesearch import FrameSearch
from monitor.faces.places import Places
from monitor.settings.config import DetectConfig, FollowConfig
from tests.faces.searches import IMAGE, Recorder
from tests.fakes import ScriptedProposer, keypoints_at, square

FACE = square(100, 100, 60)


class Moody:
    """A network whose presence for the face depends on the crop: ``first`` for its own box, ``others`` elsewhere."""

    def __init__(self, first: float, others: float) -> None:
        self.first, self.others = first, others
        self.looks = 0

    def read(self, image: Image, box: Box) -> Keypoints | None:
        self.looks += 1
        return keypoints_at(FACE, self.first if box == FACE else self.others)


def admitted(net: Moody, *, again: bool) -> int:
    """Faces admitted when one box is proposed."""
    config = DetectConfig()
    frames, places = (
        FrameSearch(Recorder(), config),
        Places(ScriptedProposer(lambda t: []), config.propose, config.most),
    )
    admission = Admission(Follower(net, FollowConfig()), frames, places, again=again)
    return len(admission.admit(IMAGE, [FACE], (), 0.0))


def test_a_doubtful_face_of_a_photograph_is_settled_by_other_crops() -> None:
    net = Moody(first=0.965, others=0.99)
    assert admitted(net, again=False) == 0, "in a film it waits for the next frames"
    looks = net.looks
    assert admitted(net, again=True) == 1
    assert net.looks - looks == 2 + len(OTHER_CROPS)


def test_a_likely_face_of_a_film_such_as_a_masked_one_is_accepted_at_once_if_other_crops_agree() -> None:
    assert admitted(Moody(first=0.985, others=0.99), again=False) == 1
    assert admitted(Moody(first=0.985, others=0.9), again=False) == 0, "it waits for the next frames"


@pytest.mark.parametrize("others", [0.9, 0.5, 0.0])
def test_what_only_looks_like_a_face_from_one_crop_is_refused(others: float) -> None:
    assert admitted(Moody(first=0.99, others=others), again=True) == 0


def test_a_certain_face_needs_no_further_look() -> None:
    net = Moody(first=0.9995, others=0.0)
    assert admitted(net, again=True) == 1
    assert net.looks == 2
