"""A network camera, played by a small MJPEG server on this machine."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from monitor.capture import demo
from monitor.capture.stream import StreamSource
from monitor.cli import main as cli
from monitor.settings.config import SourceConfig
from tests.run.test_app import rows


class Handler(http.server.BaseHTTPRequestHandler):
    """Streams seconds 2 to 8 of the demo at about 25 frames a second."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        try:
            for n in range(150):
                jpeg = cv2.imencode(".jpg", demo.render(2 + n / 25))[1].tobytes()
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n")
                time.sleep(0.03)  # the camera's own pace
        except OSError:
            pass

    def log_message(self, *args: object) -> None: ...


@pytest.fixture
def stream() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://user:secret@127.0.0.1:{server.server_address[1]}/video.mjpg"
    server.shutdown()
    server.server_close()


def test_frames_are_stamped_on_the_monotonic_clock(stream: str) -> None:
    source = StreamSource(stream, SourceConfig(open_timeout_s=5))
    before = time.monotonic()
    frames = [source.read() for _ in range(5)]
    source.close()
    times = [frame.t for frame in frames if frame is not None]
    assert len(times) == 5
    assert times == sorted(times)
    assert before <= times[0] <= time.monotonic()


@pytest.mark.slow
def test_a_live_run_reads_the_stream_and_keeps_its_password_to_itself(stream: str, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    argv = ["--source", stream, "--headless", "-q", "--out", str(folder), "--max-seconds", "2"]
    assert cli.main(argv) == 0
    table = rows(folder)
    assert any(row["success"] == "1" for row in table)
    assert max(float(row["video_time"]) for row in table) <= 2
    assert not [path for path in folder.iterdir() if b"secret" in path.read_bytes()]
