"""All outputs of a run: opened from one table, closed in the right order, even if one fails."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from monitor.core.incidents import Incidents
from monitor.core.types import Event, Result
from monitor.outputs import bundle
from monitor.outputs.bundle import OUTPUTS, Outputs, RunContext
from monitor.outputs.logs.session import SessionFolder
from monitor.settings.config import load
from tests.fakes import ScriptedSource, face, result

START = datetime(2026, 12, 1, 12, 0, 0)


class Diary:
    """A sink that records its calls, and whether the summary existed when it was closed."""

    def __init__(self, summary: Path, broken: bool = False) -> None:
        self.frames, self.closed, self.late = 0, 0, False
        self._summary, self._broken = summary, broken

    def handle(self, result: Result) -> None:
        self.frames += 1

    def tell(self, events: Sequence[Event]) -> None: ...

    def flush(self) -> None: ...

    def close(self, last_events: Sequence[Event]) -> None:
        self.closed += 1
        self.late = self._summary.exists()
        if self._broken:
            raise OSError(5, "Input/output error")


def opened(folder: Path, *settings: str) -> Outputs:
    session = SessionFolder(str(folder), "", "demo", START)
    stop = SimpleNamespace(asked=threading.Event(), rotate=threading.Event())
    return Outputs(RunContext(session, ScriptedSource([]), load(None, list(settings))[0]), None, Incidents(), stop)


def names(outputs: Outputs) -> list[str]:
    return [type(sink).__name__ for sink in outputs.sinks]


def test_a_new_output_is_one_more_entry_of_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[RunContext] = []
    diary = Diary(tmp_path / "summary.json")

    def make(run: RunContext) -> Diary:
        seen.append(run)
        return diary

    monkeypatch.setattr(bundle, "OUTPUTS", {**OUTPUTS, "diary": make})
    outputs = opened(tmp_path, "detect.min_face=60")
    for sink in outputs.sinks:
        sink.handle(result(0.0, [face(1)]))
    assert outputs.close([], 1.0)
    assert (diary.frames, diary.closed, diary.late) == (1, 1, False)
    assert (seen[0].config.detect.min_face, seen[0].session.folder) == (60, tmp_path)
    assert json.loads((tmp_path / "summary.json").read_text())["frames"] == 1


def test_remote_outputs_are_closed_after_the_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    diary = Diary(tmp_path / "summary.json")
    monkeypatch.setattr(bundle, "OUTPUTS", {"mqtt": lambda run: diary, **{k: OUTPUTS[k] for k in ("faces.csv",)}})
    assert opened(tmp_path).close([], 1.0)
    assert diary.late


def test_one_that_cannot_be_closed_keeps_no_other_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    summary = tmp_path / "summary.json"
    broken, sound, remote = Diary(summary, broken=True), Diary(summary), Diary(summary, broken=True)
    table = {"broken": lambda run: broken, **OUTPUTS, "sound": lambda run: sound, "mqtt": lambda run: remote}
    monkeypatch.setattr(bundle, "OUTPUTS", table)
    assert not opened(tmp_path).close([], 1.0)
    assert (broken.closed, sound.closed, remote.closed) == (1, 1, 1)
    assert summary.exists()
    assert caplog.text.count("error: Diary could not be finished") == 2


def test_a_recording_that_a_full_disk_still_prevents_at_the_end_is_a_failure(tmp_path: Path) -> None:
    for name, full in (("full", True), ("freed", False)):
        outputs = opened(tmp_path / name)
        outputs.video.switch(on=True)
        outputs.video.hold(on=True)
        outputs.video.hold(on=full)
        assert outputs.close([], 1.0) is not full
    outputs = opened(tmp_path / "none")
    outputs.video.hold(on=True)
    assert outputs.close([], 1.0), "no recording was asked for"


def test_outputs_that_the_settings_do_not_enable_are_not_opened(tmp_path: Path) -> None:
    plain = opened(tmp_path / "plain", "alerts.command=true")
    assert not {"DriveSink", "AlertSink", "MqttSink"} & set(names(plain))
    plain.close([], 0.0)
    driven = opened(tmp_path / "driven", "driver.enabled=true", "alerts.command=true")
    assert {"DriveSink", "AlertSink"} <= set(names(driven))
    driven.close([], 0.0)
    watched = opened(tmp_path / "watched", "alerts.command=true", "alerts.expression=sad")
    assert "AlertSink" in names(watched)
    watched.close([], 0.0)


def test_every_log_is_watched_by_storage(tmp_path: Path) -> None:
    outputs = opened(tmp_path, "driver.enabled=true")
    for name in ("faces.csv", "events.jsonl", "drive.csv"):
        (tmp_path / name).unlink()
    outputs.storage.flush()
    assert {path.name for path in tmp_path.glob("*.*")} >= {"faces.csv", "events.jsonl", "drive.csv"}
    outputs.close([], 0.0)
