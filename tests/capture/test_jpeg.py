"""Cameras that send JPEG pictures: gray for the analysis, colors for those who look, nothing of damaged pictures."""

from __future__ import annotations

import http.server
import itertools
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.capture import demo
from monitor.capture.camera import CameraSource
from monitor.capture.geometry import Geometry
from monitor.capture.jpeg import Jpeg
from monitor.capture.kinds import open_source
from monitor.capture.stream import StreamSource
from monitor.core.types import Frame, Image
from monitor.outputs.drawing.annotator import Annotator
from monitor.outputs.video.blur import Blur
from monitor.outputs.video.waiting import wait
from monitor.run.mounting import Mounting
from monitor.settings.config import DisplayConfig
from monitor.settings.inputs import SourceConfig
from tests.capture import servers
from tests.fakes import result

MJPG = float(cv2.VideoWriter.fourcc(*"MJPG"))
YUYV = float(cv2.VideoWriter.fourcc(*"YUYV"))


def encoded(t: float = 4.0, width: int = 640) -> bytes:
    image = cv2.resize(demo.render(t), (width, width * 3 // 4))
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


def array(data: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(data, np.uint8).reshape(1, -1)


class Device:
    """A V4L2 capture of OpenCV that sends JPEG pictures."""

    def __init__(self, sent: Sequence[bytes], fourcc: float = MJPG, *, obeys: bool = True) -> None:
        self.sent = itertools.cycle(sent)
        self.fourcc, self.obeys, self.converts = fourcc, obeys, True

    def isOpened(self) -> bool:
        return True

    def set(self, what: int, value: float) -> bool:
        if what == cv2.CAP_PROP_CONVERT_RGB and self.obeys:
            self.converts = bool(value)
        return self.obeys

    def get(self, what: int) -> float:
        return {cv2.CAP_PROP_FOURCC: self.fourcc, cv2.CAP_PROP_FPS: 30.0}.get(what, 0.0)

    def grab(self) -> bool:
        return True

    def retrieve(self) -> tuple[bool, Any]:
        data = array(next(self.sent))
        return (True, cv2.imdecode(data, cv2.IMREAD_COLOR)) if self.converts else (True, data)

    def read(self) -> tuple[bool, Any]:
        return self.retrieve()

    def getBackendName(self) -> str:
        return "V4L2"

    def release(self) -> None: ...


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Device], str]:
    """Plugs a device in; gives its path."""

    def plug(device: Device) -> str:
        monkeypatch.setattr(cv2, "VideoCapture", lambda *args: device)
        path = tmp_path / "video0"
        path.touch()
        os.chmod(path, 0o600)
        return str(path)

    return plug


def test_a_webcams_pictures_are_gray_until_somebody_asks_for_their_colors(plugged: Callable[[Device], str]) -> None:
    source = CameraSource(plugged(Device([encoded()])), SourceConfig(), gray=True)
    frame = source.read()
    assert frame is not None
    assert (frame.image.shape, frame.image.flags.writeable) == ((480, 640), False)
    assert np.array_equal(frame.image, np.asarray(cv2.imdecode(array(encoded()), cv2.IMREAD_GRAYSCALE)))
    colors = frame.color()
    assert np.array_equal(colors, np.asarray(cv2.imdecode(array(encoded()), cv2.IMREAD_COLOR)))
    assert colors is frame.color()  # decoded once
    assert not colors.flags.writeable
    assert source.facts()["decoded"] == "gray"


def test_the_python_api_and_other_pixel_formats_keep_their_colors(plugged: Callable[[Device], str]) -> None:
    for source in (
        CameraSource(plugged(Device([encoded()])), SourceConfig()),
        CameraSource(plugged(Device([encoded()], YUYV)), SourceConfig(), gray=True),
        CameraSource(plugged(Device([encoded()], obeys=False)), SourceConfig(), gray=True),
    ):
        frame = source.read()
        assert frame is not None
        assert frame.image.shape == (480, 640, 3)
        assert frame.color() is frame.image
        assert source.facts()["decoded"] == "color"


def test_a_camera_whose_pictures_never_end_properly_is_left_to_opencv(plugged: Callable[[Device], str]) -> None:
    device = Device([encoded()[:-2] + b"\0" * 5000])
    source = CameraSource(plugged(device), SourceConfig(), gray=True)
    assert device.converts
    assert source.facts()["decoded"] == "color"


def test_rotated_and_mirrored_pictures_have_the_same_geometry_in_gray_and_in_color(
    plugged: Callable[[Device], str],
) -> None:
    config = SourceConfig(rotate="90", flip="horizontal")
    frame = CameraSource(plugged(Device([encoded()])), config, gray=True).read()
    assert frame is not None
    assert frame.image.shape == (640, 480)
    assert level_gap(frame) < 2
    mounting = Mounting(lambda image: {})
    mounting.degrees = 270
    upright = mounting.upright(frame)
    assert upright.image.shape == (480, 640)
    assert upright.color().shape == (480, 640, 3)
    assert level_gap(upright) < 2


def level_gap(frame: Frame) -> float:
    gray = cv2.cvtColor(frame.color(), cv2.COLOR_BGR2GRAY).astype(int)
    return float(np.abs(gray - frame.image).mean())


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xd8", b"\0" * 1000, encoded()[:9000], encoded()[:9000] + b"\0" * 9000, encoded()[:300] + b"\xff\xd9"],
    ids=["empty", "only its start", "zeros", "cut off", "cut off and padded", "no pixels"],
)
def test_a_damaged_picture_is_no_frame(plugged: Callable[[Device], str], data: bytes) -> None:
    device = Device([encoded()])
    source = CameraSource(plugged(device), SourceConfig(), gray=True)
    device.sent = itertools.cycle([data, encoded()])
    assert source.read() is None
    frame = source.read()
    assert frame is not None
    assert frame.index == 0
    with pytest.raises(ValueError, match="damaged"):
        Jpeg(array(data), Geometry()).color()


