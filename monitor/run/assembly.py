"""Assembles the engine: settings in, networks and pipeline out. The only place where they are put together."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2

from monitor.faces.detector import make_detector
from monitor.networks.card import find_model
from monitor.networks.emotion import EmotionNet
from monitor.pipeline import Pipeline
from monitor.run.needs import load_eyes, load_keypoints, load_proposals
from monitor.settings.config import Config

if TYPE_CHECKING:
    from monitor.faces.detector import Detector
    from monitor.networks.eyes import EyeNet
    from monitor.networks.keypoints import KeypointNet
    from monitor.networks.proposals import ProposalNet

ALL_FACES = 1000
"""Readings per frame for photographs: a face cannot wait for the next picture, which shows other people."""


@dataclass(frozen=True, slots=True)
class Networks:
    """The detector and the networks that a configuration asks for.

    They keep no state between calls, so several pipelines of one thread may share them. Their interpreters are not
    thread-safe.

    Attributes:
        emotion: Reads expressions.
        keypoints: Follows faces; None when ``detect.follow`` is off or the model file is missing.
        eyes: Reads the driver's eyes; None outside driver mode.
        proposals: Proposes places for the search; None when the detector searches alone.
        detector: Finds faces in a whole frame.
    """

    emotion: EmotionNet
    keypoints: KeypointNet | None
    eyes: EyeNet | None
    proposals: ProposalNet | None
    detector: Detector


def load(config: Config) -> Networks:
    """Loads the detector and all networks that ``config`` asks for.

    Raises:
        ModelError: A model is missing, damaged or foreign, or the TFLite runtime is missing.
        ConfigError: The detector's file cannot be used.
    """
    emotion = EmotionNet(find_model(config.emotion.model), config.emotion.threads, config.emotion.prior)
    keypoints = load_keypoints(config)
    eyes = load_eyes(config, keypoints)
    return Networks(emotion, keypoints, eyes, load_proposals(config, keypoints), make_detector(config.detect))


def build(config: Config, networks: Networks | None = None, clock: Callable[[], float] = time.monotonic) -> Pipeline:
    """Assembles a pipeline without any history: no known faces, no calibrated driver.

    Also sets OpenCV's thread count, which holds for the whole process, to ``detect.threads``.

    Args:
        config: Settings.
        networks: Already loaded networks; None loads them.
        clock: Seconds, for ``Result.timings_ms`` and ``Result.latency_ms`` only.

    Raises:
        UserError: A model or the detector cannot be used.
    """
    cv2.setNumThreads(config.detect.threads)
    loaded = load(config) if networks is None else networks
    eyes = loaded.eyes if config.driver.enabled else None
    return Pipeline(config, loaded.detector, loaded.emotion, loaded.keypoints, clock, eyes, loaded.proposals)


def for_photographs(config: Config) -> Config:
    """Settings for unrelated pictures: each is searched completely, and nothing is carried over to the next one.

    One sight confirms a face. A face is forgotten before the next picture, and with it its smoothing and its label;
    ids therefore never repeat. Every face of a picture is read, and every picture gets its rows in the table. No driver
    is judged: a photograph shows no drive.
    """
    return replace(
        config,
        track=replace(config.track, confirm_hits=1, lost_s=0.0, forget_s=0.0),
        detect=replace(config.detect, every_ms=0, empty_ms=0, motion=False),
        emotion=replace(config.emotion, max_per_frame=ALL_FACES),
        output=replace(config.output, rows="every"),
        driver=replace(config.driver, enabled=False),
    )
