"""Video files: every frame in order, with the file's own times."""

from __future__ import annotations

import contextlib
import logging
import math
import time
from pathlib import Path
from typing import Any

import cv2

from monitor.capture import ffmpeg, mp4, pyav
from monitor.capture.checked import CheckedDecoder
from monitor.capture.decoder import Decoder, OpenCvDecoder, is_flat, open_capture
from monitor.capture.geometry import of_capture
from monitor.capture.names import shown
from monitor.capture.sampling import Sampling
from monitor.capture.videofault import why_not_opened
from monitor.core.errors import SourceError
from monitor.core.types import Frame, Image
from monitor.settings.inputs import SourceConfig

log = logging.getLogger("monitor")

MAX_FPS = 240.0
DEFAULT_FPS = 25.0
"""Assumed when a file states no rate, or an impossible one."""
LONGEST_STEP_S = 60.0
"""A longer step between two stated times, or a step back, counts as a wrong time stamp."""
COUNTED, ESTIMATED, FEW_LACKING = 0.01, 0.1, 5
"""Least share and number of missing frames at the end that are reported. An AVI file states its number of frames;
for other files OpenCV multiplies rate and length, which is inexact for variable rates."""
MOST_MISSES = 1000
"""Most undecodable pictures in a row; more count as the end of the file."""


