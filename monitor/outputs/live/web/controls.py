"""Actions requested by viewers, which the main thread carries out, and the state of the run shown to them."""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

ACTIONS = ("record", "snapshot", "blur")
"""Actions of the page: switch the recording on or off, save the current picture, blur faces in the page's picture."""
MAX_WAITING = 16
"""Most waiting actions; further ones are refused."""


@dataclass(slots=True)
class Controls:
    """The bridge between the web server's thread and the main thread.

    Attributes:
        handlers: Maps each action to the function that the main thread calls.
        status: Gives the state of the run as plain JSON values: recording, blur, incidents, disk.
    """

    handlers: Mapping[str, Callable[[], None]]
    status: Callable[[], dict[str, Any]]
    _waiting: queue.Queue[str] = field(default_factory=lambda: queue.Queue(MAX_WAITING))

    def ask(self, action: str) -> bool:
        """Queues an action (any thread).

        Returns:
            False if the action is unknown or too many actions wait.
        """
        if action not in self.handlers:
            return False
        try:
            self._waiting.put_nowait(action)
        except queue.Full:
            return False
        return True

    def run_waiting(self) -> None:
        """Carries out the waiting actions (main thread)."""
        while True:
            try:
                action = self._waiting.get_nowait()
            except queue.Empty:
                return
            self.handlers[action]()
