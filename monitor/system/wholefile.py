"""Files that are there whole or not at all, whatever ends the program or fills the disk meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A file beside ``path`` to be written, which takes its place when that is complete and not otherwise."""
    part = path.with_name(path.name + ".part")
    try:
        yield part
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def replace_text(path: Path, text: str, mode: int | None = None) -> None:
    """Writes a text file in place of an older one, which stays as it is until the new one is complete.

    Args:
        path: The file; ``<name>.part`` beside it is used meanwhile.
        text: Its content, written as UTF-8.
        mode: Its permissions, else those the system gives.

    Raises:
        OSError: It cannot be written; nothing is left of the attempt.
    """
    with whole(path) as part:
        part.write_text(text, encoding="utf-8")
        if mode is not None:
            part.chmod(mode)
