"""The expression network: turns a face in a frame into calibrated probabilities of its labels."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ModelError
from monitor.core.labels import EMOTIONS
from monitor.core.types import Box, Image, Reading
from monitor.faces.crop import crop, evened
from monitor.faces.quality import light_for, quality
from monitor.networks.base import LogitNetwork
from monitor.networks.card import Prior, ordered
from monitor.networks.covers import CoverNet, covered_half, readable

BALANCED = "balanced"
"""The prior of a model whose card lists none."""


class EmotionNet(LogitNetwork):
    """The expression network with its card; see ``LogitNetwork``.

    Attributes:
        prior: Name of the prior that the probabilities assume.
        temperature: Divides the logits before the softmax.
        covers: Detects covered faces; None = every face counts as uncovered.
    """

    covers: CoverNet | None = None

    def __init__(self, path: Path, threads: int = 1, prior: str = BALANCED, covers: CoverNet | None = None) -> None:
        """Loads ``path`` and the card beside it.

        Args:
            path: The .tflite.
            threads: Threads of the runtime.
            prior: Name of one of the card's priors, the assumed frequency of each expression.
            covers: Detects covered faces, to lower their quality.

        Raises:
            ModelError: The model or its card is missing, damaged, mismatched or foreign, no runtime is installed, or
                the card has no such prior.
        """
        super().__init__(path, EMOTIONS, threads, own=True)
        none = Prior((0.0,) * len(self.labels), self.card.temperature)
        chosen = self.card.priors.get(prior, none if prior == BALANCED else None)
        if chosen is None:
            known = ", ".join(sorted({BALANCED, *self.card.priors}))
            raise ModelError(f"{path}: its card has no prior {prior!r}; set emotion.prior to one of: {known}")
        self.covers = covers
        self.prior, self.temperature = prior, chosen.temperature
        self._biases = np.array(chosen.biases, np.float32)[self._order]

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the entries of every distribution: the seven expressions, or a user's own classes."""
        return ordered(self.card, EMOTIONS)

    def read(
        self, image: Image, box: Box, roll: float, *, mirrored: bool = False, visible: float = 1.0, least: float = 0.0
    ) -> Reading:
        """Crops a face, rates the picture and, if it is good enough, reads the expression.

        Args:
            image: (H, W, 3) BGR or (H, W) gray full frame, uint8.
            box: The face as a Haar box, x1, y1, x2, y2 in full-frame pixels.
            roll: In-plane rotation of the face in degrees, clockwise; removed where the card asks for it.
            mirrored: Whether the crop is mirrored before it is read.
            visible: 0..1, quality of the view (``quality.visibility``); multiplies the quality of the picture.
            least: Quality below which the expression is not read.

        Returns:
            Quality and probabilities; quality 0 and no probabilities when the box does not touch the frame.
        """
        # Quality is rated on the original gray levels: normalised contrast would hide a dark or flat picture.
        original = self.card.crop._replace(contrast=0.0)
        try:
            pixels = crop(image, box, original, roll)
        except ValueError:
            return Reading(0.0, None)
        rating = quality(pixels, box, light_for(self.card.crop_contrast)) * visible
        if rating < least:
            return Reading(rating, None)
        evened_pixels = self.prepared(pixels)
        covered = ""
        if self.covers is not None:
            halves = self.covers.covered(self._as_covers_see(image, box, roll, evened_pixels))
            rating, covered = rating * readable(halves), covered_half(halves)
            if rating < least:
                return Reading(rating, None, covered)
        if mirrored:
            evened_pixels = cv2.flip(evened_pixels, 1).astype(np.uint8, copy=False)
        return Reading(rating, self.probabilities(evened_pixels), covered)

    def _as_covers_see(self, image: Image, box: Box, roll: float, prepared: Image) -> Image:
        """The crop for the cover network: this network's own crop if both were trained for the same preprocessing."""
        assert self.covers is not None
        spec = self.covers.card.crop
        return prepared if spec == self.card.crop else crop(image, box, spec, roll)

    def prepared(self, crop: Image) -> Image:
        """The network's input for a (side, side) uint8 crop: with normalised contrast if the card asks for it."""
        return evened(crop, self.card.crop_contrast)

    def logits(self, crop: Image) -> NDArray[np.float32]:
        """Logits (K,) of one (side, side) uint8 crop under the chosen prior, not yet divided by the temperature."""
        return super().logits(crop) + self._biases

    def probabilities(self, crop: Image) -> NDArray[np.float32]:
        """Calibrated probabilities (K,) float32 of one prepared (side, side) uint8 crop; they sum to 1."""
        z = self.logits(crop) / np.float32(self.temperature)
        e = np.exp(z - z.max())
        return np.asarray(e / e.sum(), dtype=np.float32)
