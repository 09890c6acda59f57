"""The interface of providers: services, lists and folders that return pictures page by page."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from monitor.core.errors import ConfigError
from train.collect.client import Client


@dataclass(frozen=True, slots=True)
class Query:
    """One search.

    Attributes:
        label: The class.
        text: The phrase; "" for lists and folders.
        language: Two letters, such as "en".
    """

    label: str
    text: str = ""
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Hit:
    """A picture in the results of a service or a list.

    Attributes:
        url: Address of the file; a path for a local folder.
        page: Address of the page that shows it.
        title: Its title.
        author: Its author.
        licence: A code of ``train.collect.licences.CODES``; "" = unknown.
        licence_url: Address of the licence's text.
    """

    url: str
    page: str = ""
    title: str = ""
    author: str = ""
    licence: str = ""
    licence_url: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of results.

    Attributes:
        hits: The pictures.
        cursor: Start of the next page; "" = there is none.
    """

    hits: Sequence[Hit]
    cursor: str = ""


class Provider(Protocol):
    """A service, a list or a folder.

    Attributes:
        name: Its name in the record.
        searches: Whether it searches for phrases; lists and folders have classes instead.
        states_licences: Whether it states the licence of each picture.
        crawled: Whether its addresses come from foreign sites, whose robots.txt then applies to the pictures.
        local: Whether its pictures are files of this machine.
    """

    name: str
    searches: bool
    states_licences: bool
    crawled: bool
    local: bool

    def page(self, query: Query, cursor: str) -> Page:
        """A page of results; ``cursor`` is "" for the first one.

        Raises:
            Refused, Failed, Throttled: See ``train.collect.errors``.
            ConfigError: A list cannot be read.
        """


class Service:
    """The defaults of a search service."""

    searches, crawled, local = True, False, False
    states_licences = True

    def __init__(self, client: Client, base: str = "") -> None:
        """Args: the client, and another address of the service."""
        self._client = client
        self._base = base or self.base

    base = ""


def key(name: str, where: str) -> str:
    """A key from the environment.

    Raises:
        ConfigError: It is not set.
    """
    value = os.environ.get(name, "").strip()
    if not value:
        raise ConfigError(f"{name}: is not set; export {name}=KEY with a key of {where}")
    return value
