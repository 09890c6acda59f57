"""Recording: an encoder, a disk or a folder that fails costs only the pictures of that time."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import cv2
import pytest

from monitor.core.types import Image
from monitor.outputs.video import recorder
from monitor.outputs.video.encoders import Encoder
from monitor.outputs.video.videofile import playable
from tests.outputs.video.films import film, length, sink


def test_a_codec_that_does_not_work_falls_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    video = sink(tmp_path, video_codec="avc1")
    film(video, [n / 20 for n in range(10)])
    video.close([])
    assert playable(video.files[0])


def test_two_runs_that_begin_in_one_folder_try_their_codecs_in_separate_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One trial overwrote and deleted the file of the other, whose codec then seemed not to work."""
    probes: list[Path] = []

    def tried(encoder: Encoder, path: Path, fps: float, image: Image) -> float:
        probes.append(path)
        return 0.001

    monkeypatch.setattr(recorder, "trial", tried)
    for process in (11, 12):
        monkeypatch.setattr(os, "getpid", lambda process=process: process)
        video = sink(tmp_path)
        film(video, [0.0])
        video.close([])
    assert len(set(probes)) == 2


def test_a_missing_folder_is_logged_once_and_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    video = sink(tmp_path / "gone")
    film(video, [n / 10 for n in range(250)])  # 25 s: three attempts
    assert not video.recording  # the dot must not lie
    assert len([record for record in caplog.records if "missing or not writable" in record.getMessage()]) == 1
    (tmp_path / "gone").mkdir()
    film(video, [25 + n / 10 for n in range(150)])
    assert video.recording
    video.close([])
    assert playable(video.files[0])


@pytest.mark.slow
def test_deleting_the_folder_of_a_blurred_recording_loses_only_that_file(tmp_path: Path) -> None:
    """Acts as storage: a new file is begun, and recording pauses until the folder exists again."""
    folder = tmp_path / "stick"
    folder.mkdir()
    video = sink(folder, blur="faces")
    film(video, [n / 10 for n in range(40)])
    shutil.rmtree(folder)
    video.renew()
    video.hold(on=True)
    film(video, [n / 10 for n in range(40, 60)])
    assert not video.recording
    folder.mkdir()
    video.hold(on=False)
    film(video, [n / 10 for n in range(60, 200)])
    assert video.recording
    video.close([])
    assert [path for path in video.files if path.exists() and playable(path)]
    assert not video.failing


@pytest.mark.parametrize("blur", ["none", "faces"])
def test_a_refusing_disk_is_logged_once_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, blur: str
) -> None:
    """Permission taken away, remounted read-only, a codec that throws: held, on again, switched off."""
    video = sink(tmp_path, blur=blur)
    target = video.recorder._target
    troubles: list[Exception] = [PermissionError(13, "Permission denied"), OSError(30, "Read-only"), cv2.error("bad")]

    def refuse(suffix: str) -> Path:
        raise troubles[0]

    film(video, [n / 10 for n in range(40)])
    monkeypatch.setattr(video.recorder, "_target", video.recorder._target._replace(make_path=refuse))
    for round_ in range(1, len(troubles) + 1):
        video.renew()
        film(video, [round_ * 100 + n / 10 for n in range(40)])
        assert not video.recording
        video.hold(on=True)
        film(video, [round_ * 100 + 4 + n / 10 for n in range(5)])
        video.hold(on=False)
        troubles.append(troubles.pop(0))
    monkeypatch.setattr(video.recorder, "_target", target)
    film(video, [500 + n / 10 for n in range(60)])
    assert video.recording
    video.close([])
    assert len([r for r in caplog.records if "tried again" in r.getMessage()]) == 1
    assert playable(video.files[-1])
    assert length(video.files[-1]) == pytest.approx(6.0, abs=0.2)  # nothing of before in it


def test_waiting_pictures_that_cannot_be_written_any_more_are_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = sink(tmp_path, blur="faces", segment_s=10.0)
    film(video, [n / 10 for n in range(110)])

    def refuse(suffix: str) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(video.recorder, "_target", video.recorder._target._replace(make_path=refuse))
    video.switch(on=False)
    film(video, [11.0])  # 9.5 s are written, 1.5 s wait: the file's end falls among them
    assert video.failing
    assert length(video.files[0]) == pytest.approx(10.0, abs=0.1)
    assert video._blur is not None
    assert video._blur.drain() == []


def test_a_fault_of_the_recorder_itself_does_not_leave_the_dot_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = sink(tmp_path)
    monkeypatch.setattr(video.recorder, "fit", lambda image: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        film(video, [0.0])
    assert not video.recording


def test_a_full_disk_completes_the_file_and_recording_resumes_later(tmp_path: Path) -> None:
    video = sink(tmp_path)
    film(video, [n / 20 for n in range(10)])
    video.hold(on=True)
    film(video, [n / 20 for n in range(10, 60)])
    assert not video.recording
    assert playable(video.files[0])
    video.hold(on=False)
    film(video, [n / 20 for n in range(60, 80)])
    video.close([])
    assert len(video.files) == 2
    assert length(video.files[1]) == pytest.approx(1.0, abs=0.1)


class Closed:
    """A writer of OpenCV that cannot be opened."""

    fourcc = staticmethod(cv2.VideoWriter.fourcc)

    def __init__(self, *_: object) -> None:
        """Opens nothing."""

    def isOpened(self) -> bool:
        return False


def test_a_writer_that_cannot_be_opened_swallows_no_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    video = sink(tmp_path)
    monkeypatch.setattr("monitor.outputs.video.recorder.trial", lambda *_: 0.001)
    monkeypatch.setattr("monitor.outputs.video.encoders.cv2.VideoWriter", Closed)
    film(video, [0.0, 0.05])
    assert not video.recording
    assert "cannot be opened for writing" in caplog.text
    assert list(tmp_path.iterdir()) == []


def test_a_deleted_file_is_not_a_failure(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    video = sink(tmp_path)
    film(video, [n / 20 for n in range(20)])
    video.files[0].unlink()
    video.close([])
    assert "was deleted while it was recorded" in caplog.text
    assert not video.failing
    assert not video.damaged


def test_a_file_that_does_not_play_is_a_failure_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = sink(tmp_path)
    film(video, [n / 20 for n in range(20)])
    monkeypatch.setattr("monitor.outputs.video.recorder.playable", lambda path: False)
    video.renew()
    film(video, [1 + n / 20 for n in range(20)])
    monkeypatch.undo()
    video.close([])
    assert video.damaged
    assert not video.failing  # the one after it was fine
