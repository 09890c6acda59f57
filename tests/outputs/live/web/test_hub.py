"""The hub: the newest state for viewers."""

from __future__ import annotations

import json

from monitor.core.types import Event
from monitor.outputs.live.web.hub import MAX_HISTORIES, Hub
from tests.fakes import Clock, face, result


def _event(number: int) -> Event:
    return Event("face", "start", number, 1.0, 2.0, 1)


def test_before_the_first_frame_the_state_is_empty_and_valid_json() -> None:
    hub = Hub(Clock())
    assert json.loads(json.dumps(hub.state()))["faces"] == []
    assert hub.age_s() is None


def test_the_state_holds_the_whole_distribution_and_a_minute_of_history() -> None:
    hub = Hub(Clock())
    for n in range(200):
        hub.put(result(n / 2, (face(3, "happy"),)))
    state = hub.state()
    (person,) = state["faces"]
    assert person["id"] == 3
    assert sum(person["probs"].values()) > 0.99
    oldest = person["history"][0][0]
    assert -60.5 <= oldest <= -58.0
    assert len(person["history"][0]) == 8


def test_readings_of_a_face_that_was_away_are_forgotten_after_a_minute() -> None:
    hub = Hub(Clock())
    for t in (0.0, 30.0, 95.0):
        hub.put(result(t, (face(3, "happy"),)))
    assert [sample[0] for sample in hub.state()["faces"][0]["history"]] == [0.0]


def test_a_face_that_was_not_read_has_no_history() -> None:
    hub = Hub(Clock())
    hub.put(result(0.0, (face(3, "unknown", known=False),)))
    assert hub.state()["faces"][0]["history"] == []


def test_the_state_tells_what_is_covered_and_what_is_a_still_picture() -> None:
    hub = Hub(Clock())
    hub.put(result(0.0, (face(1, covered="upper"), face(2, still=True))))
    shown = [(person["covered"], person["still"]) for person in hub.state()["faces"]]
    assert shown == [("upper", False), ("", True)]


def test_history_has_two_samples_a_second_whatever_the_frame_rate() -> None:
    for rate in (5, 10, 30):
        hub = Hub(Clock())
        for n in range(rate * 10):
            hub.put(result(n / rate, (face(1, "sad"),)))
        assert 18 <= len(hub.state()["faces"][0]["history"]) <= 21


def test_a_door_camera_does_not_fill_the_memory() -> None:
    hub = Hub(Clock())
    for n in range(200):
        hub.put(result(float(n), (face(n + 1, "neutral"),)))
    assert len(hub._histories) <= MAX_HISTORIES


def test_events_are_numbered_and_given_once() -> None:
    hub = Hub(Clock())
    hub.add_events([_event(1), _event(2)])
    first = hub.events_after(0)
    assert [e["number"] for e in first] == [1, 2]
    hub.add_events([_event(3)])
    assert [e["id"] for e in hub.events_after(first[-1]["number"])] == [3]


def test_the_frame_rate_counts_the_last_two_seconds() -> None:
    clock = Clock()
    hub = Hub(clock)
    for n in range(40):
        hub.put(result(n / 10))
        clock.now += 0.1
    assert 9 <= hub.state()["fps"] <= 11
