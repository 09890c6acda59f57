"""Loads the networks and the detector of a configuration."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from monitor.core.errors import ConfigError, ModelError
from monitor.core.labels import EMOTIONS
from monitor.faces.detector import Detector, make_detector
from monitor.networks.card import find_model
from monitor.networks.covers import CoverNet
from monitor.networks.emotion import EmotionNet
from monitor.networks.eyes import EyeNet
from monitor.networks.keypoints import KeypointNet
from monitor.networks.proposals import ProposalNet
from monitor.settings.config import Config
from monitor.system.paths import trouble

N = TypeVar("N")
log = logging.getLogger("monitor")


class Networks(NamedTuple):
    """The detector and the networks of a configuration.

    They keep no readings between calls, so several pipelines of one thread may share all of them, and pipelines of
    several threads those of a ``Shelf``.

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


class Shelf:
    """Networks that several threads share, each loaded once: expressions, keypoints and eyes.

    It holds no detector and no proposal network, because these depend on the size of the frames.
    """

    def __init__(self) -> None:
        self._loaded: dict[tuple[object, ...], Any] = {}

    def once(self, key: tuple[object, ...], make: Callable[[], N]) -> N:
        """The network with that key; loaded at the first call."""
        if key not in self._loaded:
            self._loaded[key] = make()
        network: N = self._loaded[key]
        return network


def load(config: Config, shelf: Shelf | None = None) -> Networks:
    """Loads the detector and all networks of a configuration.

    Args:
        config: Settings.
        shelf: Shares networks with the other threads that use this shelf; None = nothing is shared.

    Raises:
        ModelError: A model is missing, damaged or foreign, or no TFLite runtime is installed.
        ConfigError: The detector's file cannot be used, or a setting needs labels that the model does not have.
    """
    shelf, chosen, eyes = shelf or Shelf(), config.emotion, config.driver
    emotion = shelf.once(
        ("emotion", chosen.model, chosen.threads, chosen.prior, chosen.covers),
        lambda: EmotionNet(find_model(chosen.model), chosen.threads, chosen.prior, load_covers(config)),
    )
    _require_labels(config, emotion.labels)
    follow = (config.detect.follow, config.follow.model, config.follow.threads)
    keypoints = shelf.once(("keypoints", *follow), lambda: load_keypoints(config))
    eye_net = shelf.once(
        ("eyes", eyes.enabled, eyes.model, eyes.threads, *follow), lambda: load_eyes(config, keypoints)
    )
    return Networks(emotion, keypoints, eye_net, load_proposals(config, keypoints), make_detector(config.detect))


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


def load_covers(config: Config) -> CoverNet | None:
    """Loads the cover network; None when it is not wanted, or the file is missing, which is logged.

    Raises:
        ModelError: The file exists but is damaged or foreign.
    """
    if not config.emotion.covers:
        return None
    path = _existing(config.emotion.covers, "covered faces are read like others (emotion.covers)")
    return None if path is None else CoverNet(path, config.emotion.threads)


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
