"""A text file that only grows, line by line, and that loses nothing it has: full disks, power cuts, lost folders.

What could not be written is kept, to the byte, and written once there is room. A torn last line, or the
zeros that some file systems leave behind after a power cut, is cut off when the file is continued.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
from pathlib import Path

log = logging.getLogger("monitor")

MOST_PENDING = 1_000_000
"""Bytes kept while the file cannot be written: an hour of one face at 1 row a second, a minute at 100."""
TAIL = 65_536
"""Bytes looked at for a torn end; no line of ours is longer."""
MODE = 0o600


class LineLog:
    """One log file, open for appending.

    Args:
        path: The file; an existing one is continued, one with another header is kept as ``<name>.old``.
        header: First line, with its newline; empty = none.

    Attributes:
        path: Where it is.
        error: Why the last attempt to write failed, "" while all is well.
        lost: Lines that found no room, neither in the file nor in memory.
        size: Bytes in the file.

    Raises:
        OSError: The file cannot be opened or its header not be written.
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
        """Takes whole lines; they reach the file with the next ``flush``."""
        content = lines.encode("utf-8", "replace")
        if self.error and len(self._pending) + len(content) > MOST_PENDING:
            self.lost += lines.count("\n")
            return
        self._pending += content

    def flush(self) -> bool:
        """Writes what is pending; False when the disk does not take it, which leaves it pending."""
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
        """Whether another file, or none, is at ``path`` now: somebody deleted or replaced it."""
        if self._fd < 0:  # ours could not be begun yet
            return False
        try:
            there, ours = os.stat(self.path), os.fstat(self._fd)
        except OSError:
            return True
        return (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino)

    def rotate(self, target: Path) -> None:
        """Leaves the file under the name ``target``; the next line begins a new one."""
        if not self.flush() or self.path.is_fifo():  # a pipe has no end: its reader must not be cut off
            return
        try:
            self.path.rename(target)
        except OSError as error:
            self.error = error.strerror or type(error).__name__
            return
        self.reopen()

    def reopen(self) -> None:
        """Begins a new file at ``path`` with the next ``flush``, or continues the one that is there."""
        self._shut()
        if self._torn:  # the rest of a line whose beginning stays behind
            self._torn = False
            self.lost += 1
            del self._pending[: self._pending.find(b"\n") + 1]
        self.flush()

    def sync(self) -> None:
        """Has the system put onto the disk what the file has."""
        if self._fd >= 0:
            with contextlib.suppress(OSError):  # pipes and some network file systems cannot
                os.fdatasync(self._fd)

    def finish(self) -> None:
        """Closes the file, the last thing that is done with it.

        Raises:
            OSError: Lines were left that the disk does not take.
        """
        if not self.close():
            raise OSError(f"{self.path}: {self.error}")

    def close(self) -> bool:
        """Writes what is pending and closes; False when something could not be written."""
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
                # A header cut short by a full disk is taken back, or it would head the table for ever.
                if os.write(fd, header) != len(header):
                    os.ftruncate(fd, 0)
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
                self.size = len(header)
        except OSError:
            os.close(fd)
            raise
        self._fd = fd


def _opened(path: Path) -> int:
    """The file, for appending. A pipe that nobody reads would keep the program waiting without a word.

    Raises:
        OSError: It cannot be opened; for a pipe also that it has no reader.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    if not path.is_fifo():
        return os.open(path, flags, MODE)
    try:
        fd = os.open(path, flags | os.O_NONBLOCK, MODE)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise OSError(errno.ENXIO, "is a pipe that nobody reads; start its reader first", str(path)) from None
        raise
    os.set_blocking(fd, True)
    return fd


def _free(path: Path) -> Path:
    """The path itself, or with a number where that name is taken: nothing that was logged is ever overwritten."""
    candidate, number = path, 1
    while candidate.exists() or candidate.is_symlink():
        number += 1
        candidate = path.with_name(f"{path.name}-{number}")
    return candidate


def mend(path: Path) -> int:
    """Cuts what a power cut left after the last whole line; returns the number of bytes cut."""
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        end = size
        while end > 0:
            start = max(0, end - TAIL)
            file.seek(start)
            newline = file.read(end - start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                # Zeros can lie before a newline too, when only some blocks reached the disk.
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
            log.warning("%s: ended in half a line; %d bytes cut", path, size - end)
        return size - end


def _is_ours(path: Path, header: str) -> bool:
    """Whether a file may be continued: it is empty, or begins as our files do (even if cut short)."""
    with path.open("rb") as file:
        first = file.readline(TAIL).rstrip(b"\0")
    if not header:
        return first[:1] in (b"", b"{")
    return first == header.encode() or (not first.endswith(b"\n") and header.encode().startswith(first))
