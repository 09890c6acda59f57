"""A collection goes on after every interruption, and stays fast when it is large."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from monitor.core.errors import ConfigError
from tests.train.collect.scripted import QUERIES, Scripted, fetched, on_disk
from tests.train.collect.site import FakeClock, Site, jpeg
from train.collect.client import Client
from train.collect.fetch import PARTS, Fetcher
from train.collect.providers.base import Page, Provider, Query
from train.collect.record import NAME, Record
from train.collect.rows import FAILED, FETCHED, REFUSED, Outcome, Picture
from train.collect.run import Collector, Order


def test_a_run_that_stops_anywhere_continues_without_asking_twice(record: Record) -> None:
    def until(limit: int) -> Provider:
        service = Scripted("one", {"smiling person": 40, "lachende Frau": 40})
        real = service.page

        def page(query: Query, cursor: str) -> Page:
            if len(service.asked) >= limit:
                raise KeyboardInterrupt
            return real(query, cursor)

        service.page = page  # type: ignore[method-assign]
        return service

    asked: list[tuple[str, str]] = []
    for _ in range(3):
        service = until(2)
        with pytest.raises(KeyboardInterrupt):
            Collector(record, [service], fetched, FakeClock()).collect(Order(QUERIES, 80))
        asked += service.asked  # type: ignore[attr-defined]
    assert len(asked) == len(set(asked)) == 6
    rest = Scripted("one", {"smiling person": 40, "lachende Frau": 40})
    assert Collector(record, [rest], fetched, FakeClock()).collect(Order(QUERIES, 80))["happy"] == {FETCHED: 80}
    assert not set(rest.asked) & set(asked)


def test_a_killed_download_leaves_nothing_that_counts(fetcher: Fetcher, client: Client, site: Site) -> None:
    (fetcher.root / PARTS / "7.part").write_bytes(jpeg(1))  # left by a kill
    fetcher.prepare()
    assert not list((fetcher.root / PARTS).iterdir())
    site.results = 10
    collector, record = on_disk(fetcher, client, ["openverse"], site)
    real = collector.fetch

    def killed(picture: Picture) -> Outcome:
        if picture.id > 4:
            raise KeyboardInterrupt
        return real(picture)

    collector.fetch = killed
    with pytest.raises(KeyboardInterrupt):
        collector.collect(Order({"happy": QUERIES["happy"][:1]}, 10, (), 1))
    record.close()
    before = dict(site.count)
    collector, record = on_disk(fetcher, client, ["openverse"], site)
    assert collector.collect(Order({"happy": QUERIES["happy"][:1]}, 10, (), 1))["happy"] == {FETCHED: 10}
    assert site.count["/v1/images/"] == before["/v1/images/"]
    settled = [path for path in before if path.startswith("/p/")][:4]
    assert all(site.count[path] <= 2 for path in settled)
    assert len(list(fetcher.root.glob("happy/*.jpg"))) == 10
    record.close()


def test_what_failed_is_tried_by_three_runs_and_a_wider_choice_of_licences_counts(record: Record) -> None:
    service = Scripted("one", {"smiling person": 5}, licence="by-nc")
    tries: list[int] = []

    def fails(picture: Picture) -> Outcome:
        tries.append(picture.id)
        return Outcome(FAILED, "no connection")

    assert Collector(record, [service], fails, FakeClock()).collect(Order(QUERIES, 9, ("by",)))["happy"] == {REFUSED: 5}
    for _ in range(5):
        Collector(record, [service], fails, FakeClock()).collect(Order(QUERIES, 9))
    assert len(tries) == 15
    assert Collector(record, [service], fetched, FakeClock()).collect(Order(QUERIES, 9, ("by",)))["happy"] == {
        FAILED: 5
    }


def test_a_list_may_grow_between_runs(fetcher: Fetcher, client: Client, site: Site, tmp_path: Path) -> None:
    for count in (3, 5):
        (tmp_path / "happy.txt").write_text("\n".join(site.picture(n) for n in range(count)))
        collector, record = on_disk(fetcher, client, [str(tmp_path / "happy.txt")], site)
        assert collector.collect(Order({"happy": []}, 9))["happy"] == {FETCHED: count}
        record.close()
    assert all(site.count[f"/p/{n}.jpg"] == 1 for n in range(5))


def test_a_picture_that_kills_every_run_is_given_up(record: Record, fetcher: Fetcher) -> None:
    tried: list[int] = []

    def crashes(picture: Picture) -> Outcome:
        tried.append(picture.id)
        if picture.id == 2:
            (fetcher.root / PARTS / "2.part").write_bytes(b"x")
            raise KeyboardInterrupt
        return fetched(picture)

    service = Scripted("one", {"smiling person": 4})
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            Collector(record, [service], crashes, FakeClock()).collect(Order(QUERIES, 9, (), 1))
        record.suspect(fetcher.prepare())
    assert Collector(record, [service], crashes, FakeClock()).collect(Order(QUERIES, 9, (), 1))["happy"] == {
        FETCHED: 3, FAILED: 1,
    }  # fmt: skip
    assert tried.count(2) == 3


@pytest.mark.slow  # 100,000 rows take seconds under tracemalloc
def test_100000_results_stay_fast_and_small(record: Record) -> None:
    services = [Scripted("one", {"smiling person": 100_000}, page=500, licence="by-nc")]
    tracemalloc.start()
    found = Collector(record, services, fetched, FakeClock()).collect(Order(QUERIES, 900, ("by",)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found["happy"] == {REFUSED: 100_000}
    assert peak < 5e6
    assert record.pending("happy", ["one"], 64) == []


def test_a_second_run_on_the_same_set_is_reported_to_wait(record: Record, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is used by another emotion-train collect; wait for its end"):
        Record(tmp_path / NAME)
