from __future__ import annotations

import logging
import shutil
import signal
from pathlib import Path

import cv2
import hypothesis
import pytest

from emotion_monitor import Monitor
from monitor.capture import demo
from monitor.core.types import Image
from monitor.networks.card import find_model
from monitor.networks.emotion import EmotionNet
from tests.crowd import HAPPY_S

# A test run in the background of a shell ignores SIGINT, one under nohup SIGHUP, and so would every process that a
# test starts; a handler of ours is not inherited.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda number, frame: None)

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=60)
hypothesis.settings.load_profile("repeatable")

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[1] / "shared"
SLOW = ("faults", "train")
"""Folders whose tests train networks, kill processes or fill disks."""
SLOW_HZ = 30.0
"""The rate at which stories of a driver are left out of the quick tests; they run at several rates."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks tests as slow by their folder; ``make quick`` leaves them out."""
    for item in items:
        room = item.path.relative_to(HERE).parts[0]
        call = getattr(item, "callspec", None)
        if room in SLOW or (room == "driver" and call is not None and SLOW_HZ in call.params.values()):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def fresh_log() -> None:
    """A command line that an earlier test ran has set the log's level and where it goes."""
    log = logging.getLogger("monitor")
    log.handlers.clear()
    log.setLevel(logging.NOTSET)
    log.propagate = True


@pytest.fixture(scope="module")
def monitor() -> Monitor:
    """The Python API with the default settings, shared by the tests of a file."""
    return Monitor()


@pytest.fixture(scope="module")
def happy() -> Image:
    """A picture of the demo with one happy face."""
    return demo.render(HAPPY_S)


@pytest.fixture
def clips() -> Path:
    """The folder of real clips; tests that need it skip where it is absent."""
    folder = SHARED / "videos"
    if not folder.is_dir():
        pytest.skip("needs ../shared/videos, which is not here")
    return folder


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A copy of the shipped expression model with its card, to spoil."""
    shipped = find_model("emotion.tflite")
    for file in (shipped, shipped.with_suffix(".json")):
        shutil.copy(file, tmp_path)
    return tmp_path / "emotion.tflite"


@pytest.fixture(scope="session")
def shipped() -> EmotionNet:
    """The shipped expression model."""
    return EmotionNet(find_model("emotion.tflite"))


@pytest.fixture(scope="session")
def demo_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seconds 2-6 of the demo as a video file: neutral, then happy."""
    path = tmp_path_factory.mktemp("clip") / "demo.avi"
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (640, 480))
    for index in range(100):
        writer.write(demo.render(2 + index / 25))
    writer.release()
    return path
