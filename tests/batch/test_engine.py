"""The engine with a scripted scheduler."""

from __future__ import annotations

import http.server
import os
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import distributed
import pytest

from monitor.batch import engine, work
from monitor.batch.analyse import Request
from monitor.batch.dataset import Dataset, Fingerprint
from monitor.batch.fetch import local
from monitor.batch.items import Item, find
from monitor.batch.work import Job
from monitor.core.errors import SourceError
from monitor.settings.config import Config
from tests.capture import servers

MOST = 20
"""Tasks after which a batch of one or two recordings counts as endless."""


class Done:
    """A finished task."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.value, self.error, self.status = None, None, "finished"
        try:
            self.value = call()
        except Exception as error:
            self.error, self.status = error, "error"

    def exception(self) -> Exception | None:
        return self.error

    def result(self) -> Any:
        return self.value


class Here:
    """A client that does all work at once, in this process."""

    loop = None
    status = "running"

    def __init__(self) -> None:
        self.tasks = 0

    def scheduler_info(self, n_workers: int) -> dict[str, Any]:
        return {"workers": {"here": {}}}

    def submit(self, call: Callable[..., Any], *args: Any, **_: Any) -> Done:
        self.tasks += 1
        assert self.tasks < MOST, "the batch does not end"
        return Done(lambda: call(*(arg.value if isinstance(arg, Done) else arg for arg in args)))


class Queue(deque[Done]):
    """The finished tasks, in their order."""

    add = deque.append

    def __next__(self) -> Done:
        return self.popleft()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[list[Item]], list[dict[str, Any]]]:
    """Runs a batch and gives its rows."""
    monkeypatch.setattr(distributed, "as_completed", lambda tasks, loop: Queue(tasks))
    mark = Fingerprint("s", "m")
    Dataset(tmp_path / "set").describe(Config(), mark)
    job = Job(str(tmp_path / "set"), Request(Config()), mark)

    def run(items: list[Item]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        engine.run(job, items, set(), Here(), rows.append)
        return rows

    return run


@pytest.mark.parametrize("error", [KeyError("column"), IndexError("list index out of range")])
def test_a_fault_in_a_task_is_no_lost_scheduler(
    error: Exception, told: Callable[[list[Item]], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(job: Job, item: Item) -> None:
        raise error

    monkeypatch.setattr(work, "prepare", fail)
    (row,) = told([Item("/films/a.mp4")])
    assert row["status"] == "failed"
    assert str(error) in row["reason"]


def test_the_same_content_under_a_second_name_is_read_once(
    told: Callable[[list[Item]], list[dict[str, Any]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def whole(job: Job, plan: work.Plan) -> dict[str, Any]:
        read.append(plan.item.name)
        return {"status": "ok", "name": plan.item.name}

    monkeypatch.setattr(work, "whole", whole)
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).write_bytes(b"film")
    rows = told(find([str(tmp_path / "a.mp4"), str(tmp_path / "b.mp4")]))
    assert read == [str(tmp_path / "a.mp4")]
    assert sorted(row["status"] for row in rows) == ["ok", "skipped"]


def test_a_name_that_is_not_utf8_is_reported_and_stops_nothing(
    told: Callable[[list[Item]], list[dict[str, Any]]], tmp_path: Path
) -> None:
    """OpenCV terminates the process on such a name, and no table can hold it."""
    folder = tmp_path / "films"
    folder.mkdir()
    (folder / "a.mp4").write_bytes(b"no film")
    (folder / os.fsdecode(b"\xff.mp4")).write_bytes(b"no film")
    rows = {Path(row["name"]).name: row["reason"] for row in told(find([str(folder)]))}
    assert rows.keys() == {"a.mp4", "\\xff.mp4"}
    assert rows["\\xff.mp4"] == f"{folder}/\\xff.mp4: the name is not in UTF-8; rename the file"
    assert [row["status"] for row in Dataset(tmp_path / "set").videos()] == ["failed"] * 2


def _forbid(request: http.server.BaseHTTPRequestHandler) -> None:
    servers.send(request, 403, "text/plain")


def _break_off(request: http.server.BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "1000")
    request.end_headers()
    request.wfile.write(b"half")
    request.close_connection = True


@pytest.mark.parametrize(("answer", "reason"), [(_forbid, "403"), (_break_off, "Not enough data")])
def test_a_servers_answer_is_the_reason_and_holds_no_login(
    answer: Callable[[http.server.BaseHTTPRequestHandler], None], reason: str
) -> None:
    pytest.importorskip("aiohttp", reason="needs aiohttp")
    with servers.web(answer) as host:
        item = Item(f"http://me:s3cret@{host}/a.mp4")
        with pytest.raises(SourceError, match=reason) as error, local(item):
            pass
    assert str(error.value).startswith(f"http://{host}/a.mp4: cannot be fetched: ")
    assert "s3cret" not in str(error.value)
    assert item.name == f"http://{host}/a.mp4"
