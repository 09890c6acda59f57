"""Files: every frame, in order, on the clip's own clock."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.capture.feed import FileFeed
from monitor.capture.kinds import kind_of
from monitor.capture.photos import ImageSource
from monitor.capture.video import VideoSource
from monitor.core.errors import SourceError
from tests.fakes import Clock, ScriptedSource, frame


def times(source: VideoSource | ImageSource, most: int = 1000) -> list[float]:
    got: list[float] = []
    while len(got) < most and (frame := source.read()) is not None:
        assert frame.index == len(got)
        assert not frame.image.flags.writeable
        got.append(frame.t)
    source.close()
    return got


def test_every_frame_on_the_clips_clock(demo_clip: Path) -> None:
    source = VideoSource(demo_clip)
    assert source.frames == 100
    assert source.fps == pytest.approx(25)
    assert times(source) == pytest.approx([n / 25 for n in range(100)], abs=0.002)


def test_in_a_loop_the_time_continues(demo_clip: Path) -> None:
    got = times(VideoSource(demo_clip, loop=True), most=250)
    assert np.allclose(np.diff(got), 1 / 25, atol=0.002)


def test_a_truncated_video_gives_what_it_has(demo_clip: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.avi"
    short.write_bytes(demo_clip.read_bytes()[: demo_clip.stat().st_size // 2])
    assert 20 < len(times(VideoSource(short))) < 80


@pytest.mark.parametrize("content", [b"", b"\0" * 4096, b"RIFF1234AVI LIST"])
def test_what_is_no_video_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    bad = tmp_path / "bad.avi"
    bad.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        VideoSource(bad)
    assert len(caught.value.lines) == 1


def test_what_may_not_be_read_is_not_called_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    for name in ("a.mp4", "b.png"):
        (tmp_path / name).write_bytes(b"x")
    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(SourceError, match=r"a\.mp4: cannot be opened as a video; permission denied"):
        VideoSource(tmp_path / "a.mp4")
    with pytest.raises(SourceError, match=r"b\.png: cannot be read as a picture; permission denied"):
        ImageSource(tmp_path / "b.png", fps=5.0)
    monkeypatch.setattr(Path, "iterdir", refused)
    with pytest.raises(SourceError, match="cannot be read: Permission denied"):
        ImageSource(tmp_path, fps=5.0)
    monkeypatch.setattr(Path, "is_dir", lambda path: False)
    monkeypatch.setattr(Path, "is_file", lambda path: False)
    monkeypatch.setattr(Path, "stat", refused)
    with pytest.raises(SourceError, match=r"--source '/locked/a\.mp4': cannot be read: Permission denied"):
        kind_of("/locked/a.mp4")


def test_odd_sized_frames_are_read(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "odd.png"), np.zeros((243, 321, 3), np.uint8))
    frame = ImageSource(tmp_path / "odd.png", fps=5.0).read()
    assert frame is not None
    assert frame.size == (321, 243)


def test_pictures_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.png", "a.png", "c.txt"):
        cv2.imwrite(str(tmp_path / name), np.zeros((4, 4, 3), np.uint8)) if name.endswith("png") else None
    source = ImageSource(tmp_path, fps=5.0)
    assert source.frames == 2
    assert times(source) == [0.0, 0.2]


def test_numbers_in_names_are_in_the_order_of_counting(tmp_path: Path) -> None:
    for name in ("f10.png", "f2.png", "f1.png", "02.png", "2.png", "g.png"):
        cv2.imwrite(str(tmp_path / name), np.zeros((4, 4, 3), np.uint8))
    source, names = ImageSource(tmp_path, fps=5.0), []
    while (frame := source.read()) is not None:
        names.append(frame.file)
    assert names == ["02.png", "2.png", "f1.png", "f2.png", "f10.png", "g.png"]


def test_a_name_that_is_not_utf8_is_read_or_refused(tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/b\xfe"))
    ok, png = cv2.imencode(".png", np.zeros((4, 4, 3), np.uint8))
    assert ok
    odd.with_name(odd.name + ".png").write_bytes(png.tobytes())
    assert times(ImageSource(tmp_path, fps=5.0)) == [0.0]
    film = odd.with_name(odd.name + ".avi")
    film.touch()
    with pytest.raises(SourceError, match="the name is not in UTF-8"):
        VideoSource(film)


class Container:
    """A capture that states the times it is given, a picture for each; None where a picture is damaged."""

    def __init__(self, stated: Sequence[float | None]) -> None:
        self._left, self._count, self._now = list(stated), len(stated), 0.0

    def isOpened(self) -> bool:
        return True

    def grab(self) -> bool:
        now = self._left.pop(0) if self._left else None
        if now is not None:
            self._now = now
        return now is not None

    def retrieve(self) -> tuple[bool, np.ndarray]:
        return True, np.arange(48, dtype=np.uint8).reshape(4, 4, 3)

    def get(self, what: int) -> float:
        return {cv2.CAP_PROP_FPS: 10.0, cv2.CAP_PROP_FRAME_COUNT: self._count}.get(what, self._now * 1000)

    def set(self, what: int, value: float) -> bool:
        return True

    def release(self) -> None:
        """Nothing is held."""


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        ([0, 0.1, 3.1, 3.2, 9.2, 9.3], [0, 0.1, 3.1, 3.2, 9.2, 9.3]),  # pauses of a variable rate
        ([3600, 3600.1, 3600.2], [0, 0.1, 0.2]),  # a transport stream begins anywhere
        ([0, 0.1, 7200, 7200.1, 7200.2], [0, 0.1, 0.2, 0.3, 0.4]),  # a jump by hours
        ([5, 5.1, 0, 0.1, 0.2], [5, 5.1, 5.2, 5.3, 5.4]),  # its clock was set back
        ([0, 0, 0.2, 0.2, 0.4], [0, 0.1, 0.2, 0.3, 0.4]),  # every second stamp is missing
        ([0, 0, 0, 0], [0, 0.1, 0.2, 0.3]),  # none states anything
        ([0, float("nan"), 0.2], [0, 0.1, 0.2]),
    ],
)
def test_times_are_the_containers_as_long_as_they_can_be_true(
    monkeypatch: pytest.MonkeyPatch, stated: list[float], told: list[float]
) -> None:
    monkeypatch.setattr("monitor.capture.video.open_capture", lambda *_: Container(stated))
    assert times(VideoSource(Path("a.mp4"))) == pytest.approx(told, abs=1e-5)


def test_what_follows_a_damaged_part_is_read_at_its_true_time(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stated = [n / 10 if n < 30 or n >= 50 else None for n in range(60)]
    monkeypatch.setattr("monitor.capture.video.open_capture", lambda *_: Container(stated))
    assert times(VideoSource(Path("a.mp4"))) == pytest.approx([t for t in stated if t is not None], abs=1e-5)
    assert "damaged after frame 30; 20 pictures skipped" in caplog.text
    assert "truncated" not in caplog.text
    monkeypatch.setattr("monitor.capture.video.open_capture", lambda *_: Container([*stated[:30], *[None] * 30]))
    assert len(times(VideoSource(Path("a.mp4")))) == 30
    assert "ended after 30 of 60 frames" in caplog.text


def test_a_loop_over_damaged_pictures_ends(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no")
    assert ImageSource(tmp_path, fps=5.0, loop=True).read() is None


def test_paced_playing_waits_until_each_frame_is_due(demo_clip: Path) -> None:
    clock = Clock(50.0)
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        clock.advance(seconds)

    feed = FileFeed(VideoSource(demo_clip), pace=True, clock=clock, wait=wait)
    for _ in range(26):
        feed.next(1)
    assert sum(waits) == pytest.approx(1.0, abs=0.01)
    clock.advance(30)  # paused: no rush to catch up
    feed.next(1)
    before = len(waits)
    feed.next(1)
    assert len(waits) == before + 1


def test_whoever_waits_for_a_frame_that_is_due_much_later_shows_life_meanwhile() -> None:
    clock = Clock(50.0)
    frames = [frame(0.0), frame(9.0, 1), frame(9.1, 2)]
    feed = FileFeed(ScriptedSource(list(frames)), pace=True, clock=clock, wait=clock.advance)
    assert feed.next(0.2) is frames[0]
    beats = 0
    while (got := feed.next(0.2)) is None:
        beats += 1
        assert not feed.ended
    assert got is frames[1]
    assert beats == 44
    assert clock.now == pytest.approx(59.0)
    assert feed.next(0.2) is frames[2]


@pytest.mark.parametrize(
    ("kind", "lacking", "told"),
    [("avi", 0, False), ("avi", 4, False), ("avi", 9, True), ("mkv", 9, False), ("mkv", 60, True)],
)
def test_a_film_that_ends_before_its_container_says_is_reported(
    demo_clip: Path, caplog: pytest.LogCaptureFixture, kind: str, lacking: int, told: bool
) -> None:
    logging.getLogger("monitor").propagate = True
    source = VideoSource(str(demo_clip))
    source.name = f"film.{kind}"
    source.frames += lacking
    while source.read() is not None:
        pass
    said = [r.getMessage() for r in caplog.records if "may be truncated or damaged" in r.getMessage()]
    assert bool(said) == told
    assert all(("too early" in line) == (kind == "avi") for line in said)
    source.close()
