"""Reports the state of a run to systemd (sd_notify) and to a health file.

sd_notify is one datagram to a socket whose path systemd passes in the environment (man 3 sd_notify). The packages that
wrap it are unmaintained or need C libraries.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from monitor.system.wholefile import replace_text

log = logging.getLogger("monitor")

EVERY_S = 5.0
"""Interval between two reports."""


class Service:
    """Reports to systemd if it started the process, and writes the health file if one is set.

    Args:
        health_file: Path of the health file, empty = none.
        environ: Environment with ``NOTIFY_SOCKET`` and ``WATCHDOG_USEC``.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        health_file: str = "",
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._health = Path(health_file).expanduser() if health_file else None
        self._clock = clock
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        mine = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        interval = environ.get("WATCHDOG_USEC", "0")
        # Half of the time-out, as man 3 sd_watchdog_enabled recommends.
        self._watchdog_s = int(interval) / 2e6 if mine and interval.isdigit() else 0.0
        self._fed = self._reported = -1e9
        self._ready = self._complained = False

    def ready(self) -> None:
        """Reports the end of the start; systemd counts the unit as started. Only the first call reports."""
        if not self._ready:
            self._ready = True
            self._send("READY=1")

    def stopping(self) -> None:
        """Reports the beginning of the shutdown."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """Feeds systemd's watchdog; call it only after progress."""
        now = self._clock()
        if self._watchdog_s and now - self._fed >= self._watchdog_s:
            self._fed = now
            self._send("WATCHDOG=1")

    def due(self) -> bool:
        """Whether it is time for the next ``report``."""
        return self._clock() - self._reported >= EVERY_S

    def report(self, status: str, facts: Mapping[str, Any]) -> None:
        """Shows ``status`` in ``systemctl status`` and writes ``facts`` to the health file."""
        self._reported = self._clock()
        self._send(f"STATUS={status}")
        if self._health is None:
            return
        content = {"status": status, "pid": os.getpid(), "time": round(time.time(), 3), **facts}
        try:
            # Readable for all: it holds no readings, and a supervisor may run as another user.
            replace_text(self._health, json.dumps(content) + "\n", mode=0o644)
            self._complained = False
        except OSError as error:
            if not self._complained:
                self._complained = True
                log.warning("service.health_file %s: cannot be written: %s", self._health, error.strerror)

    def _send(self, message: str) -> None:
        if not self._address:
            return
        import socket  # imported late: needed only under systemd

        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.connect(self._address)
                channel.send(message.encode())
        except OSError as error:
            log.debug("sd_notify: %s", error)
