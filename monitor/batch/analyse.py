"""Analyses one span of a recording in a worker process and returns its tables."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from monitor.batch.crops import Keep
from monitor.batch.frames import SpanSource, frames
from monitor.batch.spans import Sightings, Span
from monitor.core.types import Event, Face, Frame, Image, Result
from monitor.networks.load import Networks, load
from monitor.outputs.logs.column import Column, Row, rows
from monitor.outputs.logs.columns import columns
from monitor.run import assembly
from monitor.settings.config import Config
from monitor.system.machine import give_back_start_pages

LEFT_OUT = ("session", "timestamp", "latency_ms")
"""Columns of ``faces.csv`` that a dataset omits, because they depend on the time and speed of the run."""


@dataclass(frozen=True, slots=True)
class Request:
    """Parameters of the analysis, the same for all recordings of a batch.

    Attributes:
        config: Settings.
        every_s: Least time between two analysed frames; 0 = every frame.
        keep: The condition for saving face crops; None = save none.
    """

    config: Config
    every_s: float = 0.0
    keep: Keep | None = None


@dataclass(slots=True)
class Part:
    """The analysis of one span.

    Attributes:
        span: The span.
        table: Column name to values, one entry per face per frame, only for times from ``span.start`` on.
        episodes: Events joined from start to end, as plain dictionaries.
        overlap: Boxes with ids before ``span.start``, used to join ids.
        tail: Boxes with ids in the last seconds, which the overlap of the next span also covers.
        frames: Frames analysed, overlap excluded.
        frames_with_face: Frames with at least one face.
        last_t: Time of the last frame in seconds.
        seconds: Time the analysis took.
        crops: Saved crops, from name to JPEG bytes.
    """

    span: Span
    table: dict[str, list[Any]]
    episodes: list[dict[str, Any]]
    overlap: Sightings
    tail: Sightings
    frames: int
    frames_with_face: int
    last_t: float
    seconds: float
    crops: dict[str, bytes]


@lru_cache(maxsize=2)
def networks(config: Config) -> Networks:
    """Loaded once per process and configuration."""
    loaded = load(config)
    give_back_start_pages()
    return loaded


def wanted_columns(config: Config) -> list[Column[Row]]:
    """The columns of the dataset's face table."""
    every = columns(keypoints=config.output.keypoints, driver=config.driver.enabled)
    return [column for column in every if column.name not in LEFT_OUT]


def analyse(path: Path, span: Span, tail_s: float, request: Request) -> Part:
    """Analyses one span.

    Args:
        path: The recording on this machine.
        span: The span to read.
        tail_s: Length of the next span's overlap.
        request: Parameters of the analysis.

    Raises:
        UserError: The recording cannot be read, or a network is missing.
    """
    started = time.perf_counter()
    cv2.setNumThreads(1)
    source = SpanSource(path, span.read_from, request.every_s, request.config.source)
    try:
        pipeline = assembly.build(request.config, networks(request.config))
        collector = _Collector(span, tail_s, request, source.color)
        for frame in frames(source, span):
            collector.take(pipeline.step(frame))
        collector.events(pipeline.finish())
    finally:
        source.close()
    return collector.part(time.perf_counter() - started)


class _Collector:
    """Gathers the results of one span."""

    def __init__(self, span: Span, tail_s: float, request: Request, color: Callable[[], Image | None]) -> None:
        self._span, self._request, self._color = span, request, color
        self._tail_from = span.end - tail_s
        wanted = wanted_columns(request.config)
        self._table: dict[str, list[Any]] = {column.name: [] for column in wanted}
        self._cells = [(column.value, self._table[column.name].append) for column in wanted]
        self._episodes: dict[int, dict[str, Any]] = {}
        self._overlap: list[tuple[float, int, tuple[float, ...]]] = []
        self._tail: list[tuple[float, int, tuple[float, ...]]] = []
        self._frames = self._with_face = 0
        self._last_t = 0.0
        self._crops: dict[str, bytes] = {}

    def take(self, result: Result) -> None:
        """Takes one frame's result."""
        t = result.frame.t
        self._last_t = t
        self.events(result.events)
        seen = [(t, face.id, face.box) for face in result.faces]
        if t < self._span.start:
            self._overlap += seen
            return
        if t >= self._tail_from:
            self._tail += seen
        self._frames += 1
        self._with_face += bool(result.faces)
        for row in rows(result, "", 0.0):
            for value, append in self._cells:
                append(value(row))
        if self._request.keep is not None:
            self._keep(result.frame, result.faces, self._request.keep)

    def events(self, events: Any) -> None:
        """Joins the phases of each event into one episode."""
        event: Event
        for event in events:
            entry = self._episodes.setdefault(
                event.id,
                {
                    "id": event.id,
                    "kind": event.kind,
                    "face_id": event.face,
                    "start": event.t,
                    "end": None,
                    "level": 0,
                    "data": {},
                },
            )
            entry["level"] = max(entry["level"], event.level)
            entry["data"] |= {k: v for k, v in event.data.items() if k != "duration_s"}
            if event.phase == "end":
                entry["end"] = event.t

    def _keep(self, frame: Frame, faces: tuple[Face, ...], keep: Keep) -> None:
        for face in faces:
            if keep.wants(face):
                color = self._color()
                image = frame.image if color is None else color
                self._crops[f"{frame.index:08d}_{face.id}.jpg"] = keep.encoded(image, face)

    def part(self, seconds: float) -> Part:
        """The result of the analysis."""
        return Part(
            self._span, self._table, [e for e in self._episodes.values() if self._counts(e)],
            _sightings(self._overlap), _sightings(self._tail), self._frames, self._with_face, self._last_t, seconds,
            self._crops,
        )  # fmt: skip

    def _counts(self, episode: dict[str, Any]) -> bool:
        """Whether an episode reaches into the span's own part."""
        end = episode["end"]
        return end is None or end >= self._span.start


def _sightings(found: list[tuple[float, int, tuple[float, ...]]]) -> Sightings:
    t = np.array([entry[0] for entry in found], np.float64)
    face = np.array([entry[1] for entry in found], np.int64)
    return Sightings(t, face, np.array([entry[2] for entry in found], np.float32).reshape(-1, 4))


def is_last(span: Span) -> bool:
    """Whether this is the last span."""
    return math.isinf(span.end)


Analyse = Callable[[Path, Span, float, Request], Part]
