"""The objects that the routes of the page share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from monitor.outputs.live.web.access import Access
from monitor.outputs.live.web.controls import Controls
from monitor.outputs.live.web.hub import Hub
from monitor.outputs.live.web.picture import SharedPicture
from monitor.outputs.live.web.sessions import SessionList


@dataclass(slots=True)
class Site:
    """The objects that the routes use.

    Attributes:
        hub: The newest state.
        picture: The shared JPEG, or None if the picture is switched off.
        access: The access control.
        controls: Actions and the state of the run.
        sessions: Past sessions.
        palette: Colour of each label as ``#rrggbb``.
        max_viewers: Most viewers of the picture at once, and also of the readings.
        fps: Most pictures per second for each viewer.
        closing: Set when the server shuts down; streams end then.
        watching: Open streams by kind.
    """

    hub: Hub
    picture: SharedPicture | None
    access: Access
    controls: Controls
    sessions: SessionList
    palette: dict[str, str]
    max_viewers: int = 10
    fps: float = 12.0
    closing: bool = False
    watching: dict[str, int] = field(default_factory=lambda: {"picture": 0, "stream": 0})


def full_state(site: Site) -> dict[str, Any]:
    """The readings and the state of the run, as ``/api/state`` gives them."""
    return {**site.hub.state(), "run": {**site.controls.status(), "picture": site.picture is not None}}
