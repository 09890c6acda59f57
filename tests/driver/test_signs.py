"""The table of signs: every output iterates it, and a new row reaches all of them."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import pytest

from monitor.core.lifecycle import Observation
from monitor.core.types import Event
from monitor.driver import signs, state
from monitor.driver.evidence import Evidence
from monitor.driver.moment import Moment
from monitor.driver.signs import BY_KIND, COLUMNS, FIELDS, SIGNS, Field, Sign, going_on
from monitor.driver.state import DriverMonitor
from monitor.outputs.logs import drive
from monitor.outputs.remote.homeassistant import device_config
from monitor.outputs.remote.state import state_of
from monitor.settings.config import DriverConfig
from tests.driver.stories import between, tell
from tests.fakes import result


def test_names_are_unique_and_settings_exist() -> None:
    settings = {field.name for field in dataclasses.fields(DriverConfig)}
    for sign in SIGNS:
        assert set(sign.settings) <= settings, sign.kind
    for names in ([s.kind for s in SIGNS], [c.name for c in COLUMNS], [f.name for f in FIELDS]):
        assert len(set(names)) == len(names)
    assert len(BY_KIND) == len(SIGNS)


def test_every_level_that_a_story_reaches_has_a_name_and_words() -> None:
    def worst(t: float) -> dict[str, object]:
        if between(t, 70, 8):
            return {"eyes": 0.02}
        if between(t, 90, 15):
            return {"present": False}
        if between(t, 120, 15):
            return {"anger": 0.9}
        return {"eyes": None} if between(t, 150, 15) else {}

    told = tell(180, 10, worst)
    for event in told.events:
        sign = BY_KIND[event.kind]
        assert sign.levels[event.level] or event.phase == "end"
        assert sign.words(event)
    assert told.kinds() >= {"eyes_closed", "away", "anger_like", "cannot_judge", "fatigue"}
    assert set(told.last.levels) == set(BY_KIND)


def test_the_most_severe_sign_of_the_moment_is_shown() -> None:
    def shut(t: float) -> dict[str, object]:
        return {"eyes": 0.02, "anger": 0.9} if between(t, 70, 4) else {}

    told = tell(80, 10, shut)
    assert going_on(told.at(60)) == (0, "")
    assert going_on(told.at(73.5)) == (3, "eyes shut 4 s")


def test_a_new_row_is_judged_logged_counted_and_published(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Sneeze:
        def update(self, moment: Moment) -> Observation:
            return Observation(int(between(moment.evidence.t, 5, 1)), data={"what": "sneeze"})

    row = Sign(
        "sneeze", lambda config: Sneeze(), (), ("", "sneeze"), "the driver sneezes", counted_as="sneezes",
        columns=(Field("sneezing", lambda state: state.levels["sneeze"]),),
        fields=(Field("sneeze", lambda state: state.levels["sneeze"], None, "Sneezing", None, "mdi:emoticon"),),
    )  # fmt: skip
    table = (*SIGNS, row)
    monkeypatch.setattr(state, "SIGNS", table)
    monkeypatch.setattr(signs, "FIELDS", (*FIELDS, *row.fields))
    monkeypatch.setattr(drive, "DRIVE", (*drive.DRIVE, drive.count_column("sneeze", "sneezes")))
    sink = drive.DriveSink(tmp_path / "drive.csv", "S")
    monitor = DriverMonitor(DriverConfig(), itertools.count(1))
    events: list[Event] = []
    for n in range(100):
        now, more = monitor.update(Evidence(n / 10, 0.0, 1, True, True, 0.9, 0.0, (0.0, 0.0, 0.0), 0.0, 0.0))
        events += more
        sink.handle(result(n / 10, (), index=n, driver=now, events=tuple(more)))
    sink.close([])
    assert [e.phase for e in events if e.kind == "sneeze"] == ["start", "end"]
    assert state_of(result(0.0, driver=now), None)["sneeze"] == 0
    assert (tmp_path / "drive.csv").read_text().splitlines()[-1].endswith(",1")
    assert "perclos" in device_config("car", driver=True)["components"]
