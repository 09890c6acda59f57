"""Atomic files: complete or unchanged, even if the program ends or the disk fills up during the write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary file beside ``path`` that replaces it when the block ends without an error.

    Args:
        path: The file to write.

    Raises:
        OSError: The temporary file cannot be written or renamed; ``path`` is unchanged then.
    """
    part = path.with_name(path.name + ".part")
    try:
        yield part
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def replace_text(path: Path, text: str, mode: int | None = None) -> None:
    """Writes a text file atomically.

    Args:
        path: The file; ``<name>.part`` beside it is the temporary file.
        text: Its content, written as UTF-8.
        mode: Its permissions; None = the system's default.

    Raises:
        OSError: It cannot be written; an existing file is unchanged.
    """
    with whole(path) as part:
        part.write_text(text, encoding="utf-8")
        if mode is not None:
            part.chmod(mode)
