"""``evidence.csv``: judging it again gives the same events."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.cli import logged, replay
from monitor.core.evidence import Evidence
from monitor.core.types import Event
from monitor.driver.state import DriverMonitor
from monitor.outputs.logs.evidence import EvidenceSink, evidence_file, read_evidence
from monitor.outputs.logs.reader import Damage
from monitor.settings.config import Config
from tests.driver.stories import awake, between
from tests.fakes import result

START = 1234.5


def drive(path: Path, rate: float = 15.0, seconds: float = 100.0) -> list[Event]:
    """A logged drive with a microsleep, an absence and a change of faces; its live events."""
    sink, monitor = EvidenceSink(path, "S"), DriverMonitor(Config().driver, itertools.count(1))
    events: list[Event] = []
    for n in range(int(seconds * rate)):
        t = n / rate
        seen = Evidence(START + t, 1.7e9 + t, **{**awake(t), "lids": 0.35})  # type: ignore[arg-type]
        if between(t, 75, 2.7):
            seen = replace(seen, eyes=0.02, lids=0.08)
        if between(t, 85, 6):
            seen = Evidence(START + t, 1.7e9 + t)
        if n == int(30 * rate):
            seen = replace(seen, face=2, changed=True)
        state, more = monitor.update(seen)
        events += more
        for _ in range(2):  # a frame in which the driver's face was not looked at repeats the state
            sink.handle(result(START + t, (), index=n, driver=state))
    sink.close([])
    return events + monitor.finish()


def shown(events: list[Event], start: float = 0.0) -> list[tuple[object, ...]]:
    return [
        (e.kind, e.phase, e.level, e.id, round(e.t - start, 3), e.data.get("what"), e.data.get("duration_s"))
        for e in events
    ]


def test_replay_gives_the_events_of_the_live_session(tmp_path: Path) -> None:
    events = drive(tmp_path / "evidence.csv")
    assert {"eyes_closed", "away", "calibrating", "fatigue"} <= {e.kind for e in events}
    for path in (tmp_path, tmp_path / "evidence.csv", tmp_path / "faces.csv"):
        again = replay.judge(path, Config(), logged.Log())
        assert shown(again.events) == shown(events, START)
    assert again.spacing == pytest.approx(1 / 15, abs=1e-4)


def test_rotated_parts_and_torn_rows(tmp_path: Path) -> None:
    events = drive(tmp_path / "evidence.csv")
    head, *rows = (tmp_path / "evidence.csv").read_text().splitlines(keepends=True)
    (tmp_path / "evidence-20270101-0001.csv").write_text(head + "".join(rows[:700]))
    (tmp_path / "evidence.csv").write_text(head + "S,nonsense\n" + "".join(rows[700:]))
    counted = logged.Log()
    assert shown(replay.judge(tmp_path, Config(), counted).events) == shown(events, START)
    assert (counted.rows, counted.skipped) == (1500, 1)


@pytest.mark.parametrize(("column", "cell"), [("eyes", "nan"), ("video_time", "inf"), ("yaw", "x"), ("face_id", "")])
def test_a_cell_that_is_not_a_number_drops_its_row(tmp_path: Path, column: str, cell: str) -> None:
    drive(tmp_path / "evidence.csv", seconds=3)
    lines = (tmp_path / "evidence.csv").read_text().splitlines()
    cells = lines[5].split(",")
    cells[lines[0].split(",").index(column)] = cell
    (tmp_path / "evidence.csv").write_text("\n".join([*lines[:5], ",".join(cells), *lines[6:]]) + "\n")
    damage = Damage()
    assert len(list(read_evidence(tmp_path, damage))) == 44
    assert damage.lines == 1


def test_a_session_without_evidence_is_judged_by_its_faces(tmp_path: Path) -> None:
    assert evidence_file(tmp_path) is None
    assert evidence_file(tmp_path / "other.csv") is None
