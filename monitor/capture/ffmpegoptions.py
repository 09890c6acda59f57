"""FFmpeg's options of a capture, which OpenCV takes from the environment of the whole process only."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator

VARIABLE = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
"""Environment variable from which OpenCV takes FFmpeg's options; a value set by the user has precedence."""
READ_S = 1.0
"""Seconds after which a capture that is being opened has read the variable; it does so before it connects."""


class SharedOptions:
    """Gives each capture its own options while captures are opened on several threads.

    Captures with equal options open at the same time. Others wait until these have read the variable, not until they
    are connected, because a camera that does not answer takes many seconds.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._ours: str | None = None
        self._users, self._since = 0, 0.0

    @contextlib.contextmanager
    def held(self, options: str) -> Iterator[None]:
        """The block must begin to open a capture at once.

        Args:
            options: Such as "rtsp_transport;tcp"; "" = none are needed, whatever the variable holds.
        """
        if not options or not self._taken(options):
            yield
            return
        try:
            yield
        finally:
            self._given_back()

    def _taken(self, options: str) -> bool:
        """Sets the variable, after a wait if another capture needs other options; False if the user has set it."""
        with self._changed:
            while self._users and self._ours != options and (rest := self._since + READ_S - self._clock()) > 0:
                self._changed.wait(rest)
            if self._ours is None and VARIABLE in os.environ:
                return False
            self._ours = os.environ[VARIABLE] = options
            self._users, self._since = self._users + 1, self._clock()
            return True

    def _given_back(self) -> None:
        with self._changed:
            self._users -= 1
            if not self._users:
                self._ours = None
                os.environ.pop(VARIABLE, None)
            self._changed.notify_all()


ffmpeg_options = SharedOptions().held
"""The options of this process; see ``SharedOptions.held``."""
