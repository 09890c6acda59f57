"""Deleting what is too old or too much: whole sessions first, then rotated parts of the running one.

Only what this program wrote is ever deleted: folders named like a session that hold a ``metadata.json``,
no links, nothing outside the sessions' folder, and no session that a running monitor holds.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger("monitor")

SESSION = re.compile(r"\d{8}T\d{6}_[A-Za-z0-9._-]+")
PART = re.compile(r"(faces|events|drive)-\d{8}-\d+\.(csv|jsonl)|video(-\d+)?\.(mkv|avi|mp4|mov)")
DAY_S = 86_400.0
OLDEST_TRUSTED = 1_735_689_600.0
"""1 January 2025: a clock before it was never set (a Raspberry Pi has none that runs without power)."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Something that may be deleted.

    Attributes:
        path: A session folder, or one file.
        size: Bytes.
        changed: When it was last written, in seconds since the epoch.
    """

    path: Path
    size: int
    changed: float


def sessions(root: Path) -> list[Stored]:
    """The sessions under ``root`` that nobody is writing, oldest first."""
    found = []
    for folder in _entries(root):
        if folder.is_symlink() or not folder.is_dir() or not SESSION.fullmatch(folder.name):
            continue
        if (folder / "metadata.json").is_file() and not in_use(folder):
            files = [entry.lstat() for entry in _entries(folder) if not entry.is_dir()]
            found.append(Stored(folder, sum(f.st_size for f in files), max(f.st_mtime for f in files)))
    return sorted(found, key=lambda stored: stored.changed)


def old_parts(folder: Path, current: Iterable[Path]) -> list[Stored]:
    """Finished parts of a session's logs and recordings, oldest first; files in ``current`` are left out."""
    kept = {path.name for path in current}
    found = []
    for path in _entries(folder):
        if PART.fullmatch(path.name) and path.name not in kept and path.is_file() and not path.is_symlink():
            status = path.lstat()
            found.append(Stored(path, status.st_size, status.st_mtime))
    return sorted(found, key=lambda stored: stored.changed)


def choose(candidates: Sequence[Stored], kept_bytes: int, keep_days: float, max_mb: float, now: float) -> list[Stored]:
    """What has to go.

    Args:
        candidates: What may be deleted, in the order in which it should be.
        kept_bytes: What else counts towards the total.
        keep_days: Older ones go, 0 = age does not matter.
        max_mb: The total allowed, 0 = any.
        now: Seconds since the epoch.
    """
    total = kept_bytes + sum(stored.size for stored in candidates)
    gone = []
    for stored in candidates:
        too_old = keep_days > 0 and now >= OLDEST_TRUSTED and now - stored.changed > keep_days * DAY_S
        too_much = max_mb > 0 and total > max_mb * 1e6
        if too_old or too_much:
            gone.append(stored)
            total -= stored.size
    return gone


def delete(stored: Stored, root: Path) -> bool:
    """Deletes one thing, if it truly lies under ``root``; False when it could not be."""
    path = stored.path
    if path.is_symlink() or not path.resolve().is_relative_to(root.resolve()) or path.resolve() == root.resolve():
        return False
    try:
        if path.is_dir():
            if in_use(path):
                return False
            shutil.rmtree(path)
        else:
            path.unlink()
    except OSError as error:
        log.warning("%s: cannot be deleted: %s", path, error.strerror)
        return False
    return True


def hold(folder: Path) -> int | None:
    """Marks a session as in use for as long as the descriptor returned stays open; None when it is already.

    A file system without locks leaves it unmarked (and the result is -1).
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return -1
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        return -1
    return descriptor


def in_use(folder: Path) -> bool:
    """Whether a running monitor writes there."""
    descriptor = hold(folder)
    if descriptor is None:
        return True
    if descriptor >= 0:
        os.close(descriptor)
    return False


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []
