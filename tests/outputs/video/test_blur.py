"""A recording with blurred faces: a face is neither found nor read any more."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.capture import demo
from monitor.cli import main as cli
from monitor.core.types import Image, Result
from monitor.faces.detector import HaarDetector
from monitor.networks.card import find_model
from monitor.networks.keypoints import KeypointNet
from monitor.outputs.logs.reader import read_rows
from monitor.outputs.video.blur import Blur, erased
from monitor.outputs.video.recorder import Target
from monitor.outputs.video.video import VideoSink
from monitor.outputs.video.waiting import COLUMNS, coarse
from monitor.run.assembly import build
from monitor.settings.config import Config, DetectConfig, OutputConfig
from tests.fakes import face, frame, picture, result
from tests.outputs.video.films import blurred, canvas, changed

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def story() -> list[Result]:
    """What the program reads in seconds 0 to 12 of the demo: one person enters, then another."""
    config = Config()
    pipeline = build(config)
    return [pipeline.step(frame(n / 12.5, n // 6, demo.render(n / 12.5))) for n in range(0, 150, 6)]


def seen(image: Image, detector: HaarDetector) -> int:
    gray = cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (320, 240), interpolation=cv2.INTER_AREA)
    return len(detector.find(gray.astype(np.uint8), 32, 200, profile=True).boxes)


@pytest.mark.parametrize("mode", ["faces", "picture"])
def test_no_frame_of_a_blurred_recording_shows_a_face(story: list[Result], tmp_path: Path, mode: str) -> None:
    """The recorded file itself is searched, with profiles and lower demands than the program's own."""
    config = OutputConfig(blur=mode, clean=True, video_codec="MJPG")
    video = VideoSink(Target(lambda suffix: tmp_path / f"v{suffix}", 12.5 / 6), config, canvas())
    video.switch(on=True)
    detector = HaarDetector(DetectConfig(neighbors=3, profile="always"))
    net = KeypointNet(find_model("keypoints.tflite"))
    before = 0
    for got in story:
        before += bool(seen(got.frame.image, detector))
        video.handle(got)
    video.close([])
    assert before > 20  # a face had to be covered
    capture = cv2.VideoCapture(str(video.files[0]))
    frames, found, followed = 0, 0, []
    while True:
        ok, image = capture.read()
        if not ok:
            break
        found += bool(seen(image.astype(np.uint8), detector))
        followed += [
            keypoints.presence
            for one in story[min(frames, len(story) - 1)].faces
            if (keypoints := net.read(image.astype(np.uint8), one.box)) is not None
        ]
        frames += 1
    assert frames == pytest.approx(len(story), abs=2)
    assert found == 0
    assert np.mean(np.array(followed) > 0.8) == 0  # the score from which the program accepts a face


def test_blurring_is_irreversible() -> None:
    """Pictures that differ only in how a face's pixels lie give the same bytes; of the face one color is left."""
    box = (115.0, 125.0, 315.0, 325.0)
    image = demo.render(6.5)
    other = image.copy()
    other[125:325, 115:315] = image[125:325, 115:315][::-1, ::-1]
    assert np.array_equal(erased(image, [box]), erased(other, [box]))
    assert len(np.unique(erased(image, [box])[125:325, 115:315].reshape(-1, 3), axis=0)) == 1
    assert len(np.unique(coarse(image).reshape(-1, 3), axis=0)) <= COLUMNS * 8


def test_the_labels_are_drawn_on_top(tmp_path: Path) -> None:
    config = OutputConfig(blur="faces", video_codec="MJPG")
    video = VideoSink(Target(lambda suffix: tmp_path / f"v{suffix}", 10), config, canvas())
    video.switch(on=True)
    for n in range(40):
        video.handle(result(n / 10, [face(1, box=(300, 200, 400, 300))], n, demo.render(n / 10)))
    video.close([])
    image = cv2.VideoCapture(str(video.files[0])).read()[1]
    assert image[200:300, 298:303].std() > 20  # the box
    assert image[230:290, 330:390].std(axis=(0, 1)).max() < 4  # nothing in it


