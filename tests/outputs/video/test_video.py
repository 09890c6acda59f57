"""Recording: true speed, files in parts, sizes and rates."""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.capture.video import VideoSource
from monitor.outputs.video.recorder import Target
from monitor.outputs.video.video import VideoSink
from monitor.outputs.video.videofile import playable
from monitor.settings.config import OutputConfig
from tests.outputs.video.films import canvas, film, length, live_sink, sink


@pytest.mark.parametrize("hz", [7.3, 20.0, 45.0])
def test_six_seconds_of_life_are_six_seconds_of_video(tmp_path: Path, hz: float) -> None:
    video = sink(tmp_path)
    film(video, [100 + n / hz for n in range(round(6 * hz))])
    video.close([])
    assert length(video.files[0]) == pytest.approx(6.0, abs=0.2)


def test_a_stutter_is_filled_and_a_camera_gone_for_hours_is_not(tmp_path: Path) -> None:
    video = sink(tmp_path)
    film(video, [0.0, 0.05, 3.0, 3.05, 7200.0, 7200.05])
    video.close([])
    assert length(video.files[0]) == pytest.approx(3.2, abs=0.15)


@pytest.mark.parametrize("blur", ["none", "faces"])
def test_a_camera_that_was_away_does_not_keep_the_encoder_busy_with_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blur: str
) -> None:
    """Live: a short pause is filled, one of 54 s is not; few pictures are encoded at a time."""
    video = live_sink(tmp_path, blur=blur)
    monkeypatch.setattr("monitor.outputs.video.recorder.trial", lambda *_: 0.001)
    film(video, [*(n / 20 for n in range(40)), *(2.8 + n / 20 for n in range(40))])  # 0.85 s of stutter
    before = video.recorder.pacing.written
    film(video, [58.0])
    assert video.recorder.pacing.written - before <= 2 * video.recorder.pacing.fps  # pictures that waited to be blurred
    film(video, [58 + n / 20 for n in range(1, 60)])
    video.close([])
    assert length(video.files[0]) == pytest.approx(4.8 + 3.0, abs=0.2)


def test_a_live_source_that_is_slow_by_itself_keeps_its_speed(tmp_path: Path) -> None:
    video = live_sink(tmp_path)
    film(video, [n * 2.0 for n in range(10)])
    video.close([])
    assert length(video.files[0]) == pytest.approx(18, abs=2.1)


def test_a_long_recording_is_cut_into_files_that_lose_no_time(tmp_path: Path) -> None:
    video = sink(tmp_path, segment_s=10.0)
    film(video, [n / 10 for n in range(250)])
    video.close([])
    assert [length(path) for path in video.files] == pytest.approx([10, 10, 5], abs=0.1)
    assert sum(length(path) for path in video.files) == pytest.approx(24.95, abs=0.06)


def test_a_file_that_needs_its_trailer_is_written_in_short_parts(tmp_path: Path) -> None:
    fixed = tmp_path / "mine.mp4"
    video = VideoSink(Target(lambda s: tmp_path / "other", 10.0, fixed), OutputConfig(video_codec="mp4v"), canvas())
    video.switch(on=True)
    film(video, [n / 10 for n in range(400)])
    video.close([])
    assert [path.name for path in video.files] == ["mine.mp4", "mine-2.mp4"]
    assert [length(path) for path in video.files] == pytest.approx([30, 10], abs=0.15)


def test_asked_for_a_new_file_it_begins_one(tmp_path: Path) -> None:
    video = sink(tmp_path)
    film(video, [0.0, 0.05])
    video.renew()
    film(video, [0.1, 0.15])
    video.close([])
    assert len(video.files) == 2


@pytest.mark.parametrize("suffix", [".avi", ".mp4", ".mkv", ".mov"])
def test_every_container_that_is_offered_plays(tmp_path: Path, suffix: str) -> None:
    fixed = tmp_path / f"mine{suffix}"
    video = VideoSink(Target(lambda s: tmp_path / "other", 20.0, fixed), OutputConfig(video_codec="mp4v"), canvas())
    video.switch(on=True)
    film(video, [n / 20 for n in range(60)])
    video.close([])
    assert video.files == [fixed]
    assert length(fixed) == pytest.approx(3.0, abs=0.1)
    assert [p.name for p in tmp_path.iterdir()] == [fixed.name]


def test_a_live_recording_gets_no_more_frames_than_the_encoder_can_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = VideoSink(
        Target(lambda suffix: tmp_path / f"v{suffix}", 30.0, live=True), OutputConfig(video_codec="mp4v"), canvas()
    )
    monkeypatch.setattr("monitor.outputs.video.recorder.trial", lambda *_: 0.1)
    video.switch(on=True)
    film(video, [n / 30 for n in range(60)])
    video.close([])
    assert video.recorder.pacing.fps == pytest.approx(7.0)
    assert length(video.files[0]) == pytest.approx(2.0, abs=0.2)


