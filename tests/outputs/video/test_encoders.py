"""Choosing an encoder, and an ffmpeg that does not work."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from monitor.outputs.video import ffmpeg
from monitor.outputs.video.encoders import candidates, encoders
from monitor.outputs.video.errors import EncoderDied, VideoError
from monitor.outputs.video.videofile import playable
from tests.outputs.video.test_ffmpeg import film, recording


def fill(writer: ffmpeg.FfmpegWriter) -> None:
    """More pictures than a pipe holds."""
    for _ in range(10):
        writer.write(np.zeros((480, 640, 3), np.uint8))


def script(folder: Path, body: str) -> None:
    """Puts an ffmpeg of our own first in the path."""
    path = folder / "ffmpeg"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    "body",
    ["exit 1", "echo 'Unknown encoder libx264' >&2; exit 1", "cat >/dev/null", "head -c 100000 >/dev/null; exit 3"],
)
def test_an_ffmpeg_that_does_not_work_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "out").mkdir()
    script(tmp_path / "bin", body)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    video = recording(tmp_path / "out")
    film(video, 0.0, 1.0)
    video.close([])
    assert [path.suffix for path in video.files] == [".mkv"]
    assert "does not work here" in caplog.text
    assert playable(video.files[0])


def test_an_ffmpeg_that_stops_taking_pictures_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path, "exec sleep 60")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(ffmpeg, "STALL_S", 0.2)
    writer = ffmpeg.FfmpegWriter("libx264", tmp_path / "x.mp4", 25.0, (640, 480))
    with pytest.raises(EncoderDied, match="took no picture"):
        fill(writer)


def test_a_full_disk_does_not_change_the_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(
        tmp_path, "head -c 100000 >/dev/null; echo 'av_interleaved_write_frame(): No space left on device' >&2; exit 1"
    )
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    writer = ffmpeg.FfmpegWriter("libx264", tmp_path / "x.mp4", 25.0, (640, 480))
    with pytest.raises(OSError, match="No space left"):
        fill(writer)


def test_an_ffmpeg_that_was_terminated_is_tried_again_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """systemd sends SIGTERM to every process of a service."""
    script(tmp_path, "exit 255")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    writer = ffmpeg.FfmpegWriter("libx264", tmp_path / "x.mp4", 25.0, (640, 480))
    with pytest.raises(VideoError, match="was asked to end") as caught:
        fill(writer)
    assert not isinstance(caught.value, EncoderDied)


def test_without_ffmpeg_there_is_no_h264(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [encoder.name for encoder in encoders()] == ["mp4v", "MJPG", "XVID"]
    assert candidates("h264", None)[0].name == "mp4v"


@pytest.mark.parametrize(
    ("wanted", "suffix", "first"),
    [
        ("auto", None, "h264"), ("auto", ".mp4", "h264"), ("auto", ".mkv", "h264"), ("auto", ".avi", "MJPG"),
        ("avc1", None, "h264"), ("mp4v", None, "mp4v"), ("XVID", ".avi", "XVID"),
    ],
)  # fmt: skip
def test_setting_and_suffix_choose_the_encoder(
    monkeypatch: pytest.MonkeyPatch, wanted: str, suffix: str | None, first: str
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert candidates(wanted, suffix)[0].kind == first


def test_a_raspberry_pis_encoder_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    device = tmp_path / "video11"
    device.touch()
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(ffmpeg, "HARDWARE", (("h264_v4l2m2m", device), ("h264_omx", tmp_path / "no")))
    assert ffmpeg.names() == ["h264_v4l2m2m", "libx264"]
    assert "-b:v" in ffmpeg.command("h264_v4l2m2m", Path("x.mp4"), 25.0, (640, 480))
