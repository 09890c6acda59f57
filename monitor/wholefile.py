"""Files that are there whole or not at all, whatever ends the program or fills the disk meanwhile."""

from __future__ import annotations

from pathlib import Path


def replace_text(path: Path, text: str, mode: int | None = None) -> None:
    """Writes a text file in place of an older one, which stays as it is until the new one is complete.

    Args:
        path: The file; ``<name>.part`` beside it is used meanwhile.
        text: Its content, written as UTF-8.
        mode: Its permissions, else those the system gives.

    Raises:
        OSError: It cannot be written; nothing is left of the attempt.
    """
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(text, encoding="utf-8")
        if mode is not None:
            part.chmod(mode)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
