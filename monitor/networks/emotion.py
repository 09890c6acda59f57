"""Reading expressions: a gray crop in, calibrated probabilities over the seven labels out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ModelError
from monitor.core.labels import EMOTIONS
from monitor.core.types import Image
from monitor.faces.crop import evened
from monitor.networks.base import LogitNetwork
from monitor.networks.card import Prior

BALANCED = "balanced"
"""The prior of a model whose card names none."""


class EmotionNet(LogitNetwork):
    """The expression network with its card; see ``LogitNetwork``.

    Attributes:
        prior: Name of the prior that the probabilities assume.
        temperature: Divides the logits before the softmax.
    """

    def __init__(self, path: Path, threads: int = 1, prior: str = BALANCED) -> None:
        """Loads ``path`` and the card beside it.

        Args:
            path: The .tflite.
            threads: Threads of the runtime.
            prior: One of the card's priors: how frequent each expression is taken to be before the face is seen.

        Raises:
            ModelError: Missing, damaged, mismatched or foreign model or card, no runtime, or the card knows no such
                prior.
        """
        super().__init__(path, EMOTIONS, threads)
        none = Prior((0.0,) * len(EMOTIONS), self.card.temperature)
        chosen = self.card.priors.get(prior, none if prior == BALANCED else None)
        if chosen is None:
            known = ", ".join(sorted({BALANCED, *self.card.priors}))
            raise ModelError(f"{path}: its card has no prior {prior!r}; set emotion.prior to one of: {known}")
        self.prior, self.temperature = prior, chosen.temperature
        self._biases = np.array(chosen.biases, np.float32)[self._order]

    def prepared(self, crop: Image) -> Image:
        """The pixels the network takes of a (side, side) uint8 crop: evened in contrast where its card says so."""
        return evened(crop, self.card.crop_contrast)

    def logits(self, crop: Image) -> NDArray[np.float32]:
        """Logits (7,) of one (side, side) uint8 crop under the chosen prior, not yet divided by the temperature."""
        return super().logits(crop) + self._biases

    def probabilities(self, crop: Image) -> NDArray[np.float32]:
        """Calibrated probabilities (7,) of one (side, side) uint8 crop; they sum to 1."""
        z = self.logits(crop) / np.float32(self.temperature)
        e = np.exp(z - z.max())
        return np.asarray(e / e.sum(), dtype=np.float32)
