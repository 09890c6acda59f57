"""Keeps a recording of constant rate at true speed: decides how often each picture is written."""

from __future__ import annotations

import math

LONGEST_GAP_S = 60.0
"""Longest pause of the source in seconds that is filled with copies, so that a camera unplugged overnight does not fill
the disk."""
LIVE_GAP_S = 1.0
"""With a live source a longer pause is filled with one picture only, because new pictures are lost while copies are
encoded."""
LIVE_SLOWEST_S = 5.0
"""Longest normal interval of a slow live source (``performance.target_fps``), which is not a pause."""


class Pacing:
    """Counts the pictures that a file must hold so that a second of the source lasts a second.

    Args:
        fps: Rate of the file.
        live: Whether the source is live.

    Attributes:
        fps: Rate of the file.
        written: Pictures written to the file so far.
    """

    def __init__(self, fps: float, *, live: bool) -> None:
        self.fps, self._live = fps, live
        self.written = 0
        self._start = 0.0
        self._last_t: float | None = None
        self._pace = 0.0

    @property
    def seconds(self) -> float:
        """Length of the file so far."""
        return self.written / self.fps

    @property
    def end(self) -> float:
        """Time on the frame clock at which the file ends so far."""
        return self._start + self.seconds

    def arrived(self, t: float) -> None:
        """Takes the time of a picture, to measure the rate of the source."""
        if self._last_t is not None:
            self._pace = max(0.0, t - self._last_t)
        self._last_t = t

    def begin(self, t: float) -> None:
        """Begins a file at the time ``t``."""
        self._start, self.written = t, 0

    def due(self, t: float) -> int:
        """Returns the number of copies of the picture of time ``t`` to write, and counts them as written."""
        longest = self._longest_gap()
        due = math.floor((t - self._start) * self.fps + 0.5) + 1
        if due - self.written > longest * self.fps or due < self.written - self.fps:
            self._start = t - self.written / self.fps  # a long gap, or the clock went back
            due = self.written + 1
        copies = max(0, due - self.written)
        self.written += copies
        return copies

    def _longest_gap(self) -> float:
        """The longest interval in seconds that is filled with copies; up to twice the normal interval is no gap."""
        return max(LIVE_GAP_S, min(2 * self._pace, LIVE_SLOWEST_S)) if self._live else LONGEST_GAP_S
