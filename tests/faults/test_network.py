"""A network camera that stalls, hangs up or sends garbage, and comes back: one event, and the run continues."""

from __future__ import annotations

import http.server
import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from monitor.capture import demo
from monitor.outputs.logs.reader import read_events, read_rows
from tests.faults.process import settings, start, until

JPEGS: list[bytes] = []


class Camera(http.server.BaseHTTPRequestHandler):
    """Gives good pictures for a while, then has ``fault``; from the third connection on it works."""

    fault = ""
    visits = 0
    over = threading.Event()

    def do_GET(self) -> None:
        cls = type(self)
        cls.visits += 1
        well = cls.visits > 1
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        n = 0
        try:
            while not cls.over.wait(0.04):
                jpeg = JPEGS[n % len(JPEGS)]
                if n > 30 and not well:
                    if cls.fault == "stalls":
                        cls.over.wait()
                    if cls.fault == "hangs up":
                        self.connection.shutdown(socket.SHUT_RDWR)
                        return
                    jpeg = os.urandom(len(jpeg))
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n")
                n += 1
        except OSError:
            pass

    def log_message(self, *args: object) -> None: ...


@pytest.fixture(params=["stalls", "hangs up", "sends garbage"])
def stream(request: pytest.FixtureRequest) -> Iterator[str]:
    if not JPEGS:
        JPEGS.extend(cv2.imencode(".jpg", demo.render(3 + n / 25))[1].tobytes() for n in range(50))
    Camera.fault, Camera.visits, Camera.over = str(request.param), 0, threading.Event()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Camera)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/video.mjpg"
    Camera.over.set()
    server.shutdown()
    server.server_close()


def test_trouble_on_the_line_is_one_event_and_the_picture_comes_back(stream: str, tmp_path: Path) -> None:
    folder, said = tmp_path / "s", tmp_path / "said.txt"
    flags = settings(source__stall_s=1, source__open_timeout_s=3, output__flush_s=0.1)
    child = start(folder, *flags, source=stream, said=said)
    until(lambda: "reopening" in said.read_text(), child)
    until(lambda: "back after" in said.read_text(), child)
    seen = len(list(read_rows(folder)))
    until(lambda: len(list(read_rows(folder))) > seen + 10, child)
    child.send_signal(signal.SIGTERM)
    assert child.wait(10) == 0, said.read_text()
    camera = [(e["phase"], e["state"]) for e in read_events(folder) if e["kind"] == "camera"]
    assert camera == [("start", "lost"), ("end", "lost")]
