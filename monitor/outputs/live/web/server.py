"""The web server of a run: uvicorn on its own thread, and a sink for each camera that feeds its hub."""

from __future__ import annotations

import contextlib
import logging
import socket
import sys
import threading
from collections.abc import Sequence

import uvicorn

from monitor.core.errors import ConfigError
from monitor.core.types import Event, Result
from monitor.outputs.live.web.app import build
from monitor.outputs.live.web.hub import Hub
from monitor.outputs.live.web.site import Site

log = logging.getLogger("monitor")

CLOSE_S = 1.0
"""Seconds after the end of the run in which open connections may finish."""

SWITCH_S = 0.0001
"""Longest time in seconds for which the server's thread holds Python's interpreter lock while the worker waits for it.
With Python's default of 5 ms, ten viewers raise the 95th percentile of a step by 4 ms (``benchmarks.viewers``)."""


class HubSink:
    """A sink that shows a camera's results on the page.

    Args:
        hub: The camera's newest state.

    Attributes:
        closed: Whether the camera has ended.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.closed = False

    def handle(self, result: Result) -> None:
        """Makes a result the newest one."""
        self._hub.put(result)

    def tell(self, events: Sequence[Event]) -> None:
        """Shows events that belong to no frame."""
        self._hub.add_events(events)

    def flush(self) -> None:
        """Does nothing: there is no buffer."""

    def close(self, last_events: Sequence[Event]) -> None:
        """Notes the end of the camera; the page continues."""
        self.closed = True


class WebServer:
    """Serves the live page while the run lasts.

    Args:
        site: The content to serve.
        listener: The bound socket (``listen``).
    """

    def __init__(self, site: Site, listener: socket.socket) -> None:
        self._site, self._listener = site, listener
        config = uvicorn.Config(
            build(site), log_level="error", access_log=False, lifespan="off", server_header=False,
            timeout_graceful_shutdown=int(CLOSE_S), limit_concurrency=8 * site.max_viewers + 32,
            h11_max_incomplete_event_size=16384,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="web", daemon=True)
        self._switch_s = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_S)
        self._thread.start()

    def close(self) -> None:
        """Ends the streams and the server."""
        self._site.closing = True
        self._server.should_exit = True
        self._thread.join(CLOSE_S + 1.0)
        sys.setswitchinterval(self._switch_s)
        with contextlib.suppress(OSError):
            self._listener.close()

    def _serve(self) -> None:
        try:
            self._server.run(sockets=[self._listener])
        except Exception as error:
            log.error("error: the web page stopped: %s; monitoring continues", error)


def listen(address: str, option: str = "web.listen") -> tuple[socket.socket, str, int]:
    """Binds ``[HOST:]PORT``; without a host, loopback.

    Args:
        address: The address as typed, such as ``8080`` or ``0.0.0.0:8080``.
        option: Name of the setting or flag, for errors.

    Returns:
        The socket, the host and the port (the assigned one if the address names port 0).

    Raises:
        ConfigError: The address is malformed or cannot be bound.
    """
    host, _, port = address.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if not (port.isascii() and port.isdecimal() and int(port) < 65536):
        raise ConfigError(f"{option}: must be [HOST:]PORT, such as 8080 or 0.0.0.0:8080 (got {address})")
    try:
        family, kind, proto, _, where = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, proto)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen(64)
    except OSError as error:
        raise ConfigError(f"{option} {address}: cannot be used: {error.strerror or error}; give another port") from None
    return listener, host, int(listener.getsockname()[1])
