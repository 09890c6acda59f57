"""Loads the networks and the detector that a configuration asks for."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path

from monitor.core.errors import ConfigError, ModelError
from monitor.core.labels import EMOTIONS
from monitor.faces.detector import Detector, make_detector
from monitor.networks.card import find_model
from monitor.networks.emotion import EmotionNet
from monitor.networks.eyes import EyeNet
from monitor.networks.keypoints import KeypointNet
from monitor.networks.proposals import ProposalNet
from monitor.settings.config import Config
from monitor.system.paths import trouble

log = logging.getLogger("monitor")


@dataclass(frozen=True, slots=True)
class Networks:
    """The detector and the networks that a configuration asks for.

    They keep no state between calls, so several pipelines of one thread may share them. Their interpreters are not
    thread-safe.

    Attributes:
        emotion: Reads expressions.
        keypoints: Follows faces; None when ``detect.follow`` is off or the model file is missing.
        eyes: Reads the driver's eyes; None outside driver mode.
        proposals: Proposes regions that may show new faces; None when the detector searches alone.
        detector: Detects faces in a whole frame.
    """

    emotion: EmotionNet
    keypoints: KeypointNet | None
    eyes: EyeNet | None
    proposals: ProposalNet | None
    detector: Detector


def load(config: Config) -> Networks:
    """Loads the detector and all networks that ``config`` asks for.

    Raises:
        ModelError: A model is missing, damaged or foreign, or no TFLite runtime is installed.
        ConfigError: The detector's file cannot be used, or a setting needs labels that the model does not have.
    """
    emotion = EmotionNet(find_model(config.emotion.model), config.emotion.threads, config.emotion.prior)
    _require_labels(config, emotion.labels)
    keypoints = load_keypoints(config)
    eyes = load_eyes(config, keypoints)
    return Networks(emotion, keypoints, eyes, load_proposals(config, keypoints), make_detector(config.detect))


def _require_labels(config: Config, labels: tuple[str, ...]) -> None:
    """Refuses settings that need other labels than the expression model has.

    Raises:
        ConfigError: See above.
    """
    model = config.emotion.model
    if labels != EMOTIONS and config.driver.enabled:
        raise ConfigError(f"driver.enabled needs the seven expressions; {model} does not have them")
    if labels != EMOTIONS and config.emotion.baseline != "off":
        raise ConfigError(f"emotion.baseline needs the seven expressions; {model} does not have them, set it to off")
    for name in config.alerts.expression:
        if name not in labels:
            raise ConfigError(f"alerts.expression must be some of {', '.join(labels)} with {model} (got {name})")


def load_keypoints(config: Config) -> KeypointNet | None:
    """Loads the keypoint network; None when ``detect.follow`` is off or the file is missing, which is logged.

    Raises:
        ModelError: The file exists but is damaged or foreign.
    """
    if not config.detect.follow:
        return None
    path = _existing(config.follow.model, "faces are found by the detector alone (detect.follow)")
    return None if path is None else KeypointNet(path, config.follow.threads)


def load_proposals(config: Config, keypoints: KeypointNet | None) -> ProposalNet | None:
    """Loads the proposal network; None when it is not wanted, or the file is missing, which is logged.

    Raises:
        ModelError: The file exists but is damaged or foreign.
    """
    if keypoints is None or not wants_proposals(config):
        return None
    path = _existing(config.detect.proposals, "newcomers are searched for by the cascade (detect.proposals)")
    return None if path is None else ProposalNet(path, config.detect.threads)


def wants_proposals(config: Config) -> bool:
    """Whether the proposal network searches for new faces; only the keypoint network can confirm its proposals."""
    return config.detect.follow and config.detect.method == "haar" and bool(config.detect.proposals)


def load_eyes(config: Config, keypoints: KeypointNet | None) -> EyeNet | None:
    """Loads the eye network; None outside driver mode.

    Raises:
        ModelError: The file is missing, damaged or foreign, or there is no keypoint network to locate the eyes.
    """
    if not config.driver.enabled:
        return None
    if keypoints is None:
        raise ModelError(f"driver.enabled needs the keypoint model {config.follow.model}, which finds the eyes")
    return EyeNet(find_model(config.driver.model), config.driver.threads)


def _existing(name: str, otherwise: str) -> Path | None:
    """The path of a model file; None when it is missing, which is logged together with the consequence."""
    path = find_model(name)
    if os.path.exists(path) or trouble(path) is not None:  # an unreadable file is reported when it is loaded
        return path
    log.warning("%s: no such model; %s", path, otherwise)
    return None
