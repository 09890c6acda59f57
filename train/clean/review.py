"""Serves the review page on this machine and saves decisions in the manifest."""

from __future__ import annotations

import json
import logging
import mimetypes
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import unquote

from monitor.core.errors import ConfigError
from train.clean import page
from train.clean.manifest import Manifest

log = logging.getLogger("train")

HOST = "127.0.0.1"
MOST_BYTES = 10_000
"""Longest body of a decision."""


class ReviewServer(HTTPServer):
    """A server of one set; it handles one request at a time, so the manifest needs no lock."""

    def __init__(self, folder: Path, manifest: Manifest, port: int = 0) -> None:
        """Opens the port; 0 takes a free one.

        Raises:
            OSError: The port is taken.
        """
        super().__init__((HOST, port), _Handler)
        self.folder, self.manifest = folder, manifest
        self.known = {entry.path for entry in manifest.entries()}

    def decide(self, body: bytes) -> None:
        """Saves a decision given as JSON with path, decision and label.

        Raises:
            ValueError: It is malformed or no such decision.
        """
        try:
            given = json.loads(body)
            self.manifest.decide(str(given["path"]), str(given["decision"]), str(given["label"]))
        except (ValueError, KeyError, TypeError, ConfigError) as error:
            raise ValueError(str(error)) from None


class _Handler(BaseHTTPRequestHandler):
    server: ReviewServer

    def do_GET(self) -> None:
        name = unquote(self.path.removeprefix("/picture/"))
        if not self._ours():
            return
        if self.path == "/":
            text = page.render(self.server.manifest.entries(), "/picture/")
            self._answer(HTTPStatus.OK, text.encode(), "text/html; charset=utf-8")
        elif name in self.server.known:
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            self._answer(HTTPStatus.OK, (self.server.folder / name).read_bytes(), kind)
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"not found", "text/plain")

    def do_POST(self) -> None:
        # A foreign page cannot send JSON without a CORS preflight, which this server never grants.
        if not self._ours():
            return
        length = self.headers.get("Content-Length", "")
        if self.path != "/decide" or self.headers.get_content_type() != "application/json" or not length.isdecimal():
            self._answer(HTTPStatus.BAD_REQUEST, b"unknown request", "text/plain")
            return
        try:
            self.server.decide(self.rfile.read(min(int(length), MOST_BYTES)))
        except ValueError as error:
            self._answer(HTTPStatus.BAD_REQUEST, str(error).encode(), "text/plain; charset=utf-8")
            return
        self._answer(HTTPStatus.OK, b"saved", "text/plain")

    def _ours(self) -> bool:
        """Refuses requests under another host name, because a foreign page could send them (DNS rebinding)."""
        if self.headers.get("Host", "").split(":")[0] in (HOST, "localhost"):
            return True
        self._answer(HTTPStatus.FORBIDDEN, b"unknown host", "text/plain")
        return False

    def _answer(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not logged."""


def serve(folder: Path, manifest: Manifest) -> None:
    """Serves the page until Ctrl-C.

    Raises:
        ConfigError: No port can be opened.
    """
    try:
        running = ReviewServer(folder, manifest)
    except OSError as error:
        raise ConfigError(f"--review: no port of {HOST} can be opened: {error.strerror}") from None
    log.info("review page: http://%s:%d/ (Ctrl-C ends it)", HOST, running.server_port)
    try:
        running.serve_forever()
    except KeyboardInterrupt:
        log.info("decisions saved")
    finally:
        running.server_close()
