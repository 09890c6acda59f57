"""Pairing boxes between frames: the cost, the gate and the choice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.faces.pairing import cheapest_pairs, pairing_cost
from tests.faces.searches import play
from tests.fakes import square


@given(st.floats(0, 500), st.floats(0, 400), st.floats(5, 200), st.floats(0, 500), st.floats(0, 400), st.floats(5, 200))
def test_the_cost_is_symmetric_zero_for_the_same_and_blind_to_scale(
    x1: float, y1: float, s1: float, x2: float, y2: float, s2: float
) -> None:
    a, b = square(x1, y1, s1), square(x2, y2, s2)
    cost = pairing_cost(a, b)
    assert cost >= 0
    assert pairing_cost(b, a) == pytest.approx(cost)
    assert pairing_cost(a, a) == 0
    doubled = pairing_cost(tuple(2 * v for v in a), tuple(2 * v for v in b))  # type: ignore[arg-type]
    assert doubled == pytest.approx(cost, abs=1e-6)


def test_the_cheapest_pairs_come_first_and_nobody_is_paired_twice() -> None:
    ann, bob, left, right = ["ann"], ["bob"], ["left"], ["right"]
    costs = [((0.5,), ann, left), ((0.1,), bob, left), ((0.9,), ann, right), ((0.2,), bob, right)]
    assert cheapest_pairs(costs) == [(bob, left), (ann, right)]


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(0, 4), st.integers(0, 4)), max_size=25))
def test_every_partner_is_used_at_most_once_and_no_possible_pair_is_left(costs: list[tuple[float, int, int]]) -> None:
    a, b = [[n] for n in range(5)], [[n] for n in range(5)]
    candidates = [((cost,), a[i], b[j]) for cost, i, j in costs]
    pairs = cheapest_pairs(candidates)
    used_a, used_b = [id(x) for x, _ in pairs], [id(y) for _, y in pairs]
    assert len(set(used_a)) == len(used_a)
    assert len(set(used_b)) == len(used_b)
    assert all(id(x) in used_a or id(y) in used_b for _, x, y in candidates)


@pytest.mark.parametrize(("metres", "ids"), [(0.7, {1}), (0.9, {1, 2})])
def test_a_box_is_the_same_face_up_to_the_gate(metres: float, ids: set[int]) -> None:
    """Three sights in one place, then on at another, that many face sizes away at once."""
    shown = play(lambda t: [square(200 + (100 * metres if t > 0.25 else 0), 200, 100)], 1.0, 30)
    assert {i for frame in shown for i in frame} == ids


@pytest.mark.parametrize(("ratio", "ids"), [(3.0, {1}), (6.5, {1, 2})])
def test_a_box_of_another_size_is_the_same_face_up_to_the_gate(ratio: float, ids: set[int]) -> None:
    shown = play(lambda t: [square(300, 240, 40 * (ratio if t > 0.25 else 1))], 1.0, 30)
    assert {i for frame in shown for i in frame} == ids


@pytest.mark.parametrize(("away", "ids"), [(1.2, {1}), (0.2, {1, 2})])
def test_who_was_out_of_sight_may_be_farther_away(away: float, ids: set[int]) -> None:
    """A face size and a half from where it was: too far for a fifth of a second, not for one and a fifth."""
    shown = play(lambda t: [] if 1 < t < 1 + away else [square(200 + (150 if t >= 1 + away else 0), 200, 100)], 3, 20)
    assert {i for frame in shown for i in frame} == ids
