"""The page's routes: readings, picture, actions, sessions, metrics, and a scripted attacker."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.outputs.live.web.access import HEADERS, Access, is_loopback
from tests.fakes import face, result
from tests.outputs.live.web.conftest import Run

TOKEN = "a-token-of-the-user"
ACT = {"X-Emotion-Monitor": "1"}


def test_the_page_opens_on_loopback_without_a_login(run: Run) -> None:
    client = run.client()
    page = client.get("/")
    assert page.status_code == 200
    assert "a feeling" in page.text
    for path in ("/static/app.js", "/static/style.css", "/static/icon.svg", "/openapi.json", "/api/palette"):
        assert client.get(path).status_code == 200


def test_the_api_returns_the_state_of_the_hub(run: Run) -> None:
    run.hub.put(result(1.5, (face(1, "happy"),)))
    state = run.client().get("/api/state").json()
    assert state["faces"][0]["label"] == "happy"
    shown = {"recording": False, "blur": False, "live": True, "wrong": [], "picture": True, "over": False}
    assert state["run"] == shown


def test_the_openapi_description_names_every_field_of_the_state(run: Run) -> None:
    run.hub.put(result(1.5, (face(1, "happy"),)))
    client = run.client()
    described = client.get("/openapi.json").json()
    schema = described["paths"]["/api/state"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    state = client.get("/api/state").json()
    assert set(state) == set(schema["properties"])
    assert set(state["faces"][0]) == set(schema["properties"]["faces"]["items"]["properties"])
    assert set(state["run"]) == set(schema["properties"]["run"]["properties"])


def test_the_picture_is_a_jpeg_of_the_newest_frame(run: Run) -> None:
    client = run.client()
    assert client.get("/picture.jpg").status_code == 503
    run.hub.put(result(0.0))
    answer = client.get("/picture.jpg")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.content.startswith(b"\xff\xd8")


def test_actions_wait_for_the_main_thread(run: Run) -> None:
    site = run.site()
    assert site.cameras[""].controls.ask("record")
    assert run.done == []
    site.cameras[""].controls.run_waiting()
    assert run.done == ["record"]


def test_an_action_needs_the_header_and_a_known_name(run: Run) -> None:
    client = run.client()
    assert client.post("/api/actions/record").status_code == 403
    assert client.post("/api/actions/format-disk", headers=ACT).status_code == 409
    assert client.post("/api/actions/record", headers=ACT).status_code == 202
    assert client.get("/api/actions/record", headers=ACT).status_code == 405


def test_too_many_waiting_actions_are_refused(run: Run) -> None:
    client = run.client()
    codes = {client.post("/api/actions/record", headers=ACT).status_code for _ in range(40)}
    assert codes == {202, 409}


def test_health_follows_the_frames(run: Run) -> None:
    client = run.client()
    assert client.get("/healthz").status_code == 503
    run.hub.put(result(0.0))
    assert client.get("/healthz").status_code == 200
    run.clock.now += 31
    assert client.get("/healthz").status_code == 503


def test_metrics_are_prometheus_text(run: Run) -> None:
    run.hub.put(result(1.0, (face(1, "happy"),)))
    text = run.client().get("/metrics").text
    assert "emotion_monitor_frames_total 1.0" in text
    assert 'emotion_monitor_expression_probability{expression="happy"}' in text
    run.hub.put(result(2.0, (face(2, "unknown", known=False),)))
    assert "expression_probability{" not in run.client().get("/metrics").text


def test_past_sessions_are_listed_newest_first(run: Run, tmp_path: Path) -> None:
    for name in ("20260101T100000_demo", "20260102T100000_demo"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "metadata.json").write_text(json.dumps({"source": "demo", "started": "x"}))
    (tmp_path / "notes").mkdir()
    listed = run.client().get("/api/sessions").json()
    assert [s["name"] for s in listed] == ["20260102T100000_demo", "20260101T100000_demo"]


# Off loopback: a scripted attacker.


def test_off_loopback_nothing_is_shown_without_the_token(run: Run) -> None:
    client = run.client("0.0.0.0", TOKEN)
    run.hub.put(result(0.0))
    for path in (
        "/api/state",
        "/api/events",
        "/api/stream",
        "/picture.jpg",
        "/picture.mjpg",
        "/metrics",
        "/openapi.json",
    ):
        assert client.get(path).status_code == 401, path
    assert client.post("/api/actions/record", headers=ACT).status_code == 401
    assert client.get("/").headers["location"] == "/login"
    assert TOKEN not in client.get("/login").text


def test_the_right_token_gives_a_strict_cookie_that_is_not_the_token(run: Run) -> None:
    client = run.client("0.0.0.0", TOKEN)
    answer = client.post("/login", data={"token": TOKEN})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert TOKEN not in cookie
    assert client.get("/api/state").status_code == 200


def test_programs_send_the_token_as_bearer(run: Run) -> None:
    client = run.client("0.0.0.0", TOKEN)
    assert client.get("/api/state", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert client.get("/api/state", headers={"Authorization": "Bearer wrong"}).status_code == 401
    for wrong in (TOKEN, f"Basic {TOKEN}"):
        assert client.get("/api/state", headers={"Authorization": wrong}).status_code == 401


def test_guessing_is_slowed_down_and_the_pause_ends(run: Run) -> None:
    client = run.client("0.0.0.0", TOKEN)
    codes = [client.post("/login", data={"token": f"guess{n}"}).status_code for n in range(6)]
    assert codes == [403] * 5 + [429]
    assert client.post("/login", data={"token": TOKEN}).status_code == 429
    run.clock.now += 31
    assert client.post("/login", data={"token": TOKEN}).status_code == 303


def test_without_a_token_of_the_users_a_long_random_one_is_made() -> None:
    tokens = {Access("0.0.0.0", 8080).token for _ in range(5)}
    assert len(tokens) == 5
    assert all(len(token) >= 32 for token in tokens)
    assert Access("127.0.0.1", 8080).token == ""


def test_a_foreign_name_for_loopback_is_refused(run: Run) -> None:
    client = run.client()
    assert client.get("/api/state", headers={"Host": "evil.example:8080"}).status_code == 403
    assert client.get("/api/state", headers={"Host": "127.0.0.1:8080"}).status_code == 200
    assert client.get("/api/state", headers={"Host": "[::1]:8080"}).status_code == 200


def test_another_site_cannot_act(run: Run) -> None:
    client = run.client()
    for origin in ("http://evil.example", "http://localhost:9999", "null"):
        answer = client.post("/api/actions/record", headers={**ACT, "Origin": origin})
        assert answer.status_code == 403, origin
    assert client.post("/api/actions/record", headers={**ACT, "Origin": "http://localhost:8080"}).status_code == 202
    assert "access-control-allow-origin" not in client.get("/api/state").headers


def test_every_answer_carries_the_security_headers(run: Run) -> None:
    client = run.client("0.0.0.0", TOKEN)
    for path in ("/", "/login", "/static/style.css", "/api/state", "/nowhere"):
        headers = client.get(path).headers
        for name in HEADERS:
            assert name in headers, (path, name)


@pytest.mark.parametrize(
    "path",
    ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd",
     "/sessions/../report", "/sessions/%2e%2e%2fetc/report", "/sessions/..%2f..%2fetc%2fpasswd/report"],
)  # fmt: skip
def test_no_path_leads_out_of_the_page(run: Run, path: str) -> None:
    answer = run.client().get(path)
    assert answer.status_code in (404, 405)
    assert "import" not in answer.text


def test_a_large_login_body_is_cut_off(run: Run) -> None:
    client = run.client("0.0.0.0", TOKEN)
    assert client.post("/login", content=b"token=" + b"x" * 100_000).status_code == 413


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    path=st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="?#\\"), max_size=40),
    after=st.text(max_size=20), token=st.text(max_size=30),
)  # fmt: skip
def test_no_request_is_an_internal_error(run: Run, path: str, after: str, token: str) -> None:
    client = run.client("0.0.0.0", TOKEN)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert client.get("/" + path.lstrip("/"), headers=headers).status_code < 500 or path.lstrip("/") in (
        "healthz",
        "picture.jpg",
    )
    assert client.get("/api/events", params={"after": after}, headers=headers).status_code in (200, 400)
    assert client.post("/login", data={"token": token}).status_code in (403, 429)


def test_the_picture_may_be_off_while_the_readings_continue(run: Run) -> None:
    client = run.client(picture=False)
    run.hub.put(result(0.0))
    assert client.get("/picture.jpg").status_code == 403
    assert client.get("/picture.mjpg").status_code == 403
    assert client.get("/api/state").json()["run"]["picture"] is False


def test_only_so_many_may_watch(run: Run) -> None:
    from starlette.testclient import TestClient

    from monitor.outputs.live.web.app import build

    site = run.site(viewers=2)
    site.watching["stream"] = 2
    client = TestClient(build(site), base_url="http://localhost:8080")
    assert client.get("/api/stream").status_code == 503


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("127.9.9.9", True), ("0.0.0.0", False),
     ("192.168.1.4", False), ("localhost.evil.example", False), ("", False)],
)  # fmt: skip
def test_loopback_addresses_are_recognised(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
