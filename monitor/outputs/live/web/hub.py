"""The newest state of a run, shared between the worker thread and the web server.

The worker thread calls ``put`` and ``add_events``; both take microseconds and never wait for a viewer.
Everything else runs on the web server's thread.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from monitor.core.labels import EMOTIONS
from monitor.core.types import Event, Face, Result

HISTORY_S = 60.0
"""Length of each face's history, in seconds."""
HISTORY_STEP_S = 0.5
"""One history sample per face per this many seconds."""
MAX_EVENTS = 200
"""Events kept for viewers who open the page later."""
MAX_HISTORIES = 32
"""Faces whose history is kept; the face seen longest ago is dropped first."""
RATE_S = 2.0
"""The frame rate shown is the mean over this many seconds."""


@dataclass(slots=True)
class _History:
    """Samples of one face: times in seconds and distributions, newest last."""

    samples: deque[tuple[float, list[float]]] = field(
        default_factory=lambda: deque(maxlen=int(HISTORY_S / HISTORY_STEP_S) + 1)
    )


class Hub:
    """Holds the newest result, a minute of history per face and the last events.

    Thread-safe. Times are in seconds on the frame clock unless a name ends in ``wall`` (Unix time).

    Args:
        clock: Monotonic seconds, for the frame rate only.
        labels: The model's labels.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, labels: tuple[str, ...] = EMOTIONS) -> None:
        self.labels = labels
        self._lock = threading.Lock()
        self._clock = clock
        self._result: Result | None = None
        self._histories: dict[int, _History] = {}
        self._events: deque[tuple[int, Event]] = deque(maxlen=MAX_EVENTS)
        self._event_number = 0
        self._arrivals: deque[float] = deque(maxlen=240)
        self.frames = 0

    def put(self, result: Result) -> None:
        """Stores the newest result and its events."""
        now = self._clock()
        with self._lock:
            self._result = result
            self.frames += 1
            self._arrivals.append(now)
            self._remember(result)
        if result.events:
            self.add_events(result.events)

    def add_events(self, events: Sequence[Event]) -> None:
        """Stores events; each gets the next number, from 1."""
        with self._lock:
            for event in events:
                self._event_number += 1
                self._events.append((self._event_number, event))

    @property
    def result(self) -> Result | None:
        """The newest result, or None before the first frame."""
        return self._result

    @property
    def last_event(self) -> int:
        """Number of the newest event, 0 before the first."""
        return self._event_number

    def events_after(self, number: int) -> list[dict[str, Any]]:
        """Events with a number above ``number``, oldest first."""
        with self._lock:
            return [_event(n, event) for n, event in self._events if n > number]

    def age_s(self) -> float | None:
        """Seconds since the newest frame arrived, or None before the first."""
        with self._lock:
            return self._clock() - self._arrivals[-1] if self._arrivals else None

    def state(self) -> dict[str, Any]:
        """The newest state as plain JSON values; see ``/api/state`` in the OpenAPI description."""
        now = self._clock()
        with self._lock:
            result = self._result
            recent = sum(1 for t in self._arrivals if now - t <= RATE_S)
            histories = {i: list(self._histories[i].samples) for i in self._histories}
        if result is None:
            return {
                "frame": 0, "source": "", "seconds": 0.0, "wall": 0.0, "fps": 0.0, "dropped": 0, "latency_ms": 0.0,
                "size": [0, 0], "labels": list(self.labels), "faces": [], "driver": None,
            }  # fmt: skip
        frame = result.frame
        return {
            "frame": frame.index, "source": frame.source, "seconds": round(frame.t, 3), "wall": round(frame.wall, 3),
            "fps": round(recent / RATE_S, 1), "dropped": result.dropped, "latency_ms": round(result.latency_ms, 1),
            "size": list(frame.size), "labels": list(self.labels),
            "faces": [_face(face, histories.get(face.id, []), frame.t) for face in result.faces],
            "driver": _driver(result),
        }  # fmt: skip

    def _remember(self, result: Result) -> None:
        t = result.frame.t
        for face in result.faces:
            if not face.known:
                continue
            history = self._histories.pop(face.id, None) or _History()
            self._histories[face.id] = history  # moves to the end: dicts keep insertion order
            if not history.samples or t // HISTORY_STEP_S != history.samples[-1][0] // HISTORY_STEP_S:
                history.samples.append((t, [round(float(p), 3) for p in face.probs]))
        while len(self._histories) > MAX_HISTORIES:
            del self._histories[next(iter(self._histories))]


def _face(face: Face, history: list[tuple[float, list[float]]], now: float) -> dict[str, Any]:
    return {
        "id": face.id,
        "box": [round(v, 1) for v in face.box],
        "label": face.label,
        "confidence": round(face.confidence, 4),
        "probs": {name: round(float(p), 4) for name, p in zip(face.labels, face.probs, strict=True)},
        "quality": round(face.quality, 3),
        "known": face.known,
        "covered": face.covered,
        "still": face.still,
        "pose": None if face.pose is None else [round(v, 1) for v in face.pose],
        "history": [[round(t - now, 1), *probs] for t, probs in history if now - t <= HISTORY_S],
    }


def _driver(result: Result) -> dict[str, Any] | None:
    state = result.driver
    if state is None:
        return None
    return {
        "face": state.face, "attention": state.attention, "fatigue": round(state.fatigue, 1), "level": state.level,
        "eyes": None if state.eyes is None else round(state.eyes, 3), "closed_s": round(state.closed_s, 2),
        "perclos": None if state.perclos is None else round(state.perclos, 4),
        "blinks_per_min": None if state.blinks_per_min is None else round(state.blinks_per_min, 1),
        "yawns": state.yawns, "anger": None if state.anger is None else round(state.anger, 3),
        "calibrated": round(state.calibrated, 3), "away_level": state.away_level, "anger_level": state.anger_level,
        "closure_level": state.closure_level,
    }  # fmt: skip


def _event(number: int, event: Event) -> dict[str, Any]:
    return {
        "number": number, "kind": event.kind, "phase": event.phase, "id": event.id, "seconds": round(event.t, 3),
        "wall": round(event.wall, 3), "face": event.face, "level": event.level, "data": event.data,
    }  # fmt: skip
