"""Decodes single pictures, with a limit on their size."""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.capture.magic import PICTURES, Content, content_of
from monitor.core.types import Image

log = logging.getLogger("monitor")

MAX_MEGAPIXELS = 130.0
"""Larger pictures are refused, or read at a fraction of their size where the format allows it (JPEG).

Decoding takes about 0.1 s and 3 MB per megapixel.
"""
MAX_FILE_BYTES = 500_000_000
DEPTHS = (1023, 4095, 65535)
"""Largest levels of a 16-bit file: cameras store 10 or 12 bits without scaling, and such a picture would look black."""
HEIF = "HEIC pictures need pillow-heif: pip install 'emotion-monitor[photos]'"


def read_picture(path: Path, *, gray: bool = False, upright: bool = True) -> Image | None:
    """Decodes a picture.

    Args:
        path: A file of any format OpenCV reads, or HEIC with pillow-heif installed.
        gray: Return one channel.
        upright: Rotate the picture according to its EXIF data.

    Returns:
        (H, W, 3) BGR or (H, W) gray, uint8; None if the file cannot be decoded (``why_unreadable`` gives the reason).
    """
    try:
        content = content_of(path)
        if path.stat().st_size > MAX_FILE_BYTES:
            return None
        reduction = _reduction(content)
        if not reduction:
            return None
        # Decoded from memory: OpenCV crashes on a file name that is not UTF-8.
        data = np.fromfile(path, np.uint8)
        image = (
            _decoded_heif(data, gray=gray)
            if content.kind == "heic"
            else _decoded(data, reduction, gray=gray, upright=upright)
        )
    except (OSError, cv2.error, MemoryError):
        return None
    if image is not None and reduction > 1:
        log.warning("%s: has %.0f megapixels; read at 1/%d of its size", path, content.megapixels, reduction)
    return None if image is None else image.astype(np.uint8, copy=False)


def _reduction(content: Content) -> int:
    """The divisor by which a picture is reduced while it is read; 0 = the picture is too large."""
    if content.megapixels <= MAX_MEGAPIXELS:
        return 1
    fitting = (divisor for divisor in (2, 4, 8) if content.megapixels <= MAX_MEGAPIXELS * divisor**2)
    return next(fitting, 0) if content.kind == "jpeg" else 0


def is_whole(data: NDArray[np.uint8]) -> bool:
    """Whether a PNG holds as many bytes as its chunks declare; True for every other format.

    OpenCV reserves a chunk's declared length, up to 4 GB, before it notices that the file ends earlier.

    Args:
        data: The file's bytes (N,) or (1, N).
    """
    content = data.reshape(-1)
    if content[:8].tobytes() != b"\x89PNG\r\n\x1a\n":
        return True
    at = 8
    while at + 8 <= len(content):
        kind = content[at + 4 : at + 8].tobytes()
        at += 12 + int.from_bytes(content[at : at + 4].tobytes(), "big")  # length, kind, data, checksum
        if kind == b"IEND":
            break
    return at <= len(content)


def _decoded(data: NDArray[np.uint8], reduction: int, *, gray: bool, upright: bool) -> NDArray[np.generic] | None:
    if not len(data) or not is_whole(data):
        return None
    color = {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4,
             8: cv2.IMREAD_REDUCED_COLOR_8}  # fmt: skip
    grays = {1: cv2.IMREAD_GRAYSCALE, 2: cv2.IMREAD_REDUCED_GRAYSCALE_2, 4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
             8: cv2.IMREAD_REDUCED_GRAYSCALE_8}  # fmt: skip
    mode = (grays if gray else color)[reduction]
    mode = mode if reduction > 1 else mode | cv2.IMREAD_ANYDEPTH
    image = cv2.imdecode(data, mode if upright else mode | cv2.IMREAD_IGNORE_ORIENTATION)
    return None if image is None else _eight_bits(image)


def _eight_bits(image: NDArray[np.generic]) -> NDArray[np.generic]:
    """Scales a picture of more than 8 bits to 0..255; a 16-bit file may hold 10 or 12 bits, a float one 0..1."""
    if image.dtype == np.uint8:
        return image
    top = float(np.nanmax(image, initial=0.0))
    if image.dtype == np.uint16:
        whole = next(float(limit) for limit in DEPTHS if top <= limit)
    else:
        whole = 1.0 if top <= 1 else 255.0
    scaled = np.nan_to_num(image.astype(np.float32)) * np.float32(255 / whole)
    return np.asarray(np.clip(scaled + 0.5, 0, 255), np.uint8)


def _decoded_heif(data: NDArray[np.uint8], *, gray: bool) -> NDArray[np.generic] | None:
    try:
        import pillow_heif
    except ImportError:
        return None
    try:
        picture = pillow_heif.open_heif(data.tobytes(), convert_hdr_to_8bit=True)
        rgb = np.asarray(picture)
    except Exception:  # libheif raises its own errors for damaged files
        return None
    code = cv2.COLOR_RGB2GRAY if gray else cv2.COLOR_RGB2BGR
    return cv2.cvtColor(np.ascontiguousarray(rgb[:, :, :3]), code)


def why_unreadable(path: Path) -> str:
    """The reason why ``read_picture`` returned None, in a few words."""
    if refused := refusal(path):
        return refused
    content = content_of(path)
    if not content.kind:
        return "the file is empty"
    if content.kind in ("html", "video"):
        return "it is a web page" if content.kind == "html" else "it is a video"
    if not _reduction(content):
        return f"it has {content.megapixels:.0f} megapixels, at most {MAX_MEGAPIXELS:.0f} are read; scale it down"
    if path.stat().st_size > MAX_FILE_BYTES:
        return f"the file is over {MAX_FILE_BYTES // 1_000_000} MB"
    if content.kind == "heic" and not _has_heif():
        return HEIF
    return "it may be damaged" if content.kind in PICTURES else "it may be damaged or of an unknown format"


def _has_heif() -> bool:
    import importlib.util

    return importlib.util.find_spec("pillow_heif") is not None


def refusal(path: Path) -> str:
    """The system's reason for refusing to open a file for reading; "" if it can be opened."""
    try:
        path.open("rb").close()
    except OSError as error:
        return (error.strerror or type(error).__name__).lower()
    return ""
