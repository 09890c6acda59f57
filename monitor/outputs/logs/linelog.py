"""An append-only text file that survives a full disk, a power cut and a deleted folder.

Lines that cannot be written are kept in memory and written as soon as there is space. A torn last line, or the zeros
that some file systems leave after a power cut, are cut off when the file is continued.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
from pathlib import Path

log = logging.getLogger("monitor")

MOST_PENDING = 1_000_000
"""Most bytes kept in memory while the file cannot be written; enough for an hour of one face at 1 row per second."""
TAIL = 65_536
"""Bytes at the end that are searched for a torn line; no line of the program is longer."""
MODE = 0o600
"""Permissions of a new file."""


class LineLog:
    """One log file, open for appending.

    Args:
        path: The file. An existing file is continued; one with another header is kept as ``<name>.old``.
        header: First line, with its newline; empty = none.

    Attributes:
        path: The file.
        error: The reason why the last attempt to write failed; "" if it succeeded.
        lost: Number of lines that were dropped because neither the file nor the memory limit had space for them.
        size: Bytes in the file.

    Raises:
        OSError: The file cannot be opened, or its header cannot be written.
    """

    def __init__(self, path: Path, header: str = "") -> None:
        self.path, self._header = path, header
        self._pending = bytearray()
        self._torn = False
        self.error = ""
        self.lost = 0
        self.size = 0
        self._fd = -1
        self._open()

    def write(self, lines: str) -> None:
        """Queues whole lines; ``flush`` writes them."""
        content = lines.encode("utf-8", "replace")
        if self.error and len(self._pending) + len(content) > MOST_PENDING:
            self.lost += lines.count("\n")
            return
        self._pending += content

    def flush(self) -> bool:
        """Writes queued lines; if that fails, keeps them and returns False."""
        try:
            if self._fd < 0:
                self._open()
            while self._pending:
                written = os.write(self._fd, self._pending)
                self._torn = self._pending[written - 1 : written] != b"\n"
                del self._pending[:written]
                self.size += written
        except OSError as error:
            self.error = error.strerror or type(error).__name__
            return False
        self.error = ""
        return True

    def moved(self) -> bool:
        """Whether the file was deleted or replaced."""
        if self._fd < 0:  # could not be opened yet
            return False
        try:
            there, ours = os.stat(self.path), os.fstat(self._fd)
        except OSError:
            return True
        return (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino)

    def rotate(self, target: Path) -> None:
        """Renames the file to ``target``; the next line begins a new file."""
        if not self.flush() or self.path.is_fifo():  # a pipe cannot be rotated: its reader would be cut off
            return
        try:
            self.path.rename(target)
        except OSError as error:
            self.error = error.strerror or type(error).__name__
            return
        self.reopen()

    def reopen(self) -> None:
        """Closes the file; the next ``flush`` begins a new file at ``path`` or continues an existing one."""
        self._shut()
        if self._torn:  # drop the rest of a line whose beginning is in the old file
            self._torn = False
            self.lost += 1
            del self._pending[: self._pending.find(b"\n") + 1]
        self.flush()

    def sync(self) -> None:
        """Forces written lines onto the disk."""
        if self._fd >= 0:
            with contextlib.suppress(OSError):  # not supported by pipes and some network file systems
                os.fdatasync(self._fd)

    def finish(self) -> None:
        """Closes the file permanently.

        Raises:
            OSError: The remaining lines cannot be written.
        """
        if not self.close():
            raise OSError(f"{self.path}: {self.error}")

    def close(self) -> bool:
        """Writes queued lines and closes the file; returns False if some could not be written."""
        fine = self.flush()
        self.sync()
        self._shut()
        return fine

    def _shut(self) -> None:
        if self._fd >= 0:
            with contextlib.suppress(OSError):
                os.close(self._fd)
        self._fd = -1

    def _open(self) -> None:
        if self.path.is_file() and not self.path.is_symlink():
            if _is_ours(self.path, self._header):
                mend(self.path)
            else:
                kept = _free(self.path.with_name(self.path.name + ".old"))
                self.path.rename(kept)
                log.warning("%s: has other columns; kept as %s", self.path, kept.name)
        fd = _opened(self.path)
        try:
            self.size = os.fstat(fd).st_size
            if not self.size and self._header:
                header = self._header.encode()
                # A header cut short by a full disk is removed; otherwise it would remain the header of the table.
                if os.write(fd, header) != len(header):
                    os.ftruncate(fd, 0)
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
                self.size = len(header)
        except OSError:
            os.close(fd)
            raise
        self._fd = fd


def _opened(path: Path) -> int:
    """Opens the file for appending. A pipe without a reader is refused, because opening it would block.

    Raises:
        OSError: It cannot be opened, or is a pipe without a reader.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    if not path.is_fifo():
        return os.open(path, flags, MODE)
    try:
        fd = os.open(path, flags | os.O_NONBLOCK, MODE)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise OSError(errno.ENXIO, "is a pipe without a reader; start the reader first", str(path)) from None
        raise
    os.set_blocking(fd, True)
    return fd


def _free(path: Path) -> Path:
    """The path itself, with a number if that name is taken, so that no log is ever overwritten."""
    candidate, number = path, 1
    while candidate.exists() or candidate.is_symlink():
        number += 1
        candidate = path.with_name(f"{path.name}-{number}")
    return candidate


def mend(path: Path) -> int:
    """Removes a torn end after the last whole line, left by a power cut; returns the bytes removed."""
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        end = size
        while end > 0:
            start = max(0, end - TAIL)
            file.seek(start)
            newline = file.read(end - start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                # Zeros can precede a newline, too, if only some blocks reached the disk.
                file.seek(max(0, end - TAIL))
                lines = file.read(end - max(0, end - TAIL))
                last = lines[:-1].rfind(b"\n") + 1
                if b"\0" not in lines[last:]:
                    break
                end -= len(lines) - last
            else:
                end = start
        if end < size:
            file.truncate(end)
            log.warning("%s: ended in half a line; %d bytes were cut off", path, size - end)
        return size - end


def _is_ours(path: Path, header: str) -> bool:
    """Whether a file may be continued: it is empty or begins with the header, complete or cut short."""
    with path.open("rb") as file:
        first = file.readline(TAIL).rstrip(b"\0")
    if not header:
        return first[:1] in (b"", b"{")
    return first == header.encode() or (not first.endswith(b"\n") and header.encode().startswith(first))
