"""Snapshot addresses, RTSP transports, and the reason why an address cannot be opened."""

from __future__ import annotations

import base64
import http.server
import socket

import cv2
import numpy as np
import pytest

from monitor.capture.choose import make_feed
from monitor.capture.diagnosis import diagnosed
from monitor.capture.kinds import open_source
from monitor.capture.snapshot import SnapshotSource, _opener
from monitor.capture.stream import _buffer_s, transports
from monitor.core.errors import SourceError
from monitor.core.incidents import Incidents
from monitor.settings.config import Config
from monitor.settings.inputs import SourceConfig
from tests.capture import servers
from tests.fakes import Clock


def jpeg(level: int) -> bytes:
    return cv2.imencode(".jpg", np.full((48, 64, 3), level, np.uint8))[1].tobytes()


class Camera:
    """Answers with pictures that grow brighter; demands a login when it has one."""

    def __init__(self, login: str = "") -> None:
        self.requests, self.login, self.broken = 0, login, False

    def __call__(self, request: http.server.BaseHTTPRequestHandler) -> None:
        wanted = "Basic " + base64.b64encode(self.login.encode()).decode()
        if self.login and request.headers.get("Authorization") != wanted:
            request.send_response(401)
            request.send_header("WWW-Authenticate", 'Basic realm="camera"')
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        self.requests += 1
        if self.broken:
            servers.send(request, 500, "text/plain")
        else:
            servers.send(request, 200, "image/jpeg", jpeg(20 * self.requests))


def test_a_snapshot_address_is_fetched_at_its_interval_and_survives_a_failure() -> None:
    camera, clock = Camera("me:p@ss"), Clock()
    with servers.web(camera) as host:
        source = SnapshotSource(f"http://me:p%40ss@{host}/shot.jpg", SourceConfig(poll_s=2.0), clock, clock.advance)
        assert source.name == f"http://{host}/shot.jpg"
        frames = [source.read() for _ in range(3)]
        camera.broken = True
        assert source.read() is None
        camera.broken = False
        frames.append(source.read())
    assert [frame.t for frame in frames if frame is not None] == [0, 2, 4, 8]
    assert [round(float(frame.image.mean())) for frame in frames if frame is not None] == [20, 40, 60, 100]
    assert source.facts()["width"] == 64


@pytest.mark.slow
def test_a_snapshot_address_may_be_of_ipv6() -> None:
    request, _ = _opener("http://me:pw@[fe80::1]:8080/shot.jpg?a=1")
    assert (request.full_url, request.host) == ("http://[fe80::1]:8080/shot.jpg?a=1", "[fe80::1]:8080")
    assert _opener("http://[::1]/shot.jpg")[0].full_url == "http://[::1]/shot.jpg"


@pytest.mark.parametrize("url", ["http://[::1/shot.jpg", "http://host:99999/s", "rtsp://me:Qx/zz@host/live"])
@pytest.mark.parametrize("poll_s", [0.0, 1.0])
def test_a_malformed_address_is_one_line_without_its_password(url: str, poll_s: float) -> None:
    with pytest.raises(SourceError) as error:
        open_source(url, SourceConfig(poll_s=poll_s, open_timeout_s=1.0))
    (line,) = error.value.lines
    assert "the address is malformed" in line
    assert "Qx" not in line


def test_poll_s_makes_an_address_a_snapshot_source_that_stalls_late_enough() -> None:
    config = Config(source=SourceConfig(poll_s=4.0))
    with servers.web(Camera()) as host:
        url = f"http://{host}/shot.jpg"
        source = open_source(url, config.source)
        assert isinstance(source, SnapshotSource)
        feed = make_feed(source, url, config, Incidents(), watched=False)
        tolerance = feed._grabber._tolerance  # type: ignore[attr-defined]
        feed.close()
    assert tolerance.stall_s == tolerance.frozen_s == 12.0


