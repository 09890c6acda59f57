from __future__ import annotations

import numpy as np
import pytest

from monitor.core.labels import EMOTIONS
from monitor.outputs.drawing.history import STEP_S, History
from monitor.outputs.drawing.palette import COLORS
from monitor.outputs.drawing.ribbon import Ribbon, stacked
from tests.fakes import distribution, face, result

HAPPY, SAD = EMOTIONS.index("happy"), EMOTIONS.index("sad")


def filled(labels: list[str], every_s: float = 0.1, span_s: float = 60.0) -> History:
    history = History(span_s)
    for n, label in enumerate(labels):
        history.handle(result(n * every_s, [face(1, label)]))
    return history


@pytest.mark.parametrize("every_s", [1 / 30, 0.1, 0.2])
def test_a_column_holds_a_quarter_second_at_any_rate(every_s: float) -> None:
    history = filled(["happy"] * round(10 / every_s) + ["sad"] * round(10 / every_s), every_s)
    columns = history.of(1, 20.0)
    assert columns.shape == (240, 7)
    known = columns.sum(axis=1) > 0
    assert known.sum() == 20 / STEP_S
    assert columns[known][: round(10 / STEP_S) - 1, HAPPY] == pytest.approx(0.9)
    assert columns[-30:, SAD] == pytest.approx(0.9)


def test_readings_and_faces_older_than_the_span_are_dropped() -> None:
    history = filled(["happy"] * 300, 0.1, span_s=10.0)
    assert (history.of(1, 30.0).sum(axis=1) > 0).sum() == 40
    history.handle(result(45.0, []))
    assert len(history) == 0
    assert not history.of(1, 45.0).any()


def test_unknown_and_never_read_faces_leave_a_gap() -> None:
    history = History()
    history.handle(result(0.0, [face(1, "unknown"), face(2, "happy", known=False)]))
    assert not history.of(1, 1.0).any()
    assert not history.of(2, 1.0).any()


def test_a_clock_that_goes_back_begins_anew() -> None:
    history = filled(["happy"] * 100)
    history.handle(result(2.0, [face(1, "sad")]))
    columns = history.of(1, 3.0)
    assert (columns.sum(axis=1) > 0).sum() == 1


def test_an_older_picture_does_not_show_later_readings() -> None:
    history = filled(["happy"] * 100)
    assert (history.of(1, 5.0).sum(axis=1) > 0).sum() == 5 / STEP_S


def test_colors_are_stacked_by_share_with_smooth_borders() -> None:
    shares = np.zeros((1, 7), np.float32)
    shares[0, HAPPY], shares[0, SAD] = 0.55, 0.45
    column = stacked(shares, 10)[:, 0]
    assert column[9, :3] == pytest.approx(COLORS["happy"], abs=1)
    assert column[0, :3] == pytest.approx(COLORS["sad"], abs=1)
    middle = [round((a + b) / 2) for a, b in zip(COLORS["happy"], COLORS["sad"], strict=True)]
    assert column[4, :3] == pytest.approx(middle, abs=2)
    assert (column[:, 3] == 255).all()


def test_the_ribbon_moves_smoothly_and_shows_now_at_its_right_end() -> None:
    ribbon = Ribbon(filled(["happy"] * 200 + ["sad"] * 100))
    ends = []
    for t in (30.0, 30.05, 30.1):
        canvas = np.zeros((20, 600, 3), np.uint8)
        ribbon.draw(canvas, 1, t, (0, 0, 600, 20))
        ends.append(canvas[10].astype(float))
        assert canvas[18, 595] == pytest.approx(COLORS["sad"], abs=3)
    assert np.abs(ends[1] - ends[0]).sum() > 0  # between two columns already
    assert not canvas[10, :280].any()


def test_a_person_without_a_past_has_no_ribbon() -> None:
    ribbon = Ribbon(filled(["happy"] * 3))
    assert not ribbon.ready(1, 0.3)
    assert not ribbon.ready(7, 0.3)
    assert Ribbon(filled(["happy"] * 30)).ready(1, 3.0)


def test_distributions_are_averaged() -> None:
    history = History()
    history.handle(result(0.0, [face(1, "happy")]))
    history.handle(result(0.1, [face(1, "sad")]))
    assert history.of(1, 0.3)[-1] == pytest.approx((distribution("happy") + distribution("sad")) / 2)