def test_padding_after_a_picture_does_no_harm() -> None:
    assert Jpeg(array(encoded() + b"\0" * 1000), Geometry()).gray is not None


def test_pictures_with_random_damage_never_crash() -> None:
    rng, whole = np.random.default_rng(1), encoded(width=160)
    for _ in range(200):
        data = array(whole).copy()
        at = rng.integers(0, data.size, 5)
        data[0, at] = rng.integers(0, 256, 5)
        jpeg = Jpeg(data, Geometry())
        if jpeg.gray is not None:
            assert jpeg.color().shape[:2] == jpeg.gray.shape


def test_outputs_draw_and_keep_the_colors_of_a_gray_frame() -> None:
    jpeg = Jpeg(array(encoded()), Geometry())
    assert jpeg.gray is not None
    made = result(1.0)
    made = replace(made, frame=replace(made.frame, image=jpeg.gray, decode=jpeg.color))
    colors = jpeg.color()
    assert np.array_equal(Annotator(DisplayConfig()).annotate(made, "off"), colors)
    blur = Blur(whole=False)
    blur.push(made)
    later = replace(made, frame=replace(made.frame, t=3.0))
    assert all(due.frame.image.ndim == 3 for due in [*blur.push(later), *blur.finish()])
    bare = replace(made, frame=replace(made.frame, decode=None))
    assert np.array_equal(bare.frame.color()[:, :, 2], jpeg.gray)


def test_a_large_gray_picture_is_packed_in_color_while_it_waits() -> None:
    big = Jpeg(array(encoded(width=1280)), Geometry())
    assert big.gray is not None
    wide: Image = cv2.resize(big.gray, (1600, 900)).astype(np.uint8)
    colors: Image = cv2.resize(big.color(), (1600, 900)).astype(np.uint8)
    made = result(1.0)
    waiting = wait(replace(made, frame=replace(made.frame, image=wide, decode=lambda: colors)))
    assert waiting.packed is not None
    assert waiting.result.frame.decode is None
    assert waiting.clear().frame.image.shape == (900, 1600, 3)


def streaming(sent: Sequence[bytes]) -> Callable[[http.server.BaseHTTPRequestHandler], None]:
    """A network camera that sends these pictures again and again, as fast as they are read."""

    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        request.end_headers()
        for data in itertools.cycle(sent):
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
            request.wfile.write(head.encode() + data + b"\r\n")

    return answer


def test_a_network_cameras_pictures_are_gray_until_somebody_asks_for_their_colors() -> None:
    with servers.web(streaming([encoded(3.0 + n / 5) for n in range(5)])) as host:
        url = f"http://{host}/video.mjpg"
        source = open_source(url, SourceConfig(open_timeout_s=5), gray=True)
        frames = [frame for _ in range(5) if (frame := source.read()) is not None]
        assert source.facts()["decoded"] == "gray"
        source.close()
        plain = StreamSource(url, SourceConfig(open_timeout_s=5))
        colored = plain.read()
        plain.close()
    assert [frame.image.shape for frame in frames] == [(480, 640)] * 5
    assert all(level_gap(frame) < 2 for frame in frames)
    assert colored is not None
    assert colored.image.shape == (480, 640, 3)


def test_damaged_pictures_of_a_network_camera_are_left_out() -> None:
    whole = encoded()
    with servers.web(streaming([whole, whole, whole, whole[:9000]])) as host:
        source = StreamSource(f"http://{host}/video.mjpg", SourceConfig(open_timeout_s=5), gray=True)
        read = [source.read() for _ in range(12)]
        source.close()
    assert [frame is None for frame in read].count(True) == 3
    assert [frame.index for frame in read if frame is not None] == list(range(9))
