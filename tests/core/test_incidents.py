from __future__ import annotations

from monitor.core.incidents import Incidents


def test_one_start_and_one_end_under_one_id() -> None:
    incidents = Incidents()
    assert incidents.begin("camera", "lost", reason="unplugged")
    assert not incidents.begin("camera", "lost")
    assert incidents.open == ["camera lost"]
    (start,) = incidents.take(10.0, 1000.0)
    assert incidents.end("camera", "lost")
    assert not incidents.end("camera", "lost")
    (end,) = incidents.take(15.5, 1005.5)
    assert (start.phase, start.face, start.data["reason"]) == ("start", 0, "unplugged")
    assert (end.phase, end.id, end.data["duration_s"]) == ("end", start.id, 5.5)
    assert incidents.take(20.0, 1010.0) == []


def test_ids_never_meet_those_of_faces() -> None:
    incidents = Incidents()
    incidents.moment("clock", "jumped", by_s=3600)
    incidents.moment("clock", "jumped", by_s=-3600)
    ids = [event.id for event in incidents.take(0, 0)]
    assert ids == [-1, -1, -2, -2]


def test_what_is_open_at_the_end_is_ended() -> None:
    incidents = Incidents()
    incidents.begin("storage", "short")
    events = incidents.finish(3.0, 4.0)
    assert [(e.phase, e.data.get("cut")) for e in events] == [("start", None), ("end", True)]
    assert incidents.open == []
