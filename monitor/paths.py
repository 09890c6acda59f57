"""What may be asked of a path before OpenCV is given it."""

from __future__ import annotations

from pathlib import Path


def encodable(path: Path) -> bool:
    """Whether a path is UTF-8: OpenCV ends the whole process at one that is not (a name from an old stick)."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
