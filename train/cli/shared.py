"""Arguments that several commands of ``emotion-train`` share."""

from __future__ import annotations

from pathlib import Path

from monitor.networks.card import find_model

SHIPPED = "models/emotion.tflite"
SPLITS = ("train", "validation", "test")


def model_path(name: str) -> Path:
    """A model's path; without a checkout the shipped one is found where it is installed."""
    path = Path(name)
    return find_model(path.name) if name == SHIPPED and not path.exists() else path
