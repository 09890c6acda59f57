"""Copies members of archives and remote objects to temporary files on this machine."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fsspec

from monitor.batch.items import Item
from monitor.batch.transfer import reason
from monitor.core.errors import SourceError


@contextmanager
def local(item: Item, scratch: str | None = None) -> Iterator[Path]:
    """Gives a path on this machine that holds the recording; a copy is deleted afterwards.

    Args:
        item: The recording.
        scratch: Folder for copies; None = the system's.

    Raises:
        SourceError: It cannot be read.
    """
    if not item.remote:
        yield Path(item.uri)
        return
    suffix = Path(item.member or item.uri.split("?")[0]).suffix
    with tempfile.NamedTemporaryFile(suffix=suffix, dir=scratch) as copy:
        try:
            if item.member:
                _extract(item, copy)
            else:
                with fsspec.open(item.uri, "rb") as remote:
                    shutil.copyfileobj(remote, copy, 1 << 20)
        except Exception as error:  # each protocol has its own exceptions
            raise SourceError(f"{item.name}: cannot be fetched: {reason(error).replace(item.uri, item.name)}") from None
        copy.flush()
        yield Path(copy.name)


def _extract(item: Item, copy: object) -> None:
    with tarfile.open(item.uri) as archive:
        member = archive.extractfile(item.member)
        if member is None:
            raise KeyError(f"{item.member} is no file")
        shutil.copyfileobj(member, copy, 1 << 20)  # type: ignore[arg-type]
