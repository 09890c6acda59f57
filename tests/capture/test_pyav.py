"""Gray pictures through PyAV: the same frames as OpenCV's, and fewer of them decoded when few are wanted."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("av", reason="needs the extra batch")

from monitor.batch.frames import SpanSource
from monitor.capture import ffmpeg
from monitor.capture.buffers import Buffers
from monitor.capture.pyav import PyAvDecoder
from monitor.capture.video import VideoSource
from monitor.core.types import Frame
from monitor.settings.inputs import SourceConfig
from tests.faults import media

needs_ffmpeg = pytest.mark.skipif(not ffmpeg.available(), reason="needs the ffmpeg program")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of H.264 with two B frames between others, at 25 Hz."""
    if not ffmpeg.available():
        pytest.skip("needs the ffmpeg program")
    return encoded(tmp_path_factory.mktemp("h264") / "clip.mp4", "-bf", "2", "-g", "20")


def encoded(path: Path, *options: str) -> Path:
    source = "testsrc2=size=160x120:rate=25:duration=2"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", source, "-c:v", "libx264", "-pix_fmt", "yuv420p", *options,
         str(path)],
        check=True,
    )  # fmt: skip
    return path


def every(source: VideoSource) -> list[Frame]:
    frames = []
    while (frame := source.read()) is not None:
        frames.append(Frame(frame.index, frame.t, 0.0, frame.image.copy(), frame.source))
    source.close()
    return frames


def times(frames: list[Frame]) -> list[tuple[int, float]]:
    return [(frame.index, frame.t) for frame in frames]


def test_the_frames_are_those_of_opencv_in_gray(clip: Path) -> None:
    gray, color = every(SpanSource(clip)), every(VideoSource(clip))
    assert times(gray) == times(color)
    for a, b in zip(gray, color, strict=True):
        assert a.image.shape == b.image.shape[:2]
        gap = cv2.absdiff(a.image, cv2.cvtColor(b.image, cv2.COLOR_BGR2GRAY))
        # Saturated colors lie outside of BGR and are clipped there.
        assert np.median(gap) <= 3


@pytest.mark.parametrize("every_s", [0.2, 0.13, 1.0])
def test_sampled_frames_are_those_of_the_whole_file(clip: Path, every_s: float) -> None:
    whole = {frame.index: frame for frame in every(SpanSource(clip))}
    sampled = every(SpanSource(clip, every_s=every_s))
    other = VideoSource(clip)
    other.sample(every_s)
    assert times(sampled) == times(every(other))
    for frame in sampled:
        assert frame.t == whole[frame.index].t
        assert np.array_equal(frame.image, whole[frame.index].image)


def test_pictures_that_nobody_wants_are_not_decoded(clip: Path) -> None:
    decoder = PyAvDecoder(clip)
    decoder.wanted_from = 1.0
    decoded, count = [], 0
    while decoder.grab():
        decoded.append(decoder.retrieve() is not None)
        count += 1
    assert count == 50
    assert 0 < sum(decoded[:25]) < 20
    assert all(decoded[25:])


@pytest.mark.parametrize("every_s", [0.0, 0.2])
def test_a_span_has_the_numbers_and_times_of_the_whole_file(clip: Path, every_s: float) -> None:
    whole = [pair for pair in times(every(SpanSource(clip, every_s=every_s))) if pair[1] >= 1.1]
    assert times(every(SpanSource(clip, 1.1, every_s))) == whole


@needs_ffmpeg
def test_variable_rates_keep_their_times_and_numbers(tmp_path: Path) -> None:
    path = media.film(tmp_path / "variable.mp4", 40)
    media.variable(path, (1, 3, 2))
    assert times(every(SpanSource(path))) == times(every(VideoSource(path)))
    whole = [pair for pair in times(every(SpanSource(path))) if pair[1] >= 2.0]
    assert times(every(SpanSource(path, 2.0))) == whole


@needs_ffmpeg
def test_interlaced_pictures_are_read_through_ffmpeg(tmp_path: Path) -> None:
    path = encoded(tmp_path / "interlaced.mp4", "-flags", "+ildct+ilme", "-x264-params", "tff=1")
    source = SpanSource(path)
    frames = every(source)
    assert source.facts()["reader"] == "ffmpeg"
    assert [frame.index for frame in frames] == list(range(50))
    assert frames[0].image.ndim == 3


def test_colors_are_there_on_request(clip: Path) -> None:
    source = SpanSource(clip)
    frame = source.read()
    assert frame is not None
    color = source.color()
    assert color is not None
    assert color.shape == (120, 160, 3)
    assert int(np.ptp(color.astype(int), axis=2).max()) > 100
    source.close()


def test_the_reader_of_the_settings_is_kept(clip: Path) -> None:
    source = SpanSource(clip, config=SourceConfig(reader="opencv"))
    frame = source.read()
    assert frame is not None
    assert frame.image.ndim == 3
    assert source.facts()["reader"] == "opencv"


@pytest.mark.parametrize("cut", [0.3, 0.9])
def test_a_truncated_or_damaged_file_gives_what_it_holds(clip: Path, tmp_path: Path, cut: float) -> None:
    data = bytearray(clip.read_bytes())
    at = data.index(b"mdat") + 4 + int(cut * 3000)
    data[at : at + 400] = bytes(400)
    (tmp_path / "damaged.mp4").write_bytes(data)
    frames = every(SpanSource(tmp_path / "damaged.mp4"))
    assert 10 <= len(frames) <= 50
    assert all(a.t < b.t for a, b in itertools.pairwise(frames))


def test_a_turned_recording_stands_upright(tmp_path: Path) -> None:
    path = media.film(tmp_path / "turned.mp4", 5, size=(64, 48))
    media.rotated(path)
    assert every(SpanSource(path))[0].image.shape == (64, 48)


def test_a_buffer_is_used_again_when_its_picture_is_gone() -> None:
    buffers = Buffers()
    first = buffers.take(4, 6)
    held = first[1:].view()
    del first
    second = buffers.take(4, 6)
    second[:] = 7
    held[:] = 1
    assert int(second.min()) == 7
    place = held.__array_interface__["data"][0] - 6
    del held
    assert buffers.take(4, 6).__array_interface__["data"][0] == place
    assert buffers.take(8, 8).shape == (8, 8)
