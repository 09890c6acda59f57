"""The shown expression: a label that does not flicker, and a distribution with that label on top."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from monitor.core.labels import EMOTIONS, UNKNOWN
from monitor.settings.config import EmotionConfig

EDGE = 0.002
"""Lead in probability of the retained label in the shown distribution; just visible in a table with four digits."""
FADES, RETURNS = 7.0, 2.0
"""Multiples of ``emotion.hold_s``: the time in which the bias towards the shown label fades while readings contradict
it, and the time for which a label must lead to end "unknown". On the clips of ../shared/videos (``python -m
benchmarks.clips``) a fade of 7.0 instead of 4.0 reduces label changes from 25.0 to 20.8 per minute of a face in view. A
longer ``emotion.smooth_s`` would reduce them further but show weaker expressions later."""


class SteadyLabel:
    """Steadies the shown distribution, so that its top label does not flicker.

    The shown label is the top of the shown distribution with a probability of at least ``emotion.min_confidence``, or
    "unknown". While the readings contradict the shown label, the shown distribution is the nearest one in which that
    label is still on top: the logarithm of its probability is raised as far as needed, up to a limit. At first the
    limit corresponds to a lead of ``emotion.jump`` between two labels; it fades to a lead of ``emotion.margin``,
    independently of the frame rate. If the label needs more than the limit, the readings are shown unchanged. On 20
    clips this changes 15 % of the readings (N = 2,088), by a probability of 0.086 on average.

    "Unknown" ends when the same label has been on top with enough confidence for ``RETURNS`` times ``emotion.hold_s``.

    Attributes:
        label: The shown label.
        probs: (K,) float32 shown distribution, which sums to 1; None before the first reading.
    """

    def __init__(self, config: EmotionConfig, labels: tuple[str, ...] = EMOTIONS) -> None:
        self._config, self._labels = config, labels
        self.label = UNKNOWN
        self.probs: NDArray[np.float32] | None = None
        self._started = False
        self._contradicted: float | None = None
        self._candidate, self._candidate_since = UNKNOWN, 0.0

    def update(self, probs: NDArray[np.float32] | None, t: float) -> str:
        """Takes a smoothed distribution (K,) at ``t`` seconds and returns the label; None = the face cannot be read."""
        if probs is None:
            self._fade(t)
            return self.label
        self.probs = probs
        top = self._top(probs)
        if self.label == UNKNOWN:
            self._name(top, t)
        elif top == self.label:
            self._contradicted = None
        else:
            since = self._contradicted = t if self._contradicted is None else self._contradicted
            kept = self._kept(probs, self._limit(t - since))
            if kept is None:
                self._show(top)
            else:
                self.probs = kept
        return self.label

    def _top(self, probs: NDArray[np.float32]) -> str:
        """The top label, or "unknown" when it is not confident enough."""
        best = int(np.argmax(probs))
        return self._labels[best] if probs[best] >= self._config.min_confidence else UNKNOWN

    def _fade(self, t: float) -> None:
        """The label of a face that cannot be read becomes "unknown" after ``emotion.hold_s``."""
        self._contradicted = t if self._contradicted is None else self._contradicted
        if self._started and t - self._contradicted >= self._config.hold_s:
            self._show(UNKNOWN)
        self._started = True

    def _name(self, top: str, t: float) -> None:
        """Ends "unknown" with the first reading of a face, or when one label has been on top for long enough."""
        if top != self._candidate:
            self._candidate, self._candidate_since = top, t
        if not self._started or (top != UNKNOWN and t - self._candidate_since >= RETURNS * self._config.hold_s):
            self._show(top)
        self._started = True

    def _show(self, label: str) -> None:
        self.label, self._contradicted, self._candidate = label, None, UNKNOWN

    def _limit(self, elapsed: float) -> float:
        """Largest bias in nats after ``elapsed`` seconds of contradiction."""
        first, last = (_nats(lead) for lead in (self._config.jump, self._config.margin))
        span = FADES * self._config.hold_s
        left = max(0.0, 1 - elapsed / span) if span > 0 else 0.0
        return max(last, first * left)

    def _kept(self, probs: NDArray[np.float32], limit: float) -> NDArray[np.float32] | None:
        """The nearest distribution with the shown label on top, or None when that takes a bias above ``limit``."""
        own = self._labels.index(self.label)
        share, others = float(probs[own]), float(np.delete(probs, own).sum())
        rival, least = float(np.delete(probs, own).max()), self._config.min_confidence + 1e-4
        if share <= 0 or least >= 1:
            return None
        # The unnormalised weight at which the label leads by EDGE and reaches the minimum confidence.
        weight = max((rival + EDGE * others) / (1 - EDGE), least * others / (1 - least))
        if math.log(weight / share) > limit:
            return None
        kept = probs.astype(np.float64)
        kept[own] = weight
        return np.asarray(kept / kept.sum(), np.float32)


def _nats(lead: float) -> float:
    """Log odds of two labels whose probabilities differ by ``lead``; infinite for a lead of 1."""
    return math.log((1 + lead) / (1 - lead)) if lead < 1 else math.inf
