from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.reports import metrics

TRUTH = np.array([0, 0, 1, 2])
SCORES = np.array([[3.0, 0, 0], [0, 3, 0], [0, 3, 0], [0, 0, 3]])


def test_accuracy_recall_and_confusion_of_a_known_case() -> None:
    assert metrics.accuracy(SCORES, TRUTH) == 0.75
    assert metrics.recalls(SCORES, TRUTH).tolist() == [0.5, 1, 1]
    assert metrics.mean_recall(SCORES, TRUTH) == pytest.approx(2.5 / 3)
    assert metrics.confusion(SCORES, TRUTH).tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 1]]


def test_a_class_without_rows_does_not_count() -> None:
    assert metrics.mean_recall(SCORES[:2], TRUTH[:2]) == 0.5


def test_perfect_and_hopeless_calibration() -> None:
    sure = np.eye(3)[[0, 0, 1, 2]]
    assert metrics.expected_calibration_error(sure, TRUTH) == pytest.approx(0)
    assert metrics.expected_calibration_error(sure, (TRUTH + 1) % 3) == pytest.approx(1)


def test_the_temperature_that_made_overconfident_logits_is_found() -> None:
    rng = np.random.default_rng(0)
    honest = rng.normal(0, 1.5, (4000, 7))
    probs = metrics.softmax(honest)
    truth = np.array([rng.choice(7, p=p) for p in probs])
    assert metrics.fit_temperature(honest * 2.5, truth) == pytest.approx(2.5, rel=0.1)


def test_the_divergence_from_the_crowd_is_zero_only_for_the_crowds_answer() -> None:
    votes = np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])
    assert metrics.kl_to_votes(np.maximum(votes, 1e-12), votes) == pytest.approx(0, abs=1e-6)
    assert metrics.kl_to_votes(np.full((2, 3), 1 / 3), votes) > 0.3


@given(st.lists(st.lists(st.floats(-50, 50), min_size=7, max_size=7), min_size=1, max_size=10), st.floats(0.1, 10))
def test_softmax_gives_distributions_and_keeps_the_top(rows: list[list[float]], temperature: float) -> None:
    logits = np.array(rows)
    probs = metrics.softmax(logits, temperature)
    assert np.allclose(probs.sum(axis=1), 1)
    top = logits[np.arange(len(logits)), probs.argmax(axis=1)]
    assert np.allclose(top, logits.max(axis=1), atol=1e-6)


def test_reliability_bins_hold_every_reading_and_make_the_ece() -> None:
    rng = np.random.default_rng(2)
    probs = metrics.softmax(rng.normal(0, 2, (500, 7)))
    truth = rng.integers(0, 7, 500)
    bins = metrics.reliability(probs, truth)
    assert sum(b.n for b in bins) == 500
    full = [b for b in bins if b.n]
    assert all(b.low <= b.confidence <= b.high for b in full)
    by_hand = sum(abs(b.accuracy - b.confidence) * b.n for b in full) / 500
    assert metrics.expected_calibration_error(probs, truth) == pytest.approx(by_hand)


def test_a_temperature_fitted_on_the_other_half_is_no_better_than_one_fitted_on_all() -> None:
    rng = np.random.default_rng(0)
    honest = rng.normal(0, 1.5, (3000, 7))
    truth = np.array([rng.choice(7, p=p) for p in metrics.softmax(honest)])
    crossed = metrics.cross_fitted_probs(honest * 2.5, truth)
    assert np.allclose(crossed.sum(axis=1), 1)
    best = metrics.nll(metrics.softmax(honest * 2.5, metrics.fit_temperature(honest * 2.5, truth)), truth)
    assert best <= metrics.nll(crossed, truth) < best + 0.01


@given(st.integers(1, 5000), st.floats(0, 1))
def test_wilsons_interval_holds_the_share_and_stays_between_0_and_1(n: int, share: float) -> None:
    low, high = metrics.wilson(share, n)
    assert -1e-9 <= low <= share + 1e-9
    assert share - 1e-9 <= high <= 1 + 1e-9
    assert metrics.wilson(0.5, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)  # Newcombe 1998's formula by hand


