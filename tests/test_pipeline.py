"""The step told as stories: who is seen, what is read, at any frame rate, without camera or model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
import pytest

from monitor.core.labels import UNKNOWN
from monitor.core.types import Box, Event, Image, Result
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

SCENE = picture()
STEADY = distribution("neutral")


def build(
    faces: Callable[[float], Sequence[Box]],
    probs: Callable[[float], Any] = lambda t: STEADY,
    config: Config | None = None,
    contrast: float = 0.0,
) -> tuple[Pipeline, Callable[..., Result], ScriptedEmotion]:
    detector, emotion = ScriptedDetector(faces), ScriptedEmotion(probs, contrast)
    # Searched whole every frame: the scripted detector answers in full-frame pixels.
    config = config or Config(detect=DetectConfig(width=640, every_ms=0, empty_ms=0))
    pipeline = Pipeline(config, Scripted(detector, emotion), Clock())

    def step(t: float, image: Image = SCENE) -> Result:
        detector.now = emotion.now = t
        return pipeline.step(frame(t, image=image))

    return pipeline, step, emotion


def one_face(t: float) -> list[Box]:
    return [square(300, 240, 120)]


def test_from_nothing_to_a_read_face_in_two_frames() -> None:
    _, step, _ = build(one_face)
    assert step(0.0).faces == ()
    (face,) = step(0.1).faces
    assert face.id == 1
    assert face.label == "neutral"
    assert face.probs.sum() == pytest.approx(1)


@pytest.mark.parametrize("hz", [8, 15, 30])
def test_a_smile_is_shown_equally_fast_at_any_rate(hz: float) -> None:
    _, step, _ = build(one_face, lambda t: distribution("neutral" if t < 2 else "happy"))
    labels = {n / hz: step(n / hz).faces for n in range(round(4 * hz))}
    shown = [t for t, faces in labels.items() if faces and faces[0].label == "happy"]
    # At 15 Hz a reading comes every 133 ms: at best just as the smile begins.
    assert 2.45 <= shown[0] <= 2.75


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
    """Somebody who averages the columns must not count one old reading in row after row."""
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


def test_many_faces_take_turns_under_the_budget() -> None:
    places = [square(60 + 75 * n, 240, 60) for n in range(8)]
    config = Config(detect=DetectConfig(width=640, every_ms=0, empty_ms=0), emotion=EmotionConfig(max_per_frame=3))
    _, step, emotion = build(lambda t: places, config=config)
    step(0.0)
    for n in range(1, 9):
        before = emotion.reads
        result = step(n / 10)
        assert emotion.reads - before == 3
    assert len(result.faces) == 8
    assert all(face.known for face in result.faces)


@pytest.mark.parametrize(
    "box",
    [(-60, -60, 60, 60), (600, 440, 700, 540), (0, 0, 640, 480), square(320, 240, 1), (-400, -400, 1200, 1200)],
    ids=["top left", "bottom right", "whole frame", "one pixel", "larger than the frame"],
)
def test_boxes_at_the_border_tiny_and_absurd_are_survived(box: Box) -> None:
    _, step, _ = build(lambda t: [box])
    seen = [step(n / 10).faces for n in range(5)]
    assert len(seen[-1]) <= 1
    assert all(np.isfinite(f.box).all() and 0 <= f.quality <= 1 for faces in seen for f in faces)


def test_a_face_whose_expected_place_is_outside_the_picture_costs_no_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    _, step, _ = build(one_face)
    step(0.0)
    (face,) = step(0.1).faces
    assert face.known
    monkeypatch.setattr(
        "monitor.networks.emotion.crop", lambda image, box, *rest: crop(image, (700.0, 240.0, 800.0, 340.0), *rest)
    )
    (face,) = step(0.5).faces
    assert face.quality == 0
    assert face.raw is None


def test_two_cheek_to_cheek_are_read_again_once_they_are_known_to_stay() -> None:
    """What was read before they touched must not stand for what they show minutes later."""
    far, near = square(300, 240, 120), square(370, 240, 130)
    config = Config(detect=DetectConfig(width=640, every_ms=0, empty_ms=0))
    _, step, _ = build(
        lambda t: [far] if t < 2 else [far, near], lambda t: distribution("angry" if t < 2 else "happy"), config
    )
    seen = {n: step(n / 10).faces for n in range(100)}
    assert [f.label for f in seen[19]] == ["angry"]
    assert next(f.label for f in seen[45]) == "angry", "not read while they may be passing each other"
    assert [f.label for f in seen[99]] == ["happy", "happy"]


def test_time_standing_still_and_time_jumping_are_survived() -> None:
    _, step, _ = build(one_face)
    for t in (0.0, 0.1, 0.1, 0.1, 60.0, 60.1, 0.0, 0.1):
        result = step(t)
    assert all(np.isfinite(face.probs).all() for face in result.faces)


def test_a_visit_and_its_expression_each_start_once_and_end_once() -> None:
    pipeline, step, _ = build(lambda t: one_face(t) if 1 <= t <= 3 else [])
    events: list[Event] = []
    for n in range(80):
        events += step(n / 10).events
    events += pipeline.finish()
    assert [(e.kind, e.phase) for e in events] == [
        ("face", "start"), ("emotion", "start"), ("emotion", "end"), ("face", "end"),
    ]  # fmt: skip


def test_timings_are_kept_for_every_stage() -> None:
    _, step, _ = build(one_face)
    assert set(step(0.0).timings_ms) == {"find", "track", "read", "judge"}


def test_what_a_forgotten_face_left_behind_is_dropped() -> None:
    pipeline, step, _ = build(lambda t: [square(100 + 400 * (int(t / 4) % 2), 240, 100)] if t % 4 < 1 else [])
    for n in range(400):
        step(n / 10)
    assert len(pipeline._reader) <= 1


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


@pytest.mark.parametrize("hz", [5, 10, 30])
def test_a_face_that_reads_sad_at_rest_is_shown_neutral_once_it_is_known_and_the_log_says_so(hz: float) -> None:
    config = Config(detect=DetectConfig(width=640, every_ms=0, empty_ms=0), emotion=EmotionConfig(baseline="auto"))
    resting = 0.6 * distribution("sad") + 0.4 * distribution("neutral")
    pipeline, step, _ = build(one_face, lambda t: resting, config)
    results = [step(n / hz) for n in range(round(34 * hz))]
    assert results[round(20 * hz)].faces[0].label == "sad"
    assert results[-1].faces[0].label == "neutral"
    assert results[-1].faces[0].probs.sum() == pytest.approx(1)
    said = [event for result in results for event in result.events if event.kind == "calibrating"]
    assert [event.phase for event in said] == ["start", "end"]
    assert said[1].data["corrected"].keys() == {"sad"}
    assert [event.kind for event in pipeline.finish()] == ["emotion", "face"]


def test_without_a_baseline_nothing_is_corrected_and_nothing_said() -> None:
    resting = 0.6 * distribution("sad") + 0.4 * distribution("neutral")
    _, step, _ = build(one_face, lambda t: resting)
    results = [step(n / 5) for n in range(34 * 5)]
    assert results[-1].faces[0].label == "sad"
    assert not [event for result in results for event in result.events if event.kind == "calibrating"]
