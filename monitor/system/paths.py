"""Checks of paths before they are used."""

from __future__ import annotations

import os
from pathlib import Path


def encodable(path: Path) -> bool:
    """Whether a path is valid UTF-8; OpenCV terminates the process on one that is not."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def trouble(path: Path) -> OSError | None:
    """The error of accessing a path (missing permission, name too long); None if the path exists or is free."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return error
    return None


def refusal(folder: Path) -> OSError | None:
    """The error of writing a file into a folder; None if it works. A file is written as a test, because permission bits
    are not sufficient."""
    trial = folder / f".trial-{os.getpid()}"
    try:
        os.close(os.open(trial, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        trial.unlink()
    except OSError as error:
        return error
    return None
