"""The command that lists cameras."""

from __future__ import annotations

import json

import pytest

from monitor.capture.v4l2 import Camera
from monitor.cli import devices


def test_the_command_prints_a_table_or_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(devices, "find_cameras", list)
    assert devices.command(verbose=False) == 3
    assert "no camera found" in capsys.readouterr().out
    cameras = [Camera("/dev/video0", "", "cam", {"MJPG": ["640x480"]})]
    monkeypatch.setattr(devices, "find_cameras", lambda: cameras)
    assert devices.command(verbose=True) == 0
    assert "640x480" in capsys.readouterr().out
    capsys.readouterr()
    assert devices.command(verbose=False, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)[0]["formats"] == {"MJPG": ["640x480"]}
