"""What is read of a face, and when: stories without a camera or a model."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from monitor.core.labels import UNKNOWN
from monitor.faces.crop import crop
from monitor.pipeline import Pipeline
from monitor.settings.config import Config, DetectConfig, EmotionConfig
from tests.fakes import (
    Clock,
    Scripted,
    ScriptedDetector,
    ScriptedEmotion,
    ScriptedNet,
    distribution,
    frame,
    picture,
    square,
    tilted,
)  # fmt: skip
from tests.stepping import STEADY, build, one_face


@pytest.mark.parametrize(
    ("settings", "mirrored"),
    [({}, [False, True, False, True]), ({"mirror": False}, [False] * 4), ({"smooth_s": 0.0}, [False] * 4)],
)
def test_every_second_crop_is_mirrored_where_readings_are_smoothed(
    settings: dict[str, Any], mirrored: list[bool]
) -> None:
    config = Config(detect=DetectConfig(width=640, every_ms=0, empty_ms=0), emotion=EmotionConfig(**settings))
    _, step, emotion = build(one_face, config=config)
    for n in range(5):
        step(n / 10)
    first = emotion.seen[0]
    assert not np.array_equal(first, first[:, ::-1])
    assert [np.array_equal(seen, first[:, ::-1] if turned else first)
            for seen, turned in zip(emotion.seen, mirrored, strict=True)] == [True] * 4  # fmt: skip


def test_a_dim_picture_is_rated_as_it_is_and_read_evened_or_not_at_all() -> None:
    _, step, _ = build(one_face)
    _, dim_step, evening = build(one_face, contrast=40.0)
    scene = np.kron(picture(80, 60)[:, :, :1], np.ones((8, 8, 3), np.uint8))
    dim = (scene * 0.15).astype(np.uint8)
    _, raw_step, raw = build(one_face)
    for n in range(3):
        bright_face = step(n / 10, scene).faces
        dim_face = dim_step(n / 10, dim).faces
        raw_step(n / 10, dim)
    assert 0 < dim_face[0].quality < bright_face[0].quality
    assert evening.seen[0].mean() == pytest.approx(128, abs=8)
    assert evening.seen[0].std() > 2 * dim[120:360].std()
    assert raw.reads == 0  # a network that sees the dark as it is is not asked


def test_a_dark_frame_is_unknown_and_never_read() -> None:
    _, step, emotion = build(one_face)
    black = np.zeros((480, 640, 3), np.uint8)
    for n in range(10):
        result = step(n / 10, black)
    assert result.faces[0].label == UNKNOWN
    assert result.faces[0].quality == 0
    assert not result.faces[0].known
    assert emotion.reads == 0


def test_what_was_read_before_a_face_turned_away_is_no_reading_of_now() -> None:
    """An average over a column must not count one old reading in many rows."""
    _, step, _ = build(one_face)
    for n in range(10):
        result = step(n / 10)
    assert result.faces[0].label == "neutral"
    black = np.zeros((480, 640, 3), np.uint8)
    known = []
    for n in range(10, 20):
        (face,) = step(n / 10, black).faces
        known.append(face.known)
        assert face.known == (face.label != UNKNOWN)
    assert known[0]
    assert not known[-1]
    for n in range(20, 30):
        (face,) = step(n / 10).faces
    assert (face.label, face.known) == ("neutral", True)


def test_an_unsure_face_that_is_read_rarely_stays_read() -> None:
    _, step, _ = build(
        one_face, lambda t: np.full(7, 1 / 7, np.float32),
        Config(detect=DetectConfig(width=640, every_ms=0, empty_ms=0), emotion=EmotionConfig(every_ms=900)),
    )  # fmt: skip
    shown = [step(n / 10).faces for n in range(60)]
    assert all(face.known for (face,) in shown[20:])


def test_an_unsure_reading_is_unknown() -> None:
    _, step, _ = build(one_face, lambda t: np.full(7, 1 / 7, np.float32))
    for n in range(10):
        result = step(n / 10)
    assert result.faces[0].label == UNKNOWN
    assert result.faces[0].known


def test_two_cheek_to_cheek_are_read_again_once_they_are_known_to_stay() -> None:
    """A reading from before the faces touched must not be shown minutes later."""
    far, near = square(300, 240, 120), square(370, 240, 130)
    config = Config(detect=DetectConfig(width=640, every_ms=0, empty_ms=0))
    _, step, _ = build(
        lambda t: [far] if t < 2 else [far, near], lambda t: distribution("angry" if t < 2 else "happy"), config
    )
    seen = {n: step(n / 10).faces for n in range(100)}
    assert [f.label for f in seen[19]] == ["angry"]
    assert next(f.label for f in seen[45]) == "angry", "not read while they may be passing each other"
    assert [f.label for f in seen[99]] == ["happy", "happy"]


@pytest.mark.parametrize("roll", [-25.0, 25.0])
def test_a_tilted_face_is_read_upright(roll: float) -> None:
    rng = np.random.default_rng(3)
    coarse = rng.integers(40, 216, (12, 16), dtype=np.uint8)
    scene = cv2.cvtColor(cv2.resize(coarse, (640, 480), interpolation=cv2.INTER_CUBIC), cv2.COLOR_GRAY2BGR)
    box = square(320, 240, 160)
    emotion = ScriptedEmotion(lambda t: STEADY, align=True)
    net, detector = ScriptedNet(lambda t: [box], roll=roll), ScriptedDetector(lambda t: [box])
    config = Config(detect=DetectConfig(width=640, every_ms=0, empty_ms=0))
    pipeline = Pipeline(config, Scripted(detector, emotion, net), Clock())
    image = tilted(scene.astype(np.uint8), roll, (320, 240))
    for n in range(8):
        pipeline.step(frame(n / 5, image=image))
    upright = crop(scene.astype(np.uint8), box, emotion.card.crop).astype(int)
    seen = emotion.seen[0].astype(int)  # every second one is mirrored
    assert np.abs(seen - upright).mean() < 6
    assert np.abs(crop(image, box, emotion.card.crop).astype(int) - upright).mean() > 20
