"""The step as stories of faces and readings, at any frame rate, without a camera or a model."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.core.types import Box, Event
from monitor.faces.crop import crop
from monitor.settings.config import Config, DetectConfig, EmotionConfig
from tests.fakes import (
    distribution,
    square,
)  # fmt: skip
from tests.stepping import build, one_face


def test_a_new_face_is_read_within_two_frames() -> None:
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


def test_a_face_expected_outside_the_picture_does_not_fail_the_frame(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_the_state_of_a_forgotten_face_is_dropped() -> None:
    pipeline, step, _ = build(lambda t: [square(100 + 400 * (int(t / 4) % 2), 240, 100)] if t % 4 < 1 else [])
    for n in range(400):
        step(n / 10)
    assert len(pipeline._reader) <= 1


@pytest.mark.parametrize("hz", [5, 10, 30])
def test_a_face_that_reads_sad_at_rest_is_shown_neutral_once_calibrated_and_the_log_says_so(hz: float) -> None:
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


def test_without_a_baseline_nothing_is_corrected_or_logged() -> None:
    resting = 0.6 * distribution("sad") + 0.4 * distribution("neutral")
    _, step, _ = build(one_face, lambda t: resting)
    results = [step(n / 5) for n in range(34 * 5)]
    assert results[-1].faces[0].label == "sad"
    assert not [event for result in results for event in result.events if event.kind == "calibrating"]
