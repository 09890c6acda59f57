"""Passwords of a camera come from a file or the environment and are never shown."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.capture.kinds import kind_of
from monitor.capture.names import revealed, shown, warn_of_password
from monitor.core.errors import SourceError

ROOT = Path(__file__).resolve().parents[2]


def test_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "camera").write_text("rtsp://me:s3cret@host/live\nmore\n")
    assert revealed(f"@{tmp_path / 'camera'}") == "rtsp://me:s3cret@host/live"
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        revealed(f"@{tmp_path / 'nowhere'}")


def test_an_empty_one_names_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "source").write_text("\n")
    with pytest.raises(SourceError, match="the first line of the file is empty"):
        revealed(f"@{tmp_path / 'source'}")
    monkeypatch.setenv("CAM", "")
    with pytest.raises(SourceError, match="the environment variable CAM is empty"):
        revealed("${CAM}")
    assert revealed("http://admin:${CAM}@host/live") == "http://admin:@host/live"
    with pytest.raises(SourceError, match="cannot be read: embedded null byte"):
        kind_of("a\0b")


def test_from_the_environment_whole_or_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMERA", "rtsp://me:a@b@host/live")
    monkeypatch.setenv("PASSWORD", "p@ss/w:rd")
    assert revealed("${CAMERA}") == "rtsp://me:a@b@host/live"
    assert revealed("rtsp://me:${PASSWORD}@host/live") == "rtsp://me:p%40ss%2Fw%3Ard@host/live"
    assert revealed("folder/${PASSWORD}.mp4") == "folder/${PASSWORD}.mp4"
    with pytest.raises(SourceError, match="NOWHERE is not set"):
        revealed("rtsp://${NOWHERE}@host/live")


def test_one_given_openly_is_warned_of_without_repeating_it(caplog: pytest.LogCaptureFixture) -> None:
    warn_of_password("rtsp://me:s3cret@host/live")
    warn_of_password("rtsp://me:${PASSWORD}@host/live")
    assert caplog.text.count("other users can see a password") == 1
    assert "s3cret" not in caplog.text


@given(st.text("abc:@%4?=&", min_size=1, max_size=12), st.text("abc@?=", max_size=8))
def test_nothing_before_the_host_or_after_the_path_is_shown(secret: str, query: str) -> None:
    assert shown(f"rtsp://me:S{secret}S@host/live?token=T{query}T") == "rtsp://host/live?…"


@pytest.mark.parametrize("secret", ["pa/ss", "pa ss", "p?ss", "p#ss", "/", "a/b@c"])
def test_a_password_that_should_be_encoded_is_hidden_too(secret: str) -> None:
    assert shown(f"rtsp://me:{secret}@host/live") == "rtsp://host/live"


def test_an_at_sign_in_a_path_hides_nothing() -> None:
    assert shown("http://host:8080/@camera/live") == "http://host:8080/@camera/live"
    assert shown("http://[::1]:8080/@camera") == "http://[::1]:8080/@camera"
    assert shown("http://host/@camera") == "http://host/@camera"


def test_no_output_of_a_run_contains_the_password(tmp_path: Path) -> None:
    """Even with -v, which lets OpenCV and FFmpeg speak."""
    done = subprocess.run(
        [sys.executable, "-m", "monitor", "-v", "--headless", "--source", "rtsp://me:${PASSWORD}@127.0.0.1:9/live?key=k3y",
         "--out", str(tmp_path / "s"), "--set", "source.open_timeout_s=1"],
        cwd=ROOT, env={**os.environ, "PASSWORD": "s3cret"}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 3
    assert "127.0.0.1:9/live" in done.stderr
    for secret in ("s3cret", "k3y"):
        assert secret not in done.stdout + done.stderr
