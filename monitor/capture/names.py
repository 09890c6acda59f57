"""Names of sources: file suffixes, hiding secrets in URLs, and fetching secrets from files and variables."""

from __future__ import annotations

import logging
import os
import re
from urllib.parse import quote

from monitor.core.errors import SourceError

log = logging.getLogger("monitor")

VIDEO_SUFFIXES = {
    ".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv", ".gif", ".ts", ".3gp", ".ogv",
}  # fmt: skip
IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff"}
STREAMS = ("rtsp://", "rtsps://", "http://", "https://", "udp://", "tcp://", "rtmp://")
VARIABLE = re.compile(r"\$\{(\w+)\}")


def shown(text: str) -> str:
    """A source's text without the parts of a URL that may be secret: user name, password, query."""
    if "://" not in text:
        return text
    # Up to the last @ before the path: a password may contain one.
    return re.sub(r"\?.*", "?…", re.sub(r"(?<=://)[^/\s]*@", "", text))


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
        if re.search(r"://[^/@\s]*:[^/@\s$]+@", text):
            log.warning("other users can see a password on the command line; use --source @FILE or ${NAME}")
        return VARIABLE.sub(value, text)
    return text
