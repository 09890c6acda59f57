"""Priors fitted on validation: balanced over sources, neutral kept, honest on rows they were not fitted on."""

from __future__ import annotations

import numpy as np
import pytest

from train.reports import metrics, priors
from train.reports.priors import NEUTRAL, Rows
from train.reports.sources import by_source


def rows_of(seed: int = 0, shy: float = 0.0) -> Rows:
    """Two sources of 1,400 rows: FER with mostly neutral faces, another with balanced ones; ``shy`` of neutral."""
    rng = np.random.default_rng(seed)
    fer = rng.choice(7, 1400, p=[0.08, 0.02, 0.05, 0.25, 0.1, 0.1, 0.4])
    truth = np.concatenate([fer, np.arange(1400) % 7])
    logits = rng.normal(0, 1, (2800, 7)) + 2.5 * np.eye(7)[truth]
    logits[:, NEUTRAL] -= shy
    source = np.repeat(["fer", "other"], 1400)
    return Rows(logits.astype(np.float32), truth, source)


def test_every_source_and_class_counts_alike() -> None:
    rows = rows_of()
    each = priors.weights(rows, by_class=True)
    for source in rows.sources:
        own = rows.source == source
        assert each[own].sum() == pytest.approx(1)
        assert each[own & (rows.truth == 1)].sum() == pytest.approx(1 / 7)
    assert priors.weights(rows, by_class=False)[rows.source == "fer"].max() == pytest.approx(1 / 1400)


def test_the_balanced_prior_keeps_neutral_on_every_source() -> None:
    rows = rows_of(shy=2.0)
    free = priors.balanced_biases(rows, least=0.0)
    held = priors.balanced_biases(rows, least=0.9)
    assert priors.neutral_recall(rows, free) < 0.9 <= priors.neutral_recall(rows, held)
    assert held[NEUTRAL] - free[NEUTRAL] > 0
    assert np.ptp((held - free)[:NEUTRAL]) == pytest.approx(0, abs=1e-9)


def test_what_no_bias_can_reach_ends_at_the_largest_one() -> None:
    rows = rows_of()
    rows.logits[rows.truth == NEUTRAL, NEUTRAL] = -50
    assert priors.neutral_recall(rows, priors.balanced_biases(rows)) == 0


def test_the_web_prior_names_common_expressions_more_readily_than_the_balanced_one() -> None:
    rows = rows_of()
    web, balanced = np.array(priors.web(rows).biases), np.array(priors.balanced(rows).biases)
    assert web[NEUTRAL] - web[1] > balanced[NEUTRAL] - balanced[1] + 0.5
    own = priors.of_fer(rows)
    assert metrics.accuracy(own.logits + web, own.truth) >= metrics.accuracy(own.logits + balanced, own.truth)


def test_noisy_sources_are_left_out_of_the_fit_unless_alone() -> None:
    rows = rows_of()
    noisy = Rows(rows.logits, rows.truth, np.where(rows.source == "other", "expw", rows.source))
    assert priors.trusted(noisy).sources == ["fer"]
    alone = noisy.take(noisy.source == "expw")
    assert len(priors.trusted(alone).truth) == 1400


def test_cross_fitted_figures_do_not_learn_from_their_own_rows() -> None:
    rng = np.random.default_rng(3)
    noise = Rows(rng.normal(0, 0.01, (140, 7)).astype(np.float32), rng.integers(0, 7, 140), np.full(140, "fer"))
    own = priors.web(noise)
    fitted = metrics.accuracy(noise.logits + np.array(own.biases), noise.truth)
    logits, probs = priors.crossed(noise, priors.web)
    assert metrics.accuracy(logits, noise.truth) < fitted
    assert np.allclose(probs.sum(axis=1), 1)


def test_a_card_gets_both_priors_with_the_built_in_biases_taken_off() -> None:
    rows = rows_of()
    built_in = np.array(priors.balanced(rows).biases)
    found, told = priors.for_card(Rows((rows.logits + built_in).astype(np.float32), rows.truth, rows.source), built_in)
    assert found["balanced"].biases == pytest.approx((0.0,) * 7, abs=0.01)
    assert np.array(found["web"].biases) + built_in == pytest.approx(np.array(priors.web(rows).biases), abs=0.01)
    assert set(told["web"]) == {"figures", "cross_fitted"}
    assert told["balanced"]["figures"]["each"]["fer"]["n"] == 1400


def test_the_headline_is_the_mean_over_the_sources_of_the_mean_recalls() -> None:
    truth = np.array([0, 0, 1, 6, 6, 0])
    logits = np.eye(7)[[0, 1, 1, 6, 6, 1]]
    source = np.array(["a", "a", "a", "b", "b", "b"])
    told = by_source(logits, logits, truth, source)
    assert told["each"]["a"]["mean_recall"] == 0.75
    assert told["each"]["b"]["mean_recall"] == 0.5
    assert told["mean_recall"] == 0.625
    assert told["least_angry"] == 0.0
    assert told["each"]["a"]["recall"]["neutral"] is None
    assert told["least_neutral"] == 1.0
