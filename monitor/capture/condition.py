"""Detects faults in the pictures of a live camera: frozen, black, of another size, or at a much lower rate."""

from __future__ import annotations

import logging

from monitor.capture.decoder import identical
from monitor.core.incidents import Incidents
from monitor.core.types import Image

log = logging.getLogger("monitor")

BLACK_MEAN, BLACK_STD = 10.0, 4.0
"""Mean and standard deviation (gray levels) below which a picture counts as black."""
EVERY, COLUMNS = 16, 40
"""Spacing in pixels of the sample that is tested for black, and its number of columns in large pictures, which keeps
the cost constant."""
RATE_S = 5.0
"""Seconds over which the rate is measured."""
SLOW, FINE = 0.2, 0.5
"""Shares of the best rate: below the first the camera counts as slow, above the second as normal again. Automatic
exposure in the dark lowers 30 Hz to 7.5 Hz, which is no fault."""


class Condition:
    """Watches the pictures of one camera and reports faults.

    Args:
        name: The camera's name in the log.
        incidents: Receives the reports of faults.
        hold_s: Seconds that a fault lasts before it is reported.
        frozen_s: Identical pictures for this long count as frozen; 0 = never.

    Attributes:
        frozen: Whether the picture has not changed for ``frozen_s``.
    """

    def __init__(self, name: str, incidents: Incidents, hold_s: float, frozen_s: float) -> None:
        self._name, self._incidents, self._hold_s, self._frozen_s = name, incidents, hold_s, frozen_s
        self.frozen = False
        self._last: Image | None = None
        self._changed = 0.0
        self._lit = 0.0
        self._seen: float | None = None
        self._window, self._count, self._best = 0.0, 0, 0.0

    def see(self, image: Image, now: float) -> bool:
        """Examines the next picture at ``now`` seconds; returns False while the camera is frozen."""
        gap = 0.0 if self._seen is None else now - self._seen
        if self._seen is None or gap >= self._hold_s:  # restarts after a pause, which the grabber reports
            self._changed += gap
            self._lit += gap
            self._window, self._count = now, -1
        if self._seen is None:
            self._changed = self._lit = now
        self._seen = now
        self._size(image)
        self._freeze(image, now)
        self._light(image, now)
        self._rate(now)
        return not self.frozen

    def _size(self, image: Image) -> None:
        if self._last is not None and self._last.shape != image.shape:
            width, height = image.shape[1], image.shape[0]
            log.warning("%s: the picture size is now %dx%d", self._name, width, height)
            self._incidents.moment("camera", "size", width=width, height=height)

    def _freeze(self, image: Image, now: float) -> None:
        if self._last is None or not identical(self._last, image):
            self._last, self._changed = image, now
            if self.frozen:
                self.frozen = False
                log.warning("%s: the picture changes again", self._name)
                self._incidents.end("camera", "frozen")
        elif self._frozen_s and not self.frozen and now - self._changed >= self._frozen_s:
            self.frozen = True
            log.warning("%s: identical pictures for %.1f s; they are ignored", self._name, self._frozen_s)
            self._incidents.begin("camera", "frozen")

    def _light(self, image: Image, now: float) -> None:
        step = max(EVERY, image.shape[1] // COLUMNS)
        sample = image[::step, ::step]
        if sample.mean() > BLACK_MEAN or sample.std() > BLACK_STD:
            self._lit = now
            if self._incidents.end("camera", "black"):
                log.warning("%s: the picture is no longer black", self._name)
        elif now - self._lit >= self._hold_s and self._incidents.begin("camera", "black"):
            log.warning("%s: the picture is black; is the lens covered or the light off?", self._name)

    def _rate(self, now: float) -> None:
        self._count += 1
        if now - self._window < RATE_S:
            return
        rate = self._count / (now - self._window)
        self._window, self._count = now, 0
        self._best = max(self._best, rate)
        if rate < SLOW * self._best:
            if self._incidents.begin("camera", "slow", fps=round(rate, 2), best_fps=round(self._best, 2)):
                log.warning("%s: only %.1f pictures a second (it gave %.1f)", self._name, rate, self._best)
        elif rate > FINE * self._best and self._incidents.end("camera", "slow", fps=round(rate, 2)):
            log.warning("%s: %.1f pictures a second again", self._name, rate)
