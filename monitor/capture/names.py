"""Names of sources: file suffixes, hiding secrets in URLs, and fetching secrets from files and variables."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Sequence
from urllib.parse import quote, unquote

from monitor.core.errors import SourceError

log = logging.getLogger("monitor")

VIDEO_SUFFIXES = {
    ".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv", ".ts", ".m2ts", ".mts", ".3gp",
    ".ogv", ".vob", ".dv", ".mxf",
}  # fmt: skip
IMAGE_SUFFIXES = {
    ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib", ".webp", ".tif", ".tiff", ".gif", ".avif",
    ".heic", ".heif", ".jp2", ".ppm", ".pgm", ".pbm", ".pnm",
}  # fmt: skip
STREAMS = ("rtsp://", "rtsps://", "http://", "https://", "udp://", "tcp://", "rtmp://")
HOST = re.compile(r"(\[[^]]*\]|[^:\[\]]*)(:\d+)?([?#].*)?", re.DOTALL)
VARIABLE = re.compile(r"\$\{(\w+)\}")


SEVERAL = "\n"
"""Separates the names of several photographs in one source."""


def joined(names: Sequence[str]) -> str:
    """One source text for several photographs."""
    return SEVERAL.join(names)


def listed(text: str) -> list[str]:
    """The names in a source text, ``file://`` removed."""
    return [local(name) for name in text.split(SEVERAL)]


def local(text: str) -> str:
    """The path behind a ``file://`` URL; any other text is returned as it is."""
    if not text.lower().startswith("file://"):
        return text
    return unquote(re.sub(r"^file://(localhost)?(?=/)", "", text, flags=re.IGNORECASE))


def shown(text: str) -> str:
    """A source's text without the parts of a URL that may be secret: user name, password, query."""
    if SEVERAL in text:
        names = text.split(SEVERAL)
        return f"{names[0]} and {len(names) - 1} more"
    return re.sub(r"\?.*", "?…", without_login(text), flags=re.DOTALL) if "://" in text else text


def without_login(url: str) -> str:
    """A URL without user name and password; any other text is returned as it is."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url
    # The login reaches up to the last @ before the path, because a password may contain an @. If a password contains a
    # / by mistake, the part before the path does not look like a host with a port.
    before = rest.partition("/")[0]
    if "@" in before:
        rest = before.rpartition("@")[2] + rest[len(before) :]
    elif not HOST.fullmatch(before):
        rest = rest.rpartition("@")[2]
    return f"{scheme}://{rest}"


def warn_of_password(text: str) -> None:
    """Logs a warning for a source whose address shows its password."""
    if re.search(r"://[^/@\s]*:[^/@\s$]+@", text):
        log.warning("other users can see a password on the command line; use --source @FILE or ${NAME}")


def revealed(text: str) -> str:
    """A source's text with its secrets filled in.

    ``@FILE`` stands for the first line of a file (such as a systemd credential), ``${NAME}`` for an environment
    variable: alone it is the whole source, within a URL its value is percent-encoded.

    Raises:
        SourceError: The file cannot be read, or the variable is not set.
    """
    if text.startswith("@"):
        try:
            with open(text[1:], encoding="utf-8") as file:
                found = file.readline(4096).strip()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "is not text"
            raise SourceError(f"--source {text}: the file cannot be read: {reason}") from None
        if not found:
            raise SourceError(f"--source {text}: the first line of the file is empty")
        return found

    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1])
        if found is None:
            raise SourceError(f"--source {shown(text)}: the environment variable {match[1]} is not set")
        if not found and match[0] == text:  # in a URL an empty password is valid
            raise SourceError(f"--source {shown(text)}: the environment variable {match[1]} is empty")
        return found if match[0] == text else quote(found, safe="")

    if "://" in text or VARIABLE.fullmatch(text):
        return VARIABLE.sub(value, text)
    return text
