"""Lists the recordings of a batch from files, folders, globs, lists, tar archives and fsspec URLs."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fsspec

from monitor.batch.transfer import reason
from monitor.capture.names import VIDEO_SUFFIXES, without_login
from monitor.core.errors import ConfigError
from monitor.system.paths import encodable

LISTS = (".txt", ".csv", ".jsonl")
"""Suffixes of files that list recordings: one per line, in a column ``path``, or in a field ``path``."""
TARS = (".tar", ".tar.gz", ".tgz", ".tar.xz")
BLOCK = 1 << 20
"""Bytes hashed at the beginning, the middle and the end of a recording."""
GLOB = "*?["


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """One recording.

    Attributes:
        uri: Its absolute path or URL; for a member of an archive, that of the archive.
        member: Name within a tar archive, else empty.
        group: Values of a list's other columns, stored with the results.
    """

    uri: str
    member: str = ""
    group: tuple[tuple[str, str], ...] = field(default=(), compare=False)

    @property
    def name(self) -> str:
        """The name that is shown and stored: the path; for a member of an archive also ``!`` and its name. Bytes
        that are not UTF-8 are written as ``\\xff``; a login in a URL is left out."""
        uri = without_login(self.uri)
        name = f"{uri}!{self.member}" if self.member else uri
        return name if self.is_utf8 else os.fsencode(name).decode("utf-8", "backslashreplace")

    @property
    def is_utf8(self) -> bool:
        """Whether the recording can be opened by its name: OpenCV terminates the process on one that is not UTF-8."""
        return encodable(Path(self.uri)) and encodable(Path(self.member))

    @property
    def remote(self) -> bool:
        """Whether it must be copied to this machine before it can be read."""
        return "://" in self.uri or bool(self.member)


def find(inputs: Sequence[str], *, hidden: bool = False) -> list[Item]:
    """All recordings of the inputs, each once, sorted by name.

    Args:
        inputs: Paths, folders, globs, lists (``LISTS``), archives (``TARS``) or fsspec URLs.
        hidden: Whether names that begin with a dot count.

    Raises:
        ConfigError: An input does not exist, names no recording, or a list cannot be read.
    """
    found: dict[str, Item] = {}
    for text in inputs:
        items = list(_expanded(text, hidden=hidden))
        if not items:
            raise ConfigError(f"{text}: names no recording; give video files, a folder, a glob or a list of them")
        found |= {item.name: item for item in items}
    return [found[name] for name in sorted(found)]


def _expanded(text: str, *, hidden: bool) -> Iterator[Item]:
    if "://" in text:
        yield from _from_url(text)
        return
    path = Path(text).expanduser()
    if any(c in text for c in GLOB) and not path.exists():
        matches = sorted(Path(path.anchor or ".").glob(str(path.relative_to(path.anchor) if path.anchor else path)))
        for match in matches:
            yield from _from_path(match, hidden=hidden)
        return
    if not path.exists():
        raise ConfigError(f"{text}: no such file or folder; check the path")
    yield from _from_path(path, hidden=hidden)


def _from_path(path: Path, *, hidden: bool) -> Iterator[Item]:
    if path.is_dir():
        for child in sorted(path.rglob("*")):
            inner = child.relative_to(path)
            if not hidden and any(part.startswith(".") for part in inner.parts):
                continue
            if child.is_file() and child.suffix.lower() in VIDEO_SUFFIXES:
                yield Item(str(child.absolute()))
    elif path.name.lower().endswith(TARS):
        yield from _from_tar(path)
    elif path.suffix.lower() in LISTS:
        yield from _from_list(path)
    else:
        yield Item(str(path.absolute()))


def _from_tar(path: Path) -> Iterator[Item]:
    try:
        with tarfile.open(path) as archive:
            names = [m.name for m in archive if m.isfile() and Path(m.name).suffix.lower() in VIDEO_SUFFIXES]
    except (tarfile.TarError, OSError, EOFError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "it is no archive or is cut off"
        raise ConfigError(f"{path}: is not a readable tar archive: {why}") from None
    for name in sorted(names):
        yield Item(str(path.absolute()), name)


def _from_list(path: Path) -> Iterator[Item]:
    """The entries of a list; paths are relative to the list's folder, further columns become the group."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        rows = list(_rows(path.suffix.lower(), text))
    except (OSError, UnicodeDecodeError, ValueError, csv.Error) as error:
        raise ConfigError(f"{path}: is not a readable list of recordings: {error}") from None
    for number, row in enumerate(rows, 1):
        where = row.pop("path", "")
        if not where:
            raise ConfigError(f"{path}:{number}: names no recording; a list has one path a line or a column 'path'")
        group = tuple(sorted(row.items()))
        if "://" in where:
            yield Item(where, group=group)
            continue
        target = Path(where).expanduser()
        target = target if target.is_absolute() else path.parent / target
        yield Item(str(target.absolute()), group=group)


def _rows(kind: str, text: str) -> Iterator[dict[str, str]]:
    if kind == ".csv":
        for row in csv.DictReader(text.splitlines()):
            yield {str(k): str(v or "") for k, v in row.items() if k is not None}
        return
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if kind == ".txt":
            yield {"path": line.strip()}
            continue
        entry: Any = json.loads(line)
        if not isinstance(entry, dict):
            raise ValueError(f"{line[:40]} is not an object")
        yield {str(k): str(v) for k, v in entry.items()}


def _from_url(url: str) -> Iterator[Item]:
    """The recordings that a URL names: one object, or all below a prefix or glob."""
    if url.startswith(("http://", "https://")):
        yield Item(url)
        return
    try:
        system, path = fsspec.url_to_fs(url)
        if any(c in path for c in GLOB):
            names = [n for n in system.glob(path) if Path(n).suffix.lower() in VIDEO_SUFFIXES]
        elif system.isdir(path):
            names = [n for n in system.find(path) if Path(n).suffix.lower() in VIDEO_SUFFIXES]
        else:
            names = [path] if system.exists(path) else []
    except (ImportError, ValueError) as error:
        raise ConfigError(f"{url}: cannot be read: {error}; install the fsspec package for this protocol") from None
    except Exception as error:  # each protocol has its own exceptions
        raise ConfigError(f"{url}: cannot be listed: {reason(error)}") from None
    for name in sorted(names):
        yield Item(str(system.unstrip_protocol(name)))


def content_key(path: Path) -> str:
    """A hash of a recording's size, beginning, middle and end; hashing all bytes of an archive would take hours.

    Raises:
        OSError: The file cannot be read.
    """
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as handle:
        for start in sorted({0, max(0, size // 2 - BLOCK // 2), max(0, size - BLOCK)}):
            handle.seek(start)
            digest.update(handle.read(BLOCK))
    return digest.hexdigest()[:32]
