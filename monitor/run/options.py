"""The options of a run, as the command line gives them."""

from __future__ import annotations

from typing import NamedTuple

from monitor.settings.cameras import CameraConfig


class Options(NamedTuple):
    """The options of a run.

    Attributes:
        source: The source the user named; None = the first camera, else the demo.
        cameras: Several named sources instead of ``source``, each with its settings; empty = one source.
        headless: Never open a window.
        record: None = no video, "" = into the session folder, else the path of the video (not with ``cameras``).
        out: The session folder; None = a new one in ``output.dir``.
        max_seconds: End after this much time on the frame clock; 0 = never. It holds for each camera.
        max_frames: End after this many frames; 0 = never. It holds for each camera.
        report: Write ``report.html`` into the session folder at the end.
        quiet: Neither live view nor summary.
    """

    source: str | None = None
    cameras: tuple[CameraConfig, ...] = ()
    headless: bool = False
    record: str | None = None
    out: str | None = None
    max_seconds: float = 0.0
    max_frames: int = 0
    report: bool = False
    quiet: bool = False
