"""Figures of a report."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from monitor.core.labels import EMOTIONS
from monitor.outputs.report.digest import POINTS, Rows, episodes, people
from tests.outputs.report.conftest import distribution


def _rows(t: np.ndarray, face: np.ndarray, labels: list[str]) -> Rows:
    probs = np.stack([distribution(name) for name in labels])
    return Rows(t, face.astype(np.int64), np.array(labels), probs, np.full(len(t), 0.5))


@pytest.mark.parametrize("rate", [1, 5, 30])
def test_shares_are_of_time_not_of_rows(rate: int) -> None:
    t = np.arange(0, 10, 1 / rate)
    labels = ["happy" if x < 4 else "sad" for x in t]
    (person,) = people(_rows(t, np.ones(len(t)), labels))
    assert person.shares["happy"] == pytest.approx(0.4, abs=0.06)
    assert sum(person.shares.values()) == pytest.approx(1.0)


def test_a_pause_is_a_gap_and_not_time_in_view() -> None:
    t = np.concatenate([np.arange(0, 5, 0.1), np.arange(60, 65, 0.1)])
    (person,) = people(_rows(t, np.ones(len(t)), ["sad"] * len(t)))
    assert person.gaps == 1
    assert person.in_view_s == pytest.approx(9.8, abs=0.2)
    assert np.isnan(person.probs).any()  # the chart shows the pause


def test_a_long_session_has_a_bounded_timeline_without_holes() -> None:
    t = np.arange(0, 3600, 0.2)
    (person,) = people(_rows(t, np.ones(len(t)), ["neutral"] * len(t)))
    assert len(person.t) <= POINTS + 1
    assert not np.isnan(person.probs).any()


def test_slow_rows_make_no_holes() -> None:
    t = np.arange(0, 20, 0.2)
    (person,) = people(_rows(t, np.ones(len(t)), ["neutral"] * len(t)))
    assert not np.isnan(person.probs).any()


def test_people_longest_in_view_come_first() -> None:
    t = np.concatenate([np.arange(0, 5, 0.1), np.arange(0, 9, 0.1)])
    face = np.concatenate([np.full(50, 4), np.full(90, 2)])
    assert [p.id for p in people(_rows(t, face, ["happy"] * 140))] == [2, 4]


def _event(phase: str, t: float, **more: Any) -> dict[str, Any]:
    return {"session": "S", "id": 1, "kind": "fatigue", "phase": phase, "video_time": t, "face_id": 1, **more}


def test_phases_become_one_row_with_the_highest_level() -> None:
    (episode,) = episodes(
        [_event("start", 1.0, level=1), _event("update", 2.0, level=3), _event("end", 4.0, level=2, duration_s=3.0)]
    )
    assert (episode.start, episode.duration_s, episode.level, episode.name) == (1.0, 3.0, 3, "fatigue")


def test_an_event_cut_off_by_a_power_cut_has_no_length() -> None:
    (episode,) = episodes([_event("start", 1.0, score=0.123456)])
    assert episode.duration_s is None
    assert episode.details == "score 0.123"


def test_details_are_words_and_not_python() -> None:
    parts = {"parts": {"blinks": 4.0, "nods": 2.0}, "plus_minus": {"blinks": 1.5}, "unknown": ["perclos", "yawns"]}
    (episode,) = episodes([_event("start", 1.0, what="early", score=6.0, peak_level=1, **parts)])
    assert episode.name == "fatigue early"
    assert episode.details == "score 6; parts: blinks 4 ± 1.5, nods 2; unknown: perclos, yawns"


def test_sessions_in_one_folder_do_not_mix_their_ids() -> None:
    assert len(episodes([_event("start", 1.0), {**_event("start", 2.0), "session": "T"}])) == 2


def test_labels_are_in_the_order_of_the_program() -> None:
    assert distribution(EMOTIONS[0])[0] == 0.9
