from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.capture import demo
from monitor.core.errors import ModelError
from monitor.networks.card import find_model
from monitor.networks.proposals import MOST, SMALLEST, STRIDE, TILES, ProposalNet, decode, encode, layout, lit, paint
from monitor.settings.config import Config
from tests.fakes import picture

SIZES = st.tuples(st.integers(64, 4000), st.integers(64, 4000))


@given(SIZES, st.floats(16, 200), st.data())
def test_every_face_from_the_smallest_to_the_frames_size_is_seen_whole_somewhere_and_answered_for_once(
    size: tuple[int, int], smallest: float, data: st.DataObject
) -> None:
    plan = layout(*size, smallest)
    side = data.draw(st.floats(smallest, max(smallest, min(size))))
    y = data.draw(st.floats(side / 2, max(side / 2, size[1] - side / 2)))
    answering = 0
    for patch in (p for tile in plan.tiles for p in tile):
        scale = patch.height / (patch.lower - patch.upper)
        if patch.first <= y < patch.last and SMALLEST * 0.8 <= side * scale <= 2.2 * SMALLEST:
            answering += 1
            above, below = max(0, y - side / 2), min(size[1], y + side / 2)
            assert patch.upper <= above + 1
            assert below - 1 <= patch.lower
    assert answering >= 1 or side > min(size)
    assert answering <= 2, "at most two neighbouring octaves"


@given(SIZES, st.floats(16, 200))
def test_patches_lie_apart_on_tiles_the_network_can_take(size: tuple[int, int], smallest: float) -> None:
    plan = layout(*size, smallest)
    assert plan.width % STRIDE == plan.height % STRIDE == 0
    assert len(plan.tiles) == TILES
    for patches in plan.tiles:
        used = np.zeros((plan.height, plan.width), np.uint8)
        for patch in patches:
            part = used[patch.top : patch.top + patch.height, patch.left : patch.left + patch.width]
            assert part.shape == (patch.height, patch.width), "within the tile"
            assert not part.any(), "no two on one place"
            part[:] = 1


@given(st.integers(0, 40), st.integers(0, 40), st.floats(-4, 4), st.floats(-4, 4), st.floats(SMALLEST, 2 * SMALLEST))
def test_decoding_inverts_encoding(row: int, column: int, dx: float, dy: float, side: float) -> None:
    at = (np.array([row]), np.array([column]))
    x, y = (column + 0.5) * STRIDE + dx, (row + 0.5) * STRIDE + dy
    centres, sides = decode(encode(x, y, side, *at), *at)
    assert centres[0] == pytest.approx([x, y], abs=1e-2)
    assert sides[0] == pytest.approx(side, rel=1e-3)


@pytest.mark.parametrize("size", [(640, 480), (641, 479), (3840, 2160), (320, 240), (70, 900)])
def test_a_spot_of_the_frame_lies_at_its_place_on_every_level(size: tuple[int, int]) -> None:
    image = np.full((size[1], size[0], 3), 20, np.uint8)
    x, y, side = size[0] * 0.7, size[1] * 0.4, min(size) * 0.3
    cv2.rectangle(image, (int(x - side / 2), int(y - side / 2)), (int(x + side / 2), int(y + side / 2)), (255,) * 3, -1)
    plan = layout(*size, max(16.0, size[0] / 16))
    tile = np.empty((plan.height, plan.width), np.uint8)
    for patches in (plan.tiles[0], plan.tiles[2]):  # its middle lies in the upper half
        paint(image, patches, tile)
        for patch in patches[:1]:
            part = tile[patch.top : patch.top + patch.height, patch.left : patch.left + patch.width]
            rows, columns = np.nonzero(part > 150)
            assert columns.mean() / patch.width == pytest.approx(0.7, abs=0.06)
            row = patch.upper + rows.mean() / patch.height * (patch.lower - patch.upper)
            assert row == pytest.approx(y, abs=0.06 * size[1])


