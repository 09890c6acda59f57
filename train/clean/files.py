"""Lists the pictures of a set and checks the files: broken, animated, tiny or of one gray level."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from monitor.capture.picture import read_picture
from monitor.core.errors import ConfigError
from monitor.core.types import Image
from monitor.system.digest import sha256
from train.clean.manifest import Entry
from train.data.importers import IMAGE_SUFFIXES
from train.system.progress import track

TINY = 40
"""Pixels of the shorter side below which a picture is tiny: the network's crop has 48."""
FLAT = 6.0
"""Standard deviation of gray levels below which a picture is nearly of one gray level."""
MOVING = (".gif", ".webp", ".png", ".apng")
"""Kinds of files that may hold several frames."""
HIDDEN = (".", "_")
"""First characters of folders and files that are not part of a set."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A picture of the set, with its pixels if no fault was found yet."""

    entry: Entry
    image: Image | None


def listed(folder: Path) -> list[Path]:
    """The files of a set in class folders, sorted.

    Raises:
        ConfigError: The folder has no class folders with pictures.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder}: is not a folder; give the folder that holds one folder per class")
    found = [
        path
        for path in sorted(folder.glob("*/*"))
        if path.is_file() and path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(HIDDEN)
        if not path.parent.name.startswith(HIDDEN)
    ]
    if not found:
        raise ConfigError(f"{folder}: holds no pictures in class folders, such as {folder.name}/happy/1.jpg")
    return found


def load(folder: Path) -> list[Loaded]:
    """Reads all pictures of a set in gray and checks the files.

    Raises:
        ConfigError: The folder has no class folders with pictures.
    """
    return [_checked(folder, path) for path in track(listed(folder), f"reading {folder.name}")]


def _checked(folder: Path, path: Path) -> Loaded:
    name = str(path.relative_to(folder))
    content = _content(path)
    image = read_picture(path, gray=True) if content else None
    if image is None:
        entry = Entry(name, path.parent.name, 0, 0, sha256(content), "broken", "cannot be decoded", 1.0)
        return Loaded(entry, None)
    height, width = image.shape[:2]
    entry = Entry(name, path.parent.name, width, height, sha256(content))
    if (count := _frames(path)) > 1:
        reason = f"an animation of {count} frames; only the first would be used"
        return Loaded(replace(entry, kind="animated", reason=reason, score=1.0), None)
    if min(height, width) < TINY:
        found = replace(entry, kind="tiny", reason=f"{width}×{height} pixels, at least {TINY} needed", score=1.0)
        return Loaded(found, None)
    spread = float(np.std(image))
    if spread < FLAT:
        reason = f"nearly one gray: standard deviation {spread:.1f}, at least {FLAT:g} needed"
        return Loaded(replace(entry, kind="flat", reason=reason, score=1.0 - spread / FLAT / 2), None)
    return Loaded(entry, image)


def _frames(path: Path) -> int:
    """Number of frames of a picture; 1 if the file does not state it."""
    if path.suffix.lower() not in MOVING:
        return 1
    try:
        with Pillow.open(path) as opened:
            return int(getattr(opened, "n_frames", 1))
    except (OSError, ValueError, SyntaxError, Pillow.DecompressionBombError):
        return 1


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
