from __future__ import annotations

import errno
import json
import re
import socket
import time
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from monitor.cli import main as cli
from monitor.core.types import Frame
from tests.fakes import Clock, ScriptedSource, frame


def check(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str]:
    code = cli.main(["check", *argv])
    return code, capsys.readouterr().out


def test_a_working_machine_passes(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = check(capsys, "--source", "demo")
    assert code == 0
    for what in ("configuration", "source", "detector", "model", "display", "video codecs", "disk"):
        assert what in out
    assert "fail" not in out


@pytest.mark.parametrize(
    ("argv", "code", "expected"),
    [
        (["--set", "detect.min_face=5"], 2, "must be between 20 and 400"),
        (["--source", "nowhere.mp4"], 3, "no such file"),
        (["--set", "emotion.model=nowhere.tflite"], 4, "no such model"),
    ],
)
def test_each_failure_is_a_line_and_the_exit_code(
    capsys: pytest.CaptureFixture[str], argv: list[str], code: int, expected: str
) -> None:
    got, out = check(capsys, *argv)
    assert got == code
    assert expected in " ".join(out.split())
    assert "model" in out  # the rest was tried all the same


def test_settings_that_a_run_refuses_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = check(
        capsys, "--source", "demo", "--profile", "driver", "--set", "follow.model=/nowhere/keypoints.tflite"
    )
    assert code == 4
    assert "driver.enabled needs the keypoint model" in " ".join(out.replace("│", " ").split())
    code, out = check(capsys, "--source", "demo", "--profile", "driver", "--set", "detect.follow=false")
    assert code == 2
    assert "driver.enabled needs detect.follow" in " ".join(out.replace("│", " ").split())


def test_a_health_file_that_cannot_be_written_is_found(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for wrong in (tmp_path, tmp_path / "no" / "health.json"):
        code, out = check(capsys, "--source", "demo", "--set", f"service.health_file={wrong}")
        assert code == 0  # a run goes on without it
        assert re.search(r"health file +│ note", out)
        assert "cannot be written now" in " ".join(out.replace("│", " ").split())
    assert check(capsys, "--source", "demo", "--set", f"service.health_file={tmp_path}/health.json")[0] == 0
    assert not list(tmp_path.iterdir())


def test_the_disk_of_a_home_folder_is_the_homes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    _, out = check(capsys, "--source", "demo", "--set", "output.dir='~/sessions'")
    assert str(tmp_path) in re.sub(r"[\s│]", "", out)


def test_a_broker_is_tried(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        flags = ["--source", "demo", "--profile", "driver", "--set", "mqtt.host=127.0.0.1"]
        port = f"mqtt.port={server.getsockname()[1]}"
        code, out = check(capsys, *flags, "--set", port)
        assert (code, "answers" in out) == (0, True)
    code, out = check(capsys, *flags, "--set", port)
    assert (code, "cannot be reached" in out) == (0, True)
    code, out = check(capsys, *flags, "--set", "mqtt.host=broker..local")
    assert (code, "mqtt.host: is not a host name" in out) == (2, True)
    code, out = check(capsys, *flags, "--set", "mqtt.user=a", "--set", "mqtt.password_file=/nowhere")
    assert (code, "mqtt.password_file" in out) == (2, True)


def test_a_disk_without_room_for_a_trial_is_a_line_of_the_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/tmp/x")

    monkeypatch.setattr("tempfile.TemporaryDirectory", full)
    assert cli.main(["check", "--source", "demo"]) == 1
    shown = capsys.readouterr().out
    assert "/tmp/x: No space left on device" in " ".join(shown.split())
    assert "model" in shown


def test_a_folder_that_cannot_be_written_is_found(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out = check(capsys, "--source", "demo", "--out", "/proc/nowhere")
    assert code == 2
    assert "not writable" in out


def test_an_alarm_that_cannot_be_given_is_reported_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--source", "demo", "--profile", "driver"]
    code, out = check(capsys, *flags, "--set", "alerts.command=/nowhere/buzz --pin 4")
    assert code == 2
    assert "alerts.command: /nowhere/buzz does not exist" in " ".join(out.split())
    code, out = check(capsys, *flags, "--set", "alerts.command=true")
    assert code == 0
    assert "command, from level 1 on; not run" in " ".join(out.split())


def test_driver_mode_without_a_camera_fails(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.capture.v4l2.find_cameras", list)
    code, out = check(capsys, "--profile", "driver")
    assert code == 3
    assert "no camera; driver mode needs one, or a --source" in " ".join(out.split())
    code, _ = check(capsys)
    assert code == 0


def test_the_rate_leaves_the_closing_out(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()

    class Slow(ScriptedSource):
        def read(self) -> Frame | None:
            clock.advance(1 / 30)
            return super().read()

        def close(self) -> None:
            clock.advance(1.0)

        def facts(self) -> dict[str, object]:
            return {"kind": "camera", "width": 64, "height": 48}

    monkeypatch.setattr(
        "monitor.capture.kinds.open_source", lambda *_, **__: Slow([frame(n / 30, n) for n in range(40)])
    )
    monkeypatch.setattr(
        "monitor.cli.check_source.time", SimpleNamespace(monotonic=clock, perf_counter=time.perf_counter)
    )
    _, out = check(capsys, "--source", "camera")
    assert "30.0 fps measured" in " ".join(out.split())


def test_waiting_for_a_camera_is_not_a_failure(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.capture.v4l2.find_cameras", list)
    code, out = check(capsys, "--profile", "driver", "--set", "source.wait=true")
    assert code == 0
    assert "a run waits for one (source.wait)" in " ".join(out.split())


@pytest.mark.parametrize("key", ["emotion.model", "follow.model", "detect.proposals", "driver.model"])
def test_a_model_whose_name_is_too_long_gives_one_line(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.main(
        ["run", "--profile", "driver", "--source", "demo", "--headless", "--set", f"{key}={'x' * 300}.tflite"]
    )
    (line,) = [row for row in capsys.readouterr().err.splitlines() if row.startswith("error:")]
    assert code == 4
    assert "File name too long" in line


def test_pictures_that_show_nothing_are_reported(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((48, 64, 3), np.uint8))
    code, out = check(capsys, "--json", str(tmp_path / "a.png"))
    (found,) = [row for row in json.loads(out) if row["what"] == "source"]
    assert (code, found["state"]) == (0, "note")
    assert "every picture is black or of one color" in found["detail"]
