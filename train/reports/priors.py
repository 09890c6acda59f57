"""The priors of an expression model: biases and temperatures fitted on validation, and their effect on other rows.

``balanced`` assumes that all expressions are equally frequent, except that neutral is favoured until it is recognised
often enough on every source: in life most faces are neutral, and a false "angry" on a calm face costs more than a
missed one. ``web`` assumes the frequencies of FER2013's validation rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.core.labels import EMOTIONS
from monitor.networks.card import Prior
from train.data.sources import FER
from train.reports import metrics
from train.reports.sources import by_source

Biases = NDArray[np.float64]
NEUTRAL = EMOTIONS.index("neutral")
LEAST_NEUTRAL = 0.87
"""Least recall of neutral under the balanced prior on every trusted source: the aim of 0.85 for other people plus two
points, about twice the standard error of the largest source."""
LEFT_OUT = ("expw",)
"""Sources that are excluded from fitting: ExpW's labels contradict one another so often (a network trained on it reads
45 % of its held-out rows correctly) that recall of neutral on it would cost recall of anger on all other sources."""
STEP, MOST = 0.02, 3.0
"""Step and upper limit in logits by which the bias of neutral is raised."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Validation rows of one or several sources.

    Attributes:
        logits: (N, 7) of the network without any biases.
        truth: (N,) classes.
        source: (N,) names.
    """

    logits: NDArray[np.float32]
    truth: NDArray[np.int64]
    source: NDArray[np.str_]

    def take(self, keep: NDArray[np.bool_]) -> Rows:
        """The rows chosen by a mask."""
        return Rows(self.logits[keep], self.truth[keep], self.source[keep])

    @property
    def sources(self) -> list[str]:
        """The names of the sources, sorted."""
        return sorted(set(self.source.tolist()))


def weights(rows: Rows, *, by_class: bool) -> NDArray[np.float64]:
    """(N,) weights that give every source the same weight, and with ``by_class`` also every class within it."""
    out = np.zeros(len(rows.truth))
    for source in rows.sources:
        own = rows.source == source
        counts = np.bincount(rows.truth[own], minlength=len(EMOTIONS))
        each = 1.0 / counts[rows.truth[own]] if by_class else np.ones(int(own.sum()))
        out[own] = each / each.sum()
    return out


def trusted(rows: Rows) -> Rows:
    """The rows of the sources for fitting priors; all rows if there is no other source."""
    keep = ~np.isin(rows.source, LEFT_OUT)
    return rows.take(keep) if keep.any() else rows


def balanced_biases(rows: Rows, least: float = LEAST_NEUTRAL) -> Biases:
    """Biases (7,) for equally frequent classes, with neutral favoured until its recall is at least ``least`` on every
    source."""
    rows = trusted(rows)
    biases = metrics.fit_biases(rows.logits, rows.truth, weights(rows, by_class=True)).astype(np.float64)
    for _ in range(round(MOST / STEP)):
        if neutral_recall(rows, biases) >= least:
            break
        biases[NEUTRAL] += STEP
    return np.asarray(biases - biases.mean(), np.float64)


def neutral_recall(rows: Rows, biases: Biases) -> float:
    """The smallest recall of neutral over the sources that have neutral faces."""
    found = [
        metrics.recalls(rows.logits[own] + biases, rows.truth[own])[NEUTRAL]
        for own in (rows.source == source for source in rows.sources)
        if (rows.truth[own] == NEUTRAL).any()
    ]
    return float(min(found, default=1.0))


def web_biases(rows: Rows) -> Biases:
    """Biases (7,) that maximise the likelihood of the true classes of FER2013's rows, with their frequencies."""
    own = of_fer(rows)
    return np.asarray(metrics.fit_biases(own.logits, own.truth), np.float64)


def of_fer(rows: Rows) -> Rows:
    """The rows of FER2013; all rows if it is not among the sources."""
    own = rows.source == FER
    return rows.take(own) if own.any() else rows


def fitted(rows: Rows, biases: Biases) -> Prior:
    """A prior for the card: the biases and the temperature that fits best with them, all sources counting alike."""
    rows = trusted(rows)
    temperature = metrics.fit_temperature(rows.logits + biases, rows.truth, weights(rows, by_class=False))
    return Prior(tuple(round(float(b), 4) for b in biases), round(temperature, 4))


def balanced(rows: Rows) -> Prior:
    """The prior ``balanced``, fitted on all trusted sources."""
    return fitted(rows, balanced_biases(rows))


def web(rows: Rows) -> Prior:
    """The prior ``web``, fitted on FER2013's rows."""
    return fitted(of_fer(rows), web_biases(rows))


KNOWN: dict[str, Callable[[Rows], Prior]] = {"balanced": balanced, "web": web}
"""The function that fits each prior of a card."""


def crossed(
    rows: Rows, fit: Callable[[Rows], Prior], folds: int = 10
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Logits and probabilities (N, 7) of each row under a prior fitted on the rows of the other folds.

    Row n is in fold n modulo ``folds``.
    """
    logits, probs = np.empty(rows.logits.shape), np.empty(rows.logits.shape)
    number = np.arange(len(rows.truth)) % folds
    for fold in range(folds):
        own, known = number == fold, rows.take(number != fold)
        if not own.any():
            continue
        prior = fit(known)
        logits[own] = rows.logits[own] + np.array(prior.biases)
        probs[own] = metrics.softmax(logits[own], prior.temperature)
    return logits, probs


def for_card(rows: Rows, built_in: Biases) -> tuple[dict[str, Prior], dict[str, Any]]:
    """The priors of a network that has biases in its last layer, and their figures.

    The built-in biases were fitted to the float network; the card adds the correction for int8.

    Args:
        rows: Validation rows; their logits hold the built-in biases.
        built_in: (7,) those biases.

    Returns:
        Priors for the card, whose biases are added to the network's logits; and for each by its name ``figures`` and
        ``cross_fitted`` (``sources.by_source``), the second with biases and temperature fitted on other rows.
    """
    bare = Rows((rows.logits - built_in).astype(np.float32), rows.truth, rows.source)
    found: dict[str, Prior] = {}
    told: dict[str, Any] = {}
    for name, fit in KNOWN.items():
        fresh = fit(bare)
        own = Prior(tuple(round(float(b), 4) for b in np.array(fresh.biases) - built_in), fresh.temperature)
        found[name] = own
        logits = rows.logits + np.array(own.biases)
        probs = metrics.softmax(logits, own.temperature)
        told[name] = {
            "figures": by_source(logits, probs, rows.truth, rows.source),
            "cross_fitted": by_source(*crossed(bare, fit), rows.truth, rows.source),
        }
    return found, told
