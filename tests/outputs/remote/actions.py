"""Stand-ins for commands, and events to act on."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from monitor.core.types import Event


def event(phase: str, level: int, kind: str = "fatigue", number: int = 7, **data: object) -> Event:
    return Event(kind, phase, number, 1.0, 1.8e9, 1, level, {"what": "drowsy", **data})


class Recorder:
    """Takes the place of running a command."""

    def __init__(self, error: Exception | None = None) -> None:
        self.calls: list[tuple[list[str], dict[str, str]]] = []
        self.error = error

    def __call__(self, command: Sequence[str], values: Mapping[str, str], timeout_s: float) -> None:
        self.calls.append((list(command), dict(values)))
        if self.error is not None:
            raise self.error


class Gated(Recorder):
    """Commands wait for a gate; sounds do not."""

    def __init__(self) -> None:
        super().__init__()
        self.gate, self.entered = threading.Event(), threading.Event()

    def __call__(self, command: Sequence[str], values: Mapping[str, str], timeout_s: float) -> None:
        if command[0] == "buzz":
            self.entered.set()
            self.gate.wait(30)
        super().__call__(command, values, timeout_s)


def runs(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False
