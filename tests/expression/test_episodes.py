from __future__ import annotations

from collections.abc import Sequence

from monitor.core.types import Event, Face
from monitor.expression.episodes import Episodes
from tests.fakes import face


def play(frames: Sequence[Sequence[Face]], hz: float = 10) -> list[Event]:
    episodes = Episodes(update_s=1.0)
    events: list[Event] = []
    known: set[int] = set()
    for n, faces in enumerate(frames):
        known |= {f.id for f in faces}
        if n == len(frames) - 1:
            known = {f.id for f in faces}
        events += episodes.update(faces, known, n / hz, 100.0 + n / hz)
    return events + episodes.finish()


def test_each_happening_has_one_start_and_one_end_under_one_id() -> None:
    events = play([[face(1, "happy")]] * 25 + [[face(1, "sad")]] * 15 + [[]] * 3)
    kinds: dict[int, list[tuple[str, str]]] = {}
    for event in events:
        kinds.setdefault(event.id, []).append((event.kind, event.phase))
    for phases in kinds.values():
        assert phases[0][1] == "start"
        assert phases[-1][1] == "end"
        assert [p for _, p in phases].count("start") == 1
    labels = [e.data["label"] for e in events if e.kind == "emotion" and e.phase == "start"]
    assert labels == ["happy", "sad"]


def test_a_lasting_expression_is_reported_again_by_the_clock() -> None:
    events = play([[face(1, "happy")]] * 36)
    updates = [e for e in events if e.phase == "update"]
    assert [e.data["duration_s"] for e in updates] == [1.0, 2.0, 3.0]


def test_an_end_carries_duration_mean_and_peak() -> None:
    frames = [[face(1, "happy", confidence=c)] for c in (0.5, 0.7, 0.9)] + [[face(1, "sad")]]
    end = next(e for e in play(frames) if e.kind == "emotion" and e.phase == "end")
    assert end.data["label"] == "happy"
    assert end.data["duration_s"] == 0.3
    assert abs(end.data["mean"] - 0.7) < 1e-9
    assert end.data["peak"] == 0.9


def test_unknown_is_not_an_episode() -> None:
    assert not [e for e in play([[face(1, "unknown")]] * 5) if e.kind == "emotion"]


def test_a_moment_out_of_view_ends_nothing() -> None:
    events = play([[face(1)]] * 5 + [[]] * 5 + [[face(1)]] * 5)
    assert [e.phase for e in events if e.kind == "face"] == ["start", "end"]


def test_an_end_has_the_time_of_the_last_sight() -> None:
    end = next(e for e in play([[face(1)]] * 5 + [[]] * 20) if e.kind == "face" and e.phase == "end")
    assert end.data["last_seen_t"] == 0.4
    assert end.data["duration_s"] == 0.4


def test_both_clocks_of_an_end_have_the_time_of_the_last_sight() -> None:
    for event in play([[face(1)]] * 5 + [[]] * 20):
        assert abs((event.wall - 100.0) - event.t) < 1e-9


def test_a_mean_is_one_over_time_not_over_pictures() -> None:
    episodes = Episodes(update_s=10.0)
    for n in range(30):
        episodes.update([face(1, "happy", confidence=0.5)], [1], n / 30, 0.0)
    for n in range(6):
        episodes.update([face(1, "happy", confidence=0.9)], [1], 1 + n / 5, 0.0)
    end = next(e for e in episodes.finish() if e.kind == "emotion")
    assert end.data["mean"] == 0.7


def test_a_single_reading_is_its_own_mean() -> None:
    end = next(e for e in play([[face(1, "happy", confidence=0.8)], []]) if e.kind == "emotion" and e.phase == "end")
    assert (end.data["duration_s"], end.data["mean"]) == (0.0, 0.8)
