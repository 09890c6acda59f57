"""Evidence from a face: weights of its parts, and unknown values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from monitor.core.labels import EMOTIONS
from monitor.core.types import EyeReading, Face
from monitor.driver.evidence import Evidence, evidence_of
from monitor.driver.timing import LONGEST_STEP_S, Clock
from tests.fakes import face, keypoints_at


def of(one: Face | None) -> Evidence:
    return evidence_of(one, 5.0, 1.8e9, picture=True, min_eyes=0.3, min_face=0.4)


def mixed(**shares: float) -> np.ndarray:
    probs = np.full(len(EMOTIONS), 0.0, np.float32)
    for name, share in shares.items():
        probs[EMOTIONS.index(name)] = share
    return probs


def test_the_better_seen_eye_counts_more() -> None:
    seen = of(face(eyes=(EyeReading(0.2, 0.9), EyeReading(0.8, 0.3)), quality=1.0))
    assert seen.eyes == pytest.approx((0.2 * 0.9 + 0.8 * 0.3) / 1.2)


def test_an_eye_that_is_hardly_seen_does_not_count() -> None:
    assert of(face(eyes=(EyeReading(0.2, 0.9), EyeReading(0.9, 0.29)))).eyes == pytest.approx(0.2)
    assert of(face(eyes=(EyeReading(0.2, 0.29), EyeReading(0.9, 0.1)))).eyes is None
    assert of(face(eyes=None)).eyes is None


def test_a_part_of_disgust_is_anger_like() -> None:
    seen = of(face(probs=mixed(angry=0.3, disgust=0.4, happy=0.3)))
    assert seen.anger == pytest.approx(0.5)
    assert seen.happy == pytest.approx(0.3)


@pytest.mark.parametrize("changes", [{"quality": 0.39}, {"known": False}])
def test_an_expression_that_cannot_be_read_is_none(changes: dict[str, Any]) -> None:
    seen = of(face(probs=mixed(angry=1.0), **changes))
    assert (seen.anger, seen.happy) == (None, None)


def test_a_face_out_of_view_and_no_face_are_not_present() -> None:
    assert of(face(7, seen=True)).present
    assert not of(face(7, seen=False)).present
    assert of(face(7)).face == 7
    assert of(None) == Evidence(5.0, 1.8e9, picture=True)


def test_where_the_network_did_not_look_there_is_neither_mouth_nor_pose() -> None:
    looked = of(face(pose=(10.0, 2.0, 1.0), keypoints=keypoints_at((100, 100, 200, 200))))
    assert looked.pose == (10.0, 2.0, 1.0)
    assert looked.mouth is not None
    blind = of(face(pose=(10.0, 2.0, 1.0), keypoints=None))
    assert (blind.pose, blind.mouth) == (None, None)


@pytest.mark.parametrize(("covered", "known"), [("", True), ("upper", True), ("lower", False), ("both", False)])
def test_the_mouth_of_a_covered_lower_face_is_unknown(covered: str, known: bool) -> None:
    looked = face(pose=(10.0, 2.0, 1.0), keypoints=keypoints_at((100, 100, 200, 200)), covered=covered)
    assert (of(looked).mouth is not None) == known


def test_steps_are_known_only_forward_and_not_too_far() -> None:
    clock = Clock()
    assert clock.step(10.0) is None
    assert clock.step(10.5) == 0.5
    assert clock.step(10.5) == 0.0
    assert clock.step(10.4) is None
    assert clock.step(10.4 + LONGEST_STEP_S) == pytest.approx(LONGEST_STEP_S)
    assert clock.step(20.0) is None
