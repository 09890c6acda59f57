from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.train.collect.site import FakeClock, Site
from train.collect.client import Client
from train.collect.fetch import Fetcher
from train.collect.guard import Guard
from train.collect.pace import Pace
from train.collect.pictures import Limits
from train.collect.record import NAME, Record
from train.collect.robots import Robots


@pytest.fixture
def site() -> Iterator[Site]:
    running = Site()
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def client(clock: FakeClock) -> Client:
    """A client for which 127.0.0.1 alone is public."""
    return Client("test (me@example.org)", Guard(lambda address: address == "127.0.0.1"), clock, Pace(clock))


@pytest.fixture
def fetcher(client: Client, tmp_path: Path) -> Fetcher:
    """A fetcher without providers into the folder ``set``."""
    made = Fetcher(tmp_path / "set", client, Robots(client), {}, Limits(1_000_000, 4.0))
    made.prepare()
    return made


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    opened = Record(tmp_path / NAME)
    yield opened
    opened.close()
