"""Rows of the record: searches, pictures, outcomes and origins."""

from __future__ import annotations

from dataclasses import dataclass

from train.collect.providers.base import Query

FOUND, FETCHED, DUPLICATE, REFUSED, FAILED = "found", "fetched", "duplicate", "refused", "failed"
"""States of a picture; the next runs try failed ones again."""
OPEN, EXHAUSTED = "open", "exhausted"
"""States of a search."""


@dataclass(frozen=True, slots=True)
class Search:
    """One phrase at one service, with its position.

    Attributes:
        id: Number in the record.
        provider: Name of the service.
        query: Class, phrase and language.
        cursor: Start of the next page; "" for the first.
        found: Results so far, including those that another search had already found.
        state: ``OPEN`` or ``EXHAUSTED``.
    """

    id: int
    provider: str
    query: Query
    cursor: str
    found: int
    state: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture to fetch.

    Attributes:
        id: Number in the record.
        label: Its class.
        provider: Name of the service that found it.
        url: Address, or path of a local file.
    """

    id: int
    label: str
    provider: str
    url: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a picture.

    Attributes:
        status: ``FETCHED``, ``DUPLICATE``, ``REFUSED`` or ``FAILED``.
        reason: The reason in words.
        path: File below the folder of the collection.
        sha256: Of the bytes as received.
        bytes: Their number.
        width: Width in pixels as stored.
        height: Height in pixels.
    """

    status: str
    reason: str = ""
    path: str = ""
    sha256: str = ""
    bytes: int = 0
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a stored picture.

    Attributes:
        path: File below the folder of the collection.
        title: Its title.
        author: Its author.
        licence: Code of its licence; "" = unknown.
        licence_url: Address of the licence's text.
        page: Address of the page that shows it.
        url: Address of the file.
        provider: Name of the service.
    """

    path: str
    title: str
    author: str
    licence: str
    licence_url: str
    page: str
    url: str
    provider: str
