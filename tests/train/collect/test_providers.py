"""Each service's answers are read page by page until it has no more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitor.core.errors import ConfigError
from tests.train.collect.site import Site
from train.collect import licences
from train.collect.client import Client
from train.collect.errors import Failed, Refused
from train.collect.providers import make
from train.collect.providers.base import Hit, Provider, Query
from train.collect.providers.lists import UrlList

HAPPY = Query("happy", "smiling person", "en")


def every(provider: Provider, query: Query = HAPPY, pages: int = 99) -> list[Hit]:
    hits: list[Hit] = []
    cursor = ""
    for _ in range(pages):
        page = provider.page(query, cursor)
        hits += page.hits
        cursor = page.cursor
        if not cursor:
            break
    return hits


def service(name: str, site: Site, client: Client, wanted: tuple[str, ...] = ()) -> Provider:
    return make([name], client, wanted, {name: site.url})[0]


def test_openverse_gives_licence_author_and_source(site: Site, client: Client) -> None:
    hits = every(service("openverse", site, client, ("cc0", "by")))
    assert len(hits) == 45
    assert site.count["/v1/images/"] == 3
    assert hits[1] == Hit(
        site.picture(1), "https://photos.example/1", "Face 1", "Ann & Bo", "by",
        "https://creativecommons.org/licenses/x/4.0/",
    )  # fmt: skip


def test_openverse_stops_at_the_depth_it_allows(site: Site, client: Client) -> None:
    site.results = 1000
    assert len(every(service("openverse", site, client))) == 240


def test_openverse_with_an_account_takes_larger_pages(
    site: Site, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENVERSE_CLIENT_ID", "me")
    monkeypatch.setenv("OPENVERSE_CLIENT_SECRET", "secret")
    assert len(every(service("openverse", site, client))) == 45
    assert site.count["/v1/images/"] == 1
    assert site.seen["/v1/images/"]["Authorization"] == "Bearer T"


def test_openverse_refusing_a_later_page_is_the_end_and_the_first_a_fault(site: Site, client: Client) -> None:
    provider = service("openverse", site, client)
    cursor = provider.page(HAPPY, "").cursor
    site.faults["/v1/images/"] = [(401, {}), (401, {})]
    assert provider.page(HAPPY, cursor).hits == []
    with pytest.raises(Refused, match="answers 401"):
        provider.page(HAPPY, "")


def test_commons_continues_in_order_and_its_html_becomes_text(site: Site, client: Client) -> None:
    site.results = 120
    hits = every(service("commons", site, client))
    assert [hit.url for hit in hits] == [site.picture(1000 + n) for n in range(120)]
    assert (hits[0].licence, hits[0].author, hits[0].title) == ("by-sa", "Cy D", "Face 0.jpg")
    assert site.count["/w/api.php"] == 3


def test_commons_being_busy_is_a_fault_that_passes(site: Site, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "json", lambda request: {"error": {"code": "maxlag", "info": "Waiting for db"}})
    with pytest.raises(Failed, match="it is busy"):
        service("commons", site, client).page(HAPPY, "")


def test_keyed_services_need_their_key(site: Site, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, variable in (("brave", "BRAVE_API_KEY"), ("serpapi", "SERPAPI_API_KEY")):
        monkeypatch.delenv(variable, raising=False)
        with pytest.raises(ConfigError, match=f"{variable}: is not set"):
            service(name, site, client)
        monkeypatch.setenv(variable, "key")
        provider = service(name, site, client)
        hits = every(provider)
        assert len(hits) == 45
        assert hits[0].page.startswith("https://")
        assert hits[0].licence == ""
        assert provider.crawled
        assert not provider.states_licences
    monkeypatch.setenv("BRAVE_API_KEY", "stale")
    with pytest.raises(Refused, match="answers 401"):
        every(service("brave", site, client))


def test_a_key_is_in_no_message(site: Site, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERPAPI_API_KEY", "SECRET")
    provider = make(["serpapi"], client, (), {"serpapi": site.url})[0]
    redirect = {"Location": "ftp://x"}
    for status, headers in ((500, {}), (403, {}), (302, redirect)):
        site.faults["/search.json"] = [(status, headers)] * 4
        with pytest.raises((Failed, Refused)) as caught:
            provider.page(HAPPY, "")
        assert "SECRET" not in str(caught.value)
    gone = make(["serpapi"], client, (), {"serpapi": "http://127.0.0.1:1"})[0]
    with pytest.raises(Failed, match="no connection") as unreachable:
        gone.page(HAPPY, "")
    assert "SECRET" not in str(unreachable.value)


def test_lists_in_three_forms(tmp_path: Path) -> None:
    (tmp_path / "happy.txt").write_text("# mine\nhttps://a.example/1.jpg\n\nhttps://a.example/2.jpg\n")
    (tmp_path / "all.csv").write_text(
        'url,label,author,licence\nhttps://a/1,happy,"Bo, Ann",CC BY 4.0\nhttps://a/2,sad,,\n'
    )
    (tmp_path / "all.jsonl").write_text(
        json.dumps({"url": "https://a/3", "label": "happy", "license": "cc0", "page": "https://a"}) + "\n"
    )
    assert [hit.url for hit in every(UrlList(tmp_path / "happy.txt"))] == [
        "https://a.example/1.jpg", "https://a.example/2.jpg",
    ]  # fmt: skip
    assert every(UrlList(tmp_path / "happy.txt"), Query("sad")) == []
    assert every(UrlList(tmp_path / "all.csv")) == [Hit("https://a/1", author="Bo, Ann", licence="by")]
    assert every(UrlList(tmp_path / "all.jsonl")) == [Hit("https://a/3", "https://a", licence="cc0")]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [("x.csv", "address,label\n", "must name the columns url and label"),
     ("x.jsonl", '{"url": "https://a"}\n', r"x\.jsonl:1: has no label"),
     ("x.jsonl", "[1]\n", r"x\.jsonl:1: must be a JSON object"),
     ("x.html", "", r"must end in \.txt, \.csv, \.jsonl")],
)  # fmt: skip
def test_a_wrong_list_is_reported_before_the_work(
    name: str, text: str, told: str, tmp_path: Path, client: Client
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError, match=told):
        make([str(tmp_path / name)], client, (), {})


def test_a_list_of_100000_rows_is_read_once_and_resumed_in_the_middle(tmp_path: Path) -> None:
    with (tmp_path / "happy.txt").open("w") as file:
        file.writelines(f"https://a.example/{n}.jpg\n" for n in range(100_000))
    reading = UrlList(tmp_path / "happy.txt")
    assert len(every(reading, pages=3)) == 1500
    resumed = UrlList(tmp_path / "happy.txt").page(HAPPY, "1500")
    assert resumed.hits[0].url == "https://a.example/1500.jpg"
    assert len(every(UrlList(tmp_path / "happy.txt"), pages=10_000)) == 100_000


def test_a_folder_of_classes(tmp_path: Path, client: Client) -> None:
    for name in ("happy/2.jpg", "happy/1.png", "happy/_hidden.jpg", "sad/3.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    provider = make([str(tmp_path)], client, (), {})[0]
    assert [hit.title for hit in every(provider)] == ["1.png", "2.jpg"]
    with pytest.raises(ConfigError, match="must be one of openverse, commons, brave, serpapi, or a list"):
        make(["bing"], client, (), {})


@pytest.mark.parametrize(
    ("text", "code"),
    [("CC BY-SA 4.0", "by-sa"), ("cc-by-2.0", "by"), ("by-nc-nd", "by-nc-nd"), ("CC0", "cc0"), ("pdm", "pdm"),
     ("https://creativecommons.org/licenses/by-nc/2.0/", "by-nc"), ("Public domain", "pdm"), ("GFDL", ""),
     ("https://creativecommons.org/publicdomain/zero/1.0/", "cc0"), ("pd", "pdm"), ("all rights reserved by X", ""),
     ("", ""), ("Creative Commons Zero", "cc0"), ("cc-zero", "cc0")],
)  # fmt: skip
def test_licences_by_many_names(text: str, code: str) -> None:
    assert licences.code(text) == code


def test_which_licences_are_wanted() -> None:
    assert licences.wanted("cc0, BY") == ("cc0", "by")
    assert licences.wanted("any") == ()
    for text in ("free", "", "any,by"):
        with pytest.raises(ConfigError, match="--licences: must be any, or some of cc0"):
            licences.wanted(text)
