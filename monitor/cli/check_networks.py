"""Tests of ``emotion-monitor check``: the detector and the networks."""

from __future__ import annotations

import cv2
import numpy as np

from monitor.cli.finding import Finding, mean_ms
from monitor.settings.config import Config


def detector(config: Config) -> Finding:
    """Loads the detector and searches an empty picture."""
    from monitor.faces.detector import make_detector

    detector = make_detector(config.detect)
    detector.find(np.zeros((48, 48, 3) if detector.wants_color else (48, 48), np.uint8), 24, 48, profile=True)
    return Finding("detector", "ok", f"{detector.name}, OpenCV {cv2.__version__}")


def model(config: Config) -> Finding:
    """Loads the expression network and times it."""
    from monitor.networks.card import find_model
    from monitor.networks.emotion import EmotionNet

    path = find_model(config.emotion.model)
    net = EmotionNet(path, config.emotion.threads, config.emotion.prior)
    crop = np.full((net.card.input_side, net.card.input_side), 128, np.uint8)
    net.probabilities(crop)
    each = mean_ms(lambda: net.probabilities(crop))
    return Finding("model", "ok", f"{path.name} {net.card.version}, {net.runtime}, {each:.2f} ms per face")


def covers(config: Config) -> Finding:
    """Loads the cover network and times it."""
    from monitor.networks.load import load_covers

    net = load_covers(config)
    if net is None:
        return Finding("covers", "ok", "off; covered faces are read like others (emotion.covers)")
    crop = np.full((net.card.input_side, net.card.input_side), 128, np.uint8)
    each = mean_ms(lambda: net.covered(crop))
    return Finding("covers", "ok", f"{net.card.name} {net.card.version}, {each:.2f} ms per reading")


def keypoints(config: Config) -> Finding:
    """Loads the keypoint network and times it."""
    from monitor.networks.card import find_model
    from monitor.networks.keypoints import KeypointNet

    if not config.detect.follow:
        return Finding("following", "ok", "off (detect.follow)")
    path = find_model(config.follow.model)
    if not path.exists():
        return Finding("following", "note", f"{path}: no such model; the detector finds faces alone")
    net = KeypointNet(path, config.follow.threads)
    image = np.full((200, 200), 128, np.uint8)
    each = mean_ms(lambda: net.read(image, (50.0, 50.0, 150.0, 150.0)))
    return Finding("following", "ok", f"{path.name} {net.card.version}, {each:.2f} ms per face")


def proposals(config: Config) -> Finding:
    """Loads the proposal network and times it."""
    from monitor.networks.card import find_model
    from monitor.networks.load import wants_proposals
    from monitor.networks.proposals import ProposalNet

    if not wants_proposals(config):
        return Finding("proposals", "ok", "off; the detector searches")
    if not find_model(config.follow.model).exists():
        return Finding("proposals", "note", "off without the keypoint model; the detector searches")
    path = find_model(config.detect.proposals)
    if not path.exists():
        return Finding("proposals", "note", f"{path}: no such model; the cascade searches for new faces")
    net = ProposalNet(path, config.detect.threads)
    image = np.full((480, 640, 3), 128, np.uint8)
    each = mean_ms(lambda: net.propose(image, config.detect.min_face, config.detect.propose), 20)
    return Finding("proposals", "ok", f"{path.name} {net.card.version}, {each:.2f} ms per search of 640x480")


def driver(config: Config) -> Finding:
    """Loads the eye network and times it."""
    from monitor.networks.load import load_eyes, load_keypoints

    if not config.driver.enabled:
        return Finding("driver mode", "ok", "off")
    net = load_eyes(config, load_keypoints(config))
    assert net is not None
    pixels = np.full((net.card.input_side,) * 2, 128, np.uint8)
    each = mean_ms(lambda: net.logits(pixels))
    return Finding("driver mode", "ok", f"{net.card.name} {net.card.version}, {each:.2f} ms per eye")
