"""The objects that the routes of the page share."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from monitor.outputs.live.web.access import Access
from monitor.outputs.live.web.controls import Controls
from monitor.outputs.live.web.hub import Hub
from monitor.outputs.live.web.picture import SharedPicture
from monitor.outputs.live.web.sessions import SessionList

SHARED_S = 0.1
"""Seconds for which all viewers share one encoding of the state, so that many viewers cost little."""


@dataclass(frozen=True, slots=True)
class CameraView:
    """One camera on the page.

    Attributes:
        hub: Its newest state.
        picture: Its shared JPEG, or None if the picture is switched off.
        controls: Its actions and the state of its run.
        name: Its name; "" = the only source of the run.
        over: Whether it has ended.
    """

    hub: Hub
    picture: SharedPicture | None
    controls: Controls
    name: str = ""
    over: Callable[[], bool] = lambda: False


@dataclass(slots=True)
class Site:
    """The objects that the routes use.

    Attributes:
        cameras: The cameras by name, in the order in which they joined; at least one.
        access: The access control.
        sessions: Past sessions.
        palette: Colour of each label as ``#rrggbb``.
        max_viewers: Most viewers of the pictures at once, and also of the readings.
        fps: Most pictures per second for each viewer.
        closing: Set when the server shuts down; streams end then.
        watching: Open streams by kind.
        clock: Monotonic seconds.
        absent: The reason why a camera is not open, by its name.
    """

    cameras: dict[str, CameraView]
    access: Access
    sessions: SessionList
    palette: dict[str, str]
    max_viewers: int = 10
    fps: float = 12.0
    closing: bool = False
    watching: dict[str, int] = field(default_factory=lambda: {"picture": 0, "stream": 0})
    clock: Callable[[], float] = time.monotonic
    absent: dict[str, str] = field(default_factory=dict)
    _shared: dict[str, tuple[float, int, str]] = field(default_factory=dict)

    def camera(self, name: str) -> CameraView | None:
        """The camera of that name, "" = the first one; None if there is none."""
        return self.cameras.get(name) if name else next(iter(self.cameras.values()))

    def shared_state(self, camera: CameraView) -> tuple[int, str]:
        """The state of a camera for all viewers; only the server's thread calls it.

        Returns:
            The number of frames that it covers, and ``full_state`` as JSON, at most ``SHARED_S`` old.
        """
        now = self.clock()
        made, frames, text = self._shared.get(camera.name, (-math.inf, 0, ""))
        if now - made >= SHARED_S:
            frames, text = camera.hub.frames, json.dumps(full_state(camera))
            self._shared[camera.name] = now, frames, text
        return frames, text


def full_state(camera: CameraView) -> dict[str, Any]:
    """The readings and the state of the run, as ``/api/state`` gives them."""
    run = {**camera.controls.status(), "picture": camera.picture is not None, "over": camera.over()}
    return {"camera": camera.name, **camera.hub.state(), "run": run}


def overview(site: Site) -> list[dict[str, Any]]:
    """All cameras in short, as ``/api/cameras`` gives them."""
    absent = [
        {
            "name": name, "source": "", "frame": 0, "fps": 0.0, "faces": 0, "label": None, "attention": None,
            "recording": False, "wrong": [why], "over": False, "picture": False, "open": False,
        }
        for name, why in list(site.absent.items())
    ]  # fmt: skip
    return [_short(camera) for camera in list(site.cameras.values())] + absent


def _short(camera: CameraView) -> dict[str, Any]:
    state, run = camera.hub.state(), camera.controls.status()
    main = max(state["faces"], key=lambda face: face["box"][2] - face["box"][0], default=None)
    return {
        "name": camera.name, "source": state["source"], "frame": state["frame"], "fps": state["fps"],
        "faces": len(state["faces"]), "label": None if main is None else main["label"],
        "attention": None if state["driver"] is None else state["driver"]["attention"],
        "recording": run.get("recording", False), "wrong": run.get("wrong", []), "over": camera.over(),
        "picture": camera.picture is not None, "open": True,
    }  # fmt: skip
