"""Reading expressions: a gray crop in, calibrated probabilities over the seven labels out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.errors import ModelError
from monitor.faces.crop import int8_table
from monitor.inference.card import ModelCard, load_card
from monitor.inference.runtime import Int8Model
from monitor.labels import EMOTIONS
from monitor.types import Image


class EmotionNet:
    """The expression network with its card.

    Attributes:
        card: How to crop for it and how far to believe it.
        runtime: Name and version of the TFLite runtime.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        """Loads ``path`` and the card beside it.

        Raises:
            ModelError: Missing, damaged, mismatched or foreign model or card, or no runtime.
        """
        self.card: ModelCard = load_card(path)
        self._model = Int8Model(path, threads)
        self.runtime = f"{self._model.runtime.package} {self._model.runtime.version}"
        side = self.card.input_side
        if self._model.input.shape != (1, side, side, 1):
            raise ModelError(f"{path}: takes {self._model.input.shape}, its card says (1, {side}, {side}, 1)")
        shapes = [o.shape for o in self._model.outputs]
        if shapes != [(1, len(EMOTIONS))]:
            raise ModelError(f"{path}: gives {shapes}, expected one output of shape (1, {len(EMOTIONS)})")
        self._table = int8_table(self._model.input.scale, self._model.input.zero_point)
        self._order = [self.card.labels.index(name) for name in EMOTIONS]

    def logits(self, crop: Image) -> NDArray[np.float32]:
        """Uncalibrated logits (7,) of one (side, side) uint8 crop, in the order of ``EMOTIONS``."""
        out = self._model.run(self._table[crop][None, :, :, None])[0][0]
        return np.asarray(out[self._order], dtype=np.float32)

    def probabilities(self, crop: Image) -> NDArray[np.float32]:
        """Calibrated probabilities (7,) of one (side, side) uint8 crop; they sum to 1."""
        z = self.logits(crop) / np.float32(self.card.temperature)
        e = np.exp(z - z.max())
        return np.asarray(e / e.sum(), dtype=np.float32)


def find_model(name: str) -> Path:
    """The path of a model: ``name`` itself when it has a folder or exists here, else among the shipped ones."""
    given = Path(name).expanduser()
    if given.parent != Path() or given.exists():
        return given
    for folder in (Path(__file__).parents[1] / "models", Path(__file__).parents[2] / "models"):
        if (folder / name).exists():
            return folder / name
    return given
