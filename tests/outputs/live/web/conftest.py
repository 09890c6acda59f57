from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="needs the extra web")
pytest.importorskip("httpx2", reason="needs httpx2 for Starlette's test client")

from starlette.testclient import TestClient

from monitor.outputs.live.web.access import Access
from monitor.outputs.live.web.app import build
from monitor.outputs.live.web.controls import Controls
from monitor.outputs.live.web.hub import Hub
from monitor.outputs.live.web.picture import SharedPicture
from monitor.outputs.live.web.sessions import SessionList
from monitor.outputs.live.web.site import CameraView, Site
from tests.fakes import Clock

PALETTE = {"happy": "#e69f00"}


class Run:
    """A run as the web page sees it, with its switches recorded."""

    def __init__(self, root: Path) -> None:
        self.clock = Clock()
        self.hub = Hub(self.clock)
        self.done: list[str] = []
        self.root = root
        self.recording = False

    def site(self, host: str = "127.0.0.1", token: str = "", *, picture: bool = True, viewers: int = 10) -> Site:
        """The site at an address."""
        controls = Controls(
            {"record": lambda: self.done.append("record"), "snapshot": lambda: self.done.append("snapshot")},
            lambda: {"recording": self.recording, "blur": False, "live": True, "wrong": []},
        )
        shared = SharedPicture(lambda: self.hub.result, lambda result: result.frame.image.copy()) if picture else None
        access = Access(host, 8080, token, self.clock)
        cameras = {"": CameraView(self.hub, shared, controls)}
        return Site(cameras, access, SessionList(self.root, self.root / "now"), PALETTE, viewers)

    def client(self, host: str = "127.0.0.1", token: str = "", **how: bool) -> TestClient:
        """A browser on that site that follows no redirects."""
        name = "localhost" if host == "127.0.0.1" else "pi.lan"
        site = self.site(host, token, **how)
        return TestClient(build(site), base_url=f"http://{name}:8080", follow_redirects=False)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run with no frame yet."""
    return Run(tmp_path)


Client = Callable[..., TestClient]
