"""The CSI camera's module, which comes from apt: what keeps it from working is told with the cure."""

from __future__ import annotations

import builtins
from typing import Any

import pytest

from monitor.capture.picamera import PiCameraSource
from monitor.config import SourceConfig
from monitor.errors import SourceError


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
def test_a_module_that_cannot_be_imported_is_one_line(
    monkeypatch: pytest.MonkeyPatch, error: Exception, cure: str
) -> None:
    really = builtins.__import__

    def importing(name: str, *rest: Any, **more: Any) -> Any:
        if name == "picamera2":
            raise error
        return really(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", importing)
    with pytest.raises(SourceError) as caught:
        PiCameraSource(SourceConfig())
    (line,) = caught.value.lines
    assert cure in line
    assert "\n" not in line
