"""Invented services, and collectors that fetch from the local site."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from tests.train.collect.site import FakeClock, Site
from train.collect.client import Client
from train.collect.fetch import Fetcher
from train.collect.providers import make
from train.collect.providers.base import Hit, Page, Query
from train.collect.record import NAME, Record
from train.collect.rows import FETCHED, Outcome, Picture
from train.collect.run import Collector

QUERIES = {"happy": [Query("happy", "smiling person"), Query("happy", "lachende Frau", "de")]}


class Scripted:
    """A service with so many invented results for each phrase."""

    searches, states_licences, crawled, local = True, True, False, False

    def __init__(self, name: str, results: dict[str, int], page: int = 10, licence: str = "by") -> None:
        self.name, self._results, self._page, self._licence = name, results, page, licence
        self.asked: list[tuple[str, str]] = []

    def page(self, query: Query, cursor: str) -> Page:
        self.asked.append((query.text, cursor))
        start, total = int(cursor or 0), self._results.get(query.text, 0)
        stop = min(start + self._page, total)
        hits = [Hit(f"https://{self.name}.example/{query.text}/{n}", licence=self._licence) for n in range(start, stop)]
        return Page(hits, str(stop) if stop < total else "")


def fetched(picture: Picture) -> Outcome:
    return Outcome(FETCHED, "", f"{picture.label}/{picture.id}.jpg", str(picture.id), 1, 1, 1)


def on_disk(fetcher: Fetcher, client: Client, sources: Sequence[str], site: Site) -> tuple[Collector, Record]:
    """A collector that fetches for real from the site."""
    bases = dict.fromkeys(("openverse", "commons"), site.url)
    providers = make(sources, client, (), bases)
    ours = dataclasses.replace(fetcher, providers={provider.name: provider for provider in providers})
    record = Record(fetcher.root / NAME)
    return Collector(record, providers, ours.fetch, FakeClock()), record