def test_a_snapshot_address_that_cannot_be_fetched_gives_one_line() -> None:
    nothing = r"cannot be fetched; the server has nothing at this address \(404\)"
    with (
        servers.web(lambda request: servers.send(request, 404, "text/plain")) as host,
        pytest.raises(SourceError, match=nothing),
    ):
        SnapshotSource(f"http://{host}/shot.jpg", SourceConfig(poll_s=1.0))
    with (
        servers.web(lambda request: servers.send(request, 200, "image/jpeg", b"x")) as host,
        pytest.raises(SourceError, match="cannot be fetched; it may be damaged"),
    ):
        SnapshotSource(f"http://{host}/shot.jpg", SourceConfig(poll_s=1.0))


@pytest.mark.parametrize(
    ("status", "kind", "expected"),
    [
        (404, "text/plain", "(404); check the path"),
        (401, "text/plain", "(401); check user name and password"),
        (403, "text/plain", "forbids access (403)"),
        (500, "text/plain", "has an error (500)"),
        (418, "text/plain", "answers 418"),
        (200, "text/html; charset=utf-8", "it is a web page, not a stream"),
        (200, "image/jpeg", "fetch it repeatedly with source.poll_s=1"),
        (200, "application/json", "sends application/json"),
    ],
)
def test_a_web_servers_answer_is_reported(status: int, kind: str, expected: str) -> None:
    with servers.web(lambda request: servers.send(request, status, kind)) as host:
        assert expected in diagnosed(f"http://{host}/live?a=1", 5.0)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (b"RTSP/1.0 404 Not Found\r\nCSeq: 1\r\n\r\n", "(404)"),
        (b"RTSP/1.0 401 Unauthorized\r\n\r\n", "(401)"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak RTSP"),
        (b"", "does not speak RTSP"),
        (b"RTSP/1.0 200 OK\r\n\r\n", "check address, network and login"),
    ],
)
def test_an_rtsp_servers_answer_is_reported(reply: bytes, expected: str) -> None:
    with servers.talker(reply) as port:
        assert expected in diagnosed(f"rtsp://me:pw@127.0.0.1:{port}/live", 5.0)


def test_a_refused_port_and_an_unknown_host_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "refuses connections on port" in diagnosed(f"rtsp://127.0.0.1:{servers.free_port()}/x", 5.0)
    assert "refuses connections on port" in diagnosed(f"http://127.0.0.1:{servers.free_port()}/x", 5.0)

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr("socket.create_connection", unknown)
    assert diagnosed("rtsp://nowhere.local/x", 5.0) == "the host nowhere.local is unknown; check the name"
    assert diagnosed("http://nowhere.local/x", 5.0) == "the host nowhere.local is unknown; check the name"


def test_a_stream_that_cannot_be_opened_says_why_without_its_password() -> None:
    with (
        servers.web(lambda request: servers.send(request, 404, "text/plain")) as host,
        pytest.raises(SourceError) as caught,
    ):
        open_source(f"http://me:s3cret@{host}/live?key=k3y", SourceConfig(open_timeout_s=2))
    assert caught.value.lines == (
        f"--source http://{host}/live?…: the stream cannot be opened; the server has nothing at this address (404); "
        "check the path",
    )


def test_rtsp_tries_tcp_then_udp_unless_one_is_chosen() -> None:
    assert transports("rtsp://cam/live", "auto") == ("tcp", "udp")
    assert transports("RTSP://cam/live", "udp") == ("udp",)
    assert transports("http://cam/live", "udp") == ("",)


def test_hls_is_played_at_its_own_pace_and_mjpeg_never() -> None:
    mjpeg = cv2.VideoWriter.fourcc(*"MJPG")
    assert _buffer_s("http://cam/live.M3U8?x=1", 0.0, 0) == 2.0
    assert _buffer_s("http://cam/live.m3u8", 5.0, 0) == 5.0
    assert _buffer_s("rtsp://cam/live", 0.0, 0) == 0.0
    assert _buffer_s("http://cam/live.mjpg", 5.0, mjpeg) == 0.0
