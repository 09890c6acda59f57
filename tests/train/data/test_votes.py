"""FER+ votes: the published majority rule and the targets made of them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.labels import EMOTIONS
from train.data import votes

ROW = st.lists(st.integers(0, 10), min_size=10, max_size=10)


def row(**counts: int) -> np.ndarray:
    return np.array([[counts.get(name, 0) for name in votes.VOTE_COLUMNS]])


def label(votes_row: np.ndarray) -> str:
    index = int(votes.majority(votes_row)[0])
    return EMOTIONS[index] if index >= 0 else ""


def test_each_column_is_its_emotion() -> None:
    names = {"happiness": "happy", "anger": "angry", "sadness": "sad"}
    for name in ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear"):
        assert label(row(**{name: 8})) == names.get(name, name)


def test_the_top_answer_must_hold_more_than_half_without_single_votes() -> None:
    assert label(row(sadness=5, neutral=4, fear=1)) == "sad"  # 5 of 9: the single vote does not count
    assert label(row(sadness=5, neutral=5)) == ""
    assert label(row(sadness=4, neutral=3, fear=3)) == ""


def test_contempt_unknown_and_no_face_do_not_count() -> None:
    for name in ("contempt", "unknown", "NF"):
        assert label(row(**{name: 9})) == ""
        assert votes.contempt(row(**{name: 9})).tolist() == [name == "contempt"]


def test_targets_are_the_shares_without_outliers_and_unknown_is_spread() -> None:
    got, usable = votes.targets(row(happiness=6, surprise=3, fear=1))
    assert usable[0]
    assert np.isclose(got[0, EMOTIONS.index("happy")], 6 / 9)
    assert got[0, EMOTIONS.index("fear")] == 0
    got, usable = votes.targets(row(neutral=7, unknown=3))
    assert usable[0]
    assert got[0].min() > 0
    assert not votes.targets(row(neutral=3, unknown=7))[1][0]
    assert not votes.targets(row(NF=10))[1][0]
    assert not votes.targets(row(contempt=8, neutral=2))[1][0]


@given(st.lists(ROW, min_size=1, max_size=20))
def test_targets_are_distributions_and_agree_with_a_clear_majority(rows: list[list[int]]) -> None:
    table = np.array(rows)
    got, usable = votes.targets(table)
    assert np.allclose(got[usable].sum(axis=1), 1, atol=1e-5)
    assert (got >= 0).all()
    truth = votes.majority(table)
    clear = truth >= 0
    assert not (clear & votes.contempt(table)).any()
    assert usable[clear].all()
    assert (got[clear].argmax(axis=1) == truth[clear]).all()
