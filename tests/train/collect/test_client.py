"""Requests end, whatever the other side does, and reach public addresses only."""

from __future__ import annotations

import gzip
import threading
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.train.collect.site import FakeClock, Site
from train.collect.client import Client, Request
from train.collect.errors import Failed, Refused, Throttled
from train.collect.fetch import Fetcher
from train.collect.guard import Guard, PrivateAddress, is_public
from train.collect.pace import Pace, Stopped, SystemClock
from train.collect.rows import FAILED, REFUSED, Picture


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "255.255.255.255", "::1", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
     "2002:7f00:0001::", "64:ff9b::7f00:1", "::", "fec0::1"],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "64:ff9b::808:808"])
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address", ["http://[::1/x.jpg", "http://a..b/x.jpg", "http://h:x/x.jpg", "http://h/\0", "//", ""]
)
@pytest.mark.parametrize("crawled", [True, False])
def test_a_malformed_address_ends_no_run(fetcher: Fetcher, address: str, *, crawled: bool) -> None:
    provider = SimpleNamespace(local=False, crawled=crawled)
    own = replace(fetcher, providers={"list": provider})
    assert own.fetch(Picture(1, "happy", "list", address)).status in (REFUSED, FAILED)


def test_a_name_that_resolves_to_a_private_address_is_not_connected_to() -> None:
    looked_up = []

    def resolve(host: str, port: int, type: int) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        looked_up.append(host)
        return [(2, 1, 6, "", ("10.0.0.5", port)), (2, 1, 6, "", ("169.254.169.254", port))]

    guard = Guard(resolve=resolve)
    with pytest.raises(PrivateAddress, match=r"rebind\.example is 10\.0\.0\.5, not a public address"):
        guard.connect("rebind.example", 80, 1.0)
    assert looked_up == ["rebind.example"]  # once: there is no second look-up that could differ


@pytest.mark.parametrize(
    "target", ["http://127.0.0.2:1/secret", "http://[::1]:1/", "http://localhost.localdomain.invalid:1/", "ftp://x/y",
               "file:///etc/passwd", "http://user:pw@127.0.0.1/"]
)  # fmt: skip
def test_a_redirect_leads_to_no_forbidden_place(target: str, site: Site, client: Client, tmp_path: Path) -> None:
    with pytest.raises((Refused, Failed)) as caught:
        client.download(f"{site.url}/to/{target}", tmp_path / "x", 1000)
    if "invalid" not in target:
        assert isinstance(caught.value, Refused)


def test_endless_redirects_end(site: Site, client: Client, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="more than 5 redirects"):
        client.download(f"{site.url}/loop", tmp_path / "x", 1000)
    assert site.count["/loop"] == 6


def test_a_key_does_not_follow_a_redirect_to_another_host(site: Site, client: Client) -> None:
    other = Site()
    try:
        threading.Thread(target=other.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        request = Request(f"{site.url}/to/{other.url}/robots.txt", {"X-Subscription-Token": "key"})
        other.robots = "ok"
        assert client.text(request, 100) == b"ok"
        assert "X-Subscription-Token" not in other.seen["/robots.txt"]
        assert other.seen["/robots.txt"]["User-Agent"] == "test (me@example.org)"
    finally:
        other.shutdown()
        other.server_close()


def test_retry_after_is_kept_to_in_seconds_and_as_a_date(site: Site, client: Client, clock: FakeClock) -> None:
    site.robots = "ok"
    date = formatdate(clock.wall() + 33.0, usegmt=True)
    site.faults["/robots.txt"] = [(429, {"Retry-After": "17"}), (503, {"Retry-After": date})]
    assert client.text(Request(f"{site.url}/robots.txt"), 100) == b"ok"
    assert clock.waits[0] == pytest.approx(17)
    assert 15 < sum(clock.waits[1:]) < 17  # of the 33 seconds, 17 had passed


def test_a_pause_of_an_hour_is_not_waited_for(site: Site, client: Client, clock: FakeClock) -> None:
    site.faults["/robots.txt"] = [(429, {"Retry-After": "3600"})]
    with pytest.raises(Throttled, match=r"asks to wait 3,600 s"):
        client.text(Request(f"{site.url}/robots.txt"), 100)
    assert not clock.waits


def test_errors_that_pass_are_tried_again_with_longer_pauses(site: Site, client: Client, clock: FakeClock) -> None:
    site.faults["/robots.txt"] = [(500, {})] * 9
    with pytest.raises(Failed, match=r"answers 500 \(4 tries\)"):
        client.text(Request(f"{site.url}/robots.txt"), 100)
    assert site.count["/robots.txt"] == 4
    assert [wait for wait in clock.waits if wait >= 1] == [1.0, 2.0, 4.0]
    with pytest.raises(Refused, match="answers 404"):
        client.text(Request(f"{site.url}/nowhere"), 100)
    assert site.count["/nowhere"] == 1


def test_bodies_that_are_too_long_or_too_short(site: Site, client: Client, tmp_path: Path) -> None:
    site.pictures["/long"] = bytes(5000)
    with pytest.raises(Refused, match="has 5,000 bytes, at most 1,000"):
        client.download(f"{site.url}/long", tmp_path / "x", 1000)
    with pytest.raises(Refused, match="has over 1,000,000 bytes"):
        client.download(f"{site.url}/endless", tmp_path / "x", 1_000_000)
    with pytest.raises(Failed, match="breaks off"):
        client.download(f"{site.url}/short", tmp_path / "x", 1_000_000)


def test_a_compressed_bomb_is_not_unpacked(site: Site, client: Client, tmp_path: Path) -> None:
    site.pictures["/bomb"] = gzip.compress(bytes(30_000_000))
    client.download(f"{site.url}/bomb", tmp_path / "x", 1_000_000)  # not asked for, not named as such: just bytes
    assert (tmp_path / "x").stat().st_size < 100_000
    assert site.seen["/bomb"]["Accept-Encoding"] == "identity"
    with pytest.raises(Refused, match="has over 1,000,000 bytes"):
        client.download(f"{site.url}/gzip/bomb", tmp_path / "x", 1_000_000)


def test_nobody_there(client: Client, clock: FakeClock) -> None:
    with pytest.raises(Failed, match="no connection"):
        client.text(Request("http://127.0.0.1:1/"), 100)


def test_a_host_is_asked_at_intervals_and_others_need_not_wait(clock: FakeClock) -> None:
    pace = Pace(clock, 0.5)
    for host in ("a", "b", "a", "a"):
        pace.wait(host)
    assert clock.waits == [0.5, 0.5]
    pace.slow("a", 5.0)
    pace.hold("b", 7.0)
    clock.waits.clear()
    pace.wait("b")
    assert clock.waits == [pytest.approx(7.0)]


def test_waits_end_when_the_program_stops() -> None:
    clock = SystemClock()
    clock.stop()
    with pytest.raises(Stopped):
        clock.sleep(1000)
