"""``events.jsonl``: one JSON object per line for each start, update and end of an event."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from monitor.core.types import Event, Result
from monitor.outputs.logs.isotime import iso_time
from monitor.outputs.logs.linelog import LineLog


class EventSink:
    """Writes each event when it happens and flushes at once: events are rare and must not be lost.

    Events of a folder of images carry the key ``file``: the picture in which they started.

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
        self._files: dict[int, str] = {}

    def handle(self, result: Result) -> None:
        """Writes the events of one frame."""
        if self._start is None:
            self._start = result.frame.t
        if result.events:
            self._write(result.events, result.frame.file)

    def tell(self, events: Sequence[Event]) -> None:
        """Writes events without a frame."""
        self._write(events)

    def flush(self) -> None:
        """Retries lines that could not be written."""
        self.lines.flush()

    def close(self, last_events: Sequence[Event]) -> None:
        """Writes the last events and closes the file.

        Raises:
            OSError: The remaining lines cannot be written.
        """
        self._write(last_events)
        self.lines.finish()

    def _write(self, events: Sequence[Event], file: str = "") -> None:
        for event in events:
            start = event.t if self._start is None else self._start
            line = event_line(event, self._session, start)
            if named := self._file_of(event, file):
                line["file"] = named
            self.lines.write(json.dumps(line) + "\n")
        self.lines.flush()

    def _file_of(self, event: Event, file: str) -> str:
        """The picture in which an event started; needed because the end of a face is detected only with the next
        picture."""
        if event.phase == "end":
            return self._files.pop(event.id, file)
        return self._files.setdefault(event.id, file) if file else self._files.get(event.id, "")


def event_line(event: Event, session: str, start: float) -> dict[str, Any]:
    """An event as a flat object.

    Args:
        event: The event.
        session: Name of the session.
        start: Time of the first frame in seconds on the frame clock; times in the object count from here.
    """
    data = event.data
    if "last_seen_t" in data:
        data = {**data, "last_seen_t": round(data["last_seen_t"] - start, 3)}
    return {
        "session": session, "id": event.id, "kind": event.kind, "phase": event.phase,
        "timestamp": iso_time(event.wall), "video_time": round(event.t - start, 3),
        "face_id": event.face, "level": event.level, **data,
    }  # fmt: skip
