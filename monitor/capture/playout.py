"""Plays a bursty stream at its own rate: frames that arrive together are shown one after another.

HLS delivers segments of seconds, and proxies deliver buffered frames. If frames had the time of their arrival, all
frames of a burst would have nearly the same time. So this module maps the stream's presentation times, which state when
each frame was taken, to the local clock. Frames that arrive early wait; meanwhile the rest of the burst stays in the
connection.
"""

from __future__ import annotations

import math

STEP_S = 10.0
"""After a larger step of the presentation times in seconds, or a step back, the mapping restarts."""


class Playout:
    """Decides when a frame is shown.

    Args:
        buffer_s: Longest wait for a frame; 0 = none, frames are stamped with their arrival.
    """

    def __init__(self, buffer_s: float) -> None:
        self._buffer_s = buffer_s
        self._offset: float | None = None
        self._last = math.nan

    def due(self, stated_s: float, arrived: float) -> float:
        """The time at which to show a frame: not before ``arrived`` and at most ``buffer_s`` later.

        Args:
            stated_s: The frame's presentation time in seconds, on any clock; not finite if it has none.
            arrived: Time of its arrival in monotonic seconds.
        """
        if self._buffer_s <= 0 or not math.isfinite(stated_s):
            return arrived
        step, self._last = stated_s - self._last, stated_s
        if self._offset is None or not 0 < step < STEP_S:
            self._offset = arrived - stated_s
        due = min(max(arrived, stated_s + self._offset), arrived + self._buffer_s)
        self._offset = due - stated_s  # a late frame delays those after it
        return due
