"""bench: figures that add up, on any source, with the estimate called one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from monitor.cli import measure
from monitor.cli.main import main
from monitor.cli.measure import Measured, load, report
from monitor.settings.config import Config
from tests.fakes import ScriptedSource, frame


@pytest.fixture(autouse=True)
def few_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer frames are decoded, or drawn, before the measurement."""
    monkeypatch.setattr(measure, "MOST_FRAMES", 30)


def test_stages_add_up_and_the_estimate_follows_its_arithmetic() -> None:
    stages = {"find": np.array([1.0, 3.0]), "read": np.array([0.5, 0.5])}
    found = report(Measured(stages, np.array([2.0]), 1.0, 1.0, (640, 480), 0.0057), "x")
    assert found["cpu_ms"]["mean"] == 2.5
    assert found["stages"]["find"]["share"] == 0.8
    assert found["core_at_15_fps"] == 0.0375
    assert found["fps_possible"] == 400
    assert found["estimates"]["Pi 4"] == 25.0


def test_the_demo_is_measured_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--seconds", "0.5", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"find", "track", "read", "judge", "log"} == set(found["stages"])
    assert found["frames"] >= 10
    assert found["cpu_ms"]["mean"] > 0


def test_a_source_named_by_a_file_is_measured_and_not_printed(
    demo_clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "source.txt").write_text(f"{demo_clip}\n")
    assert main(["bench", "--source", f"@{tmp_path / 'source.txt'}", "--seconds", "0.1", "--json"]) == 0
    out = capsys.readouterr().out
    assert json.loads(out)["source"] == f"@{tmp_path / 'source.txt'}"
    assert str(demo_clip) not in out


def test_a_secret_in_a_url_is_not_printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pictures = [frame(n / 10) for n in range(5)]
    monkeypatch.setattr("monitor.cli.measure.open_source", lambda *_, **__: ScriptedSource(list(pictures)))
    monkeypatch.setattr("monitor.cli.measure.LIVE_S", 0.05)
    for flags in ([], ["--json"]):
        assert main(["bench", "--source", "http://me:s3cret@cam/a.avi?key=abc", "--seconds", "0.1", *flags]) == 0
        out = capsys.readouterr().out
        assert "cam/a.avi" in out
        assert not any(secret in out for secret in ("s3cret", "abc"))


def test_driver_mode_has_its_stage_and_words_say_estimate(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--profile", "driver", "--seconds", "0.3"]) == 0
    out = capsys.readouterr().out
    assert "driver" in out
    assert "estimate, not measured" in out
    assert "of one core" in out


def test_a_camera_that_misses_a_picture_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    script = [frame(0.0), None, frame(0.1), frame(0.2)]
    monkeypatch.setattr("monitor.cli.measure.open_source", lambda *_, **__: ScriptedSource(script))
    monkeypatch.setattr("monitor.cli.measure.LIVE_S", 0.05)
    images, spent = load("camera", Config())
    assert len(images) == len(spent) == 3


def test_a_source_that_is_not_there_gives_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--source", str(tmp_path / "no.mp4")]) == 3
    assert capsys.readouterr().err.count("\n") <= 1
