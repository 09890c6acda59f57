"""A local web site that speaks the services' answer shapes with invented content, and misbehaves on request."""

from __future__ import annotations

import json
import struct
import threading
import zlib
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import cv2
import numpy as np

LICENCES = ("cc0", "by", "by-sa", "by-nc")


def jpeg(seed: int, side: int = 96) -> bytes:
    """A soft random picture; every seed gives another one."""
    small = np.random.default_rng(seed).integers(0, 256, (6, 6, 3)).astype(np.uint8)
    image = cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC)
    return cv2.imencode(".jpg", image)[1].tobytes()


def png_header(width: int, height: int) -> bytes:
    """A PNG that states a size and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


class FakeClock:
    """Time that only passes while somebody waits."""

    def __init__(self) -> None:
        self.time, self.waits = 1000.0, list[float]()
        self._lock = threading.Lock()

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return 1_800_000_000.0 + self.time

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.waits.append(seconds)
            self.time += seconds


class Site(ThreadingHTTPServer):
    """The site.

    Attributes:
        results: Results that each search has.
        count: Requests by path.
        seen: Headers of the last request by path.
        faults: Statuses that a path answers first, one each.
        robots: Its robots.txt; None = 404.
        pictures: Bodies by path, besides /p/N.jpg.
        reached: Set after ``milestone`` requests.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.results = 45
        self.count: Counter[str] = Counter()
        self.seen: dict[str, Any] = {}
        self.faults: dict[str, list[tuple[int, dict[str, str]]]] = {}
        self.robots: str | None = None
        self.pictures: dict[str, bytes] = {}
        self.reached, self.milestone = threading.Event(), 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def picture(self, number: int) -> str:
        return f"{self.url}/p/{number}.jpg"


class Handler(BaseHTTPRequestHandler):
    """Answers by path."""

    server: Site
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        good = form.get("grant_type") == ["client_credentials"] and form.get("client_secret") == ["secret"]
        self._json({"access_token": "T", "expires_in": 43200} if good else {"error": "invalid_client"})

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.server.count[parts.path] += 1
        self.server.seen[parts.path] = self.headers
        if self.server.count.total() == self.server.milestone:
            self.server.reached.set()
        queue = self.server.faults.get(parts.path)
        if queue:
            status, headers = queue.pop(0)
            self._send(status, b"no", headers)
            return
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        service = {
            "/v1/images/": self._openverse, "/w/api.php": self._commons, "/res/v1/images/search": self._brave,
            "/search.json": self._serpapi,
        }.get(parts.path)  # fmt: skip
        if service:
            service(asked)
        elif parts.path == "/robots.txt":
            robots = self.server.robots
            self._send(404 if robots is None else 200, (robots or "").encode())
        else:
            self._picture(parts.path)

    def _openverse(self, asked: dict[str, str]) -> None:
        size, page = int(asked["page_size"]), int(asked["page"])
        if size > 20 and "Authorization" not in self.headers:
            self._send(401, b'{"detail": "page_size"}')
            return
        start = (page - 1) * size
        entries = [
            {"id": str(n), "title": f"Face {n}", "url": self.server.picture(n), "creator": "Ann & Bo",
             "foreign_landing_url": f"https://photos.example/{n}", "license": LICENCES[n % 4],
             "license_version": "4.0", "license_url": "https://creativecommons.org/licenses/x/4.0/"}
            for n in range(start, min(start + size, self.server.results))
        ]  # fmt: skip
        pages = -(-self.server.results // size)
        self._json({"result_count": self.server.results, "page_count": pages, "page_size": size, "results": entries})

    def _commons(self, asked: dict[str, str]) -> None:
        start, size = int(asked.get("gsroffset", 0)), int(asked["gsrlimit"])
        pages = [
            {"pageid": n, "title": f"File:Face {n}.jpg", "index": n + 1, "imageinfo": [{
                "thumburl": self.server.picture(1000 + n), "url": "https://upload.example/large.jpg",
                "descriptionurl": f"https://commons.example/wiki/{n}", "mime": "image/jpeg",
                "extmetadata": {"License": {"value": "cc-by-sa-4.0"}, "Artist": {"value": "<a href='x'>Cy</a> D"},
                                "LicenseUrl": {"value": "https://creativecommons.org/licenses/by-sa/4.0"}}}]}
            for n in reversed(range(start, min(start + size, self.server.results)))
        ]  # fmt: skip
        answer: dict[str, Any] = {"query": {"pages": pages}} if pages else {"batchcomplete": True}
        if start + size < self.server.results:
            answer["continue"] = {"gsroffset": start + size, "continue": "gsroffset||"}
        self._json(answer)

    def _brave(self, asked: dict[str, str]) -> None:
        if self.headers["X-Subscription-Token"] != "key":
            self._send(401, b"{}")
            return
        entries = [
            {"type": "image_result", "title": f"Face {n}", "url": f"https://blog.example/{n}", "source": "blog.example",
             "thumbnail": {"src": "https://imgs.example/t"}, "properties": {"url": self.server.picture(2000 + n)}}
            for n in range(min(self.server.results, int(asked["count"])))
        ]  # fmt: skip
        self._json({"type": "images", "query": {"original": asked["q"]}, "results": entries})

    def _serpapi(self, asked: dict[str, str]) -> None:
        start = int(asked["ijn"]) * 20
        entries = [
            {"position": n + 1, "original": self.server.picture(3000 + n), "link": f"https://news.example/{n}",
             "title": f"Face {n}", "source": "News"}
            for n in range(start, min(start + 20, self.server.results))
        ]  # fmt: skip
        none = {"error": "Google hasn't returned any results for this query."}
        self._json({"images_results": entries} if entries else none)

    def _picture(self, path: str) -> None:
        if path in self.server.pictures:
            self._send(200, self.server.pictures[path])
        elif path.startswith("/gzip/"):
            self._send(200, self.server.pictures[path[5:]], {"Content-Encoding": "gzip"})
        elif path.startswith("/p/"):
            self._send(200, jpeg(int(path[3:-4])), {"Content-Type": "text/html"})
        elif path == "/loop":
            self._send(302, b"", {"Location": "/loop"})
        elif path.startswith("/to/"):
            self._send(301, b"", {"Location": path[4:]})
        elif path == "/short":  # promises more than it sends
            body = jpeg(1)
            self._send(200, body[: len(body) // 2], {"Content-Length": str(len(body))})
            self.close_connection = True
        elif path == "/endless":
            self._endless()
        else:
            self._send(404, b"none")

    def _endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        try:
            while True:
                self.wfile.write(b"\xff\xd8\xff" + bytes(65536))
        except OSError:
            return

    def _json(self, answer: Any) -> None:
        self._send(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not logged."""
