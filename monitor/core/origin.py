"""Assigns threads to cameras: in a run with several, log lines begin with the name of the thread's camera."""

from __future__ import annotations

import logging
from contextvars import ContextVar

ERROR = "error: "
"""Prefix of error lines; the camera's name follows it."""
_camera: ContextVar[str] = ContextVar("camera", default="")


def work_for(camera: str) -> None:
    """Declares that the calling thread works for a camera from now on; "" = for none by name."""
    _camera.set(camera)


class CameraNames(logging.Filter):
    """Adds the name of the calling thread's camera to each line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Changes the record; discards none."""
        if camera := _camera.get():
            text = record.getMessage()
            start = ERROR if text.startswith(ERROR) else ""
            record.msg, record.args = f"{start}{camera}: {text.removeprefix(start)}", None
        return True
