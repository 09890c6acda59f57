"""Deletes old files: whole sessions first, then rotated parts of the running one.

Only files that this program wrote are deleted: regular files with a name of ``OURS`` in folders named like a session
that hold a ``metadata.json`` or no other file (the remains of an interrupted deletion), in the folders of the cameras
that this ``metadata.json`` names, and such folders once they are empty. Links, files outside the sessions' folder and
the session of a running monitor are never deleted.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import re
import stat
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from monitor.outputs.logs.camerafolders import camera_folders

log = logging.getLogger("monitor")

SESSION = re.compile(r"\d{8}T\d{6}_[A-Za-z0-9._-]+")
PART = re.compile(r"(faces|events|drive|evidence)-\d{8}-\d+\.(csv|jsonl)|video(-\d+)?\.(mkv|avi|mp4|mov)")
OURS = re.compile(
    r"(faces|events|drive|evidence)(-\d{8}-\d+)?\.(csv|jsonl)(\.old(-\d+)?)?|video(-\d+)?\.(mkv|avi|mp4|mov)"
    r"|(metadata|summary)(-\d+)?\.json(\.part)?|snapshot(-\d+)?\.png|report\.html(\.part)?|copy-[^/]*\.jpg(\.part)?|\.trial-.*"
)
"""Names of the files in a session's folder."""
DAY_S = 86_400.0
OLDEST_TRUSTED = 1_735_689_600.0
"""1 January 2025. An earlier time means that the clock was not set: a Raspberry Pi has no battery-backed clock."""


class Stored(NamedTuple):
    """A session folder or file that may be deleted.

    Attributes:
        path: A session folder, or one file.
        size: Bytes.
        changed: Time of the last write, in seconds since the epoch.
    """

    path: Path
    size: int
    changed: float


def sessions(root: Path) -> list[Stored]:
    """Finished sessions under ``root``, oldest first."""
    found = []
    for folder in entries(root):
        if folder.is_symlink() or not folder.is_dir() or not SESSION.fullmatch(folder.name):
            continue
        held, cameras = entries(folder), camera_folders(folder)
        ours = [entry for entry in held if _is_ours(entry)]
        mine = any(entry.name == "metadata.json" for entry in ours) or len(ours) == len(held)
        if mine and not in_use(folder):
            ours += [entry for camera in cameras for entry in entries(camera) if _is_ours(entry)]
            states = [known for entry in [folder, *ours] if (known := state(entry)) is not None]
            if states:  # else it was deleted meanwhile
                files = states[1:] or states
                found.append(Stored(folder, sum(s.st_size for s in states[1:]), max(s.st_mtime for s in files)))
    return sorted(found, key=lambda stored: stored.changed)


def _is_ours(entry: Path) -> bool:
    """Whether a directory entry is a file that this program wrote."""
    known = state(entry)
    return bool(OURS.fullmatch(entry.name)) and known is not None and stat.S_ISREG(known.st_mode)


def old_parts(folder: Path, current: Iterable[Path], recorded: Collection[str] | None = None) -> list[Stored]:
    """Finished parts of a session's logs and recordings, oldest first.

    Args:
        folder: The session's folder.
        current: Files being written; they are left out.
        recorded: Names of recordings that this program made; in a folder named by the user other programs may have
            files of such names. None = all files with such names.
    """
    kept = {path.name for path in current}
    found = []
    for path in entries(folder):
        name = path.name
        ours = PART.fullmatch(name) and (recorded is None or not name.startswith("video") or name in recorded)
        status = state(path) if ours and name not in kept else None
        if status is not None and stat.S_ISREG(status.st_mode):
            found.append(Stored(path, status.st_size, status.st_mtime))
    return sorted(found, key=lambda stored: stored.changed)


def choose(candidates: Sequence[Stored], kept_bytes: int, keep_days: float, max_mb: float, now: float) -> list[Stored]:
    """Chooses the candidates to delete.

    Args:
        candidates: Sessions or files that may be deleted, in the order of deletion.
        kept_bytes: Size of all other files that count towards the total.
        keep_days: Older candidates are deleted; 0 = no limit.
        max_mb: Largest total in MB; 0 = no limit.
        now: Seconds since the epoch.
    """
    total = kept_bytes + sum(stored.size for stored in candidates)
    gone = []
    for stored in candidates:
        # If the time of the file or the current time is from an unset clock, the age is unknown.
        trusted = min(now, stored.changed) >= OLDEST_TRUSTED
        too_old = keep_days > 0 and trusted and now - stored.changed > keep_days * DAY_S
        too_much = max_mb > 0 and total > max_mb * 1e6
        if too_old or too_much:
            gone.append(stored)
            total -= stored.size
    return gone


def delete(stored: Stored, root: Path) -> bool:
    """Deletes a session or file below ``root``; returns False if it could not be deleted."""
    path = stored.path
    if path.is_symlink() or not path.resolve().is_relative_to(root.resolve()) or path.resolve() == root.resolve():
        return False
    try:
        if path.is_dir():
            if in_use(path):
                return False
            for part in camera_folders(path):
                _empty(part)
            _empty(path)
        else:
            path.unlink()
    except OSError as error:
        log.warning("%s: cannot be deleted: %s", path, error.strerror)
        return False
    return True


def _empty(folder: Path) -> None:
    """Deletes the files of this program in a folder, and the folder if it is empty then.

    Raises:
        OSError: A file cannot be deleted.
    """
    # metadata.json is deleted last, so that an interrupted deletion can be resumed.
    for entry in sorted(filter(_is_ours, entries(folder)), key=lambda entry: entry.name == "metadata.json"):
        entry.unlink()
    with contextlib.suppress(OSError):  # files of other programs are kept
        folder.rmdir()


def hold(folder: Path) -> int | None:
    """Locks a session's folder while the returned descriptor is open.

    Returns:
        The descriptor; None if another process holds the lock; -1 on a file system without locks.
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
    """Whether a running monitor writes to a folder."""
    descriptor = hold(folder)
    if descriptor is None:
        return True
    if descriptor >= 0:
        os.close(descriptor)
    return False


def make_room(root: Path, keep_days: float, max_mb: float, now: float) -> None:
    """Deletes old sessions beyond ``keep_days`` and ``max_mb``, before a new one begins."""
    if keep_days or max_mb:
        for stored in choose(sessions(root), 0, keep_days, max_mb, now):
            if delete(stored, root):
                log.info("%s: deleted (output.keep_days, output.max_mb)", stored.path)


def state(path: Path) -> os.stat_result | None:
    """The result of ``lstat``; None if the file does not exist or cannot be examined."""
    try:
        return path.lstat()
    except OSError:
        return None


def entries(folder: Path) -> list[Path]:
    """The entries of a folder; none if it does not exist or cannot be read."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []
