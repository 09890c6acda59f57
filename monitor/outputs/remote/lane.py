"""A queue of actions on its own thread, which drops the least relevant events when it is full."""

from __future__ import annotations

import collections
import threading
from collections.abc import Callable

from monitor.core.types import Event

MOST_WAITING = 16
"""Most events in the queue."""


class Lane:
    """Runs actions of one kind one after the other.

    Args:
        name: Name of the thread.
        act: Acts on an event; must not raise.
    """

    def __init__(self, name: str, act: Callable[[Event], None]) -> None:
        self._act = act
        self._waiting: collections.deque[Event] = collections.deque()
        self._change = threading.Condition()
        self._ending = False
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def put(self, event: Event) -> bool:
        """Queues an event; returns False if the queue was full and older events were dropped (``_outdated``)."""
        with self._change:
            self._waiting.append(event)
            fits = len(self._waiting) <= MOST_WAITING
            if not fits:
                for gone in self._outdated():
                    self._waiting.remove(gone)
            self._change.notify()
            return fits

    def put_alone(self, event: Event) -> None:
        """Queues an event in place of all waiting events that are not more severe."""
        with self._change:
            severer = [waiting for waiting in self._waiting if waiting.level > event.level]
            self._waiting = collections.deque([*severer, event])
            self._change.notify()

    def end(self, *, now: bool = False) -> None:
        """Ends the thread once the queue is empty, or with ``now`` after the current action."""
        with self._change:
            self._ending = True
            if now:
                self._waiting.clear()
            self._change.notify()

    def ended(self, timeout: float) -> bool:
        """Waits up to the given number of seconds; returns whether the thread has ended."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _outdated(self) -> list[Event]:
        """The events to drop: a pair of start and end, else events replaced by a later one with the same id, else the
        oldest."""
        for first in self._waiting:
            own = [waiting for waiting in self._waiting if waiting.id == first.id]
            if len(own) > 1:
                return own if own[0].phase == "start" and own[-1].phase == "end" else own[:-1]
        # Ends are kept, because an end may switch off a device that its start switched on; so is the newest event.
        return [next((waiting for waiting in list(self._waiting)[:-1] if waiting.phase != "end"), self._waiting[0])]

    def _work(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._waiting or self._ending)
                if not self._waiting:
                    return
                event = self._waiting.popleft()
            self._act(event)
