"""``emotion-monitor devices``: lists the cameras."""

from __future__ import annotations

import dataclasses
import json

from rich.table import Table

from monitor.capture.v4l2 import find_cameras
from monitor.core.errors import EXIT_OK, EXIT_SOURCE
from monitor.system.terminal import plain_console


def command(*, verbose: bool, as_json: bool = False) -> int:
    """Prints the cameras as a table or JSON; exit code 3 when there is none."""
    cameras = find_cameras()
    if as_json:
        print(json.dumps([dataclasses.asdict(camera) for camera in cameras], indent=1))
        return EXIT_OK if cameras else EXIT_SOURCE
    console = plain_console()
    if not cameras:
        console.print("no camera found under /dev/video*; plug one in, or use --source picamera, a URL, a file or demo")
        return EXIT_SOURCE
    table = Table(show_edge=False)
    for title in ("device", "name", "stable path (use it as --source)", "formats"):
        table.add_column(title, overflow="fold")
    for camera in cameras:
        lines = []
        for code, sizes in camera.formats.items():
            listed = sizes if verbose else sizes[:6]
            lines.append(f"{code}: {' '.join(listed)}{' …' if len(listed) < len(sizes) else ''}")
        table.add_row(camera.path, camera.name, camera.stable, "\n".join(lines) or camera.note)
    console.print(table)
    return EXIT_OK
