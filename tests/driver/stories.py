"""Synthetic evidence of drivers with a given behaviour."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from monitor.core.driver_state import DriverState
from monitor.core.types import Event
from monitor.driver.evidence import Evidence
from monitor.driver.state import DriverMonitor
from monitor.settings.config import DriverConfig

RATES = (5.0, 10.0, 30.0)
Act = Callable[[float], dict[str, object]]
"""What differs from an awake driver at a second of the story."""


@dataclass
class Drive:
    """Everything that was reported of a story."""

    states: list[tuple[float, DriverState]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def started(self, kind: str) -> list[Event]:
        return [e for e in self.events if e.kind == kind and e.phase == "start"]

    def ended(self, kind: str) -> list[Event]:
        return [e for e in self.events if e.kind == kind and e.phase == "end"]

    def worst(self, kind: str) -> int:
        return max((e.level for e in self.events if e.kind == kind), default=0)

    def kinds(self) -> set[str]:
        return {e.kind for e in self.events} - {"calibrating"}

    def at(self, t: float) -> DriverState:
        return next(state for time, state in reversed(self.states) if time <= t + 1e-6)

    @property
    def last(self) -> DriverState:
        return self.states[-1][1]


def blinking(t: float, every: float = 4.0, length: float = 0.2) -> float:
    """Openness of eyes that blink every so often; open 0.95."""
    return 0.05 if t % every > every - length else 0.95


def awake(t: float) -> dict[str, object]:
    """A driver looking ahead, blinking, with small movements of the head."""
    return {
        "face": 1, "present": True, "eyes": blinking(t), "mouth": 0.03,
        "pose": (2.0 + 3 * np.sin(t / 7), 1.0 + 2 * np.sin(t / 5), 0.0), "anger": 0.05, "happy": 0.05,
    }  # fmt: skip


def tell(
    seconds: float,
    rate: float,
    act: Act = lambda t: {},
    config: DriverConfig | None = None,
    clock: Callable[[float], float] = lambda t: t,
) -> Drive:
    """Plays a story at a rate; ``clock`` maps story time to the evidence's time."""
    drive = Drive()
    monitor = DriverMonitor(config or DriverConfig(), itertools.count(1))
    for t in times(seconds, rate):
        told = {**awake(t), **act(t)}
        if told.get("present") is False:
            told |= {"face": 0, "eyes": None, "mouth": None, "pose": None, "anger": None, "happy": None}
        at = clock(t)
        state, events = monitor.update(Evidence(at, 1.7e9 + at, **told))  # type: ignore[arg-type]
        drive.states.append((t, state))
        drive.events += events
    drive.events += monitor.finish()
    return drive


def after_two_minutes(act: dict[str, object], second: float) -> DriverState:
    """The state at a second, up to 200, of an awake driver who acts so from second 121 on; each act is played once."""
    return _acted(tuple(sorted(act.items()))).at(second)


@lru_cache(maxsize=64)
def _acted(act: tuple[tuple[str, object], ...]) -> Drive:
    return tell(200, 10.0, lambda t: dict(act) if t >= 121 else {})


def times(seconds: float, rate: float) -> Iterator[float]:
    return (n / rate for n in range(int(seconds * rate)))


OPEN_LIDS: dict[str, object] = {"lids": 0.36}
"""Distance of open lids by the keypoints."""


def eyes_read(eyes: float | None, lids: float, seconds: float, **more: object) -> Act:
    """A driver whose eyes and lids are read so for some seconds from second 30 on."""
    return lambda t: {"eyes": eyes, "lids": lids, **more} if between(t, 30, seconds) else OPEN_LIDS


def between(t: float, start: float, length: float) -> bool:
    return start <= t < start + length
