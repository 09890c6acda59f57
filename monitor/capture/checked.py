"""Detects wrong pictures from OpenCV, and decodes through ffmpeg from there on.

OpenCV 4.13 and 4.14 fail to convert interlaced pictures and report success. They return a buffer that was never written
(black) or still holds the previous picture. So black pictures and pictures identical to the previous one are compared
with those of the ffmpeg program.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

from monitor.capture.decoder import Decoder, differs, identical, is_flat
from monitor.core.types import Image

log = logging.getLogger("monitor")

MOST_PROBES = 3
"""Most runs of suspicious pictures of which the first is compared, because a video may really be still or black."""
AGAIN_S, MOST_AGAIN = 0.25, 12
"""Time of the video in seconds after which a run of suspicious pictures is compared again, doubled each time, and most
such comparisons: old memory may by chance resemble the first pictures, as when a video is read twice."""
Picture = tuple[Image, float]
"""A picture and the time the container states for it, in seconds."""


class CheckedDecoder:
    """Decodes through OpenCV, and through ffmpeg from the first wrong picture on; see ``Decoder``.

    Args:
        decoder: OpenCV's decoder.
        through_ffmpeg: Opens ffmpeg's decoder at a time in seconds.
        frame_s: Duration of a frame.
        label: Name of the video in log lines.

    Attributes:
        switched: Whether ffmpeg now decodes.
    """

    def __init__(
        self, decoder: Decoder, through_ffmpeg: Callable[[float], Decoder], frame_s: float, label: str
    ) -> None:
        self._decoder, self._through_ffmpeg, self._frame_s, self._label = decoder, through_ffmpeg, frame_s, label
        self._ahead: list[Picture | None] = []
        self._last: Image | None = None
        self._suspicious = False
        self._run_s, self._again_s = math.nan, AGAIN_S
        self._seen: Image | None = None
        self._probes = self._again = 0
        self._current: Picture | None = None
        self._started = False
        self.switched = False

    @property
    def name(self) -> str:
        """The program that decodes."""
        return self._decoder.name

    def grab(self) -> bool:
        """See ``Decoder``."""
        if not self._started:
            self._start()
        if self._ahead:
            self._current = self._ahead.pop(0)
            return self._current is not None
        self._current = None
        return self._decoder.grab()

    def retrieve(self) -> Image | None:
        """See ``Decoder``."""
        if self._current is None:
            self._current = self._checked()
        return None if self._current is None else self._current[0]

    def _start(self) -> None:
        """Decodes the first two pictures: an invalid first picture is identical to the second."""
        self._started = True
        first, second = self._next(), self._next()
        if self.switched and first is not None and not is_flat(first[0]):
            self._decoder.close()
            self._decoder = self._through_ffmpeg(0.0)
            first, second = self._next(), None
            self._ahead = [first]
        else:
            self._ahead = [first, second]

    def _next(self) -> Picture | None:
        return self._checked() if self._decoder.grab() else None

    def _checked(self) -> Picture | None:
        """The decoder's current picture, compared with ffmpeg's if it is suspicious."""
        image = self._decoder.retrieve()
        if image is None:
            return None
        stated = self._decoder.stated_s()
        if self.switched:
            return image, stated
        suspicious = is_flat(image) or (self._last is not None and identical(image, self._last))
        picture = (image, stated)
        if suspicious and self._due(stated):
            picture = self._compared(picture)
        self._suspicious, self._last = suspicious, picture[0]
        return picture

    def _due(self, stated: float) -> bool:
        """Whether a suspicious picture is compared: the first of a run, and further ones of a long run."""
        if not self._suspicious:
            self._run_s, self._again_s, self._seen = stated, AGAIN_S, None
            due = self._probes < MOST_PROBES
            self._probes += due
            return due
        if self._again >= MOST_AGAIN or not stated - self._run_s >= self._again_s:
            return False
        self._again += 1
        self._again_s *= 2
        return True

    def _compared(self, picture: Picture) -> Picture:
        """The picture, or ffmpeg's picture of the same time if OpenCV's is wrong; then ffmpeg decodes from here on.

        It is wrong if it differs from ffmpeg's, or if ffmpeg's pictures change while OpenCV's do not.
        """
        image, stated = picture
        decoder = self._through_ffmpeg(max(0.0, stated - self._frame_s / 2) if math.isfinite(stated) else 0.0)
        better = decoder.retrieve() if decoder.grab() else None
        if better is None or is_flat(better) or better.shape != image.shape:
            decoder.close()
            return picture
        still = self._seen is None or identical(self._seen, better)
        self._seen = better
        if still and not differs(image, better):
            decoder.close()
            return picture
        log.info("%s: OpenCV decodes wrong pictures (interlaced video); reading through ffmpeg", self._label)
        self._decoder.close()
        self._decoder, self.switched = decoder, True
        return better, decoder.stated_s()

    def stated_s(self) -> float:
        """See ``Decoder``."""
        return self._decoder.stated_s() if self._current is None else self._current[1]

    def close(self) -> None:
        """See ``Decoder``."""
        self._decoder.close()
