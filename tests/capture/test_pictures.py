"""Pictures of every format: decoded, recognized by their content, and bounded in size."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.capture.kinds import kind_of, open_source
from monitor.capture.magic import Content, content_of, recognized
from monitor.capture.names import joined, local
from monitor.capture.photos import ImageSource
from monitor.capture.picture import is_whole, read_picture, why_unreadable
from monitor.core.errors import SourceError
from monitor.core.types import Image
from monitor.settings.inputs import SourceConfig

PICTURE = np.full((40, 60, 3), (30, 90, 200), np.uint8)
FORMATS = {
    "jpg": "jpeg", "jpeg": "jpeg", "jpe": "jpeg", "jfif": "jpeg", "png": "png", "webp": "webp", "gif": "gif",
    "bmp": "bmp", "dib": "bmp", "tif": "tiff", "tiff": "tiff", "avif": "avif", "jp2": "jp2", "ppm": "netpbm",
}  # fmt: skip


def save(path: Path, image: Image = PICTURE) -> Path:
    kind = {".jfif": ".jpg", ".jpe": ".jpg", ".heic": ".jpg"}.get(path.suffix, path.suffix)
    if not cv2.haveImageWriter(f"a{kind}"):
        pytest.skip(f"this OpenCV writes no {kind}")
    path.write_bytes(cv2.imencode(kind, image)[1].tobytes())
    return path


def animated(path: Path, frames: int = 3) -> Path:
    animation = cv2.Animation()
    animation.frames = [np.full((40, 60, 3), 40 * n, np.uint8) for n in range(1, frames + 1)]
    animation.durations = [100, 200, 300][:frames]
    path.write_bytes(cv2.imencodeanimation(path.suffix, animation)[1].tobytes())
    return path


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_is_read_alone_and_in_a_folder(tmp_path: Path, suffix: str) -> None:
    path = save(tmp_path / f"a.{suffix}")
    assert content_of(path) == Content(FORMATS[suffix], (60, 40))
    assert kind_of(str(path)) == "image"
    for source in (path, tmp_path):
        frame = ImageSource(source, 10.0).read()
        assert frame is not None
        assert frame.size == (60, 40)
        assert np.abs(frame.image.reshape(-1, 3).mean(axis=0) - PICTURE[0, 0]).max() < 12


def test_heic_is_read_where_pillow_heif_is_installed(tmp_path: Path) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    path = tmp_path / "a.heic"
    pillow_heif.from_bytes(mode="BGR", size=(60, 40), data=PICTURE.tobytes()).save(path)
    assert kind_of(str(path)) == "image"
    image = read_picture(path)
    assert image is not None
    assert np.abs(image.reshape(-1, 3).mean(axis=0) - PICTURE[0, 0]).max() < 12


def test_heic_without_pillow_heif_names_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.heic"
    path.write_bytes(struct.pack(">I4s4sI4s", 24, b"ftyp", b"heic", 0, b"mif1") + bytes(100))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "pip install 'emotion-monitor[photos]'" in why_unreadable(path)


def png(width: int, height: int) -> bytes:
    """A black gray PNG of any size, which compresses to almost nothing."""
    pack = zlib.compressobj(1)
    rows = b"".join(pack.compress(bytes(width + 1)) for _ in range(height)) + pack.flush()

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_a_huge_picture_is_refused_in_one_line_without_decoding_it(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    path.write_bytes(png(30000, 2)[:100].replace(struct.pack(">II", 30000, 2), struct.pack(">II", 30000, 30000)))
    assert read_picture(path) is None
    assert why_unreadable(path) == "it has 900 megapixels, at most 130 are read; scale it down"


def test_a_large_jpeg_is_read_at_a_fraction_of_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("monitor.capture.picture.MAX_MEGAPIXELS", 0.01)
    path = save(tmp_path / "a.jpg", np.full((160, 240, 3), 90, np.uint8))
    image = read_picture(path)
    assert image is not None
    assert image.shape == (80, 120, 3)
    assert "read at 1/2 of its size" in caplog.text


@pytest.mark.parametrize("suffix", [".webp", ".png"])
def test_an_animated_picture_is_played_at_its_own_times(tmp_path: Path, suffix: str) -> None:
    path = animated(tmp_path / f"a{suffix}")
    assert content_of(path).animated
    source = open_source(str(path), SourceConfig())
    frames = [frame for _ in range(4) if (frame := source.read()) is not None]
    assert [frame.t for frame in frames] == [0.0, 0.1, 0.3]
    assert [round(float(frame.image.mean()), -1) for frame in frames] == [40, 80, 120]
    assert source.frames == 3
    assert not frames[0].image.flags.writeable


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_photographs_and_animations_are_turned_and_mirrored_on_request(tmp_path: Path, suffix: str) -> None:
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[:10, :10] = 255  # bright in the upper left corner
    path = tmp_path / f"a{suffix}"
    if suffix == ".png":
        save(path, picture)
    else:
        animation = cv2.Animation()
        animation.frames, animation.durations = [picture, picture // 2], [100, 100]
        path.write_bytes(cv2.imencodeanimation(suffix, animation)[1].tobytes())
    frame = open_source(str(path), SourceConfig(rotate="90", flip="vertical")).read()
    assert frame is not None
    assert frame.size == (40, 60)
    bright = np.argwhere(frame.image[:, :, 0] > 128).mean(axis=0)
    assert bright == pytest.approx([54.5, 34.5], abs=1)  # clockwise to the upper right, mirrored to the lower right


def test_an_animated_picture_in_a_folder_says_that_only_its_first_picture_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    animated(tmp_path / "a.webp")
    assert ImageSource(tmp_path, 10.0).read() is not None
    assert "is animated; only its first picture is read" in caplog.text


def test_what_a_folder_holds_besides_pictures_is_named_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "monitor")
    save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"no picture")
    (tmp_path / "c.mp4").write_bytes(b"x")
    (tmp_path / "d.txt").write_text("x")
    (tmp_path / ".hidden.png").write_bytes(b"x")
    source = ImageSource(tmp_path, 10.0)
    assert source.read() is not None
    assert source.read() is None
    assert source.skipped == 2
    for line in ("c.mp4: is a video among photographs", "b.png: cannot be read", "1 pictures read, 2 files skipped",
                 "other files left out: 1"):  # fmt: skip
        assert line in caplog.text


def test_folders_below_are_read_on_request_and_name_their_pictures(tmp_path: Path) -> None:
    (tmp_path / "x" / "y").mkdir(parents=True)
    for name in ("a.png", "x/c.png", "x/y/b.png"):
        save(tmp_path / name)
    flat, deep = (ImageSource(tmp_path, 10.0, recursive=r) for r in (False, True))
    assert flat.frames == 1
    names = [frame.file for _ in range(3) if (frame := deep.read()) is not None]
    assert names == ["a.png", "x/c.png", "x/y/b.png"]


def test_several_names_and_a_quoted_pattern_are_one_source(tmp_path: Path) -> None:
    for n in range(3):
        save(tmp_path / f"p{n}.png")
    (tmp_path / "c.mp4").write_bytes(b"x")
    names = [str(tmp_path / f"p{n}.png") for n in (2, 0)]
    source = open_source(joined(names), SourceConfig())
    assert (source.name, source.frames) == ("2 pictures", 2)
    assert open_source(str(tmp_path / "p*.png"), SourceConfig()).frames == 3
    assert kind_of(str(tmp_path / "p1*")) == "image"
    with pytest.raises(SourceError, match="no file matches"):
        open_source(str(tmp_path / "q*.png"), SourceConfig())


def test_a_file_address_is_its_path(tmp_path: Path) -> None:
    path = save(tmp_path / "a b.png")
    assert local(path.as_uri()) == str(path)
    assert kind_of(path.as_uri()) == "image"
    assert open_source(path.as_uri(), SourceConfig()).frames == 1
    assert local("http://host/a%20b.png") == "http://host/a%20b.png"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.mp4", b"", "the file is empty"),
        ("a.jpg", b"", "the file is empty"),
        ("a.mp4", b"<!DOCTYPE html><html>", "is a web page"),
        ("a.jpg", b"\n<html>", "is a web page"),
        ("a.mp4", cv2.imencode(".jpg", PICTURE)[1].tobytes(), r"is a picture \(jpeg\) with the suffix of a video"),
    ],
)
def test_what_is_not_what_its_name_says_gets_its_own_line(
    tmp_path: Path, name: str, content: bytes, expected: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=expected):
        kind_of(str(tmp_path / name))


def test_a_picture_without_a_suffix_is_a_picture_and_a_video_named_jpg_is_reported(tmp_path: Path) -> None:
    (tmp_path / "photo").write_bytes(cv2.imencode(".jpg", PICTURE)[1].tobytes())
    assert kind_of(str(tmp_path / "photo")) == "image"
    (tmp_path / "a.jpg").write_bytes(b"\x1a\x45\xdf\xa3 matroska")
    with pytest.raises(SourceError, match="cannot be read as a picture; it is a video"):
        ImageSource(tmp_path / "a.jpg", 10.0)


HEADS = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF....WEBP", b"BM", b"II*\0", b"MM\0*",
         b"\0\0\0\x18ftypheic", b"\0\0\0\x0cjP  ", b"P6 ", b"<html"]  # fmt: skip


@given(st.sampled_from(HEADS), st.binary(max_size=200))
def test_no_content_makes_the_recognition_fail(head: bytes, rest: bytes) -> None:
    found = recognized(head + rest)
    assert min(found.size) >= 0


def test_a_png_that_declares_more_than_it_holds_takes_no_memory(tmp_path: Path) -> None:
    whole = cv2.imencode(".png", np.full((8, 8, 3), 90, np.uint8))[1]
    at = whole.tobytes().index(b"IDAT") - 4
    bomb = whole.copy()
    bomb[at : at + 4] = (0x7F, 0xFF, 0xFF, 0xFF)
    assert is_whole(whole)
    for broken in (bomb, whole[:-1]):
        assert not is_whole(broken)
        (tmp_path / "a.png").write_bytes(broken.tobytes())
        assert read_picture(tmp_path / "a.png") is None
