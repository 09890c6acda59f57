"""A blurred face is gone: neither found nor read any more, and blurred before it was known, too."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from monitor.capture import demo
from monitor.cli import main as cli
from monitor.core.types import Image, Result
from monitor.faces.detector import HaarDetector
from monitor.networks.card import find_model
from monitor.networks.keypoints import KeypointNet
from monitor.outputs.drawing.annotator import Annotator, Canvas
from monitor.outputs.logs.reader import read_rows
from monitor.outputs.video.blur import DELAY_S, Blur, erased
from monitor.outputs.video.recorder import Target
from monitor.outputs.video.video import VideoSink
from monitor.outputs.video.waiting import COLUMNS, coarse
from monitor.run.assembly import build
from monitor.settings.config import Config, DetectConfig, DisplayConfig, OutputConfig
from tests.fakes import detections, face, frame, picture, result

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
    video = VideoSink(
        Target(lambda suffix: tmp_path / f"v{suffix}", 12.5 / 6), config, Canvas(Annotator(DisplayConfig()))
    )
    video.switch(on=True)
    detector = HaarDetector(DetectConfig(neighbors=3, profile="always"))
    net = KeypointNet(find_model("keypoints.tflite"))
    before = 0
    for got in story:
        before += bool(seen(got.frame.image, detector))
        video.handle(got)
    video.close([])
    assert before > 20  # there was somebody to hide
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
    assert np.mean(np.array(followed) > 0.8) == 0  # what the program needs to call something a face


def test_what_is_blurred_cannot_be_brought_back() -> None:
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
    video = VideoSink(Target(lambda suffix: tmp_path / f"v{suffix}", 10), config, Canvas(Annotator(DisplayConfig())))
    video.switch(on=True)
    for n in range(40):
        video.handle(result(n / 10, [face(1, box=(300, 200, 400, 300))], n, demo.render(n / 10)))
    video.close([])
    image = cv2.VideoCapture(str(video.files[0])).read()[1]
    assert image[200:300, 298:303].std() > 20  # the box
    assert image[230:290, 330:390].std(axis=(0, 1)).max() < 4  # nothing in it


def test_what_waited_when_recording_ended_is_in_no_later_recording(tmp_path: Path) -> None:
    """Off before the first file exists: nothing is written, then or when it is on again ten minutes later."""
    config = OutputConfig(blur="faces", clean=True, video_codec="MJPG")
    made = VideoSink(Target(lambda suffix: tmp_path / f"v{suffix}", 10), config, Canvas(Annotator(DisplayConfig())))
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


def film(blur: Blur, results: list[Result]) -> list[Result]:
    out = [ready for got in results for ready in blur.push(got)]
    return out + blur.drain()


def changed(before: Result, after: Result, x: int, y: int) -> bool:
    part = (slice(y - 5, y + 5), slice(x - 5, x + 5))
    return not np.array_equal(before.frame.image[part], after.frame.image[part])


@pytest.mark.parametrize("hz", [5, 30])
def test_a_face_is_blurred_before_it_was_known_and_after_it_was_lost(hz: int) -> None:
    image = picture()
    known = [2 <= n / hz < 4 for n in range(8 * hz)]
    results = [result(n / hz, [face(1, box=(300, 200, 400, 300))] if known[n] else [], n, image) for n in range(8 * hz)]
    out = film(Blur(whole=False), results)
    assert [r.frame.index for r in out] == list(range(8 * hz))
    hidden = [n / hz for n, (a, b) in enumerate(zip(results, out, strict=True)) if changed(a, b, 350, 250)]
    assert min(hidden) <= 2 - DELAY_S + 1 / hz
    assert all(t in hidden for t in np.arange(hz, 5 * hz) / hz if 0.7 <= t <= 5.3)
    clear = [n for n, (a, b) in enumerate(zip(results, out, strict=True)) if not changed(a, b, 20, 20)]
    assert max(clear) / hz == pytest.approx(8 - DELAY_S, abs=2 / hz)  # the end comes coarse: nobody knows yet


def test_a_face_that_nobody_follows_is_searched_and_covered() -> None:
    """The results know of nobody: as with a second row of people, or somebody the tracker refused."""
    detector = HaarDetector(DetectConfig(neighbors=3, profile="always"))
    results = [result(n / 10, index=n, image=demo.render(3 + n / 10)) for n in range(25)]
    out = film(Blur(whole=False, detector=detector), results)
    assert all(seen(r.frame.image, detector) for r in results)
    assert not any(seen(r.frame.image, detector) for r in out)
    assert changed(results[0], out[0], 215, 225)
    assert not changed(results[0], out[0], 600, 20)


def test_waiting_pictures_take_bounded_memory_and_go_out_coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.outputs.video.blur.MOST_BYTES", 5 * 480 * 640 * 3)
    blur = Blur(whole=False)
    results = [result(n / 30, index=n, image=picture()) for n in range(60)]
    out = []
    for got in results:
        out += blur.push(got)
        assert len(blur._waiting) <= 5
    assert all(changed(a, b, 20, 20) for a, b in zip(results, out, strict=False))


def test_at_720p30_only_the_faces_go(caplog: pytest.LogCaptureFixture) -> None:
    image = cv2.resize(demo.render(6.5), (1280, 720), interpolation=cv2.INTER_LINEAR).astype(np.uint8)
    results = [result(n / 30, [face(1, box=(600, 200, 800, 400))], n, image) for n in range(75)]
    out = film(Blur(whole=False), results)
    assert [r.frame.index for r in out] == list(range(75))
    assert all(r.frame.image.shape == image.shape for r in out)
    error = [np.abs(r.frame.image[:, 900:].astype(int) - image[:, 900:]).mean() for r in out]
    assert max(error[:29]) < 2  # packed and unpacked: nothing one could see
    assert min(error[31:]) > 5  # the end comes coarse, as ever
    colors = [len(np.unique(r.frame.image[200:400, 600:800].reshape(-1, 3), axis=0)) for r in out]
    assert max(colors[:29]) == 1
    assert max(colors[31:]) <= 12
    assert not caplog.records


def test_what_cannot_wait_is_said_once(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("monitor.outputs.video.blur.MOST_BYTES", 1_000_000)
    film(Blur(whole=False), [result(n / 30, index=n, image=picture(1280, 720)) for n in range(20)])
    assert [r.getMessage()[:40] for r in caplog.records] == ["blur: 1.5 s of pictures of 1280x720 at t"]


def test_a_clock_set_back_leaves_nothing_waiting() -> None:
    blur = Blur(whole=False)
    out = film(blur, [result(t, index=n) for n, t in enumerate((0.0, 0.5, 0.1, 0.6))])
    assert [r.frame.index for r in out] == [0, 1, 2, 3]


def test_pictures_that_wait_when_a_gap_comes_go_out_coarse() -> None:
    """The camera is lost, or the run pauses: who was in the last pictures was never found out."""
    image = picture()
    results = [result(t, index=n, image=image) for n, t in enumerate([*np.arange(30) / 10, *(10 + np.arange(30) / 10)])]
    out = film(Blur(whole=False), results)
    assert [r.frame.index for r in out] == list(range(60))
    whole = [n for n, (a, b) in enumerate(zip(results, out, strict=True)) if changed(a, b, 20, 20)]
    assert whole == [*range(15, 30), *range(45, 60)]


def test_after_a_clock_set_back_between_recordings_faces_are_searched_again() -> None:
    detector = HaarDetector(DetectConfig(neighbors=3, profile="always"))
    blur = Blur(whole=False, detector=detector)
    blur.push(result(500.0, image=picture()))
    blur.drain()
    out = film(blur, [result(n / 10, index=n, image=demo.render(3 + n / 10)) for n in range(25)])
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


def test_the_patch_covers_the_head_and_no_more() -> None:
    """A face that is tracked and found by the search as well gets one patch, 1.3 times the box."""
    box = (115.0, 125.0, 315.0, 325.0)
    hits = SimpleNamespace(find=lambda *_, **__: detections((75, 80, 195, 200)))  # the face, at the search's size
    blur = Blur(whole=False, live=False, detector=hits)
    results = [result(n / 10, [face(1, box=box)], n, picture()) for n in range(25)]
    out = [ready for got in results for ready in blur.push(got)] + blur.finish()
    for before, after in zip(results, out, strict=True):
        rows, columns = np.nonzero((before.frame.image != after.frame.image).any(axis=2))
        assert np.ptp(columns) + 1 == pytest.approx(1.3 * 200, abs=3)
        assert np.ptp(rows) + 1 == pytest.approx(1.3 * 200, abs=3)


@pytest.mark.soak
def test_the_program_itself_finds_nobody_in_its_blurred_recordings(clips: Path, tmp_path: Path) -> None:
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
