"""The cover network: masks and dark glasses drawn over the demo's face."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from emotion_monitor import Monitor
from monitor.core.errors import ModelError
from monitor.core.types import Frame, Image
from monitor.networks.card import find_model
from monitor.networks.covers import CoverNet, covered_half, readable
from monitor.networks.emotion import EmotionNet
from monitor.networks.load import load
from monitor.run.assembly import build
from monitor.settings import config as configuration
from tests.crowd import with_mask, with_sunglasses

BOX = (116.0, 138.0, 288.0, 310.0)
"""The happy face of the demo at ``HAPPY_S``."""


def test_an_open_face_is_read_as_before(monitor: Monitor, happy: Image) -> None:
    (face,) = monitor.read(happy)
    assert (face.label, face.covered) == ("happy", "")
    assert face.quality == pytest.approx(1.0)
    assert face.mouth is not None


@pytest.mark.parametrize("level", [20, 220])
def test_a_face_behind_a_mask_is_found_and_unknown(monitor: Monitor, happy: Image, level: int) -> None:
    (face,) = monitor.read(with_mask(happy, BOX, level))
    assert (face.label, face.covered, face.known) == ("unknown", "lower", False)
    assert face.quality < 0.15
    assert face.mouth is None, "the keypoints of a mask say nothing about the mouth"


def test_a_face_behind_sunglasses_is_found_and_unknown(monitor: Monitor, happy: Image) -> None:
    (face,) = monitor.read(with_sunglasses(happy, BOX))
    assert (face.label, face.covered) == ("unknown", "upper")
    assert face.mouth is not None


def test_without_the_network_a_mask_is_read_like_a_face(happy: Image) -> None:
    with Monitor(settings={"emotion.covers": ""}) as monitor:
        (face,) = monitor.read(with_mask(happy, BOX))
    assert (face.covered, face.known) == ("", True)


def test_a_masked_driver_is_followed_and_the_eyes_are_judged(happy: Image) -> None:
    config = configuration.load(None, ["driver.enabled=true"])[0]
    pipeline = build(config, load(config))
    masked = with_mask(happy, BOX)
    results = [pipeline.step(Frame(n, n / 10, 0.0, masked, "masked")) for n in range(20)]
    assert all(len(result.faces) == 1 for result in results)
    (face,) = results[-1].faces
    assert (face.id, face.label, face.covered) == (1, "unknown", "lower")
    assert face.eyes is not None
    assert max(eye.quality for eye in face.eyes) > 0.5
    assert min(eye.open for eye in face.eyes) > 0.5


def test_the_mouth_of_a_face_that_takes_off_its_mask_is_read_again(happy: Image) -> None:
    config = configuration.load(None, [])[0]
    pipeline, masked = build(config, load(config)), with_mask(happy, BOX)
    labels = []
    for n in range(30):
        (face,) = pipeline.step(Frame(n, n / 10, 0.0, masked if n < 15 else happy, "masked")).faces
        labels.append((face.label, face.covered))
    assert labels[14] == ("unknown", "lower")
    assert labels[-1] == ("happy", "")


@pytest.mark.parametrize(
    ("halves", "half", "factor"),
    [((0.0, 0.3), "", 1.0), ((0.475, 0.1), "", 0.5), ((0.5, 0.2), "upper", 0.4), ((0.1, 0.9), "lower", 0.0),
     ((0.8, 0.7), "both", 0.0)],
)  # fmt: skip
def test_quality_falls_with_the_probability_of_a_cover(halves: tuple[float, float], half: str, factor: float) -> None:
    assert covered_half(halves) == half
    assert readable(halves) == pytest.approx(factor)


def test_it_is_small_and_another_models_card_is_refused(tmp_path: Path) -> None:
    assert find_model("covers.tflite").stat().st_size < 60_000
    with pytest.raises(ModelError, match="labels must be the 2 words upper, lower"):
        CoverNet(find_model("eyes.tflite"))
    with pytest.raises(ModelError, match="no such model"):
        CoverNet(tmp_path / "covers.tflite")


def test_a_cover_network_of_another_crop_gets_its_own(happy: Image) -> None:
    covers = CoverNet(find_model("covers.tflite"))
    covers.card = replace(covers.card, crop_margin=0.2)
    net = EmotionNet(find_model("emotion.tflite"), covers=covers)
    assert net.read(happy, BOX, 0.0).covered == ""
    assert net.read(with_mask(happy, BOX), BOX, 0.0).covered == "lower"