class VideoSource:
    """A video file or animated GIF; see ``Source``.

    A frame has the time that the container states, as long as the times advance by at most ``LONGEST_STEP_S``.
    Otherwise it follows the previous frame at the stated rate, and the container's later times continue from there.
    Therefore times are right for variable rates, and wrong time stamps do no harm. Pictures have square pixels and
    stand upright.
    """

    live = False

    def __init__(
        self, path: Path | str, *, loop: bool = False, config: SourceConfig | None = None, gray: bool = False
    ) -> None:
        """Opens a file, or one behind a URL, and decodes its first picture.

        Args:
            path: The file or URL.
            loop: Restart at the end.
            config: Source settings.
            gray: Deliver (H, W) gray pictures if PyAV is installed and ``source.reader`` is auto; see ``color``.

        Raises:
            SourceError: It cannot be opened or holds no picture; one line with the reason.
        """
        self._path, self._loop, self._config = path, loop, config or SourceConfig()
        self._gray, self._sampling = gray, Sampling(0.0)
        self.name = path.name if isinstance(path, Path) else shown(path)
        self._capture = open_capture(path, self._config.threads)
        if not self._capture.isOpened():
            raise SourceError(f"{self.name}: cannot be opened as a video; {why_not_opened(path)}")
        track = mp4.video_track(path) if isinstance(path, Path) else None
        self._shape = of_capture(self._capture, self._config, track)
        stated = float(self._capture.get(cv2.CAP_PROP_FPS))
        self.fps = stated if 0.1 <= stated <= MAX_FPS else DEFAULT_FPS
        get = self._capture.get
        self._coded_size = (int(get(cv2.CAP_PROP_FRAME_WIDTH)), int(get(cv2.CAP_PROP_FRAME_HEIGHT)))
        self._codec = int(get(cv2.CAP_PROP_FOURCC))
        count = int(get(cv2.CAP_PROP_FRAME_COUNT))
        self._stated_count = max(0, count)
        if track is not None and track.presented_s:  # an edit list may hide some of the frames
            count = min(count, math.ceil(track.presented_s * self.fps))
        self.frames = count if 0 < count < 10**8 and not loop else 0
        self._index = self._missed = self._flat = self._retrieved = 0
        self._image: Image | None = None
        self._offset, self._start = 0.0, 0.0
        self._stated = self._t = -1.0
        self._pyav: pyav.PyAvDecoder | None = None
        self._decoder = self._decode()
        self._first = self._decoder.grab() and self._retrieve() is not None
        if not self._first:
            self.close()
            raise SourceError(f"{self.name}: holds no readable picture; it may be truncated or damaged")
        if self.name.lower().endswith((".mkv", ".webm")):
            pts = self._pyav.pts if self._pyav is not None else self._capture.get(cv2.CAP_PROP_PTS)
            self._start = max(0.0, float(pts or 0))
        assert self._image is not None
        self._size: tuple[int, int] = (self._image.shape[1], self._image.shape[0])
        if log.isEnabledFor(logging.DEBUG):
            log.debug("%s: %s, %s", self.name, self.facts(), self._shape)

    def sample(self, every_s: float) -> None:
        """Delivers only the first frame at or after each multiple of ``every_s``; other frames are not converted, and
        not decoded where the codec allows it. 0 = every frame. Indices and times stay those of the file."""
        self._sampling = Sampling(every_s)

    def read(self) -> Frame | None:
        """The next frame, None at the end of the file."""
        while self._advance():
            if self._sampling.every_s <= 0 and self._image is None:
                self._retrieve()
            t = self._time()
            self._index += 1
            if not self._sampling.due(t):
                continue
            image = self._image if self._image is not None else self._retrieve()
            if image is None:
                continue
            self._sampling.take(t)
            if self._pyav is not None:
                self._pyav.wanted_from = self._sampling.due_s - self._offset
            return Frame(self._index - 1, t, time.time(), image, self.name)
        self._report_end()
        return None

    def color(self) -> Image | None:
        """The current picture as (H, W, 3) uint8 BGR; None before the first frame and at the end."""
        image = self._pyav.color() if self._pyav is not None else None
        return self._image if image is None else self._shape(image)

    def _advance(self) -> bool:
        """Moves on to the next picture; False at the end of the file."""
        if self._first:
            self._first = False
            return True
        self._image = None
        if self._grab_on():
            return True
        if not self._loop:
            return False
        self._rewind()
        return self._decoder.grab()

    def _report_end(self) -> None:
        """Reports a file that ended early, and a file with only black or uniform pictures."""
        if self._flat and self._flat >= self._retrieved:
            log.warning("%s: every picture is black or of one color%s", self.name, _flat_hint())
        # A Matroska file that begins late counts the frames before its beginning as well.
        # An AVI file also counts pictures that were dropped during recording; the time advances over them.
        reached = max(self._index + self._missed, round(self._t * self.fps) + 1)
        lacking = self.frames - reached - self._start
        counts = self.name.lower().endswith(".avi")
        if lacking >= max(FEW_LACKING, (COUNTED if counts else ESTIMATED) * self.frames):
            late = "; times after the damage are too early" if counts else ""
            log.warning(
                "%s: ended after %d of %d frames; the file may be truncated or damaged%s",
                self.name, self._index, self.frames, late,
            )  # fmt: skip

    def _grab_on(self) -> bool:
        """Moves on to the next decodable picture; skips damaged ones before it. False at the end of the file."""
        if self._decoder.grab():
            return True
        if not self._loop:
            most = min(self.frames - self._index - self._missed - 1, MOST_MISSES)
            for missed in range(1, int(most) + 1):
                if self._decoder.grab():
                    log.warning("%s: damaged after frame %d; %d pictures skipped", self.name, self._index, missed)
                    self._missed += missed
                    return True
        return False

    def _retrieve(self) -> Image | None:
        image = self._decoder.retrieve()
        if image is None:
            return None
        self._retrieved += 1
        self._flat += is_flat(image)
        image = self._shape(image)
        image.setflags(write=False)
        self._image = image
        return image

    def _decode(self) -> Decoder:
        """The decoder of the file, from its beginning."""
        self._pyav = None
        if self._config.reader == "ffmpeg":
            return self._ffmpeg(0.0)
        if self._gray and self._config.reader == "auto" and isinstance(self._path, Path) and pyav.available():
            self._capture.release()  # before PyAV allocates: its memory would lie between, and a batch would grow
            with contextlib.suppress(OSError):
                self._pyav = pyav.PyAvDecoder(self._path, self._ffmpeg if ffmpeg.available() else None)
                return self._pyav
            self._reopen()
        decoder = OpenCvDecoder(self._capture)
        if self._config.reader == "opencv" or not ffmpeg.available():
            return decoder
        return CheckedDecoder(decoder, self._ffmpeg, 1 / self.fps, self.name)

    def _ffmpeg(self, start_s: float) -> Decoder:
        url = str(self._path.absolute()) if isinstance(self._path, Path) else self._path
        try:
            return ffmpeg.FfmpegDecoder(url, self._coded_size, start_s=start_s)
        except OSError as error:
            raise SourceError(
                f"{self.name}: ffmpeg cannot be started: {error.strerror}; install it or set source.reader=opencv"
            ) from None

    def _time(self) -> float:
        by_rate = (self._t + 1 / self.fps) if self._t >= 0 else 0.0
        stated = self._decoder.stated_s()
        if not math.isfinite(stated):
            stated = self._stated
        t = stated + self._offset
        if not self._t < t < by_rate + LONGEST_STEP_S:
            t = by_rate
        if not -1.0 < stated - self._stated < LONGEST_STEP_S:
            self._offset = t - stated  # the container's times jumped: continue from here
        self._stated, self._t = stated, round(t, 6)
        return self._t

    def _rewind(self) -> None:
        self._offset, self._stated = self._t + 1 / self.fps, 0.0
        self._decoder.close()
        self._reopen()
        self._decoder = self._decode()

    def _reopen(self) -> None:
        self._capture = open_capture(self._path, self._config.threads)
        self._capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)

    def close(self) -> None:
        """Releases the file."""
        self._decoder.close()
        self._capture.release()

    def facts(self) -> dict[str, Any]:
        """Path, size, rate and decoder."""
        size = self._path.stat().st_size if isinstance(self._path, Path) else 0
        return {
            "kind": "video", "file": self.name, "width": self._size[0], "height": self._size[1],
            "fps": round(self.fps, 3), "frames": self._stated_count, "bytes": size,
            "codec": "".join(chr(self._codec >> s & 0xFF) for s in (0, 8, 16, 24)).strip("\0 "),
            "reader": self._decoder.name,
        }  # fmt: skip


def _flat_hint() -> str:
    if ffmpeg.available():
        return ""
    return "; if it is interlaced, OpenCV cannot decode it: install ffmpeg (sudo apt install ffmpeg)"
