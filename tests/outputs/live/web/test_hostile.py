"""Malformed requests, crowds of viewers and folders that others own."""

from __future__ import annotations

import json
from collections.abc import MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from starlette.testclient import TestClient

from monitor.outputs.live.web.access import ACTION_HEADER
from monitor.outputs.live.web.app import build
from monitor.outputs.live.web.sessions import SessionList
from tests.fakes import result
from tests.outputs.live.web.conftest import Run


@pytest.mark.parametrize(
    "headers", [{"Host": "["}, {"Host": "[::1"}, {"Origin": "http://["}, {"Host": "localhost:8080", "Origin": "//]"}]
)
def test_a_malformed_host_or_origin_is_refused_like_a_foreign_one(run: Run, headers: dict[str, str]) -> None:
    assert run.client().get("/api/state", headers=headers).status_code == 403


@pytest.mark.parametrize("path", ["/api/stream", "/picture.mjpg"])
def test_viewers_who_come_at_the_same_moment_are_counted_too(run: Run, path: str) -> None:
    site = run.site(viewers=2)
    run.hub.put(result(0.0))
    app, answers = build(site), []

    async def view() -> None:
        async def receive() -> dict[str, Any]:
            await anyio.sleep_forever()
            raise AssertionError

        async def send(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                answers.append(message["status"])
                site.closing = len(answers) == 6

        headers = [(b"host", b"localhost:8080")]
        scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "headers": headers}
        await app({**scope, "query_string": b"", "root_path": "", "scheme": "http", "client": None}, receive, send)

    async def crowd() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(6):
                group.start_soon(view)

    anyio.run(crowd)
    assert sorted(answers) == [200] * 2 + [503] * 4
    assert site.watching == {"picture": 0, "stream": 0}


def test_a_session_of_another_user_does_not_hide_the_others(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("20260101T000000_mine", "20260102T000000_roots"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "metadata.json").write_text("{}")
    examined = Path.is_file

    def is_file(path: Path) -> bool:
        if path.parent.name.endswith("roots"):
            raise PermissionError(13, "Permission denied", str(path))
        return examined(path)

    monkeypatch.setattr(Path, "is_file", is_file)
    listed = run.client().get("/api/sessions")
    assert [entry["name"] for entry in listed.json()] == ["20260101T000000_mine"]


def test_a_deleted_folder_of_sessions_is_an_empty_list(tmp_path: Path) -> None:
    assert SessionList(tmp_path / "gone", tmp_path / "gone" / "now").listed() == []


def test_a_summary_that_someone_edited_is_no_error(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "20260101T000000_x"
    folder.mkdir()
    (folder / "metadata.json").write_text(json.dumps({"cameras": None, "source": 3}))
    for faces, shown in ((None, None), ({"1": {}, "4": {}}, 2)):
        (folder / "summary.json").write_text(json.dumps({"faces": faces}))
        assert run.client().get("/api/sessions").json()[0]["faces"] == shown


def test_an_ended_camera_accepts_no_action(run: Run) -> None:
    site = run.site()
    site.cameras[""] = replace(site.cameras[""], over=lambda: True)
    client = TestClient(build(site), base_url="http://localhost:8080")
    answer = client.post("/api/actions/record", headers={ACTION_HEADER: "1"})
    assert (answer.status_code, answer.json()["error"]) == (409, "record: cannot be done now")
