"""The folders of the cameras in the folder of a run with several cameras; see ``group``."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path

CAMERA = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
"""A camera's folder, see ``settings.cameras.NAME``."""


def camera_folders(session: Path) -> list[Path]:
    """The camera folders that the session's ``metadata.json`` lists, in its order; empty for a run with one camera.

    Args:
        session: A session's folder; it need not exist.
    """
    try:
        found = {e.name: e for e in session.iterdir() if CAMERA.fullmatch(e.name) and not e.is_symlink() and e.is_dir()}
    except OSError:
        return []
    names: list[str] = []
    for path in sorted(session.glob("metadata*.json")) if found else ():
        with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
            names += map(str, json.loads(path.read_text(encoding="utf-8")).get("cameras", []))
    return [found[name] for name in dict.fromkeys(names) if name in found]
