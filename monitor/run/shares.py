"""One report for systemd and the health file from the reports of several cameras."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from monitor.run.service import EVERY_S
from monitor.run.supervisor import Reporter

SUMS = ("frames", "fps", "faces", "dropped")
"""Entries of the health file that are added up over all cameras."""


class SharedService:
    """Collects the reports of all cameras and passes them on as one.

    Args:
        service: Receives the common report.
        session: The folder of the whole run.
    """

    def __init__(self, service: Reporter, session: str) -> None:
        self._service, self._session = service, session
        self._lock = threading.Lock()  # a camera reports its end on a separate thread
        self._reports: dict[str, tuple[str, Mapping[str, Any]]] = {}

    def share(self, camera: str, clock: Callable[[], float] = time.monotonic) -> Reporter:
        """The reporter of one camera.

        Args:
            camera: Its name.
            clock: Monotonic seconds.
        """
        return _Share(self, camera, clock)

    def alive(self) -> None:
        """Feeds systemd's watchdog: the process is alive while one of its cameras advances."""
        self._service.alive()

    def take(self, camera: str, status: str, facts: Mapping[str, Any]) -> None:
        """Takes the report of a camera and passes the common one on when that is due."""
        with self._lock:
            self._reports[camera] = status, facts
            if self._service.due():
                self._service.report(*self._common())

    def _common(self) -> tuple[str, dict[str, Any]]:
        reports = {camera: facts for camera, (_, facts) in self._reports.items()}
        wrong = [f"{camera}: {what}" for camera, facts in reports.items() for what in facts.get("wrong", [])]
        states = {facts.get("state") for facts in reports.values()}
        rss = [facts["rss_mb"] for facts in reports.values() if "rss_mb" in facts]
        content: dict[str, Any] = {
            "state": "trouble" if states - {"fine", "ended"} else "fine", "wrong": wrong,
            **{name: round(sum(facts.get(name, 0) for facts in reports.values()), 2) for name in SUMS},
            "rss_mb": max(rss, default=0.0),
            "camera_in_use": any(facts.get("camera_in_use") for facts in reports.values()),
            "recording": any(facts.get("recording") for facts in reports.values()),
            "session": self._session, "cameras": reports,
        }  # fmt: skip
        return " | ".join(f"{camera}: {status}" for camera, (status, _) in self._reports.items()), content


class _Share:
    """Reports on one camera; see ``Reporter``."""

    def __init__(self, whole: SharedService, camera: str, clock: Callable[[], float]) -> None:
        self._whole, self._camera, self._clock = whole, camera, clock
        self._reported = -EVERY_S

    def alive(self) -> None:
        self._whole.alive()

    def due(self) -> bool:
        return self._clock() - self._reported >= EVERY_S

    def report(self, status: str, facts: Mapping[str, Any]) -> None:
        self._reported = self._clock()
        self._whole.take(self._camera, status, facts)
