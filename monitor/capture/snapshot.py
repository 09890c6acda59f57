"""A camera whose single pictures are fetched from an http(s) address at intervals."""

from __future__ import annotations

import http.client
import logging
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import cv2
import numpy as np

from monitor.capture.diagnosis import MALFORMED, diagnosed
from monitor.capture.geometry import wanted
from monitor.capture.names import shown
from monitor.capture.picture import is_whole
from monitor.core.errors import SourceError
from monitor.core.types import Frame, Image
from monitor.settings.inputs import SourceConfig

log = logging.getLogger("monitor")

MAX_BYTES = 50_000_000
"""Most bytes of an answer; a longer one is an endless stream rather than a picture."""


class SnapshotSource:
    """Fetches a picture every ``source.poll_s`` seconds; see ``Source``.

    Supports basic and digest authentication with the user name and password of the address.
    """

    live = True
    frames = 0

    def __init__(
        self,
        url: str,
        config: SourceConfig,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        """Fetches the first picture.

        Raises:
            SourceError: The address cannot be reached or holds no picture.
        """
        self.name, self._url = shown(url), url
        self._every_s, self._timeout_s = config.poll_s, config.open_timeout_s
        self._clock = clock
        self._shape = wanted(config.rotate, config.flip)
        self._closed = threading.Event()
        self._wait = wait or self._closed.wait
        self._index = 0
        self.fps = 1 / config.poll_s
        try:
            self._request, self._opener = _opener(url)
        except ValueError:
            raise SourceError(f"--source {self.name}: {MALFORMED}") from None
        self._due = clock()
        self._first: Image | None = self._fetch()
        if self._first is None:
            raise SourceError(f"--source {self.name}: the picture cannot be fetched; {self._why()}")
        self._size = self._first.shape[1::-1]

    def _why(self) -> str:
        why = diagnosed(self._url, min(5.0, self._timeout_s))
        return "it may be damaged" if "single picture" in why else why

    def read(self) -> Frame | None:
        """The next picture, None if it could not be fetched; waits until it is due."""
        self._wait(max(0.0, self._due - self._clock()))
        self._due = max(self._due + self._every_s, self._clock())
        image, self._first = (self._first if self._first is not None else self._fetch()), None
        if image is None:
            return None
        frame = Frame(self._index, self._clock(), time.time(), image, self.name)
        self._index += 1
        return frame

    def _fetch(self) -> Image | None:
        try:
            with self._opener.open(self._request, timeout=self._timeout_s) as answer:
                data = np.frombuffer(answer.read(MAX_BYTES), np.uint8)
            image = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) and is_whole(data) else None
        except (OSError, ValueError, cv2.error, http.client.HTTPException) as error:
            # Other errors repeat the address, which may hold a secret.
            log.debug("%s: %s", self.name, error if isinstance(error, OSError) else type(error).__name__)
            return None
        if image is None:
            return None
        picture = self._shape(image.astype(np.uint8, copy=False))
        picture.setflags(write=False)
        return picture

    def close(self) -> None:
        """Makes a waiting ``read`` return."""
        self._closed.set()

    def facts(self) -> dict[str, Any]:
        """Size and interval."""
        return {
            "kind": "snapshots", "device": self.name, "width": self._size[0], "height": self._size[1],
            "fps": round(self.fps, 3),
        }  # fmt: skip


def _opener(url: str) -> tuple[urllib.request.Request, urllib.request.OpenerDirector]:
    """A request without the login of the address, and the opener that sends the login when the server asks for it.

    Raises:
        ValueError: The address is malformed.
    """
    parts = urlsplit(url)
    if not parts.hostname or parts.port == 0:  # ``port`` raises for one that is no number
        raise ValueError("no host or port")
    plain = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path or "/", parts.query, ""))
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    if parts.username:
        passwords.add_password(None, plain, unquote(parts.username), unquote(parts.password or ""))
    opener = urllib.request.build_opener(
        urllib.request.HTTPBasicAuthHandler(passwords), urllib.request.HTTPDigestAuthHandler(passwords)
    )
    return urllib.request.Request(plain, headers={"Cache-Control": "no-cache"}), opener
