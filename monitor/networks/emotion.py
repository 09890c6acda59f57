"""Reading expressions: a gray crop in, calibrated probabilities over the seven labels out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.core.labels import EMOTIONS
from monitor.core.types import Image
from monitor.faces.crop import evened
from monitor.networks.base import LogitNetwork


class EmotionNet(LogitNetwork):
    """The expression network with its card; see ``LogitNetwork``."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        """Loads ``path`` and the card beside it.

        Raises:
            ModelError: Missing, damaged, mismatched or foreign model or card, or no runtime.
        """
        super().__init__(path, EMOTIONS, threads)

    def prepared(self, crop: Image) -> Image:
        """What the network is to be given of a (side, side) uint8 crop whose gray levels are as they were: evened in
        contrast where its card says so."""
        return evened(crop, self.card.crop_contrast)

    def probabilities(self, crop: Image) -> NDArray[np.float32]:
        """Calibrated probabilities (7,) of one (side, side) uint8 crop; they sum to 1."""
        z = self.logits(crop) / np.float32(self.card.temperature)
        e = np.exp(z - z.max())
        return np.asarray(e / e.sum(), dtype=np.float32)