def test_frames_that_waited_at_the_end_of_a_recording_are_in_no_later_one(tmp_path: Path) -> None:
    """Off before the first file exists: nothing is written, then or when it is on again ten minutes later."""
    config = OutputConfig(blur="faces", clean=True, video_codec="MJPG")
    made = VideoSink(Target(lambda suffix: tmp_path / f"v{suffix}", 10), config, canvas())
    made.switch(on=True)
    for n in range(10):
        made.handle(result(n / 10, index=n, image=np.full((120, 160, 3), 20, np.uint8)))
    made.switch(on=False)
    made.handle(result(1.0))
    assert made.files == []
    made.switch(on=True)
    for n in range(40):
        made.handle(result(600 + n / 10, index=n, image=np.full((120, 160, 3), 200, np.uint8)))
    made.close([])
    capture = cv2.VideoCapture(str(made.files[0]))
    means = [image.mean() for ok, image in iter(capture.read, (False, None)) if ok]
    assert len(means) == pytest.approx(40, abs=1)
    assert min(means) > 190


def test_an_untracked_face_is_searched_and_covered() -> None:
    """Results without faces, as for people in the background or a face that the tracker refused."""
    detector = HaarDetector(DetectConfig(neighbors=3, profile="always"))
    results = [result(n / 10, index=n, image=demo.render(3 + n / 10)) for n in range(25)]
    out = blurred(Blur(whole=False, detector=detector), results)
    assert all(seen(r.frame.image, detector) for r in results)
    assert not any(seen(r.frame.image, detector) for r in out)
    assert changed(results[0], out[0], 215, 225)
    assert not changed(results[0], out[0], 600, 20)


def test_after_a_clock_set_back_between_recordings_faces_are_searched_again() -> None:
    detector = HaarDetector(DetectConfig(neighbors=3, profile="always"))
    blur = Blur(whole=False, detector=detector)
    blur.push(result(500.0, image=picture()))
    blur.drain()
    out = blurred(blur, [result(n / 10, index=n, image=demo.render(3 + n / 10)) for n in range(25)])
    assert not any(seen(r.frame.image, detector) for r in out)


def test_a_files_last_pictures_keep_their_room_and_show_no_face() -> None:
    """Nothing comes after them, so each one is searched by itself: no mosaic."""
    detector = HaarDetector(DetectConfig(neighbors=3, profile="always"))
    blur = Blur(whole=False, live=False, detector=detector)
    results = [result(n / 10, index=n, image=demo.render(3 + n / 10)) for n in range(25)]
    out = [ready for got in results for ready in blur.push(got)] + blur.finish()
    assert [r.frame.index for r in out] == list(range(25))
    assert not any(seen(r.frame.image, detector) for r in out)
    assert not any(changed(a, b, 600, 20) for a, b in zip(results, out, strict=True))


@pytest.mark.soak
def test_the_program_finds_no_face_in_its_blurred_recordings(clips: Path, tmp_path: Path) -> None:
    """Every real clip is recorded with ``--blur`` and read again: several people, profiles, a dark stage."""
    before = after = frames = 0
    for clip in sorted(path for path in clips.iterdir() if path.suffix in (".mp4", ".avi", ".mov", ".gif")):
        first, second = tmp_path / clip.stem / "a", tmp_path / clip.stem / "b"
        argv = ["--headless", "-q", "--max-seconds", "20", "--out"]
        assert cli.main(["--source", str(clip), "--blur", "--record-clean", *argv, str(first)]) == 0
        assert cli.main(["--source", str(next(first.glob("video.*"))), *argv, str(second)]) == 0
        counts = [{row["frame"] for row in read_rows(f) if row["success"] == "1"} for f in (first, second)]
        frames += len({row["frame"] for row in read_rows(second)})
        before, after = before + len(counts[0]), after + len(counts[1])
        print(f"{clip.name}: frames with a face {len(counts[0])}, in the blurred recording {len(counts[1])}")
    print(f"all: {before} before, {after} of {frames} after")
    assert before > 4000
    assert after <= 0.01 * frames
