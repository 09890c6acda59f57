"""A source is known by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.capture.kinds import kind_of, open_source
from monitor.capture.names import shown
from monitor.core.errors import SourceError
from monitor.settings.inputs import SourceConfig


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("0", "camera"), ("/dev/video3", "camera"), ("rtsp://host/x", "stream"), ("HTTP://host/x.mjpg", "stream"),
        ("demo", "demo"), ("picamera", "picamera"),
    ],
)  # fmt: skip
def test_a_source_is_known_by_its_name(text: str, kind: str) -> None:
    assert kind_of(text) == kind


def test_files_and_folders_are_distinguished(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    (tmp_path / "a.mp4").write_bytes(b"x")
    assert kind_of(str(tmp_path)) == "folder"
    assert kind_of(str(tmp_path / "a.jpg")) == "image"
    assert kind_of(str(tmp_path / "a.mp4")) == "video"


def test_a_password_is_never_shown() -> None:
    assert shown("rtsp://user:secret@cam.local/live") == "rtsp://cam.local/live"
    config = SourceConfig(open_timeout_s=0.5)
    with pytest.raises(SourceError) as caught:
        open_source("rtsp://user:secret@127.0.0.1:9/live", config)
    assert "secret" not in caught.value.lines[0]
