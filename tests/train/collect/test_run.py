"""A collection from the first page to the attribution."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.train.collect.scripted import QUERIES, Scripted, fetched, on_disk
from tests.train.collect.site import FakeClock, Site, jpeg
from train.collect import attribution
from train.collect.client import Client
from train.collect.errors import Failed, Throttled
from train.collect.fetch import PARTS, Fetcher
from train.collect.providers import make
from train.collect.providers.base import Hit, Page, Query
from train.collect.record import NAME, Record
from train.collect.rows import FAILED, FETCHED, REFUSED, Outcome, Picture
from train.collect.run import Collector, Order


def test_a_set_from_two_services_with_its_attribution(fetcher: Fetcher, client: Client, site: Site) -> None:
    collector, record = on_disk(fetcher, client, ["openverse", "commons"], site)
    found = collector.collect(Order(QUERIES, 30, ("cc0", "by", "by-sa"), 4))
    assert found["happy"][FETCHED] == 30
    assert found["happy"][REFUSED] >= 5  # by-nc
    files = {str(path.relative_to(fetcher.root)) for path in fetcher.root.glob("happy/*.jpg")}
    origins = list(record.origins())
    assert files == {origin.path for origin in origins}
    assert {origin.licence for origin in origins} <= {"cc0", "by", "by-sa"}
    assert attribution.write(record.origins(), fetcher.root / attribution.PAGE) == 30
    page = (fetcher.root / attribution.PAGE).read_text()
    assert "Ann &amp; Bo" in page
    assert 'href="https://photos.example/' in page
    view = fetcher.root / "view"
    view.mkdir()
    record.close()
    kept = sorted(files)[:7]
    assert attribution.carry_over(fetcher.root, kept, view) == 7
    assert attribution.carry_over(view, kept, view) == 0


def test_phrases_and_services_take_turns_and_exhaustion_is_reported(
    record: Record, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    one = Scripted("one", {"smiling person": 12, "lachende Frau": 25})
    two = Scripted("two", {"smiling person": 10})
    found = Collector(record, [one, two], fetched, FakeClock()).collect(Order(QUERIES, 900))
    assert found["happy"] == {FETCHED: 47}
    assert [text for text, _ in one.asked] == ["smiling person", "lachende Frau"] * 2 + ["lachende Frau"]
    assert "happy: one: 'smiling person' gives no more after 12 results" in caplog.text
    assert "happy: two: 'lachende Frau' gives no more after 0 results" in caplog.text
    assert "happy: 47 of 900 pictures; no search has more" in caplog.text


def test_no_more_is_fetched_than_wanted_and_failures_are_made_up_for(record: Record) -> None:
    def every_third(picture: Picture) -> Outcome:
        return Outcome(FAILED, "no connection") if picture.id % 3 == 0 else fetched(picture)

    service = Scripted("one", {"smiling person": 100})
    found = Collector(record, [service], every_third, FakeClock()).collect(Order(QUERIES, 20))
    assert found["happy"][FETCHED] == 20
    assert found["happy"][FAILED] >= 8


def test_a_service_that_repeats_itself_is_left(record: Record, caplog: pytest.LogCaptureFixture) -> None:
    class Repeating(Scripted):
        def page(self, query: Query, cursor: str) -> Page:
            self.asked.append((query.text, cursor))
            return Page([Hit(f"https://x/{n}") for n in range(10)], str(int(cursor or 0) + 10))

    caplog.set_level("INFO")
    service = Repeating("one", {})
    found = Collector(record, [service], fetched, FakeClock()).collect(Order({"happy": QUERIES["happy"][:1]}, 50))
    assert found["happy"] == {FETCHED: 10}
    assert len(service.asked) == 3
    assert "only repeats itself after 30 results" in caplog.text


def test_a_service_at_fault_is_set_aside_and_the_others_continue(
    record: Record, caplog: pytest.LogCaptureFixture
) -> None:
    class Faulty(Scripted):
        fault: Exception = Throttled("one.example asks to wait 3,600 s")

        def page(self, query: Query, cursor: str) -> Page:
            super().page(query, cursor)
            raise self.fault

    one, two = Faulty("one", {}), Scripted("two", {"smiling person": 5})
    collector = Collector(record, [one, two], fetched, FakeClock())
    assert collector.collect(Order(QUERIES, 9))["happy"] == {FETCHED: 5}
    assert len(one.asked) == 1
    assert "one: is left out of this run: one.example asks to wait 3,600 s; run the command again later" in caplog.text
    healed = Scripted("one", {"smiling person": 50})  # the next run goes on there
    assert Collector(record, [healed], fetched, FakeClock()).collect(Order(QUERIES, 9))["happy"][FETCHED] == 9


def test_lies_and_bombs_end_in_a_reason(fetcher: Fetcher, client: Client, site: Site, tmp_path: Path) -> None:
    site.pictures["/page.jpg"] = b"<html>not here</html>"
    names = ["/p/1.jpg", "/page.jpg", "/short", "/endless", "/loop", "/to/http://127.0.0.9/x.jpg", "/nowhere.jpg"]
    (tmp_path / "happy.txt").write_text("\n".join([*(site.url + name for name in names), "file:///etc/passwd"]))
    collector, record = on_disk(fetcher, client, [str(tmp_path / "happy.txt")], site)
    collector.collect(Order({"happy": []}, 9, (), 3))
    record.close()
    with sqlite3.connect(fetcher.root / NAME) as db:
        found = {url.removeprefix(site.url): (status, reason) for url, status, reason in
                 db.execute("select url, status, reason from pictures")}  # fmt: skip
    assert found["/p/1.jpg"] == (FETCHED, "")
    assert found["/page.jpg"] == (REFUSED, "is a web page")
    assert found["/short"][0] == FAILED
    assert found["/endless"] == (REFUSED, "has over 1,000,000 bytes")
    assert found["/loop"] == (REFUSED, "more than 5 redirects")
    assert found["/to/http://127.0.0.9/x.jpg"] == (REFUSED, "127.0.0.9 is 127.0.0.9, not a public address")
    assert found["/nowhere.jpg"][1].endswith("answers 404")
    assert found["file:///etc/passwd"] == (REFUSED, "robots.txt: not an http or https address")
    assert not list((fetcher.root / PARTS).iterdir())


def test_rules_of_foreign_sites_are_kept_to(fetcher: Fetcher, client: Client, site: Site, tmp_path: Path) -> None:
    site.robots = "User-agent: emotion-monitor\nDisallow: /p/2\nCrawl-delay: 3\n"
    (tmp_path / "happy.txt").write_text("\n".join(site.picture(n) for n in range(4)))
    collector, record = on_disk(fetcher, client, [str(tmp_path / "happy.txt")], site)
    assert collector.collect(Order({"happy": []}, 9))["happy"] == {FETCHED: 3, REFUSED: 1}
    record.close()
    assert site.count["/robots.txt"] == 1
    assert site.count["/p/2.jpg"] == 0
    site.faults["/robots.txt"] = [(500, {})] * 4
    from train.collect.robots import Robots

    with pytest.raises(Failed):
        Robots(client).allows(site.picture(3))


def test_the_same_file_twice_counts_once(fetcher: Fetcher, client: Client, site: Site, tmp_path: Path) -> None:
    site.pictures.update({"/a.jpg": jpeg(5), "/b.jpg": jpeg(5)})
    (tmp_path / "happy.txt").write_text(f"{site.url}/a.jpg\n{site.url}/b.jpg\n{site.url}/a.jpg\n")
    collector, record = on_disk(fetcher, client, [str(tmp_path / "happy.txt")], site)
    assert collector.collect(Order({"happy": []}, 9))["happy"] == {FETCHED: 1, "duplicate": 1}
    record.close()
    assert len(list(fetcher.root.glob("happy/*.jpg"))) == 1


@pytest.mark.parametrize("name", ["openverse", "commons", "brave", "serpapi"])
@pytest.mark.parametrize(
    "answer",
    [[], "x", 3, None, {"results": 3}, {"results": [3]}, {"query": {"pages": [{"imageinfo": [3]}]}}, {"query": 1},
     {"images_results": [3]}, {"images_results": 3}, {"error": 7}, {"error": {"code": "\x1b[2J", "info": ["\n"]}}, {}],
)  # fmt: skip
def test_an_answer_of_any_other_form_ends_in_one_line(
    name: str, answer: object, record: Record, client: Client, site: Site, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("BRAVE_API_KEY", "key")
    monkeypatch.setenv("SERPAPI_API_KEY", "key")
    monkeypatch.setattr(client, "json", lambda request: answer)
    providers = make([name], client, (), {name: site.url})
    assert Collector(record, providers, fetched, FakeClock()).collect(Order(QUERIES, 9))["happy"] == {}
    assert "\x1b" not in caplog.text
    assert not any("\n" in line.getMessage() for line in caplog.records)
