"""Base classes of the networks, which hold a model card, an int8 model and a table that quantises gray levels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ModelError
from monitor.core.types import Image
from monitor.faces.crop import int8_table, quantised
from monitor.networks.card import ModelCard, load_card, ordered
from monitor.networks.runtime import Int8Model


class Network:
    """A network with one gray picture as its input; several threads may run it.

    Attributes:
        card: The model card: preprocessing, labels and calibration.
        runtime: Name and version of the TFLite runtime.
    """

    def __init__(self, path: Path, labels: tuple[str, ...], threads: int, *, own: bool = False) -> None:
        """Loads ``path`` and the card beside it, which must list ``labels``, or with ``own`` a user's own classes.

        Raises:
            ModelError: The model or its card is missing, damaged, mismatched or foreign, or no runtime is installed.
        """
        self.card: ModelCard = load_card(path, labels, own=own)
        self._model = Int8Model(path, threads)
        self.runtime = f"{self._model.runtime.package} {self._model.runtime.version}"
        self._shapes = [port.shape for port in self._model.outputs]
        self._table = int8_table(self._model.input.scale, self._model.input.zero_point)

    def _run(self, pixels: Image) -> list[NDArray[np.float32]]:
        """Runs the model on (H, W) uint8 pixels of the input's size; returns each output as float32."""
        return self._model.run(quantised(pixels, self._table)[None, :, :, None])


class CropNetwork(Network):
    """A network with one square gray crop as its input."""

    def __init__(self, path: Path, labels: tuple[str, ...], threads: int, *, own: bool = False) -> None:
        """Loads ``path``, whose input must have the side that its card states.

        Raises:
            ModelError: See ``Network``; or the input has another shape than the card states.
        """
        super().__init__(path, labels, threads, own=own)
        side = self.card.input_side
        if self._model.input.shape != (1, side, side, 1):
            raise ModelError(f"{path}: takes {self._model.input.shape}, its card says (1, {side}, {side}, 1)")


class LogitNetwork(CropNetwork):
    """A network with one output: a logit for each label of its card."""

    def __init__(self, path: Path, labels: tuple[str, ...], threads: int, *, own: bool = False) -> None:
        """Loads ``path``; its logits are reordered to the order of ``labels``, unless they are a user's own.

        Raises:
            ModelError: See ``CropNetwork``; or the model has other outputs than one logit per label.
        """
        super().__init__(path, labels, threads, own=own)
        names = ordered(self.card, labels)
        if self._shapes != [(1, len(names))]:
            raise ModelError(f"{path}: gives {self._shapes}, expected one output of shape (1, {len(names)})")
        self._order = [self.card.labels.index(name) for name in names]

    def logits(self, crop: Image) -> NDArray[np.float32]:
        """Uncalibrated logits (K,) float32 of one (side, side) uint8 crop, in the order of its labels."""
        return np.asarray(self._run(crop)[0][0][self._order], dtype=np.float32)
