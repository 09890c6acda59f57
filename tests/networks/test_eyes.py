"""Eyes: where they are cut, and how far a reading is believed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.errors import ModelError
from monitor.core.numeric import sigmoid
from monitor.core.types import Keypoints
from monitor.networks.card import find_model
from monitor.networks.eyes import EYES, EyeNet, eye_boxes, lifted
from monitor.networks.keypoints import POINTS
from tests.fakes import tilted


def points(right: tuple[float, float], left: tuple[float, float], width: float = 20.0, far: float = 20.0) -> np.ndarray:
    """Keypoints of a face whose eyes have their middles here."""
    at = np.zeros((len(POINTS), 2), np.float32)
    for name, (x, y) in (
        ("r_eye_out", (right[0] - width / 2, right[1])), ("r_eye_in", (right[0] + width / 2, right[1])),
        ("l_eye_in", (left[0] - far / 2, left[1])), ("l_eye_out", (left[0] + far / 2, left[1])),
    ):  # fmt: skip
        at[POINTS.index(name)] = (x, y)
    return at


def keypoints(at: np.ndarray, roll: float = 0.0) -> Keypoints:
    return Keypoints(0.99, at, (0, 0, 100, 100), np.array([0, 0, roll], np.float32), np.zeros(3, np.float32))


def test_each_eye_has_a_square_as_wide_as_it_is() -> None:
    right, left = eye_boxes(points((60, 100), (120, 104)))
    assert right == pytest.approx((50, 90, 70, 110))
    assert left == pytest.approx((110, 94, 130, 114))


def test_the_far_eye_of_a_turned_head_is_cut_no_tighter_than_three_quarters_of_the_near_one() -> None:
    _, left = eye_boxes(points((60, 100), (120, 100), width=20, far=4))
    assert left[2] - left[0] == pytest.approx(15)


@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=34, max_size=34))
def test_any_points_give_square_boxes_of_at_least_a_pixel(values: list[float]) -> None:
    for x1, y1, x2, y2 in eye_boxes(np.array(values, np.float32).reshape(-1, 2)):
        assert x2 - x1 >= 0.9
        assert x2 - x1 == pytest.approx(y2 - y1, rel=1e-2, abs=0.1)


@pytest.fixture(scope="module")
def net() -> EyeNet:
    return EyeNet(find_model("eyes.tflite"))


def drawn(opened: bool) -> np.ndarray:
    """A drawn face's eyes on skin gray: an iris in a white almond, or a lid's line."""
    import cv2

    image = np.full((200, 200), 150, np.uint8)
    image += np.random.default_rng(0).integers(0, 6, image.shape, dtype=np.uint8)
    for x in (60, 120):
        if opened:
            cv2.ellipse(image, (x, 100), (15, 8), 0, 0, 360, 225, -1, cv2.LINE_AA)
            cv2.circle(image, (x, 100), 7, 40, -1, cv2.LINE_AA)
            cv2.ellipse(image, (x, 100), (15, 8), 0, 180, 360, 70, 2, cv2.LINE_AA)
        else:
            cv2.ellipse(image, (x, 98), (15, 6), 0, 10, 170, 60, 2, cv2.LINE_AA)
        cv2.ellipse(image, (x, 84), (18, 4), 0, 180, 360, 80, 3, cv2.LINE_AA)
    return cv2.GaussianBlur(image, (0, 0), 0.8)


def test_the_shipped_network_separates_drawn_open_and_shut_eyes(net: EyeNet) -> None:
    at = keypoints(points((60, 100), (120, 100), 30, 30))
    opened, shut = net.read(drawn(True), at), net.read(drawn(False), at)
    assert min(e.open for e in opened) > 0.7
    assert max(e.open for e in shut) < 0.3
    assert min(e.quality for e in opened) > 0.5


def test_nothing_is_seen_in_the_dark_outside_the_frame_or_of_a_tiny_eye(net: EyeNet) -> None:
    dark = np.full((200, 200), 8, np.uint8)
    assert max(e.quality for e in net.read(dark, keypoints(points((60, 100), (120, 100), 30, 30)))) == 0
    outside = keypoints(points((-300, 100), (500, 100)))
    assert [e.quality for e in net.read(drawn(True), outside)] == [0, 0]
    tiny = net.read(drawn(True), keypoints(points((60, 100), (120, 100), 3, 3)))
    assert max(e.quality for e in tiny) < 0.35


def test_another_models_card_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="labels must be the 2 words"):
        EyeNet(find_model("emotion.tflite"))
    with pytest.raises(ModelError, match="no such model"):
        EyeNet(tmp_path / "eyes.tflite")


def test_the_crop_follows_the_card(net: EyeNet) -> None:
    assert net.card.labels == EYES
    assert net.card.crop.align
    assert net.card.crop.side == net.card.input_side == 32


@pytest.mark.parametrize("roll", [-30.0, 30.0])
def test_the_eyes_of_a_tilted_head_are_cut_upright(net: EyeNet, roll: float, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[np.ndarray] = []

    def logits(crop: np.ndarray) -> np.ndarray:
        given.append(crop.astype(int))
        return np.zeros(2, np.float32)

    monkeypatch.setattr(net, "logits", logits)
    at = points((60, 100), (120, 100), 30, 30)
    net.read(drawn(True), keypoints(at))
    angle = np.deg2rad(roll)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = ((at - 100) @ turn.T + 100).astype(np.float32)
    net.read(tilted(drawn(True), roll, (100, 100)), keypoints(moved, roll))
    for upright, turned in ((given[0], given[2]), (given[1], given[3])):
        assert np.abs(upright - turned).mean() < 8
        assert np.abs(upright - turned[:, ::-1]).mean() > 3  # and not by being all the same


@pytest.mark.parametrize(("yaw", "share"), [(0, 1.0), (42, 1.0), (46, 0.5), (-46, 0.5), (50, 0.0), (60, 0.0)])
def test_the_eyes_of_a_head_turned_aside_are_seen_worse(net: EyeNet, yaw: float, share: float) -> None:
    ahead = keypoints(points((60, 100), (120, 100), 30, 30))
    aside = replace(ahead, pose=np.array([yaw, 0, 0], np.float32))
    for one, other in zip(net.read(drawn(True), ahead), net.read(drawn(True), aside), strict=True):
        assert other.quality == pytest.approx(share * one.quality)


def test_how_sure_the_network_is_of_shut_eyes_is_calibrated(net: EyeNet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(net, "logits", lambda crop: np.array([2.0, 9.0], np.float32))
    monkeypatch.setattr(net, "card", replace(net.card, temperature=4.0))
    right, _ = net.read(drawn(True), keypoints(points((60, 100), (120, 100), 30, 30)))
    assert right.open == pytest.approx(sigmoid(0.5))


def test_a_dim_crop_gets_more_contrast_and_a_lit_one_stays_as_it_is() -> None:
    rng = np.random.default_rng(3)
    dim = np.clip(rng.normal(20, 3, (32, 32)), 0, 255).astype(np.uint8)
    lit = np.clip(rng.normal(120, 30, (32, 32)), 0, 255).astype(np.uint8)
    assert lifted(dim, float(dim.std())).std() > 2 * dim.std()
    assert lifted(lit, float(lit.std())) is lit
