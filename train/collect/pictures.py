"""Checks a received file by its bytes, not by its name or stated type, and stores it.

A picture is decoded within limits and encoded again as JPEG. Therefore the collection contains neither metadata
(position, camera, names) nor other data of the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2

from monitor.capture.magic import HEAD_BYTES, Content, recognized
from monitor.capture.picture import read_picture
from monitor.core.types import Image
from monitor.system.digest import sha256
from train.collect.errors import Refused
from train.system import resources

KINDS = ("jpeg", "png", "webp", "avif", "bmp")
LEAST_SIDE = 64
"""Pixels of the shorter side below which a picture is refused."""
LONGEST_SIDE = 2048
"""Pixels of the longer side to which larger pictures are scaled down: a face in them is still large."""
QUALITY = 95
NAME_DIGITS = 24
"""Digits of the checksum in a file's name."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Largest pictures.

    Attributes:
        bytes: Size of the file.
        megapixels: Millions of pixels as stated in its header, checked before it is decoded.
    """

    bytes: int = 20_000_000
    megapixels: float = 50.0


@dataclass(frozen=True, slots=True)
class Stored:
    """A picture of the collection.

    Attributes:
        path: File below the folder of the collection.
        sha256: Of the bytes as received.
        bytes: Their number.
        width: Width in pixels as stored.
        height: Height in pixels.
    """

    path: str
    sha256: str
    bytes: int
    width: int
    height: int


def store(received: Path, root: Path, label: str, limits: Limits) -> Stored:
    """Checks a file and writes the picture into the folder of its class.

    Args:
        received: The file as received, on the file system of the collection; its name with ``.jpg`` is used, too.
        root: Folder of the collection.
        label: The class.
        limits: Largest pictures.

    Raises:
        Refused: It is no picture that can be used.
        ConfigError: It cannot be written.
    """
    data = received.read_bytes()
    check(data, limits)
    image = read_picture(received)
    if image is None:
        raise Refused("cannot be decoded")
    if min(image.shape[:2]) < LEAST_SIDE:
        raise Refused(f"{image.shape[1]}×{image.shape[0]} pixels, at least {LEAST_SIDE} needed")
    image = _smaller(image)
    digest = sha256(data)
    name = f"{label}/{digest[:NAME_DIGITS]}.jpg"
    target = root / name
    encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    resources.make_folder(target.parent)
    # Not ``whole``: two threads may store the same picture at once, and must not share a temporary file.
    part = received.with_suffix(".jpg")
    with resources.writing(target):
        part.write_bytes(encoded.tobytes())
        part.replace(target)
    return Stored(name, digest, len(data), image.shape[1], image.shape[0])


def check(data: bytes, limits: Limits) -> None:
    """Refuses files that are not complete pictures of acceptable size, before they are decoded.

    Raises:
        Refused: The reason.
    """
    content = recognized(data[:HEAD_BYTES])
    if content.kind not in KINDS:
        what = {"": "empty", "html": "a web page", "video": "a video", "unknown": "no known picture format"}
        raise Refused(f"is {what.get(content.kind, f'of the format {content.kind}')}")
    if content.animated:
        raise Refused("is animated")
    if not min(content.size):
        raise Refused("does not state its size")
    if content.megapixels > limits.megapixels:
        raise Refused(f"has {content.megapixels:,.0f} megapixels, at most {limits.megapixels:g} are decoded")
    if not _complete(data, content):
        raise Refused("is cut off")


def _complete(data: bytes, content: Content) -> bool:
    """Whether a file has its end; decoders accept some truncated files."""
    if content.kind == "jpeg":  # an embedded preview has its own end marker in the first half
        return data.rfind(b"\xff\xd9") > len(data) // 2
    if content.kind == "png":
        return b"IEND" in data[-4096:]
    if content.kind == "webp":
        return len(data) >= 8 + int.from_bytes(data[4:8], "little")
    return True


def _smaller(image: Image) -> Image:
    scale = LONGEST_SIDE / max(image.shape[:2])
    if scale >= 1:
        return image
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype("uint8", copy=False)
