"""The CSI camera's module, which comes from apt: each fault is reported with its fix."""

from __future__ import annotations

import builtins
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from monitor.capture.picamera import PiCameraSource
from monitor.core.errors import SetupError, SourceError
from monitor.settings.config import SourceConfig


@pytest.mark.parametrize(
    ("error", "cure"),
    [
        (ImportError("No module named 'picamera2'"), "sudo apt install python3-picamera2"),
        (
            ValueError("numpy.dtype size changed, may indicate binary incompatibility. Expected 96, got 88"),
            "pip install --force-reinstall --no-deps simplejpeg",
        ),
    ],
)
def test_a_module_that_cannot_be_imported_gives_one_line(
    monkeypatch: pytest.MonkeyPatch, error: Exception, cure: str
) -> None:
    really = builtins.__import__

    def importing(name: str, *rest: Any, **more: Any) -> Any:
        if name == "picamera2":
            raise error
        return really(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", importing)
    with pytest.raises(SetupError) as caught:
        PiCameraSource(SourceConfig())
    (line,) = caught.value.lines
    assert cure in line
    assert "\n" not in line


def test_a_camera_that_does_not_start_is_given_back_and_can_be_opened_later(monkeypatch: pytest.MonkeyPatch) -> None:
    class Picamera2:
        """libcamera lets one holder in."""

        held = False
        ready = False

        def __init__(self) -> None:
            if type(self).held:
                raise RuntimeError("Device or resource busy")
            type(self).held = True

        def create_video_configuration(self, **_: Any) -> dict[str, Any]:
            return {}

        def configure(self, video: dict[str, Any]) -> None: ...

        def start(self) -> None:
            if not type(self).ready:
                raise RuntimeError("frontend has timed out")

        def stop(self) -> None: ...

        def close(self) -> None:
            type(self).held = False

    monkeypatch.setitem(sys.modules, "picamera2", SimpleNamespace(Picamera2=Picamera2))
    for _ in range(2):
        with pytest.raises(SourceError, match="frontend has timed out"):
            PiCameraSource(SourceConfig())
    Picamera2.ready = True
    PiCameraSource(SourceConfig()).close()
    assert not Picamera2.held


def test_a_camera_that_does_not_stop_is_given_back_anyway(monkeypatch: pytest.MonkeyPatch) -> None:
    given_back = []

    class Picamera2:
        def create_video_configuration(self, **_: Any) -> dict[str, Any]:
            return {}

        def configure(self, video: dict[str, Any]) -> None: ...

        def start(self) -> None: ...

        def stop(self) -> None:
            raise RuntimeError("camera frontend has timed out")

        def close(self) -> None:
            given_back.append(True)

    monkeypatch.setitem(sys.modules, "picamera2", SimpleNamespace(Picamera2=Picamera2))
    camera = PiCameraSource(SourceConfig())
    with pytest.raises(RuntimeError, match="timed out"):
        camera.close()
    assert given_back == [True]
