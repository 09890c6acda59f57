"""Decodes videos through PyAV (extra ``batch``) to gray pictures, without converting colors.

The luma plane of a YUV picture is its gray picture, except for its range. Pictures that are not wanted and to which no
other picture refers are not decoded at all.
"""

from __future__ import annotations

import heapq
import importlib.util
import itertools
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from monitor.capture.buffers import Buffers
from monitor.capture.decoder import Decoder
from monitor.capture.sampling import SLACK_S
from monitor.core.types import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av import Packet, VideoFrame

PLANAR = ("yuv420p", "yuv422p", "yuv444p", "yuvj420p", "yuvj422p", "yuvj444p", "nv12", "gray")
"""Pixel formats whose first plane is the luma in 8 bits."""
FULL_RANGE = ("yuvj420p", "yuvj422p", "yuvj444p", "gray")
JPEG_RANGE = 2
"""FFmpeg's AVCOL_RANGE_JPEG: luma from 0 to 255 instead of 16 to 235."""
BLACK, WHITE = 16, 235
HIDDEN = 2
"""FFmpeg's AVINDEX_DISCARD_FRAME: an edit list hides the picture."""


def available() -> bool:
    """Whether PyAV is installed."""
    return importlib.util.find_spec("av") is not None


def reader_name(reader: str) -> str:
    """The program that decodes the pictures of a batch under a setting ``source.reader``."""
    return "pyav" if reader == "auto" and available() else reader


