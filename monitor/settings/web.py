"""Settings of the live web page."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.settings.fields import choice, integer, number, text


@dataclass(frozen=True, slots=True)
class WebConfig:
    """The live web page; needs the extra web (starlette, uvicorn)."""

    listen: str = text("", "[HOST:]PORT of the page, such as 8080 (loopback) or 0.0.0.0:8080; empty = no page")
    picture: str = choice("auto", ("auto", "on", "off"), "show the picture; auto = on loopback only")
    token_file: str = text(
        "", "file whose first line is the token of the page; else EMOTION_MONITOR_WEB_TOKEN; off loopback a random one",
        advanced=True,
    )  # fmt: skip
    viewers: int = integer(10, 1, 100, "most viewers at once", advanced=True)
    fps: float = number(12.0, 1, 60, "most pictures per second for each viewer", "Hz", advanced=True)
