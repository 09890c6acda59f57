"""Files as they come: turned, of variable rate, huge, damaged, empty."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.capture.photos import ImageSource
from monitor.capture.video import VideoSource
from monitor.cli import main as cli
from monitor.core.errors import SourceError
from monitor.outputs.logs.reader import read_rows
from tests.faults import media


def times(path: Path) -> list[float]:
    source, got = VideoSource(path), []
    while (frame := source.read()) is not None:
        got.append(frame.t)
    source.close()
    return got


def test_a_film_turned_by_its_metadata_is_read_upright(tmp_path: Path) -> None:
    path = media.film(tmp_path / "a.mp4")
    assert VideoSource(path).facts()["width"] == 64
    media.rotated(path)
    source = VideoSource(path)
    frame = source.read()
    assert frame is not None
    assert frame.size == (48, 64)
    assert source.facts()["width"] == 48
    assert frame.image[:20].mean() > frame.image[-20:].mean() + 80  # what was left is now above


def test_a_variable_rate_keeps_true_seconds(tmp_path: Path) -> None:
    path = media.film(tmp_path / "a.mp4", frames=21)
    media.variable(path, (1, 3))
    assert np.diff(times(path)) == pytest.approx([0.05, 0.15] * 10, abs=0.002)


@pytest.mark.parametrize("size", [(641, 481), (33, 25), (1, 1), (2, 300), (3000, 20)])
def test_odd_sizes_run_and_record(tmp_path: Path, size: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    for n in range(3):
        cv2.imwrite(str(tmp_path / f"{n}.png"), picture)
    out = tmp_path / "s"
    argv = ["--source", str(tmp_path), "--headless", "-q", "--out", str(out)]
    assert cli.main([*argv, *(["--record"] if min(size) > 1 else [])]) == 0
    assert len(list(read_rows(out))) == 3


def test_eight_thousand_pixels_are_only_slow(tmp_path: Path) -> None:
    big = np.zeros((4320, 7680, 3), np.uint8)
    big[1000:3400, 2000:4400] = 120
    cv2.imwrite(str(tmp_path / "big.jpg"), big)
    assert cli.main(["--source", str(tmp_path / "big.jpg"), "--headless", "-q", "--out", str(tmp_path / "s")]) == 0
    assert len(list(read_rows(tmp_path / "s"))) == 1


def test_a_film_without_a_frame_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        VideoSource(media.film(tmp_path / "a.mp4", frames=0))


@pytest.mark.parametrize("suffix", [".avi", ".mkv"])
def test_a_film_damaged_in_the_middle_gives_its_readable_frames(tmp_path: Path, suffix: str) -> None:
    path = media.faces(tmp_path / f"a{suffix}")
    data, dice = bytearray(path.read_bytes()), random.Random(5)
    for _ in range(200):
        data[dice.randrange(len(data) // 3, 2 * len(data) // 3)] ^= 1 << dice.randrange(8)
    path.write_bytes(data)
    code = cli.main(["--source", str(path), "--headless", "-q", "--out", str(tmp_path / "s")])
    assert code == 0
    assert len({row["frame"] for row in read_rows(tmp_path / "s")}) >= 10


@given(st.binary(max_size=2000), st.sampled_from([".mp4", ".avi", ".mkv", ".gif"]))
@settings(max_examples=40)
def test_no_bytes_behind_a_head_make_it_crash(
    tmp_path_factory: pytest.TempPathFactory, tail: bytes, suffix: str
) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    path = folder / f"a{suffix}"
    whole = (media.film(path, frames=2, codec="MJPG") if suffix != ".gif" else gif(path)).read_bytes()
    path.write_bytes(whole[: len(whole) // 2] + tail)
    with contextlib.suppress(SourceError):
        source = VideoSource(path)
        while source.read() is not None:
            pass
        source.close()


def gif(path: Path) -> Path:
    path.write_bytes(
        b"GIF89a\x02\x00\x02\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x02\x00\x02\x00\x00\x02\x03D\x02\x05\x00;"
    )
    return path


@given(st.binary(max_size=300), st.sampled_from([".png", ".jpg", ".bmp", ".webp", ".tif"]))
def test_no_bytes_make_the_picture_reader_crash(
    tmp_path_factory: pytest.TempPathFactory, tail: bytes, suffix: str
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / f"a{suffix}"
    head = cv2.imencode(suffix, np.full((9, 7, 3), 99, np.uint8))[1].tobytes()
    path.write_bytes(head[: len(head) // 2] + tail)
    with contextlib.suppress(SourceError):
        frame = ImageSource(path, 1.0).read()
        assert frame is None or frame.image.ndim == 3
