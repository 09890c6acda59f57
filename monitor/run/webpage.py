"""The live web page of a run: binds its port, and connects it with the session and the outputs."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2

from monitor.core.errors import ConfigError
from monitor.core.incidents import Incidents
from monitor.core.types import Box, Image, Result
from monitor.outputs.drawing.palette import hexes
from monitor.outputs.logs.session import SessionFolder
from monitor.outputs.sink import Sink
from monitor.outputs.video.blur import erased
from monitor.run.running import Running
from monitor.settings.config import Config

if TYPE_CHECKING:
    from monitor.outputs.live.web.server import WebServer
    from monitor.outputs.live.web.site import CameraView

log = logging.getLogger("monitor")

TOKEN_VARIABLE = "EMOTION_MONITOR_WEB_TOKEN"
HEAD = 0.3
"""Margin of a blurred box on each side, as a share of the face box, so that it covers the head."""


class WebPage:
    """The page of one run, which shows all its cameras.

    Args:
        config: Settings; ``web.listen`` is not empty.

    Raises:
        ConfigError: The extra web is not installed, the address or the token file cannot be used.
    """

    def __init__(self, config: Config) -> None:
        try:
            from monitor.outputs.live.web.access import Access
            from monitor.outputs.live.web.server import listen
        except ImportError as error:
            raise ConfigError(f"web.listen: needs {error.name}; run: pip install 'emotion-monitor[web]'") from None
        self._config = config
        token = _token(config.web.token_file)
        self._socket, host, port = listen(config.web.listen)
        self._access = Access(host, port, token)
        self._blurred = False
        self._server: WebServer | None = None
        self._cameras: dict[str, CameraView] = {}
        self._palette: dict[str, str] = {}
        self._absent: dict[str, str] = {}
        self._address = f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def close(self) -> None:
        """Ends the server, or gives the port up if nothing was served yet."""
        if self._server is not None:
            self._server.close()
        self._socket.close()

    def add(self, camera: Running, incidents: Incidents, *, live: bool) -> tuple[Sink, Callable[[], None]]:
        """Shows a camera; the first one starts the server.

        Args:
            camera: The camera, whose recording the page switches.
            incidents: Its faults, which the page shows.
            live: Whether the source is a camera.

        Returns:
            The sink, and a function that the main thread calls regularly to carry out viewers' actions.
        """
        from monitor.outputs.live.web.controls import Controls
        from monitor.outputs.live.web.hub import Hub
        from monitor.outputs.live.web.picture import SharedPicture
        from monitor.outputs.live.web.server import HubSink
        from monitor.outputs.live.web.site import CameraView

        outputs, web = camera.outputs, self._config.web
        hub = Hub(labels=outputs.labels)
        self._palette |= hexes(outputs.labels)
        forced = camera.config.output.blur != "none"

        def status() -> dict[str, Any]:
            blur = forced or self._blurred
            return {"recording": outputs.video.recording, "blur": blur, "live": live, "wrong": incidents.open}

        controls = Controls(
            {
                "record": lambda: outputs.video.switch(on=not outputs.video.wanted),
                "snapshot": lambda: self._snapshot(hub.result, camera),
                "blur": self._switch_blur,
            },
            status,
        )
        shown = web.picture == "on" or (web.picture == "auto" and self._access.loopback)
        picture = SharedPicture(lambda: hub.result, lambda result: self._draw(result, camera)) if shown else None
        sink = HubSink(hub)
        self._cameras[camera.name] = CameraView(hub, picture, controls, camera.name, lambda: sink.closed)
        self._absent.pop(camera.name, None)
        if self._server is None:
            self._serve(camera.session)
        return sink, controls.run_waiting

    def miss(self, camera: str, why: str) -> None:
        """Shows why a camera is not open, such as "waiting for its source"."""
        self._absent[camera] = why

    def _serve(self, session: SessionFolder) -> None:
        from monitor.outputs.live.web.server import WebServer
        from monitor.outputs.live.web.sessions import SessionList
        from monitor.outputs.live.web.site import Site

        web, sessions = self._config.web, SessionList(session.root, session.whole)
        site = Site(self._cameras, self._access, sessions, self._palette, web.viewers, web.fps, absent=self._absent)
        self._server = WebServer(site, self._socket)
        log.info("web page: %s%s", self._address, f" (token: {self._access.token})" if self._access.token else "")

    def _switch_blur(self) -> None:
        self._blurred = not self._blurred

    def _draw(self, result: Result, camera: Running) -> Image:
        canvas = camera.outputs.canvas
        if not self._blurred and camera.config.output.blur == "none":
            return canvas.picture(result)
        image = erased(result.frame.color(), [_head(face.box) for face in result.faces])
        covered = replace(result, frame=replace(result.frame, image=image, decode=None))
        return canvas.annotator.annotate(covered)

    def _snapshot(self, result: Result | None, camera: Running) -> None:
        forced = camera.config.output.blur != "none"
        if result is None or forced:
            log.warning("no snapshot: %s", "no frame yet" if result is None else "output.blur is on")
            return
        path = camera.session.free_path("snapshot.png")
        if cv2.imwrite(str(path), self._draw(result, camera)):
            log.info("snapshot %s", path)
        else:
            log.error("error: %s could not be written; is the disk full?", path)


def _head(box: Box) -> Box:
    x1, y1, x2, y2 = box
    dx, dy = HEAD * (x2 - x1), HEAD * (y2 - y1)
    return (x1 - dx, y1 - dy, x2 + dx, y2 + dy)


def _token(path: str) -> str:
    """The user's own token; empty if there is none.

    Raises:
        ConfigError: The file cannot be read or is empty, or the token is too short.
    """
    token, origin = os.environ.get(TOKEN_VARIABLE, "").strip(), TOKEN_VARIABLE
    if path:
        origin = f"web.token_file {path}"
        try:
            token = (Path(path).expanduser().read_text(encoding="utf-8").splitlines() or [""])[0].strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{origin}: cannot be read: {error}") from None
    if (path or token) and len(token) < 12:
        raise ConfigError(f"{origin}: the token must have at least 12 characters")
    return token
