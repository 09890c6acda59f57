"""The cover network: detects whether the upper or the lower half of a face is covered."""

from __future__ import annotations

from pathlib import Path

from monitor.core.numeric import sigmoid, unit
from monitor.core.types import Image
from monitor.networks.base import LogitNetwork

HALVES = ("upper", "lower")
"""The network's two logits: the eyes are covered; the mouth is covered."""
COVERED_FROM = 0.5
"""Probability from which a half counts as covered."""
DOUBTED, HIDDEN = 0.35, 0.6
"""Probabilities of a covered half at which the quality of a face begins to fall, and at which it reaches 0."""


def readable(halves: tuple[float, float]) -> float:
    """Factor 0..1 on the quality of a face whose halves are covered with these probabilities."""
    return unit((HIDDEN - max(halves)) / (HIDDEN - DOUBTED))


def covered_half(halves: tuple[float, float]) -> str:
    """The covered half for these probabilities: "", "upper", "lower" or "both"."""
    upper, lower = (share >= COVERED_FROM for share in halves)
    return "both" if upper and lower else "upper" if upper else "lower" if lower else ""


class CoverNet(LogitNetwork):
    """The cover network with its card; see ``LogitNetwork``."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        """Loads ``path`` and the card beside it.

        Raises:
            ModelError: The model or its card is missing, damaged, mismatched or foreign, or no runtime is installed.
        """
        super().__init__(path, HALVES, threads)

    def covered(self, crop: Image) -> tuple[float, float]:
        """Probabilities 0..1 that the upper and the lower half of the face in a prepared crop are covered.

        Args:
            crop: (side, side) uint8 gray, upright, with the contrast that the card states.
        """
        upper, lower = self.logits(crop).tolist()
        return sigmoid(upper / self.card.temperature), sigmoid(lower / self.card.temperature)
