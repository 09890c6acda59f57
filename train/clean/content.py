"""Distinguishes photographs of people, drawings (also emojis, icons and text), and other photographs.

A small network on the statistics of ``train.clean.statistics``; ``python -m benchmarks.content`` trains and measures
it. Its weights are in ``content.npz``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ModelError

PERSON, DRAWING, THING = CLASSES = ("person", "drawing", "thing")
WEIGHTS = Path(__file__).with_name("content.npz")
CLIP = 6.0
"""Standard deviations at which an input is clipped, so that one unusual value does not decide."""


class Content:
    """The classifier: dense layers with ReLU between them."""

    def __init__(self, path: Path = WEIGHTS) -> None:
        """Loads the weights.

        Raises:
            ModelError: The file is missing or damaged.
        """
        try:
            with np.load(path) as stored:
                self._mean, self._scale = stored["mean"], stored["scale"]
                self._layers = [(stored[f"w{n}"], stored[f"b{n}"]) for n in range(int(stored["layers"]))]
        except (OSError, KeyError, ValueError) as error:
            raise ModelError(f"{path}: is not a content classifier ({error}); install the package again") from None

    def probs(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities (N, 3) in the order of ``CLASSES`` for descriptions (N, F)."""
        values = np.clip((rows - self._mean) / self._scale, -CLIP, CLIP)
        for n, (weight, bias) in enumerate(self._layers):
            values = values @ weight + bias
            if n < len(self._layers) - 1:
                values = np.maximum(values, 0)
        shifted = np.exp(values - values.max(axis=1, keepdims=True))
        return np.asarray(shifted / shifted.sum(axis=1, keepdims=True), np.float32)
