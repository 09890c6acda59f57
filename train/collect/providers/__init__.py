"""The registry of providers (services, lists, folders): a new one needs its module and an entry in ``make``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from monitor.core.errors import ConfigError
from train.collect.client import Client
from train.collect.providers.base import Provider
from train.collect.providers.brave import Brave
from train.collect.providers.commons import Commons
from train.collect.providers.folder import Folder
from train.collect.providers.lists import UrlList
from train.collect.providers.openverse import Openverse
from train.collect.providers.serpapi import SerpApi


def make(names: Sequence[str], client: Client, licences: Sequence[str], bases: Mapping[str, str]) -> list[Provider]:
    """The providers of ``--from``.

    Args:
        names: Services, and paths of lists and folders.
        client: Sends the requests.
        licences: Accepted codes; empty = any.
        bases: Other addresses of services, by name.

    Raises:
        ConfigError: A name is none of them, or a key is missing.
    """
    services: dict[str, Callable[[str], Provider]] = {
        "openverse": lambda base: Openverse(client, licences, base),
        "commons": lambda base: Commons(client, base),
        "brave": lambda base: Brave(client, base),
        "serpapi": lambda base: SerpApi(client, base),
    }
    found: list[Provider] = []
    for name in dict.fromkeys(names):
        path = Path(name)
        if name in services:
            found.append(services[name](bases.get(name, "")))
        elif path.is_dir():
            found.append(Folder(path))
        elif path.is_file():
            found.append(UrlList(path))
        else:
            raise ConfigError(f"--from {name}: must be one of {', '.join(services)}, or a list or folder that exists")
    return found
