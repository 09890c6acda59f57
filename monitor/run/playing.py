"""Runs a pipeline over a source in the calling thread, for the Python API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

from monitor.capture.choose import make_feed
from monitor.capture.feed import Feed
from monitor.capture.sampling import Sampling
from monitor.capture.source import Source
from monitor.capture.video import VideoSource
from monitor.core.incidents import Incidents
from monitor.core.types import Event, Frame, Result
from monitor.run.governor import Governor
from monitor.run.stepper import Stepper, Steps
from monitor.settings.config import Config

FRAME_WAIT_S = 0.2


class Engine(Steps, Protocol):
    """A pipeline that can end its events."""

    def finish(self) -> list[Event]:
        """Ends all open events."""


def play(source: Source, name: str, config: Config, pipeline: Engine, fps: float | None = None) -> Iterator[Result]:
    """The results of a source, one per frame, computed when the caller requests them.

    Args:
        source: An open source; the caller closes it.
        name: The name under which a camera can be opened again.
        config: Settings.
        pipeline: The engine, without history.
        fps: Frames per second of a file that are analysed at most; None = all.
    """
    incidents = Incidents()
    feed = make_feed(source, name, config, incidents, watched=False)
    stepper = Stepper(pipeline, live=feed.live, incidents=incidents, governor=Governor(config.performance))
    try:
        if feed.live:
            yield from watch_camera(feed, stepper, pipeline, incidents)
        else:
            every_s = 1 / fps if fps else 0.0
            if isinstance(source, VideoSource):
                source.sample(every_s)  # other frames need no conversion
            yield from _film(feed, stepper, pipeline, Sampling(every_s))
    finally:
        feed.close()


def watch_camera(feed: Feed, stepper: Stepper, pipeline: Engine, incidents: Incidents) -> Iterator[Result]:
    """The newest frames of a camera.

    Events that belong to no frame are part of the next result. When the camera has ended, one more result without
    faces, with the last frame, ends the events that are still open.

    Args:
        feed: The camera's frames; the caller closes it.
        stepper: Runs ``pipeline`` on them.
        pipeline: Ends its events after the last frame.
        incidents: Incidents of the camera and the machine.
    """
    while not feed.ended:
        frame = feed.next(FRAME_WAIT_S)
        if frame is None:
            stepper.idle()
        elif stepper.accepts(frame):
            events = (*stepper.take_incidents(), *stepper.take_events())
            result = stepper.step(frame, feed.dropped)
            yield replace(result, events=(*events, *result.events)) if events else result
    last = stepper.latest
    events = (*stepper.take_events(), *pipeline.finish(), *incidents.finish(*stepper.now()))
    if last is not None and events:
        yield replace(last, faces=(), events=events)


def _film(feed: Feed, stepper: Stepper, pipeline: Engine, sampling: Sampling) -> Iterator[Result]:
    """The frames of a file; the last result also ends the events that are still open."""
    ahead: Frame | None = None
    for frame in _chosen(feed, sampling):
        if ahead is not None:
            yield stepper.step(ahead, feed.dropped)
        ahead = frame
    if ahead is not None:
        last = stepper.step(ahead, feed.dropped)
        yield replace(last, events=(*last.events, *pipeline.finish()))


def _chosen(feed: Feed, sampling: Sampling) -> Iterator[Frame]:
    """The frames of a file that are due."""
    while not feed.ended:
        frame = feed.next(FRAME_WAIT_S)
        if frame is not None and sampling.due(frame.t):
            sampling.take(frame.t)
            yield frame
