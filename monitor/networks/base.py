"""What all networks of this program share: a card, an int8 model and one gray crop as the input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ModelError
from monitor.core.types import Image
from monitor.faces.crop import int8_table, quantised
from monitor.networks.card import ModelCard, load_card
from monitor.networks.runtime import Int8Model


class CropNetwork:
    """A network on one square gray crop; one thread's own.

    Attributes:
        card: How to crop for it and how far to believe it.
        runtime: Name and version of the TFLite runtime.
    """

    def __init__(self, path: Path, labels: tuple[str, ...], threads: int) -> None:
        """Loads ``path`` and the card beside it, which must list ``labels``.

        Raises:
            ModelError: Missing, damaged, mismatched or foreign model or card, or no runtime.
        """
        self.card: ModelCard = load_card(path, labels)
        self._model = Int8Model(path, threads)
        self.runtime = f"{self._model.runtime.package} {self._model.runtime.version}"
        side = self.card.input_side
        if self._model.input.shape != (1, side, side, 1):
            raise ModelError(f"{path}: takes {self._model.input.shape}, its card says (1, {side}, {side}, 1)")
        self._shapes = [port.shape for port in self._model.outputs]
        self._table = int8_table(self._model.input.scale, self._model.input.zero_point)

    def _run(self, crop: Image) -> list[NDArray[np.float32]]:
        """Each output in real numbers for one (side, side) uint8 crop."""
        return self._model.run(quantised(crop, self._table)[None, :, :, None])


class LogitNetwork(CropNetwork):
    """A network with one output: a logit for each of its card's labels."""

    def __init__(self, path: Path, labels: tuple[str, ...], threads: int) -> None:
        """Loads ``path`` and the card beside it; logits come in the order of ``labels``.

        Raises:
            ModelError: Missing, damaged, mismatched or foreign model or card, or no runtime.
        """
        super().__init__(path, labels, threads)
        if self._shapes != [(1, len(labels))]:
            raise ModelError(f"{path}: gives {self._shapes}, expected one output of shape (1, {len(labels)})")
        self._order = [self.card.labels.index(name) for name in labels]

    def logits(self, crop: Image) -> NDArray[np.float32]:
        """Uncalibrated logits (K,) of one (side, side) uint8 crop, in the order of the labels."""
        return np.asarray(self._run(crop)[0][0][self._order], dtype=np.float32)
