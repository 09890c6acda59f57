"""``events.jsonl``: one JSON object per line for everything that began, went on or ended."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from monitor.core.types import Event, Result
from monitor.outputs.logs.isotime import iso_time
from monitor.outputs.logs.linelog import LineLog


class EventSink:
    """Writes each event as it happens and flushes at once: events are rare and must not be lost.

    Args:
        path: The file; an existing one is continued.
        session: Value of the key ``session``.

    Attributes:
        lines: The file.
    """

    def __init__(self, path: Path, session: str) -> None:
        self.lines = LineLog(path)
        self._session = session
        self._start: float | None = None

    def handle(self, result: Result) -> None:
        """Writes the events of one frame."""
        if self._start is None:
            self._start = result.frame.t
        if result.events:
            self._write(result.events)

    def tell(self, events: Sequence[Event]) -> None:
        """Writes events that belong to no frame."""
        self._write(events)

    def flush(self) -> None:
        """Tries again to write what the disk did not take."""
        self.lines.flush()

    def close(self, last_events: Sequence[Event]) -> None:
        """Writes the ends that the session's end brings and closes the file.

        Raises:
            OSError: Lines were left that the disk does not take.
        """
        self._write(last_events)
        self.lines.finish()

    def _write(self, events: Sequence[Event]) -> None:
        for event in events:
            start = event.t if self._start is None else self._start
            self.lines.write(json.dumps(event_line(event, self._session, start)) + "\n")
        self.lines.flush()


def event_line(event: Event, session: str, start: float) -> dict[str, Any]:
    """An event as a flat object; ``start`` is the first frame's time, from which all times in it are counted."""
    data = event.data
    if "last_seen_t" in data:
        data = {**data, "last_seen_t": round(data["last_seen_t"] - start, 3)}
    return {
        "session": session, "id": event.id, "kind": event.kind, "phase": event.phase,
        "timestamp": iso_time(event.wall), "video_time": round(event.t - start, 3),
        "face_id": event.face, "level": event.level, **data,
    }  # fmt: skip
