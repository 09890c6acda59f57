"""The label gate: which one word is shown, without flicker."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.core.labels import EMOTIONS, UNKNOWN
from monitor.settings.config import EmotionConfig


class LabelGate:
    """Shows the top label steadily.

    A new label must lead the shown one by ``margin`` for ``hold_s``; a lead of ``jump`` changes it at
    once. "Unknown" is shown when for ``hold_s`` no label reached ``min_confidence`` or the face could
    not be read, and is left when one has reached it for ``hold_s``.

    Attributes:
        label: The shown label.
    """

    def __init__(self, config: EmotionConfig) -> None:
        self._config = config
        self.label = UNKNOWN
        self._rival = UNKNOWN
        self._rival_since = 0.0
        self._started = False

    def update(self, probs: NDArray[np.float32] | None, t: float) -> str:
        """Takes the smoothed distribution at ``t`` seconds (None: cannot be read now) and returns the label."""
        top, lead = self._leader(probs)
        if not self._started:
            self._started = True
            self._show(top)
        elif top == self.label:
            self._rival = top
        elif lead >= self._config.jump:
            self._show(top)
        else:
            if top != self._rival:
                self._rival, self._rival_since = top, t
            if t - self._rival_since >= self._config.hold_s:
                self._show(top)
        return self.label

    def _leader(self, probs: NDArray[np.float32] | None) -> tuple[str, float]:
        """The label that should be shown and its lead over the shown one; a small lead keeps the shown one."""
        if probs is None:
            return UNKNOWN, 0.0
        best = int(np.argmax(probs))
        if float(probs[best]) < self._config.min_confidence:
            return UNKNOWN, 0.0
        if self.label == UNKNOWN:
            return EMOTIONS[best], 0.0
        lead = float(probs[best] - probs[EMOTIONS.index(self.label)])
        if lead < self._config.margin and float(probs[EMOTIONS.index(self.label)]) >= self._config.min_confidence:
            return self.label, 0.0
        return EMOTIONS[best], lead

    def _show(self, label: str) -> None:
        self.label = self._rival = label