def test_odd_sizes_and_a_size_that_changes_are_recorded(tmp_path: Path) -> None:
    video = sink(tmp_path)
    film(video, [n / 20 for n in range(10)], (161, 121))
    film(video, [n / 20 for n in range(10, 20)], (320, 240))
    video.close([])
    assert playable(video.files[0])
    assert length(video.files[0]) == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(("width", "height"), [(320, 240), (80, 60), (120, 480), (161, 120), (1000, 20)])
def test_a_source_that_changes_its_size_is_recorded_whole(tmp_path: Path, width: int, height: int) -> None:
    """White within, a gray frame around: all four sides must be in the film, and nothing stretched."""
    video = sink(tmp_path, clean=True)
    film(video, [0.0])
    image = np.full((height, width, 3), 255, np.uint8)
    image[height // 4 : -(height // 4), width // 4 : -(width // 4)] = 128
    fitted = video.recorder.fit(image)
    assert fitted.shape == (120, 160, 3)
    lit = np.argwhere(fitted[:, :, 0] > 64)
    (top, left), (bottom, right) = lit.min(axis=0), lit.max(axis=0) + 1
    scale = min(160 / width, 120 / height)
    assert (right - left, bottom - top) == pytest.approx((width * scale, height * scale), abs=1.01)
    assert [fitted[(top + bottom) // 2, x, 0] for x in (left, right - 1)] == pytest.approx([255, 255], abs=40)
    video.close([])


def test_two_runs_that_were_given_one_path_both_keep_their_recording(tmp_path: Path) -> None:
    def run() -> VideoSink:
        made = VideoSink(Target(Path, 20.0, tmp_path / "same.mkv"), OutputConfig(video_codec="mp4v"), canvas())
        made.switch(on=True)
        return made

    first, second = run(), run()
    for video in (first, second):
        film(video, [n / 20 for n in range(20)])
    for video in (first, second):
        video.close([])
    assert [p.name for p in (*first.files, *second.files)] == ["same.mkv", "same-2.mkv"]
    assert all(playable(p) for p in (*first.files, *second.files))


def test_a_colon_in_a_relative_path_is_not_a_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    video = VideoSink(Target(Path, 20.0, Path("12:30.mkv")), OutputConfig(), canvas())
    video.switch(on=True)
    film(video, [n / 20 for n in range(20)])
    video.close([])
    assert not video.failing
    assert VideoSource(Path("12:30.mkv")).read() is not None


def test_off_and_on_makes_a_second_file(tmp_path: Path) -> None:
    video = sink(tmp_path)
    film(video, [0.0, 0.05])
    video.switch(on=False)
    film(video, [0.1])
    video.switch(on=True)
    film(video, [0.2, 0.25])
    video.close([])
    assert len(video.files) == 2
    assert all(playable(path) for path in video.files)


def test_the_clean_recording_has_no_overlay(tmp_path: Path) -> None:
    video = sink(tmp_path, clean=True, video_codec="MJPG")
    film(video, [0.0])
    video.close([])
    ok, image = cv2.VideoCapture(str(video.files[0])).read()
    assert ok
    assert image.std() < 3


@pytest.mark.parametrize(("source", "fps"), [(0.2, 1.0), (240.0, 120.0), (25.0, 25.0), (0.0, 20.0)])
def test_the_rate_is_the_sources_as_far_as_players_take_it(tmp_path: Path, source: float, fps: float) -> None:
    assert sink(tmp_path, fps=source).recorder.pacing.fps == fps


def test_each_requested_recording_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("monitor").propagate = True
    video = sink(tmp_path)
    with caplog.at_level(logging.INFO, "monitor"):
        film(video, [0.0, 0.05])
        video.switch(on=False)
        film(video, [0.1])
        video.switch(on=True)
        film(video, [0.15, 0.2])
        video.close([])
    assert [r.getMessage().split(" (")[0] for r in caplog.records if "recording " in r.getMessage()] == [
        f"recording {path}" for path in video.files
    ]
    assert len(video.files) == 2


def test_a_recording_is_idle_only_once_its_file_is_complete(tmp_path: Path) -> None:
    video = sink(tmp_path)
    film(video, [0.0, 0.1])
    video.switch(on=False)
    assert not video.idle  # the next result closes the file
    film(video, [0.2])
    assert video.idle
    assert video.path is None
