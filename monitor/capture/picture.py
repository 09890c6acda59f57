"""Decodes single pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from monitor.core.types import Image


def read_picture(path: Path, *, gray: bool = False) -> Image | None:
    """Decodes a picture.

    Args:
        path: A file of any format OpenCV reads.
        gray: Return one channel.

    Returns:
        (H, W, 3) BGR or (H, W) gray, uint8; None if the file cannot be decoded.
    """
    try:
        # Decoded from memory: OpenCV crashes on a file name that is not UTF-8.
        content = np.fromfile(path, np.uint8)
        image = cv2.imdecode(content, cv2.IMREAD_GRAYSCALE if gray else cv2.IMREAD_COLOR) if len(content) else None
    except (OSError, cv2.error):
        return None
    return None if image is None else image.astype(np.uint8, copy=False)


def refusal(path: Path) -> str:
    """Why the system refuses to open a file for reading; "" if it does not."""
    try:
        path.open("rb").close()
    except OSError as error:
        return (error.strerror or type(error).__name__).lower()
    return ""