def _biased(rows: int, off: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits of a network that names some classes too readily by ``off``, and the truth."""
    rng = np.random.default_rng(seed)
    honest = rng.normal(0, 1.5, (rows, len(off)))
    truth = np.array([rng.choice(len(off), p=p) for p in metrics.softmax(honest)])
    return 2.5 * (honest + off), truth


def test_biases_correct_over_predicted_classes_at_any_temperature() -> None:
    off = np.array([1.0, 0, 0, -0.6, 0, 0, 0.3])
    logits, truth = _biased(6000, off)
    found = metrics.fit_biases(logits, truth)
    assert np.allclose(found, -2.5 * (off - off.mean()), atol=0.35)
    assert found.mean() == pytest.approx(0, abs=1e-5)
    evened = logits + found
    assert metrics.nll(metrics.softmax(evened, metrics.fit_temperature(evened, truth)), truth) < metrics.nll(
        metrics.softmax(logits, metrics.fit_temperature(logits, truth)), truth
    )


def test_biases_of_a_fair_network_are_hardly_any_and_on_other_rows_worth_nothing() -> None:
    logits, truth = _biased(6000, np.zeros(7))
    assert np.abs(metrics.fit_biases(logits, truth)).max() < 0.3
    crossed = metrics.cross_fitted_biases(logits, truth)
    assert metrics.accuracy(crossed, truth) == pytest.approx(metrics.accuracy(logits, truth), abs=0.005)


def test_biases_that_were_needed_are_worth_as_much_on_rows_they_were_not_fitted_on() -> None:
    logits, truth = _biased(3000, np.array([1.2, 0, 0, -1.0, 0, 0, 0.4]))
    within = metrics.accuracy(logits + metrics.fit_biases(logits, truth), truth)
    crossed = metrics.accuracy(metrics.cross_fitted_biases(logits, truth), truth)
    assert within - 0.01 < crossed
    assert crossed > metrics.accuracy(logits, truth) + 0.02


def test_a_few_rows_move_no_bias_far_and_a_class_they_lack_none() -> None:
    logits, truth = _biased(30, np.array([2.0, 0, -1, 0, 0, 0, 0]))
    few = metrics.fit_biases(logits, truth)
    same_often = metrics.fit_biases(np.tile(logits, (50, 1)), np.tile(truth, 50))
    assert np.abs(few).sum() < 0.9 * np.abs(same_often).sum()
    present = np.bincount(truth, minlength=7) > 0
    assert not few[~present].any()
    some = metrics.fit_biases(logits[truth < 4], truth[truth < 4])
    assert not some[4:].any()
    assert some[:4].any()


def test_biases_are_counted_in_logits_also_of_another_scale() -> None:
    logits, truth = _biased(800, np.array([1.0, 0, 0, -0.6, 0, 0, 0.3]))
    for scale in (0.1, 2.5):
        scaled = metrics.fit_biases(scale * logits, truth)
        assert np.allclose(scaled, scale * metrics.fit_biases(logits, truth), atol=0.01)


def test_logits_that_say_nothing_get_no_biases() -> None:
    rng = np.random.default_rng(5)
    for _ in range(6):  # a hundred times what the prior allows would be all the network says
        found = metrics.fit_biases(rng.normal(0, 1, (105, 7)), rng.integers(0, 7, 105))
        assert np.abs(found).max() < 8 * 3 * metrics.PRIOR
    logits, truth = _biased(300, np.zeros(7))
    assert not metrics.fit_biases(-logits, truth).any()


def test_a_row_never_helps_to_fit_its_own_biases() -> None:
    logits, truth = _biased(200, np.zeros(7))
    other = truth.copy()
    fold = np.arange(200) % 10 == 3
    other[fold] = (other[fold] + 1) % 7
    before, after = (metrics.cross_fitted_biases(logits, t) for t in (truth, other))
    assert np.array_equal(before[fold], after[fold])
    assert (before[~fold] != after[~fold]).any(axis=1).all()


@given(
    st.lists(
        st.tuples(st.lists(st.floats(-30, 30), min_size=4, max_size=4), st.integers(0, 3)), min_size=1, max_size=12
    )
)
def test_biases_are_numbers_for_any_logits(rows: list[tuple[list[float], int]]) -> None:
    logits, truth = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    assert np.isfinite(metrics.fit_biases(logits, truth)).all()
    assert np.isfinite(metrics.cross_fitted_biases(logits, truth)).all()