class PyAvDecoder:
    """Gray pictures through PyAV; see ``decoder.Decoder``.

    Args:
        path: The file.
        through_ffmpeg: Opens a decoder that deinterlaces at a time in seconds, which continues from the first
            interlaced picture; None = interlaced pictures are delivered as they are.

    Attributes:
        pts: The container's time stamp of the current picture in its own unit; None = it states none.
        wanted_from: Stated time in seconds before which pictures need not be decoded; skipped ones are still counted.

    Raises:
        OSError: PyAV cannot open the file, or it has no video.
    """

    def __init__(self, path: Path, through_ffmpeg: Callable[[float], Decoder] | None = None) -> None:
        import av

        av.logging.set_level(av.logging.PANIC)
        self._errors = av.FFmpegError
        try:
            self._container = av.open(str(path.absolute()), metadata_errors="ignore")
            self._stream: Any = self._container.streams.video[0]
        except (av.FFmpegError, IndexError) as error:
            raise OSError(f"PyAV cannot open it: {error}") from None
        self._unit, self._start = self._stream.time_base, self._stream.start_time or 0
        self._rate = float(self._stream.average_rate or 25)
        self._context = self._stream.codec_context
        self._context.thread_count = 1
        self._skipping = False
        self._packets: Iterator[Packet] | None = self._container.demux(self._stream)
        self._skipped: list[int] = []
        self._ready: deque[tuple[int | None, VideoFrame | None]] = deque()
        self._buffers = Buffers()
        self._frame: VideoFrame | None = None
        self.pts: int | None = None
        self._through_ffmpeg = through_ffmpeg
        self._replaced: Decoder | None = None
        self.wanted_from = float("-inf")

    @property
    def name(self) -> str:
        """The program that decodes."""
        return "pyav" if self._replaced is None else self._replaced.name

    def seek(self, start_s: float) -> tuple[float, int | None]:
        """Moves to just before the first picture at or after a time; decodes from the key frame before it.

        Args:
            start_s: Stated time in seconds.

        Returns:
            The stated time of that picture, ``start_s`` if there is none, and its number in the file, None if the
            container has no complete index.
        """
        self._container.seek(self._ticks(start_s), stream=self._stream, backward=True)
        self._packets = self._container.demux(self._stream)
        self._ready.clear()
        self._skipped.clear()
        key = self._next_packet()
        index = self._number(key)
        if key is not None:
            self._packets = itertools.chain([key], self._packets)
        wanted_from, self.wanted_from = self.wanted_from, start_s
        while self._fill():
            pts = self._ready[0][0]
            if pts is not None and self._seconds(pts) >= start_s - SLACK_S:
                break
            self._ready.popleft()
            index = None if index is None else index + 1
        self.wanted_from = wanted_from
        pts = self._ready[0][0] if self._ready else None
        return start_s if pts is None else self._seconds(pts), index

    def _number(self, key: Packet | None) -> int | None:
        """The number of a key frame in the file; None if the container has no complete index."""
        entries = self._stream.index_entries
        if key is None or key.dts is None or not self._stream.frames or len(entries) != self._stream.frames:
            return None
        number = int(entries.search_timestamp(key.dts))
        if number < 0:
            return None
        return sum(not entry.flags & HIDDEN for entry in itertools.islice(entries, number))

    def grab(self) -> bool:
        """See ``Decoder``."""
        if self._replaced is not None:
            return self._replaced.grab()
        if not self._fill():
            return False
        self.pts, self._frame = self._ready.popleft()
        if self._frame is not None and self._frame.interlaced_frame and self._through_ffmpeg is not None:
            return self._replace(self._through_ffmpeg)
        return True

    def _replace(self, through_ffmpeg: Callable[[float], Decoder]) -> bool:
        """Continues through ffmpeg, from the current picture."""
        start = self.stated_s()
        self._replaced = through_ffmpeg(max(0.0, start - 0.5 / self._rate) if np.isfinite(start) else 0.0)
        self._close()
        return self._replaced.grab()

    def retrieve(self) -> Image | None:
        """The picture as (H, W) uint8 gray; see ``Decoder``. None for a skipped picture."""
        if self._replaced is not None:
            return self._replaced.retrieve()
        return None if self._frame is None else self._gray(self._frame)

    def color(self) -> Image | None:
        """The picture retrieved last as (H, W, 3) uint8 BGR."""
        if self._replaced is not None or self._frame is None:
            return None
        return np.asarray(self._frame.to_ndarray(format="bgr24"), np.uint8)

    def stated_s(self) -> float:
        """See ``Decoder``."""
        if self._replaced is not None:
            return self._replaced.stated_s()
        return float("nan") if self.pts is None else self._seconds(self.pts)

    def close(self) -> None:
        """See ``Decoder``."""
        if self._replaced is not None:
            self._replaced.close()
        self._close()

    def _close(self) -> None:
        """Drops all references at once: the decoder's pictures would wait for the garbage collection."""
        self._packets = self._frame = self._through_ffmpeg = None
        self._ready.clear()
        if self._stream is not None:
            self._container.close()
            self._stream = self._context = None
            del self._container

    def _seconds(self, pts: int) -> float:
        return float((pts - self._start) * self._unit.numerator / self._unit.denominator)

    def _ticks(self, seconds: float) -> int:
        return int(seconds / self._unit) + self._start

    def _fill(self) -> bool:
        """Decodes until a picture is ready; False at the end."""
        while not self._ready:
            packet = self._next_packet()
            if packet is None:
                return False
            for frame in self._decoded(packet):
                pts = frame.pts if frame.pts is not None else frame.dts
                while self._skipped and pts is not None and self._skipped[0] <= pts:
                    skipped = heapq.heappop(self._skipped)
                    if skipped < pts:
                        self._ready.append((skipped, None))
                self._ready.append((pts, frame))
            if packet.size == 0:  # the end: the decoder is empty
                self._ready.extend((pts, None) for pts in sorted(self._skipped))
                self._skipped.clear()
                self._packets = None
        return True

    def _next_packet(self) -> Packet | None:
        if self._packets is None:
            return None
        try:
            return next(self._packets, None)
        except self._errors:
            return None

    def _decoded(self, packet: Packet) -> list[VideoFrame]:
        """The pictures that a packet completes; a damaged one completes none."""
        skip = packet.pts is not None and packet.size > 0 and self._seconds(packet.pts) < self.wanted_from - SLACK_S
        if skip != self._skipping:
            self._context.skip_frame = "NONREF" if skip else "DEFAULT"
            self._skipping = skip
        if skip and packet.pts is not None:
            heapq.heappush(self._skipped, packet.pts)
            if self._stream.codec.intra_only:
                return []
        try:
            return list(self._stream.decode(packet))
        except self._errors:
            return []

    def _gray(self, frame: VideoFrame) -> Image:
        """The picture in gray, equal to OpenCV's conversion of its colors up to rounding; read-only."""
        name = frame.format.name
        if name not in PLANAR:
            return np.ascontiguousarray(frame.to_ndarray(format="gray"), np.uint8)
        plane = frame.planes[0]
        luma = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]
        gray = self._buffers.take(frame.height, frame.width)
        if name in FULL_RANGE or int(frame.color_range) == JPEG_RANGE:
            np.copyto(gray, luma)
        else:
            gain = 255 / (WHITE - BLACK)
            # One pass that stops at 0 and 255; np.maximum with convertScaleAbs gives the same in four times the time.
            cv2.addWeighted(luma, gain, luma, 0.0, -BLACK * gain, dst=gray)
        return gray.view()
