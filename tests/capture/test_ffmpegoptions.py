"""FFmpeg's options of several captures in one process."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import cv2
import pytest

from monitor.capture.ffmpegoptions import VARIABLE, SharedOptions, ffmpeg_options
from tests.capture import servers
from tests.fakes import Clock


@pytest.fixture(autouse=True)
def _unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


def test_the_options_hold_only_while_a_capture_is_opened() -> None:
    with ffmpeg_options("rtsp_transport;udp"):
        assert os.environ[VARIABLE] == "rtsp_transport;udp"
    assert VARIABLE not in os.environ


def test_a_value_of_the_user_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "mine;1")
    with ffmpeg_options("rtsp_transport;udp"):
        assert os.environ[VARIABLE] == "mine;1"
    assert os.environ[VARIABLE] == "mine;1"


def test_equal_options_do_not_wait_for_each_other() -> None:
    options = SharedOptions(Clock())
    with options.held("a;1"):
        with options.held("a;1"):
            pass
        assert os.environ[VARIABLE] == "a;1", "the first is still opening"
    assert VARIABLE not in os.environ


def test_other_options_wait_until_the_first_capture_is_open_and_never_use_its_options() -> None:
    options, held, seen = SharedOptions(Clock()), threading.Event(), []

    def second() -> None:
        held.set()
        with options.held("b;2"):
            seen.append(os.environ[VARIABLE])

    with ThreadPoolExecutor(1) as pool:
        with options.held("a;1"):
            waiting = pool.submit(second)
            held.wait()
            assert os.environ[VARIABLE] == "a;1"
        waiting.result()
    assert seen == ["b;2"]
    assert VARIABLE not in os.environ


def test_a_camera_that_does_not_answer_delays_others_for_a_second_only() -> None:
    clock = Clock()
    options = SharedOptions(clock)
    with options.held("a;1"):
        clock.advance(1.1)
        with options.held("b;2"):
            assert os.environ[VARIABLE] == "b;2"
    assert VARIABLE not in os.environ


def test_two_rtsp_cameras_are_asked_for_their_own_transports() -> None:
    """The first camera does not answer until the second was asked, so that both are opened at the same time."""
    second_asked = threading.Event()
    with (
        servers.rtsp(lambda: second_asked.wait(20)) as (first, first_transports),
        servers.rtsp(lambda: True) as (second, second_transports),
        ThreadPoolExecutor(2) as pool,
    ):
        one = pool.submit(_opened, f"rtsp://127.0.0.1:{first}/live", "tcp")
        two = pool.submit(_opened, f"rtsp://127.0.0.1:{second}/live", "udp")
        two.result()
        second_asked.set()
        one.result()
    assert first_transports[0].startswith("RTP/AVP/TCP")
    assert second_transports[0].startswith("RTP/AVP/UDP")


def _opened(url: str, transport: str) -> None:
    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 30_000, cv2.CAP_PROP_READ_TIMEOUT_MSEC, 30_000]
    with ffmpeg_options(f"rtsp_transport;{transport}"):
        cv2.VideoCapture(url, cv2.CAP_FFMPEG, limits).release()
