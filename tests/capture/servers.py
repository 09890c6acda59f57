"""Small HTTP and RTSP servers on this machine."""

from __future__ import annotations

import contextlib
import http.server
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def web(answer: Callable[[http.server.BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """A web server whose GET requests ``answer`` handles; gives its address as host:port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with contextlib.suppress(OSError):
                answer(self)

        def log_message(self, *args: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def send(request: http.server.BaseHTTPRequestHandler, status: int, kind: str, body: bytes = b"") -> None:
    request.send_response(status)
    request.send_header("Content-Type", kind)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


@contextlib.contextmanager
def talker(reply: bytes) -> Iterator[int]:
    """A server that answers every connection with ``reply``; gives its port."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection:
                    connection.recv(4096)
                    connection.sendall(reply)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield server.getsockname()[1]
    finally:
        server.close()


SDP = b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"


@contextlib.contextmanager
def rtsp(ready: Callable[[], object]) -> Iterator[tuple[int, list[str]]]:
    """An RTSP camera that refuses every transport.

    Args:
        ready: Called before the stream is described.

    Yields:
        Its port, and the transports it was asked for, in turn.
    """
    asked: list[str] = []

    class Camera(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                while request := self.rfile.readline().decode():
                    fields = {}
                    while line := self.rfile.readline().decode().strip():
                        name, _, value = line.partition(":")
                        fields[name.lower()] = value.strip()
                    self._answer(request.split(" ")[0], fields)

        def _answer(self, method: str, fields: dict[str, str]) -> None:
            status, more, body = "200 OK", "Public: OPTIONS, DESCRIBE, SETUP\r\n", b""
            if method == "DESCRIBE":
                ready()
                more, body = f"Content-Type: application/sdp\r\nContent-Length: {len(SDP)}\r\n", SDP
            elif method == "SETUP":
                asked.append(fields["transport"])
                status, more = "461 Unsupported Transport", ""
            self.wfile.write(f"RTSP/1.0 {status}\r\nCSeq: {fields['cseq']}\r\n{more}\r\n".encode() + body)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Camera) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield server.server_address[1], asked
        finally:
            server.shutdown()


def free_port() -> int:
    """A port without a listener."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
