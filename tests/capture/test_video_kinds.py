"""Videos that OpenCV reads wrongly: interlaced, anamorphic, turned, edited, late, without a picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.capture import mp4
from monitor.capture.decoder import is_flat
from monitor.capture.geometry import Geometry, wanted
from monitor.capture.video import VideoSource
from monitor.core.errors import SourceError
from monitor.core.types import Frame, Image
from monitor.settings.inputs import SourceConfig
from tests.capture import clips
from tests.faults import media


def frames(source: VideoSource) -> Iterator[Frame]:
    while (frame := source.read()) is not None:
        yield frame
    source.close()


def difference(a: Image, b: Image) -> float:
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


@pytest.fixture
def plain(demo_clip: Path, tmp_path: Path) -> Path:
    return clips.encoded(demo_clip, tmp_path / "plain.mp4", *clips.X264, "-g", "100")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("h264.mp4", [*clips.X264, "-vf", "interlace", "-flags", "+ildct+ilme"]),
        ("mpeg2.mpg", ["-c:v", "mpeg2video", "-q:v", "3", "-vf", "interlace", "-flags", "+ildct+ilme"]),
        (
            "dv.avi",
            ["-c:v", "dvvideo", "-pix_fmt", "yuv411p", "-vf", "scale=720:480,fps=30000/1001", "-flags", "+ildct"],
        ),
    ],
)
def test_interlaced_video_shows_its_pictures_at_their_times(
    demo_clip: Path, tmp_path: Path, name: str, options: list[str]
) -> None:
    path = clips.encoded(demo_clip, tmp_path / name, *options, "-t", "2")
    got = list(frames(VideoSource(path)))
    reference = list(frames(VideoSource(demo_clip)))
    assert len(got) >= 20
    assert not any(is_flat(frame.image) for frame in got)
    for frame in got[1:-1:9]:
        nearest = min(reference, key=lambda other: abs(other.t - frame.t))
        height, width = nearest.image.shape[:2]
        small = cv2.resize(frame.image, (width, height)).astype(np.uint8)
        assert difference(small, nearest.image) < 6
    assert np.diff([frame.t for frame in got]) == pytest.approx(got[2].t - got[1].t, abs=0.02)


@pytest.mark.slow
def test_a_video_that_becomes_interlaced_later_is_read_through_ffmpeg_from_there(
    demo_clip: Path, tmp_path: Path
) -> None:
    one = clips.encoded(demo_clip, tmp_path / "a.ts", *clips.X264, "-t", "1")
    two = clips.encoded(demo_clip, tmp_path / "b.ts", *clips.X264, "-ss", "1", "-t", "2", "-r", "25",
                        "-flags", "+ildct+ilme", "-output_ts_offset", "1")  # fmt: skip
    joined = tmp_path / "c.ts"
    joined.write_bytes(one.read_bytes() + two.read_bytes())
    source = VideoSource(joined)
    got = list(frames(source))
    assert len(got) >= 70
    assert not any(is_flat(frame.image) for frame in got)
    assert all(0 < step < 0.3 for step in np.diff([frame.t for frame in got]))


def test_without_ffmpeg_black_pictures_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("monitor.capture.ffmpeg.available", lambda: False)
    writer = cv2.VideoWriter(str(tmp_path / "a.avi"), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (64, 48))
    for _ in range(10):
        writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    assert len(list(frames(VideoSource(tmp_path / "a.avi")))) == 10
    assert "every picture is black or of one color; if it is interlaced" in caplog.text
    assert "install ffmpeg" in caplog.text


def test_a_video_that_is_black_is_read_as_it_is(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clips.ffmpeg("-f", "lavfi", "-i", "color=black:s=64x48:d=1:r=10", *clips.X264, tmp_path / "a.mp4")
    source = VideoSource(tmp_path / "a.mp4")
    assert len(list(frames(source))) == 10
    assert source.facts()["reader"] == "opencv"
    assert "every picture is black or of one color" in caplog.text


@pytest.mark.parametrize(
    ("scale", "aspect", "size"), [("320:480", "2/1", (640, 480)), ("640:240", "1/2", (640, 480)),
                                  ("450:480", "64/45", (640, 480))],
)  # fmt: skip
def test_pixels_that_are_not_square_are_made_square(
    demo_clip: Path, tmp_path: Path, scale: str, aspect: str, size: tuple[int, int]
) -> None:
    path = clips.encoded(demo_clip, tmp_path / "a.mp4", *clips.X264, "-vf", f"scale={scale},setsar={aspect}")
    source = VideoSource(path)
    first = source.read()
    reference = VideoSource(demo_clip).read()
    assert first is not None
    assert reference is not None
    assert first.size == size
    assert (source.facts()["width"], source.facts()["height"]) == size
    assert difference(first.image, reference.image) < 8


DIHEDRAL = {
    (1, 0, 0, 1): lambda image: image,
    (0, 1, -1, 0): lambda image: np.rot90(image, -1),
    (-1, 0, 0, -1): lambda image: np.rot90(image, 2),
    (0, -1, 1, 0): lambda image: np.rot90(image, 1),
    (-1, 0, 0, 1): lambda image: image[:, ::-1],
    (1, 0, 0, -1): lambda image: image[::-1],
    (0, 1, 1, 0): lambda image: image.transpose(1, 0, 2),
    (0, -1, -1, 0): lambda image: np.rot90(image, 2).transpose(1, 0, 2),
}


@pytest.mark.parametrize("matrix", DIHEDRAL)
def test_every_display_matrix_is_applied_as_a_player_does(tmp_path: Path, matrix: tuple[int, int, int, int]) -> None:
    path = media.film(tmp_path / "a.mp4", frames=3)
    original = VideoSource(path).read()
    assert original is not None
    shown = VideoSource(clips.with_matrix(path, matrix)).read()
    assert shown is not None
    assert difference(shown.image, DIHEDRAL[matrix](original.image)) == 0


def test_ffmpeg_agrees_about_a_mirrored_matrix(plain: Path, tmp_path: Path) -> None:
    clips.with_matrix(plain, (-1, 0, 0, 1))
    clips.ffmpeg("-i", plain, "-frames:v", "1", tmp_path / "player.png")
    shown, player = VideoSource(plain).read(), cv2.imread(str(tmp_path / "player.png"))
    assert shown is not None
    assert player is not None
    assert difference(shown.image, player.astype(np.uint8)) < 3


@pytest.mark.parametrize(
    ("rotate", "flip"), [("0", "none"), ("180", "none"), ("90", "horizontal"), ("270", "vertical")]
)
def test_the_user_turns_and_mirrors_pictures_in_place_of_the_file(tmp_path: Path, rotate: str, flip: str) -> None:
    path = media.film(tmp_path / "a.mp4", frames=3)
    original = VideoSource(path).read()
    media.rotated(path)
    shown = VideoSource(path, config=SourceConfig(rotate=rotate, flip=flip)).read()
    assert original is not None
    assert shown is not None
    expected = np.rot90(original.image, -int(rotate) // 90)
    expected = {"none": expected, "horizontal": expected[:, ::-1], "vertical": expected[::-1]}[flip]
    assert difference(shown.image, expected) == 0


def test_a_nonsensical_aspect_or_turn_is_ignored() -> None:
    assert wanted("auto", "none", aspect=1e6, turn=45) == Geometry()
    assert wanted("auto", "none", aspect=2.0, turn=-90) == Geometry(aspect=2.0, turn=270)
    image = np.zeros((4, 6, 3), np.uint8)
    assert Geometry()(image) is image


@pytest.mark.parametrize(
    ("out", "options", "seconds"),
    [
        ("cut.mp4", ["-c", "copy"], 3.5),
        ("late.mkv", ["-c", "copy", "-output_ts_offset", "4"], 4.0),
        ("late.mp4", ["-c", "copy", "-output_ts_offset", "4"], 4.0),
        ("late.ts", ["-c", "copy", "-output_ts_offset", "4"], 4.0),
    ],
)
def test_a_healthy_file_with_an_edit_list_or_a_late_start_is_not_called_damaged(
    plain: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, out: str, options: list[str], seconds: float
) -> None:
    skip = ["-ss", "0.5"] if out == "cut.mp4" else []
    clips.ffmpeg(*skip, "-i", plain, *options, tmp_path / out)
    times = [frame.t for frame in frames(VideoSource(tmp_path / out))]
    assert times[-1] - times[0] + 0.04 == pytest.approx(seconds, abs=0.06)
    assert "damaged" not in caplog.text


def test_a_file_that_was_cut_off_is_still_called_damaged(
    plain: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clips.ffmpeg("-i", plain, "-c", "copy", "-movflags", "+faststart", tmp_path / "a.mp4")
    data = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "a.mp4").write_bytes(data[: len(data) // 2])
    assert len(list(frames(VideoSource(tmp_path / "a.mp4")))) < 80
    assert "may be truncated or damaged" in caplog.text


def test_a_video_that_changes_its_size_keeps_its_shape_through_ffmpeg(demo_clip: Path, tmp_path: Path) -> None:
    one = clips.encoded(demo_clip, tmp_path / "a.ts", *clips.X264, "-t", "1")
    two = clips.encoded(demo_clip, tmp_path / "b.ts", *clips.X264, "-t", "1", "-vf", "scale=320:480,setsar=1")
    (tmp_path / "c.ts").write_bytes(one.read_bytes() + two.read_bytes())
    got = list(frames(VideoSource(tmp_path / "c.ts", config=SourceConfig(reader="ffmpeg"))))
    assert {frame.size for frame in got} == {(640, 480)}
    last = got[-1].image
    assert last[:, :150].max() < 5  # a black border on each side of the narrow picture
    assert last[:, 170:470].std() > 20


def test_files_that_cannot_be_opened_say_why(plain: Path, tmp_path: Path) -> None:
    data = plain.read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: data.index(b"moov") - 4])
    clips.ffmpeg("-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac", tmp_path / "sound.mp4")
    clips.ffmpeg("-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac", tmp_path / "sound.mkv")
    (tmp_path / "text.mp4").write_text("hello")
    expected = {
        "cut.mp4": "the recording was cut off", "sound.mp4": "no video stream", "sound.mkv": "no video stream",
        "text.mp4": "it is not a video",
    }  # fmt: skip
    for name, words in expected.items():
        with pytest.raises(SourceError, match=words):
            VideoSource(tmp_path / name)


def test_a_damaged_index_is_no_track(tmp_path: Path) -> None:
    path = media.film(tmp_path / "a.mp4", frames=3)
    data = bytearray(path.read_bytes())
    assert mp4.video_track(path) is not None
    for at in range(data.index(b"moov"), len(data), 7):
        data[at] ^= 0xFF
        path.write_bytes(data)
        mp4.video_track(path)
