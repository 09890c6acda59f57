"""The Python API: read one picture, watch a source, analyse a file. Import it as ``emotion_monitor``.

A label names the expression a face shows, not what the person feels.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator, Iterator, Mapping
from datetime import datetime
from inspect import GEN_CREATED, getgeneratorstate
from os import PathLike
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from monitor.capture.photos import ImageSource, no_drive, unrelated
from monitor.capture.source import Source
from monitor.core.errors import SourceError, UserError
from monitor.core.types import Event, Face, Frame, Image, Result
from monitor.networks.load import Networks, load
from monitor.outputs.drawing.annotator import Annotator
from monitor.outputs.drawing.canvas import Detail
from monitor.outputs.logs.columns import columns
from monitor.outputs.logs.reading import Session
from monitor.pipeline import Pipeline
from monitor.run import assembly
from monitor.run.arguments import Named, checked, load_config, open_source, opened, picture
from monitor.run.arrays import Table
from monitor.run.playing import play
from monitor.settings.config import Config

__all__ = ["Event", "Face", "Monitor", "Result", "Session", "Table", "UserError", "load_config", "open_source"]


class Monitor:
    """Finds faces, follows them and reads their expressions.

    Networks are loaded at the first use and shared by all calls. A Monitor is not thread-safe: give each thread its
    own. As a context manager it closes all sources at the end of the ``with`` block.

    Args:
        profile: ``"driver"`` also judges the driver (``Result.driver``); "" = none.
        settings: Dotted keys and values, such as ``{"detect.min_face": 60}``.
        config: All settings at once, from ``load_config``; cannot be combined with ``profile`` and ``settings``.

    Attributes:
        config: The effective settings.

    Raises:
        ConfigError: A profile or setting is wrong; one line each.

    Examples:
        >>> from emotion_monitor import Monitor
        >>> with Monitor() as monitor:
        ...     for result in monitor.watch("demo"):
        ...         if result.faces:
        ...             break
        >>> result.faces[0].id, 0 <= result.faces[0].quality <= 1
        (1, True)
    """

    def __init__(
        self, *, profile: str = "", settings: Mapping[str, object] | None = None, config: Config | None = None
    ) -> None:
        if config is not None and (profile or settings):
            raise TypeError("Monitor: give either config or profile and settings")
        if config is not None and not isinstance(config, Config):
            raise TypeError(f"Monitor: config must come from load_config(path), got {config!r:.80}")
        self.config = config if config is not None else load_config(profile=profile, settings=settings)
        self._networks: Networks | None = None
        self._annotator: Annotator | None = None
        self._running: WeakKeyDictionary[Generator[Result, None, None], Named | Source] = WeakKeyDictionary()
        self._closed = False

    def __enter__(self) -> Monitor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the sources of all ``watch`` loops; may be called more than once."""
        self._closed = True
        for running, source in list(self._running.items()):
            if not isinstance(source, (str, PathLike, int)) and getgeneratorstate(running) == GEN_CREATED:
                source.close()
            running.close()
        self._networks = self._annotator = None

    def read(self, image: str | PathLike[str] | NDArray[np.uint8]) -> list[Face]:
        """Reads all faces of one picture.

        The picture is read as a single photograph: without smoothing, without information from other pictures and
        without judging a driver.

        Args:
            image: Path of a picture file, or an array: (H, W, 3) uint8 in OpenCV's channel order (BGR), or (H, W)
                uint8 gray.

        Returns:
            The faces, numbered from 1. Without one the list is empty.

        Raises:
            SourceError: The file is missing or is not a picture.
            TypeError, ValueError: The array has another type or shape.
            ModelError: A network is missing or damaged.

        Examples:
            >>> from emotion_monitor import Monitor, open_source
            >>> source = open_source("demo")
            >>> image = [source.read().image for _ in range(140)][-1]
            >>> with Monitor() as monitor:
            ...     [face.label for face in monitor.read(image)]
            ['happy']
        """
        if isinstance(image, (str, PathLike)):
            pixels, name = picture(Path(image)), Path(image).name
        else:
            pixels, name = checked(image), "array"
        config = assembly.for_photographs(self.config)
        frame = Frame(0, 0.0, time.time(), pixels, name)
        return list(self._pipeline(config).step(frame).faces)

    def watch(self, source: Named | Source) -> Iterator[Result]:
        """Analyses a source frame by frame, when the loop requests results.

        Files give every frame, in order. Cameras give the newest frame: frames that arrive while the loop is busy are
        dropped and counted in ``Result.dropped``; a camera that fails is reopened. The pictures of a folder are read as
        unrelated photographs unless ``source.sequence`` is set.

        Args:
            source: Its name, or an open source. It is opened at the first frame and closed when the loop ends.

        Yields:
            One result per frame. The last result of a file also ends the events that are still open. A camera that is
            lost permanently gives one more such result, without faces and with the last frame.

        Raises:
            SourceError: The source cannot be opened.
            ConfigError: Unrelated photographs in driver mode.
            ModelError: A network is missing or damaged.
        """
        running = self._results(source)
        self._running[running] = source
        return running

    def analyze(self, source: Named | Source, fps: float | None = None) -> Table:
        """Analyses a file, a folder of pictures or the demo completely.

        Args:
            source: Its name, or an open source, which is closed afterwards.
            fps: Most frames analysed per second of the source; None = all.

        Returns:
            The table of ``faces.csv`` in memory.

        Raises:
            SourceError: The source cannot be opened, or is live and has no end.
            ValueError: ``fps`` is not positive.
            UserError: See ``watch``.

        Examples:
            >>> from emotion_monitor import Monitor
            >>> with Monitor() as monitor:
            ...     table = monitor.analyze("demo", fps=1)
            >>> len(table.columns), table["frame"][:3].tolist()
            (27, [0, 25, 50])
        """
        if fps is not None and not fps > 0:
            raise ValueError(f"fps must be positive, got {fps}")
        clip, name = self._open(source)
        with contextlib.closing(clip):  # may be closed twice
            if clip.live:
                raise SourceError(f"{clip.name}: is live and has no end; use Monitor.watch")
            if self._networks is None:
                self._networks = load(self.config)
            wanted = columns(
                keypoints=self.config.output.keypoints, driver=self.config.driver.enabled,
                files=isinstance(clip, ImageSource), labels=self._networks.emotion.labels,
            )  # fmt: skip
            session = datetime.now().strftime("%Y%m%dT%H%M%S")
            with contextlib.closing(self._played(clip, name, fps)) as results:
                return Table.of(results, wanted, session)

    def annotate(self, result: Result, detail: Detail = "calm") -> Image:
        """Draws the faces and readings onto a copy of the result's frame.

        Args:
            result: A result of this Monitor. Pass results in their order, because the timelines grow with them.
            detail: "off", "calm" (labels, top bars, timelines) or "full" (all seven bars).

        Returns:
            (H, W, 3) uint8 BGR.
        """
        if self._annotator is None:
            self._annotator = Annotator(self.config.display, self.config.driver)
        return self._annotator.annotate(result, detail)

    def _results(self, source: Named | Source) -> Generator[Result, None, None]:
        yield from self._played(*self._open(source))

    def _played(self, source: Source, name: str, fps: float | None = None) -> Generator[Result, None, None]:
        """The results of a source, which is closed at the end."""
        self._annotator = None
        with contextlib.ExitStack() as stack:
            stack.callback(source.close)
            config = self.config
            if unrelated(source, sequence=config.source.sequence):
                if config.driver.enabled:
                    raise no_drive(source)
                config = assembly.for_photographs(config)
            results = play(source, name, config, self._pipeline(config), fps)
            if source.live:
                stack.pop_all()  # its thread closes it: closing a camera that is being read crashes the process
            yield from results

    def _open(self, source: Named | Source) -> tuple[Source, str]:
        self._require_open()
        if isinstance(source, (str, PathLike, int)):
            return opened(source, self.config)
        return source, source.name

    def _pipeline(self, config: Config) -> Pipeline:
        self._require_open()
        if self._networks is None:
            self._networks = load(self.config)
        return assembly.build(config, self._networks)

    def _require_open(self) -> None:
        if self._closed:
            raise RuntimeError("this Monitor is closed; make a new one")
