"""A pipeline with a scripted detector and expression network, and the function that steps it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from monitor.core.types import Box, Image, Result
from monitor.pipeline import Pipeline
from monitor.settings.config import Config, DetectConfig
from tests.fakes import (
    Clock,
    Scripted,
    ScriptedDetector,
    ScriptedEmotion,
    distribution,
    frame,
    picture,
    square,
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
