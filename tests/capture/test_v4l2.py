"""Cameras are listed from V4L2's answers; the ioctl is played by a fake."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from monitor.capture import v4l2


@pytest.fixture
def dev(tmp_path: Path) -> Path:
    for name in ("video0", "video1", "video10", "videox"):
        (tmp_path / name).touch()
    by_id = tmp_path / "v4l/by-id"
    by_id.mkdir(parents=True)
    (by_id / "usb-Webcam-index0").symlink_to(tmp_path / "video0")
    return tmp_path


def ioctl(fd: int, request: int, buffer: bytearray) -> int:
    name = Path(f"/proc/self/fd/{fd}").resolve().name
    if request == v4l2.QUERYCAP:
        caps = 0x04200001 if name != "video1" else 0x04A00000  # video1 is the webcam's metadata node
        buffer[:] = v4l2.CAPABILITY.pack(
            b"uvcvideo", name.encode() + b" cam", b"usb", 1, 0x84A00001 | v4l2.DEVICE_CAPS, caps, 0, 0, 0
        )
        return 0
    if request == v4l2.ENUM_FMT:
        index = v4l2.FMTDESC.unpack(buffer)[0]
        if index > 1:
            raise OSError(22, "EINVAL")
        code = struct.unpack("<I", (b"MJPG", b"YUYV")[index])[0]
        buffer[:] = v4l2.FMTDESC.pack(index, 1, 0, b"", code, 0, 0, 0, 0)
        return 0
    index, code, *_ = v4l2.FRMSIZE.unpack(buffer)
    if index > 1:
        raise OSError(22, "EINVAL")
    buffer[:] = v4l2.FRMSIZE.pack(index, code, v4l2.DISCRETE, *((640, 480), (1280, 720))[index], 0, 0, 0, 0, 0, 0)
    return 0


def test_cameras_in_order_with_formats_and_stable_paths(dev: Path) -> None:
    cameras = v4l2.find_cameras(dev, ioctl)
    assert [Path(c.path).name for c in cameras] == ["video0", "video10"]
    assert cameras[0].stable.endswith("usb-Webcam-index0")
    assert cameras[1].stable == ""
    assert cameras[0].formats == {"MJPG": ["640x480", "1280x720"], "YUYV": ["640x480", "1280x720"]}


def test_a_raspberry_pis_internal_nodes_are_no_cameras(dev: Path) -> None:
    def isp(fd: int, request: int, buffer: bytearray) -> int:
        code = ioctl(fd, request, buffer)
        if request == v4l2.QUERYCAP:
            buffer[:16] = b"bcm2835-isp".ljust(16, b"\0")
        return code

    assert v4l2.find_cameras(dev, isp) == []


def test_a_node_that_is_no_camera_is_left_out(dev: Path) -> None:
    def refuses(fd: int, request: int, buffer: bytearray) -> int:
        raise OSError(25, "ENOTTY")

    assert v4l2.find_cameras(dev, refuses) == []


def test_the_structures_have_the_sizes_of_the_kernels() -> None:
    assert (v4l2.CAPABILITY.size, v4l2.FMTDESC.size, v4l2.FRMSIZE.size) == (104, 64, 44)


def test_a_camera_keeps_its_stable_path_when_it_comes_back_under_another_number(dev: Path) -> None:
    by_id = dev / "v4l/by-id/usb-Webcam-index0"
    assert v4l2.stable_path("0", dev) == str(by_id)
    assert v4l2.stable_path(str(dev / "video0"), dev) == str(by_id)
    assert v4l2.stable_path("10", dev) == "10"  # it has none
    assert v4l2.stable_path(str(by_id), dev) == str(by_id)
    assert v4l2.stable_path("rtsp://host/video0", dev) == "rtsp://host/video0"
    by_id.unlink()
    by_id.symlink_to(dev / "video10")  # unplugged and back
    assert by_id.resolve() == (dev / "video10").resolve()
