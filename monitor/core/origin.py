"""The camera that a thread works for: its log lines begin with the camera's name where a run has several."""

from __future__ import annotations

import logging
from contextvars import ContextVar

ERROR = "error: "
"""Beginning of the lines of errors; the name follows it."""
_camera: ContextVar[str] = ContextVar("camera", default="")


def work_for(camera: str) -> None:
    """Declares that the calling thread works for a camera from now on; "" = for none by name."""
    _camera.set(camera)


class CameraNames(logging.Filter):
    """Adds the name of the calling thread's camera to each line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Changes the record; keeps every one."""
        if camera := _camera.get():
            text = record.getMessage()
            start = ERROR if text.startswith(ERROR) else ""
            record.msg, record.args = f"{start}{camera}: {text.removeprefix(start)}", None
        return True
