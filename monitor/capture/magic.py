"""Recognizes file contents by their first bytes: kind, size of a picture, and whether it is animated.

Nothing is decoded. A picture whose size is not recognized has the size (0, 0).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

HEAD_BYTES = 256 * 1024
"""Bytes of a file that are examined; JPEG size markers follow previews of up to 64 kB each."""

PICTURES = ("jpeg", "png", "gif", "webp", "bmp", "tiff", "avif", "heic", "jp2", "netpbm")


class Content(NamedTuple):
    """The content of a file.

    Attributes:
        kind: A name of ``PICTURES``, "html", "video", "" when empty, "unknown" otherwise.
        size: Width and height of a picture in pixels, (0, 0) when unknown.
        animated: Whether a picture has several frames.
    """

    kind: str
    size: tuple[int, int] = (0, 0)
    animated: bool = False

    @property
    def megapixels(self) -> float:
        """Size in millions of pixels."""
        return self.size[0] * self.size[1] / 1e6


def content_of(path: Path) -> Content:
    """The content of a file.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        return recognized(file.read(HEAD_BYTES))


def recognized(head: bytes) -> Content:
    """The content of a file that begins with ``head``."""
    if not head:
        return Content("")
    for begins, reader in READERS:
        if re.match(begins, head, re.DOTALL):
            try:
                return reader(head)
            except (struct.error, IndexError, ValueError):
                return Content("unknown")
    return Content("unknown")


def _jpeg(head: bytes) -> Content:
    at = 2
    while at + 9 < len(head):
        if head[at] != 0xFF:
            break
        marker = head[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # start of frame
            height, width = struct.unpack(">HH", head[at + 5 : at + 9])
            return Content("jpeg", (width, height))
        bare = marker in (0x01, 0xFF) or 0xD0 <= marker <= 0xD7  # markers without a length
        at += (1 if marker == 0xFF else 2) if bare else 2 + struct.unpack(">H", head[at + 2 : at + 4])[0]
    return Content("jpeg")


def _png(head: bytes) -> Content:
    width, height = struct.unpack(">II", head[16:24])
    data = head.find(b"IDAT")
    return Content("png", (width, height), b"acTL" in head[: data if data > 0 else None])


def _gif(head: bytes) -> Content:
    width, height = struct.unpack("<HH", head[6:10])
    # A graphic control extension with a delay precedes each frame of an animation.
    frames = len(re.findall(rb"\x21\xf9\x04.{4}\x00[\x2c\x21]", head, re.DOTALL))
    whole = len(head) < HEAD_BYTES
    return Content("gif", (width, height), frames > 1 or (not whole and b"NETSCAPE2.0" in head))


def _webp(head: bytes) -> Content:
    chunk = head[12:16]
    if chunk == b"VP8X":
        width, height = (1 + int.from_bytes(head[at : at + 3], "little") for at in (24, 27))
        return Content("webp", (width, height), bool(head[20] & 0x02))
    if chunk == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return Content("webp", (1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)))
    width, height = struct.unpack("<HH", head[26:30])
    return Content("webp", (width & 0x3FFF, height & 0x3FFF))


def _bmp(head: bytes) -> Content:
    width, height = struct.unpack("<ii", head[18:26])
    return Content("bmp", (abs(width), abs(height)))


def _tiff(head: bytes) -> Content:
    order = "<" if head[:2] == b"II" else ">"
    (at,) = struct.unpack(order + "I", head[4:8])
    if at + 2 > len(head):
        return Content("tiff")
    (count,) = struct.unpack(order + "H", head[at : at + 2])
    size = {}
    for n in range(min(count, 200)):
        tag, kind, _, value = struct.unpack(order + "HHI4s", head[at + 2 + 12 * n : at + 14 + 12 * n])
        if tag in (256, 257):  # ImageWidth, ImageLength
            size[tag] = struct.unpack(order + ("H" if kind == 3 else "I"), value[: 2 if kind == 3 else 4])[0]
    return Content("tiff", (size.get(256, 0), size.get(257, 0)))


def _boxed(head: bytes) -> Content:
    """ISO base media: AVIF, HEIC or a video."""
    brands = head[8 : min(struct.unpack(">I", head[:4])[0], 256)]
    kind = next((name for brand, name in BRANDS.items() if brand in brands), "video")
    if kind == "video":
        return Content("video")
    sizes = [struct.unpack(">II", found) for found in re.findall(rb"ispe\x00{4}(.{8})", head, re.DOTALL)]
    size = max(sizes, key=lambda pair: pair[0] * pair[1], default=(0, 0))
    return Content(kind, size, b"avis" in brands)


def _jp2(head: bytes) -> Content:
    found = re.search(rb"ihdr(.{8})", head, re.DOTALL)
    height, width = struct.unpack(">II", found[1]) if found else (0, 0)
    return Content("jp2", (width, height))


def _netpbm(head: bytes) -> Content:
    found = re.match(rb"P[1-6]\s+(?:#[^\n]*\s+)*(\d{1,9})\s+(\d{1,9})", head)
    return Content("netpbm", (int(found[1]), int(found[2])) if found else (0, 0))


BRANDS = {b"avif": "avif", b"avis": "avif", b"heic": "heic", b"heix": "heic", b"mif1": "heic", b"msf1": "heic"}
READERS: tuple[tuple[bytes, Callable[[bytes], Content]], ...] = (
    (rb"\xff\xd8\xff", _jpeg),
    (rb"\x89PNG\r\n\x1a\n", _png),
    (rb"GIF8[79]a", _gif),
    (rb"RIFF....WEBP", _webp),
    (rb"RIFF....AVI |\x1a\x45\xdf\xa3|FLV|OggS|\x00\x00\x01[\xba\xb3]", lambda head: Content("video")),
    (rb"BM.{12}", _bmp),
    (rb"II\*\x00|MM\x00\*", _tiff),
    (rb"....ftyp", _boxed),
    (rb"\x00\x00\x00\x0cjP  ", _jp2),
    (rb"P[1-6]\s", _netpbm),
    (rb"(?i)\s*(<!--.{0,500}?-->\s*)?<(!doctype html|html|head|body)", lambda head: Content("html")),
)
"""Maps patterns of the first bytes to the functions that read the rest."""
