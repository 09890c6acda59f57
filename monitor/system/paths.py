"""What may be asked of a path before it is used."""

from __future__ import annotations

import os
from pathlib import Path


def encodable(path: Path) -> bool:
    """Whether a path is UTF-8: OpenCV ends the whole process at one that is not (a name from an old stick)."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def trouble(path: Path) -> OSError | None:
    """Why a path cannot be looked at (no permission on the way, a name too long); None where it can be, or is free."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return error
    return None


def refusal(folder: Path) -> OSError | None:
    """Why nothing can be written into a folder, None when something can: tried, as its permissions do not tell all."""
    trial = folder / f".trial-{os.getpid()}"
    try:
        os.close(os.open(trial, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        trial.unlink()
    except OSError as error:
        return error
    return None
