"""H.264 through a system ffmpeg: it plays, survives kills, and is replaced by another encoder."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.outputs.drawing.annotator import Annotator
from monitor.outputs.drawing.canvas import Canvas
from monitor.outputs.video import ffmpeg
from monitor.outputs.video.encoders import encoders, trial
from monitor.outputs.video.recorder import Target
from monitor.outputs.video.video import VideoSink
from monitor.outputs.video.videofile import playable
from monitor.settings.config import DisplayConfig, OutputConfig
from tests.fakes import face, result
from tests.outputs.video.films import length

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg, which is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PAGE = """<video id=v muted preload=auto src="{name}"></video><script>
const v = document.getElementById('v');
v.onerror = () => document.body.append('error ' + v.error.message);
v.onloadedmetadata = () => {{ document.body.append('length ' + v.duration.toFixed(1)); v.currentTime = 3; }};
v.onseeked = () => document.body.append(' at ' + v.currentTime + ' size ' + v.videoWidth + 'x' + v.videoHeight);
</script><body></body>"""


def recording(folder: Path, name: str = "video.mp4", **config: object) -> VideoSink:
    numbered = iter(range(100))

    def path(suffix: str) -> Path:
        number = next(numbered)
        return folder / f"{Path(name).stem}{number or ''}{suffix}"

    settings = OutputConfig(**config)  # type: ignore[arg-type]
    video = VideoSink(Target(path, 25.0), settings, Canvas(lambda: Annotator(DisplayConfig())))
    video.switch(on=True)
    return video


def film(video: VideoSink, start: float, seconds: float, hz: float = 25.0) -> None:
    for n in range(round(seconds * hz)):
        t = start + n / hz
        image = np.full((120, 160, 3), 60, np.uint8)
        image[:, int(t * 20) % 150 :] = 180
        video.handle(result(t, [face(1, box=(20, 20, 60, 60))], image=image))


def codec(path: Path) -> str:
    number = int(cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FOURCC))
    return number.to_bytes(4, "little").decode()


def children() -> list[int]:
    """The ffmpeg processes that this process started."""
    listed = subprocess.run(["ps", "-o", "pid=,comm=", "--ppid", str(os.getpid())], capture_output=True, text=True)
    return [int(line.split()[0]) for line in listed.stdout.splitlines() if "ffmpeg" in line]


@needs_ffmpeg
def test_a_recording_is_h264_in_mp4_at_true_speed(tmp_path: Path) -> None:
    video = recording(tmp_path)
    film(video, 100.0, 4.0)
    video.close([])
    assert [path.name for path in video.files] == ["video.mp4"]
    assert codec(video.files[0]) in ("h264", "avc1")
    assert length(video.files[0]) == pytest.approx(4.0, abs=0.1)
    assert stat.S_IMODE(video.files[0].stat().st_mode) == 0o600
    assert not children()
    assert [path.name for path in tmp_path.iterdir()] == ["video.mp4"]


@pytest.mark.slow
@needs_ffmpeg
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium, which is not installed")
def test_it_plays_in_chromium_and_can_be_sought(tmp_path: Path) -> None:
    video = recording(tmp_path)
    film(video, 0.0, 5.0)
    video.close([])
    page = tmp_path / "page.html"
    page.write_text(PAGE.format(name=video.files[0].name))
    assert CHROMIUM is not None
    shown = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
         "--virtual-time-budget=10000", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=120,
    ).stdout  # fmt: skip
    assert "length 5.0 at 3 size 160x120" in shown


@pytest.mark.slow
@needs_ffmpeg
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_every_container_survives_the_death_of_everything(tmp_path: Path, suffix: str) -> None:
    """The recorder and its ffmpeg are killed at the same moment: at most the last fragment is lost."""
    code = f"""
        import itertools, os, time
        from pathlib import Path
        from tests.outputs.video.test_ffmpeg import film, length, recording
        from monitor.outputs.video.recorder import Target
        video = recording(Path({str(tmp_path)!r}))
        video.recorder._target = Target(lambda s: None, 25.0, Path({str(tmp_path / ("cut" + suffix))!r}))
        film(video, 0.0, 6.0)
        end = time.monotonic() + 30
        while length(video.recorder.path) < {6.0 - 2 * ffmpeg.FRAGMENT_S} and time.monotonic() < end:
            time.sleep(0.1)
        print("filmed", flush=True)
        time.sleep(60)
    """
    run = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    assert run.stdout.readline() == "filmed\n"
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(run.pid)], capture_output=True, text=True).stdout.split()
    for pid in (*found, str(run.pid)):
        os.kill(int(pid), signal.SIGKILL)
    run.wait()
    path = tmp_path / f"cut{suffix}"
    assert playable(path)
    assert length(path) >= 6.0 - 2 * ffmpeg.FRAGMENT_S


@pytest.mark.slow
@needs_ffmpeg
def test_the_file_is_completed_when_only_the_recorder_is_killed(tmp_path: Path) -> None:
    code = f"""
        import time
        from pathlib import Path
        from tests.outputs.video.test_ffmpeg import film, recording
        film(recording(Path({str(tmp_path)!r})), 0.0, 2.0)
        print("filmed", flush=True)
        time.sleep(60)
    """
    run = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    run.stdout.readline()
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(run.pid)], capture_output=True, text=True).stdout.split()
    run.kill()
    run.wait()
    until = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in found) and time.monotonic() < until:
        time.sleep(0.05)
    assert length(next(tmp_path.glob("*.mp4"))) == pytest.approx(2.0, abs=0.1)


@needs_ffmpeg
def test_a_dead_ffmpeg_is_replaced_by_another_encoder_with_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    video = recording(tmp_path)
    film(video, 0.0, 4.0)
    for pid in children():
        os.kill(pid, signal.SIGKILL)
    film(video, 4.0, 4.0)
    assert video.recording
    video.close([])
    assert [path.suffix for path in video.files] == [".mp4", ".mkv"]
    assert all(playable(path) for path in video.files)
    assert sum(length(path) for path in video.files) >= 8.0 - 2 * ffmpeg.FRAGMENT_S
    told = [record for record in caplog.records if "going on with another encoder" in record.getMessage()]
    assert len(told) == 1
    assert "signal 9" in told[0].getMessage()
    assert not video.failing
    assert not video.damaged


@needs_ffmpeg
def test_a_colon_a_dash_and_spaces_are_part_of_a_name(tmp_path: Path) -> None:
    encoder = encoders()[0]
    for name in ("12:30.mp4", "-y.mp4", "a b %d 'c'.mkv"):
        assert trial(encoder, tmp_path / name, 25.0, np.full((120, 160, 3), 90, np.uint8)) is not None
