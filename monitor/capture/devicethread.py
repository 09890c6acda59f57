"""A thread that opens one live device and reads it.

A driver can hang forever in ``open`` or ``read``. Such a thread cannot be ended, only abandoned: its later frames are
discarded, and it closes its device itself if the driver ever returns.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable

from monitor.capture.source import Source
from monitor.core.types import Frame

log = logging.getLogger("monitor")


class DeviceThread:
    """Opens one device and passes its frames on.

    Attributes:
        error: The reason why the device could not be opened, else None.
        opened: Set once it is open.
        done: Set when the thread has ended and the device is closed.
    """

    def __init__(self, open_source: Callable[[], Source], put: Callable[[DeviceThread, Frame], None]) -> None:
        self._open_source, self._put = open_source, put
        self._quit = threading.Event()
        self.error: str | None = None
        self.opened = threading.Event()
        self.done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="grabber", daemon=True)
        self._thread.start()

    def abandon(self) -> None:
        """Asks the thread to close its device as soon as it can; does not wait."""
        self._quit.set()

    def _run(self) -> None:
        try:
            source = self._open_source()
        except Exception as error:
            self.error = (str(error).splitlines() or [type(error).__name__])[0]
            self.done.set()
            return
        self.opened.set()
        try:
            while not self._quit.is_set():
                frame = self._read(source)
                if frame is None:
                    self._quit.wait(0.01)
                else:
                    self._put(self, frame)
        finally:
            with contextlib.suppress(Exception):  # a driver that fails to close still counts as done
                source.close()
            self.done.set()

    def _read(self, source: Source) -> Frame | None:
        """One read; a driver that raises counts as one that returned no frame."""
        try:
            return source.read()
        except Exception as error:
            log.debug("%s: read failed: %s", source.name, error)
            return None
