"""Lists cameras with their formats and stable paths through V4L2."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# Request numbers and structures of the V4L2 API (linux/videodev2.h).
QUERYCAP, ENUM_FMT, ENUM_FRAMESIZES = 0x80685600, 0xC0405602, 0xC02C564A
VIDEO_CAPTURE, DEVICE_CAPS = 0x00000001, 0x80000000
CAPABILITY = struct.Struct("=16s32s32sIII3I")
FMTDESC = struct.Struct("=III32sI4I")
FRMSIZE = struct.Struct("=III6I2I")
DISCRETE = 1
NOT_CAMERAS = (b"bcm2835-isp", b"bcm2835-codec", b"unicam", b"rp1-cfe", b"pispbe", b"rpivid", b"rpi-hevc-dec")
"""Drivers of a Raspberry Pi's video nodes that deliver no pictures (its camera is --source picamera)."""

Ioctl = Callable[[int, int, bytearray], int]


@dataclass(frozen=True, slots=True)
class Camera:
    """A capture device.

    Attributes:
        path: /dev/videoN.
        stable: Its path under /dev/v4l/by-id, which survives replugging; "" if there is none.
        name: The driver's name for it.
        formats: Pixel format to sizes "WxH".
        note: The reason why it could not be read, else "".
    """

    path: str
    stable: str
    name: str
    formats: dict[str, list[str]]
    note: str = ""


def find_cameras(dev: Path = Path("/dev"), ioctl: Ioctl | None = None) -> list[Camera]:
    """All cameras, by number, without the metadata and output nodes of the same devices."""
    nodes = sorted((p for p in dev.glob("video*") if p.name[5:].isdigit()), key=lambda p: int(p.name[5:]))
    stable: dict[str, str] = {}
    for folder in ("v4l/by-path", "v4l/by-id"):
        if (dev / folder).is_dir():
            stable |= {str(link.resolve()): str(link) for link in sorted((dev / folder).iterdir())}
    found = [_probe(node, stable.get(str(node.resolve()), ""), ioctl or fcntl.ioctl) for node in nodes]
    return [camera for camera in found if camera is not None]


def stable_path(name: str, dev: Path = Path("/dev")) -> str:
    """The path of a camera that stays the same after replugging, if there is one; else ``name`` itself.

    Args:
        name: The source the user named: a number, /dev/videoN or anything else.
        dev: Folder of the device files.
    """
    node = dev / f"video{name}" if name.isdigit() else Path(name)
    if not node.name.startswith("video") or node.parent != dev:
        return name
    for folder in ("v4l/by-id", "v4l/by-path"):
        if (dev / folder).is_dir():
            for link in sorted((dev / folder).iterdir()):
                if link.resolve() == node.resolve():
                    return str(link)
    return name


def _probe(node: Path, stable: str, ioctl: Ioctl) -> Camera | None:
    try:
        fd = os.open(node, os.O_RDWR | os.O_NONBLOCK)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM):
            return Camera(str(node), stable, "?", {}, "no permission: sudo usermod -aG video $USER, log in again")
        return None
    try:
        buffer = bytearray(CAPABILITY.size)
        ioctl(fd, QUERYCAP, buffer)
        driver, card, _, _, caps, device_caps, *_ = CAPABILITY.unpack(buffer)
        effective = device_caps if caps & DEVICE_CAPS else caps
        # A Raspberry Pi's decoders, ISPs and raw CSI receivers also claim to be capture devices.
        if not effective & VIDEO_CAPTURE or driver.split(b"\0")[0].startswith(NOT_CAMERAS):
            return None
        return Camera(str(node), stable, card.split(b"\0")[0].decode("utf-8", "replace"), _formats(fd, ioctl))
    except OSError:
        return None
    finally:
        os.close(fd)


def _formats(fd: int, ioctl: Ioctl) -> dict[str, list[str]]:
    formats: dict[str, list[str]] = {}
    for index in range(64):
        buffer = bytearray(FMTDESC.pack(index, 1, 0, b"", 0, 0, 0, 0, 0))
        try:
            ioctl(fd, ENUM_FMT, buffer)
        except OSError:
            break
        pixel_format = FMTDESC.unpack(buffer)[4]
        code = struct.pack("<I", pixel_format).decode("latin-1").strip()
        formats[code] = _sizes(fd, ioctl, pixel_format)
    return formats


def _sizes(fd: int, ioctl: Ioctl, pixel_format: int) -> list[str]:
    sizes: list[str] = []
    for index in range(256):
        buffer = bytearray(FRMSIZE.pack(index, pixel_format, *[0] * 9))
        try:
            ioctl(fd, ENUM_FRAMESIZES, buffer)
        except OSError:
            break
        _, _, kind, a, b, c, d, *_ = FRMSIZE.unpack(buffer)
        if kind != DISCRETE:
            return [f"{a}x{c}", f"… {b}x{d}"]
        sizes.append(f"{a}x{b}")
    return sizes
