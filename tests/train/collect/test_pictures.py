"""A stored picture is judged by its bytes: whole, of acceptable size, and with nothing else in the file."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.capture.picture import read_picture
from tests.train.collect.site import jpeg, png_header
from train.collect import pictures
from train.collect.errors import Refused
from train.collect.pictures import Limits

LIMITS = Limits(1_000_000, 4.0)


def stored(data: bytes, tmp_path: Path) -> pictures.Stored:
    (tmp_path / "received.part").write_bytes(data)
    return pictures.store(tmp_path / "received.part", tmp_path / "set", "happy", LIMITS)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"<!doctype html><html>404", "is a web page"),
        (b"", "is empty"),
        (b"<svg/>", "is no known picture format"),
        (b"GIF89a" + bytes(20), "is of the format gif"),
        (b"\x1a\x45\xdf\xa3" + bytes(50), "is a video"),
        (png_header(60_000, 60_000), "has 3,600 megapixels, at most 4"),
        (png_header(0, 60_000), "does not state its size"),
        (png_header(200, 200), "cannot be decoded"),
        (jpeg(1)[:-1500], "is cut off"),
        (jpeg(1, 40), "40×40 pixels"),
        (b"\xff\xd8\xff" + bytes(5000), "does not state its size"),
    ],
)
def test_what_is_refused(data: bytes, told: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=told):
        stored(data, tmp_path)
    assert not list((tmp_path / "set").rglob("*.jpg")) if (tmp_path / "set").exists() else True


def test_position_and_camera_are_gone_and_the_picture_is_upright(tmp_path: Path) -> None:
    from PIL import Image

    image = Image.open(io.BytesIO(jpeg(3))).crop((0, 0, 80, 96))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (48.0, 8.0, 15.0)
    out = io.BytesIO()
    image.save(out, "jpeg", exif=exif)
    assert b"SecretCamera" in out.getvalue()
    found = stored(out.getvalue(), tmp_path)
    content = (tmp_path / "set" / found.path).read_bytes()
    assert b"SecretCamera" not in content
    assert b"Exif" not in content
    assert (found.width, found.height) == (96, 80)


def test_large_pictures_are_scaled_down_and_the_same_bytes_get_the_same_name(tmp_path: Path) -> None:
    data = cv2.imencode(".png", np.tile(np.arange(250, dtype=np.uint8), (1000, 16))[:, :4000])[1].tobytes()
    found = stored(data, tmp_path)
    assert (found.width, found.height) == (2048, 512)
    again = read_picture(tmp_path / "set" / found.path)
    assert again is not None
    assert again.shape == (512, 2048, 3)
    assert stored(data, tmp_path) == found


def test_the_same_picture_may_be_stored_by_many_threads_at_once(tmp_path: Path) -> None:
    data = jpeg(9)

    def store(number: int) -> pictures.Stored:
        (tmp_path / f"{number}.part").write_bytes(data)
        return pictures.store(tmp_path / f"{number}.part", tmp_path / "set", "happy", LIMITS)

    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(store, range(60)))
    assert len(found) == 1
    assert [path.name for path in (tmp_path / "set/happy").iterdir()] == [Path(found.pop().path).name]
