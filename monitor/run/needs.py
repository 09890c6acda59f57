"""What a run needs besides its source, as its settings ask for it: the networks, and a broker's client."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from monitor.core.errors import ModelError
from monitor.networks.card import find_model
from monitor.networks.eyes import EyeNet
from monitor.networks.keypoints import KeypointNet
from monitor.networks.proposals import ProposalNet
from monitor.settings.config import Config
from monitor.system.paths import trouble

log = logging.getLogger("monitor")


def load_keypoints(config: Config) -> KeypointNet | None:
    """The network that follows faces; None when it is switched off or not there, which is said in one line.

    Raises:
        ModelError: The file is there but damaged or foreign.
    """
    if not config.detect.follow:
        return None
    path = _there(config.follow.model, "faces are found by the detector alone (detect.follow)")
    return None if path is None else KeypointNet(path, config.follow.threads)


def load_proposals(config: Config, keypoints: KeypointNet | None) -> ProposalNet | None:
    """The network that names places worth a look; None when the detector is to search, or the file is not there.

    Raises:
        ModelError: The file is there but damaged or foreign.
    """
    if keypoints is None or not wants_proposals(config):
        return None
    path = _there(config.detect.proposals, "newcomers are searched for by the cascade (detect.proposals)")
    return None if path is None else ProposalNet(path, config.detect.threads)


def wants_proposals(config: Config) -> bool:
    """Whether newcomers are to be looked for by the proposal network, which only the keypoint network can confirm."""
    return config.detect.follow and config.detect.method == "haar" and bool(config.detect.proposals)


def _there(name: str, otherwise: str) -> Path | None:
    """A model's file; None where it is not there, which is said with what happens ``otherwise``."""
    path = find_model(name)
    if os.path.exists(path) or trouble(path) is not None:  # whoever loads it tells what is wrong with it
        return path
    log.warning("%s: no such model; %s", path, otherwise)
    return None


def load_eyes(config: Config, keypoints: KeypointNet | None) -> EyeNet | None:
    """The network that reads a driver's eyes; None when nobody is to be judged as a driver.

    Raises:
        ModelError: The file is missing, damaged or foreign.
    """
    if not config.driver.enabled:
        return None
    if keypoints is None:
        raise ModelError(f"driver.enabled needs the keypoint model {config.follow.model}, which finds the eyes")
    return EyeNet(find_model(config.driver.model), config.driver.threads)


def require_outputs(config: Config) -> None:
    """Refuses a run that could not publish, before anything is written; says what would never act.

    Raises:
        ConfigError: paho-mqtt is not installed, or the password file cannot be read.
    """
    if not config.driver.enabled:
        if config.alerts.command or config.alerts.sound or config.mqtt.host:
            log.warning("alerts and mqtt act on a driver's events only; switch them on with --profile driver")
    elif config.mqtt.host:
        from monitor.outputs.remote import mqtt

        mqtt.require(config.mqtt)
