"""Reasons why a request failed or a picture was not stored."""

from __future__ import annotations


class Refused(Exception):
    """A request that will not succeed later either; the text is the reason.

    Attributes:
        status: HTTP status, 0 if there was none.
    """

    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.status = status


class Failed(Exception):
    """A request that may succeed in a later run; the text is the reason."""


class Throttled(Failed):
    """A host asks for a longer pause than ``client.MOST_WAIT_S``."""


def printable(text: object) -> str:
    """The words of a foreign text for a message: one line, no control characters, at most 100 characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)[:300]).split())[:100]
