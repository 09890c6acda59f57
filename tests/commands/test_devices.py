"""Cameras are listed from V4L2's answers; the ioctl is played by a fake."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from monitor.commands import devices


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
    if request == devices.QUERYCAP:
        caps = 0x04200001 if name != "video1" else 0x04A00000  # video1 is the webcam's metadata node
        buffer[:] = devices.CAPABILITY.pack(
            b"uvcvideo", name.encode() + b" cam", b"usb", 1, 0x84A00001 | devices.DEVICE_CAPS, caps, 0, 0, 0
        )
        return 0
    if request == devices.ENUM_FMT:
        index = devices.FMTDESC.unpack(buffer)[0]
        if index > 1:
            raise OSError(22, "EINVAL")
        code = struct.unpack("<I", (b"MJPG", b"YUYV")[index])[0]
        buffer[:] = devices.FMTDESC.pack(index, 1, 0, b"", code, 0, 0, 0, 0)
        return 0
    index, code, *_ = devices.FRMSIZE.unpack(buffer)
    if index > 1:
        raise OSError(22, "EINVAL")
    buffer[:] = devices.FRMSIZE.pack(index, code, devices.DISCRETE, *((640, 480), (1280, 720))[index], 0, 0, 0, 0, 0, 0)
    return 0


def test_cameras_in_order_with_formats_and_stable_paths(dev: Path) -> None:
    cameras = devices.find_cameras(dev, ioctl)
    assert [Path(c.path).name for c in cameras] == ["video0", "video10"]
    assert cameras[0].stable.endswith("usb-Webcam-index0")
    assert cameras[1].stable == ""
    assert cameras[0].formats == {"MJPG": ["640x480", "1280x720"], "YUYV": ["640x480", "1280x720"]}


def test_a_raspberry_pis_internal_nodes_are_no_cameras(dev: Path) -> None:
    def isp(fd: int, request: int, buffer: bytearray) -> int:
        code = ioctl(fd, request, buffer)
        if request == devices.QUERYCAP:
            buffer[:16] = b"bcm2835-isp".ljust(16, b"\0")
        return code

    assert devices.find_cameras(dev, isp) == []


def test_a_node_that_is_no_camera_is_left_out(dev: Path) -> None:
    def refuses(fd: int, request: int, buffer: bytearray) -> int:
        raise OSError(25, "ENOTTY")

    assert devices.find_cameras(dev, refuses) == []


def test_the_structures_have_the_sizes_of_the_kernels() -> None:
    assert (devices.CAPABILITY.size, devices.FMTDESC.size, devices.FRMSIZE.size) == (104, 64, 44)


def test_the_command_prints_a_table_or_what_to_do(
    dev: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(devices, "find_cameras", list)
    assert devices.command(False) == 3
    assert "no camera found" in capsys.readouterr().out
    cameras = [devices.Camera("/dev/video0", "", "cam", {"MJPG": ["640x480"]})]
    monkeypatch.setattr(devices, "find_cameras", lambda: cameras)
    assert devices.command(True) == 0
    assert "640x480" in capsys.readouterr().out


def test_a_camera_keeps_its_stable_path_when_it_comes_back_under_another_number(dev: Path) -> None:
    by_id = dev / "v4l/by-id/usb-Webcam-index0"
    assert devices.stable_path("0", dev) == str(by_id)
    assert devices.stable_path(str(dev / "video0"), dev) == str(by_id)
    assert devices.stable_path("10", dev) == "10"  # it has none
    assert devices.stable_path(str(by_id), dev) == str(by_id)
    assert devices.stable_path("rtsp://host/video0", dev) == "rtsp://host/video0"
    by_id.unlink()
    by_id.symlink_to(dev / "video10")  # unplugged and back
    assert by_id.resolve() == (dev / "video10").resolve()
