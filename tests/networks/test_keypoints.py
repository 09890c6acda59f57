from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from monitor.capture import demo_art
from monitor.core.errors import ModelError
from monitor.core.numeric import sigmoid
from monitor.core.types import Image
from monitor.networks.card import card_path, find_model
from monitor.networks.keypoints import FACE_H, FACE_W, FACE_Y, POINTS, KeypointNet, haar_box, mirror_name, mirrored
from monitor.settings.config import Config
from tests.fakes import picture, square

SHIPPED = find_model("keypoints.tflite")


@pytest.fixture(scope="module")
def net() -> KeypointNet:
    return KeypointNet(SHIPPED)


@pytest.fixture(scope="module")
def scene() -> Image:
    """The demo's first face, 112 pixels, on gray."""
    image = np.full((300, 400), 120, np.uint8)
    image[90:202, 140:252] = demo_art.faces()[0, 6]
    return image


def test_the_shipped_model_is_small(net: KeypointNet) -> None:
    assert SHIPPED.stat().st_size <= 250_000
    assert net.card.metrics["mmac"] <= 12


def test_a_face_is_seen_where_it_is_and_its_parts_lie_as_in_a_face(net: KeypointNet, scene: Image) -> None:
    keypoints = net.read(scene, square(196, 143, 95))
    assert keypoints is not None
    assert keypoints.presence > 0.9
    at = dict(zip(POINTS, keypoints.points.tolist(), strict=True))
    assert at["r_iris"][0] < at["nose"][0] < at["l_iris"][0]
    assert at["brow"][1] < at["r_iris"][1] < at["nose"][1] < at["lip_bot"][1] < at["chin"][1]
    assert abs(keypoints.pose[0]) < 15
    assert abs(keypoints.pose[2]) < 10
    assert keypoints.box[0] == pytest.approx(196 - 47, abs=16)


@pytest.mark.parametrize("place", [(140.0, 143.0), (196.0, 40.0), (60.0, 60.0), (330.0, 250.0)])
def test_beside_the_face_there_is_none(net: KeypointNet, scene: Image, place: tuple[float, float]) -> None:
    far = square(place[0], place[1], 40.0)
    keypoints = net.read(scene, far)
    assert keypoints is not None
    assert keypoints.presence < 0.5


def test_noise_and_regions_outside_the_frame_show_no_face(net: KeypointNet) -> None:
    keypoints = net.read(picture(), square(300, 200, 120))
    assert keypoints is not None
    assert keypoints.presence < 0.2
    assert net.read(picture(), square(-500, -500, 50)) is None


def test_the_mesh_corners_of_a_haar_box_give_the_box_back() -> None:
    side, cx, cy = 80.0, 200.0, 150.0
    middle = np.array([cx, cy + FACE_Y * side])
    half = np.array([FACE_W, FACE_H]) * side / 2
    box = haar_box((middle - half).tolist(), (middle + half).tolist())
    assert np.allclose(box, square(cx, cy, side), atol=1e-3)


def test_every_point_has_a_partner_on_the_other_side() -> None:
    for name in POINTS:
        assert mirror_name(mirror_name(name)) == name
        assert mirror_name(name) in POINTS
    assert mirror_name("nose") == "nose"
    assert mirror_name("mouth_r") == "mouth_l"
    assert mirror_name("l_eye_in") == "r_eye_in"


def test_an_expression_model_is_not_taken_for_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="labels must be the 17 words"):
        KeypointNet(find_model("emotion.tflite"))
    model = tmp_path / "keypoints.tflite"
    shutil.copy(find_model("emotion.tflite"), model)
    card = json.loads(card_path(find_model("emotion.tflite")).read_text())
    card_path(model).write_text(json.dumps(card | {"labels": list(POINTS), "priors": {}}))
    with pytest.raises(ModelError, match="expected"):
        KeypointNet(model)


def test_the_default_configuration_names_the_shipped_model() -> None:
    assert find_model(Config().follow.model) == SHIPPED


def test_a_turned_face_is_looked_at_from_both_sides(
    net: KeypointNet, scene: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = square(196.5, 143, 95)  # its region begins on a whole pixel, in the mirror image, too
    crops: list[Image] = []
    one = net._run

    def watched(crop: Image) -> list[np.ndarray]:
        crops.append(crop)
        return one(crop)

    monkeypatch.setattr(net, "_run", watched)
    single = net.read(scene, box)
    assert len(crops) == 1  # it looks ahead
    monkeypatch.setattr("monitor.networks.keypoints.MIRRORED_DEG", -1.0)
    both = net.read(scene, box)
    assert len(crops) == 3
    assert np.array_equal(crops[1], crops[2][:, ::-1])
    assert single is not None
    assert both is not None
    assert np.abs(both.points - single.points).max() < 8
    # In the mirror image, both looks change places: its reading is this one's, mirrored.
    width = scene.shape[1]
    there = net.read(np.ascontiguousarray(scene[:, ::-1]), (width - box[2], box[1], width - box[0], box[3]))
    assert there is not None
    swap = [POINTS.index(mirror_name(name)) for name in POINTS]
    back = there.points[swap] * (-1, 1) + (width, 0)
    assert np.allclose(back, both.points, atol=1e-3)
    assert there.presence == pytest.approx(both.presence, abs=1e-6)
    assert np.allclose(there.pose * (-1, 1, -1), both.pose, atol=1e-4)
    assert np.allclose(there.openness[[1, 0, 2]], both.openness, atol=1e-5)
    assert np.allclose((width - there.box[2], width - there.box[0]), (both.box[0], both.box[2]), atol=1e-3)


@pytest.mark.parametrize(("yaw", "looks"), [(0.0, 1), (19.0, 1), (-19.0, 1), (21.0, 2), (-21.0, 2)])
def test_only_turned_faces_cost_a_second_look_and_must_be_faces_in_both(
    net: KeypointNet, scene: Image, monkeypatch: pytest.MonkeyPatch, yaw: float, looks: int
) -> None:
    head = np.array([yaw / 45, 0, 0, 0.3, 0.2, 0], np.float32)
    points = np.zeros((19, 2), np.float32)
    script = [(3.0, points, head), (-1.0, points + 0.5, head)]
    monkeypatch.setattr(net, "_answers", lambda pixels: script.pop(0))
    keypoints = net.read(scene, square(200, 150, 100))
    assert keypoints is not None
    assert len(script) == 2 - looks
    assert keypoints.presence == pytest.approx(sigmoid((3.0 if looks == 1 else -1.0) / net.card.temperature))


def test_mirrored_answers_mirrored_again_are_the_answers() -> None:
    rng = np.random.default_rng(1)
    points, head = rng.normal(size=(19, 2)).astype(np.float32), rng.normal(size=6).astype(np.float32)
    logit, twice, again = mirrored(*mirrored(0.5, points, head))
    assert logit == 0.5
    assert np.allclose(twice, points)
    assert np.allclose(again, head)


def test_presence_is_calibrated_and_openness_is_never_negative(
    net: KeypointNet, scene: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = np.array([0, 0, 0, -0.1, 0.3, -0.2], np.float32)
    monkeypatch.setattr(net, "_answers", lambda pixels: (2.0, np.zeros((19, 2), np.float32), head))
    monkeypatch.setattr(net, "card", replace(net.card, temperature=4.0))
    keypoints = net.read(scene, square(200, 150, 100))
    assert keypoints is not None
    assert keypoints.presence == pytest.approx(sigmoid(0.5))
    assert keypoints.openness.tolist() == pytest.approx([0, 0.3, 0])