@pytest.fixture(scope="module")
def net() -> ProposalNet:
    return ProposalNet(find_model("proposals.tflite"))


@pytest.mark.parametrize("scale", [0.75, 1.0, 2.5])
def test_the_demos_faces_are_proposed_at_any_frame_size(net: ProposalNet, scale: float) -> None:
    image = demo.render(12.0)
    scaled = cv2.resize(image, None, fx=scale, fy=scale).astype(np.uint8)
    found = net.propose(scaled, 40 * scaled.shape[1] / 640, Config().detect.propose)
    assert 2 <= len(found) <= TILES * MOST
    assert list(found.scores) == sorted(found.scores, reverse=True)
    for actor in demo.STORY:
        x, y = actor.place(12.0) or (0.0, 0.0)
        middles = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2 / scale
        assert np.hypot(*(middles - [x, y]).T).min() < 25


def test_a_search_tile_by_tile_finds_the_same_as_one_of_all_tiles(net: ProposalNet) -> None:
    image = demo.render(12.0)
    whole = net.propose(image, 40, 0.3).boxes
    parts = np.concatenate([net.propose(image, 40, 0.3, [n]).boxes for n in range(TILES)])
    assert {tuple(box) for box in whole} <= {tuple(box) for box in parts}


def test_gray_frames_are_accepted_and_an_even_wall_shows_no_face(net: ProposalNet) -> None:
    gray = cv2.cvtColor(demo.render(12.0), cv2.COLOR_BGR2GRAY).astype(np.uint8)
    assert len(net.propose(gray, 40, 0.3)) >= 2
    assert len(net.propose(np.full((480, 640, 3), 90, np.uint8), 40, 0.3)) == 0


@pytest.mark.parametrize("shape", [(16, 16, 3), (24, 400, 3), (400, 24), (1, 1, 3)])
def test_pictures_too_small_for_a_face_are_survived(net: ProposalNet, shape: tuple[int, ...]) -> None:
    found = net.propose(np.full(shape, 77, np.uint8), 40, 0.3)
    assert np.isfinite(found.boxes).all()


def test_it_is_small_and_another_models_card_is_refused(net: ProposalNet, tmp_path: Path) -> None:
    assert find_model("proposals.tflite").stat().st_size < 60_000
    assert math.isclose(net.card.temperature, 1.0)
    with pytest.raises(ModelError, match="labels must be the 1 word"):
        ProposalNet(find_model("emotion.tflite"))
    with pytest.raises(ModelError, match="no such model"):
        ProposalNet(tmp_path / "proposals.tflite")


def test_a_dark_picture_is_lit_and_others_stay() -> None:
    room = picture(160, 120)[:, :, 0]
    assert lit(room) is room
    night = (room * 0.12).astype(np.uint8)
    assert lit(night).mean() == pytest.approx(90, abs=5)
    assert lit(np.zeros((8, 8), np.uint8)).max() == 0
    assert lit(np.full((8, 8), 2, np.uint8)).max() == 12, "noise is not made a picture"


def test_a_lit_face_before_black_is_not_burnt_out_and_a_dark_one_beside_it_is_lit() -> None:
    night = np.zeros((120, 160), np.uint8)
    night[40:70, 20:50], night[40:70, 110:140] = 150, 20
    out = lit(night)
    assert out[45:65, 25:45].max() <= 190, "a gain for the whole picture would give 255"
    assert out[45:65, 115:135].mean() > 50


def test_a_photograph_may_ask_for_more_proposals_than_a_film(net: ProposalNet) -> None:
    rng = np.random.default_rng(0)
    noise = cv2.resize(rng.integers(0, 256, (60, 80)).astype(np.uint8), (640, 480), interpolation=cv2.INTER_CUBIC)
    few, many = (net.propose(noise.astype(np.uint8), 40, 0.002, range(TILES), most) for most in (2, 100))
    assert len(few) <= 2 * TILES < len(many)
