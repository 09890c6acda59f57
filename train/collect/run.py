"""Collects a set: reads pages of all searches in turn, downloads in parallel and records everything.

One thread owns the record; the others only fetch. After a kill at any time the next run continues from there.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace

from rich.progress import Progress, TaskID

from train.collect.errors import Failed, Refused, Throttled
from train.collect.pace import Clock
from train.collect.providers.base import Hit, Provider, Query
from train.collect.record import LICENCE, Record
from train.collect.rows import EXHAUSTED, FETCHED, OPEN, Outcome, Picture, Search
from train.system.progress import bars

log = logging.getLogger("train")

BATCH = 64
"""Number of pictures given to the threads at a time."""
REPEATS = 2
"""Pages in a row without a new picture after which a search ends."""


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a collection.

    Attributes:
        queries: Phrases by class.
        per_class: Pictures wanted of each class.
        licences: Accepted codes; empty = any.
        jobs: Pictures fetched at the same time.
    """

    queries: Mapping[str, Sequence[Query]]
    per_class: int
    licences: Sequence[str] = ()
    jobs: int = 8


@dataclass
class Collector:
    """Runs one collection.

    Attributes:
        record: The record.
        providers: The services, lists and folders, in this order.
        fetch: Fetches one picture, in a thread.
        clock: Time.
        stop: Called when the run is interrupted, so that waits end.
        aside: Services that this run no longer uses, with the reason.
    """

    record: Record
    providers: Sequence[Provider]
    fetch: Callable[[Picture], Outcome]
    clock: Clock
    stop: Callable[[], None] = lambda: None
    aside: dict[str, str] = field(default_factory=dict)

    def collect(self, order: Order) -> dict[str, dict[str, int]]:
        """Collects all classes.

        Returns:
            For each class its pictures by status.

        Raises:
            ConfigError: The record or the disk cannot be written, or a list cannot be read.
        """
        self.record.reopen(order.licences, [provider.name for provider in self.providers if provider.local])
        executor = ThreadPoolExecutor(order.jobs, "fetch")
        try:
            with bars() as progress:
                bar = progress.add_task("collect", total=order.per_class * len(order.queries))
                for label in order.queries:
                    progress.update(bar, description=label)
                    self._class(order, label, executor, (progress, bar))
        except BaseException:
            self.stop()
            executor.shutdown(wait=True, cancel_futures=True)
            raise
        executor.shutdown()
        return {label: self.record.counts(label) for label in order.queries}

    def _class(self, order: Order, label: str, executor: ThreadPoolExecutor, shown: tuple[Progress, TaskID]) -> None:
        """Collects one class: fetches known pictures, then requests the next page of the next search."""
        names = [provider.name for provider in self.providers]
        turn = deque(self._searches(order.queries[label], label))
        repeats: Counter[int] = Counter()
        have = self.record.counts(label).get(FETCHED, 0)
        shown[0].advance(shown[1], min(have, order.per_class))
        while have < order.per_class:
            batch = self.record.pending(label, names, min(order.per_class - have, BATCH))
            if batch:
                have += self._fetch_all(batch, executor, shown)
                continue
            if not turn:
                break
            search = self._next_page(turn.popleft(), order.licences, repeats)
            if search is not None and search.state == OPEN:
                turn.append(search)
        if have < order.per_class:
            why = "; " + ", ".join(f"{name}: {reason}" for name, reason in self.aside.items()) if self.aside else ""
            log.warning("%s: %d of %d pictures; no search has more%s", label, have, order.per_class, why)

    def _searches(self, queries: Sequence[Query], label: str) -> list[Search]:
        """The unfinished searches of a class: the first phrase at each service, then the second, and so on."""
        each: list[list[Search]] = []
        for provider in self.providers:
            if provider.searches:
                each.append(self.record.searches(provider.name, list(queries)))
            else:  # read again by every run, because a list or a folder may have grown; known pictures stay unchanged
                known = self.record.searches(provider.name, [Query(label)])
                each.append([replace(search, cursor="", found=0, state=OPEN) for search in known])
        longest = max(map(len, each), default=0)
        return [own[n] for n in range(longest) for own in each if n < len(own) and own[n].state == OPEN]

    def _next_page(self, search: Search, licences: Sequence[str], repeats: Counter[int]) -> Search | None:
        """Reads a search's next page into the record; None if its service is set aside."""
        if search.provider in self.aside:
            return None
        provider = next(one for one in self.providers if one.name == search.provider)
        try:
            page = provider.page(search.query, search.cursor)
        except Throttled as error:
            self._set_aside(search, f"{error}; run the command again later")
            return None
        except (Failed, Refused) as error:
            self._set_aside(search, str(error))
            return None
        except (AttributeError, KeyError, TypeError, ValueError):
            self._set_aside(search, "its answer has another form than documented")
            return None
        refusal = [_refusal(hit, provider, licences) for hit in page.hits]
        search, new = self.record.add(search, page, refusal)
        repeats[search.id] = 0 if new else repeats[search.id] + 1
        what = f"{search.provider}: {search.query.text!r}" if search.query.text else search.provider
        if search.state == EXHAUSTED:
            log.info("%s: %s gives no more after %d results", search.query.label, what, search.found)
        elif provider.searches and repeats[search.id] >= REPEATS:
            self.record.exhaust(search)
            log.info("%s: %s only repeats itself after %d results", search.query.label, what, search.found)
            return None
        return search

    def _set_aside(self, search: Search, reason: str) -> None:
        self.aside[search.provider] = reason
        log.warning("%s: is left out of this run: %s", search.provider, reason)

    def _fetch_all(self, batch: Sequence[Picture], executor: ThreadPoolExecutor, shown: tuple[Progress, TaskID]) -> int:
        """Fetches pictures in parallel and records each as it ends; returns how many are new."""
        waiting = {executor.submit(self.fetch, picture): picture for picture in batch}
        count = 0
        for done in as_completed(waiting):
            if self.record.settle(waiting[done], done.result(), self.clock.wall()) == FETCHED:
                count += 1
                shown[0].advance(shown[1])
        return count


def _refusal(hit: Hit, provider: Provider, licences: Sequence[str]) -> str:
    """The reason not to fetch a picture; "" = fetch it."""
    if not licences or provider.local or hit.licence in licences:
        return ""
    return f"{LICENCE}{hit.licence or 'unknown'}"
