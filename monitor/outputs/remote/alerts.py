"""Runs commands and sounds on events, on two threads, so that no action delays a reading and no command delays a
sound."""

from __future__ import annotations

import logging
import shlex
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence

from monitor.core.types import Event, Result
from monitor.outputs.logs.isotime import iso_time
from monitor.outputs.remote.command import Commands, Finder, Runner
from monitor.outputs.remote.eventtypes import ACTED_ON
from monitor.outputs.remote.lane import Lane
from monitor.outputs.remote.sound import NO_PLAYER, Tones, player
from monitor.settings.config import AlertsConfig

log = logging.getLogger("monitor")

CLOSE_S = 1.5
"""Longest time in seconds for queued actions when the session ends."""
END_S = 0.5
"""Longest time in seconds for the threads to end after their commands were killed."""


class AlertSink:
    """Runs the configured command and sound when an event starts or its level rises, and the command also when it ends.

    It acts on a driver's events and held expressions (``ACTED_ON``). The command gets ``EM_KIND``, ``EM_PHASE`` (start,
    update, end), ``EM_LEVEL``, ``EM_WHAT``, ``EM_EVENT``, ``EM_FACE``, ``EM_TIME`` (ISO 8601) and, if they apply,
    ``EM_EXPRESSION``, ``EM_SCORE`` and ``EM_CAMERA``. Commands run one after the other. If too many events wait, older
    ones are dropped; like any failure, this is logged once. A sound does not wait for commands; a sound of the same or
    a higher level replaces the waiting sounds.

    Args:
        config: Settings of the actions.
        run: Runs a command; None = as a child process.
        which: Finds a program.
        camera: Name of the camera, where a run has several.
    """

    def __init__(
        self, config: AlertsConfig, run: Runner | None = None, which: Finder = shutil.which, *, camera: str = ""
    ) -> None:
        self._processes = Commands()
        self._config, self._camera, self._run = config, camera, run or self._processes.run
        self._command = shlex.split(config.command)
        self._levels: dict[int, int] = {}
        self._acted: set[int] = set()
        self._reported: set[str] = set()
        self._tones: Tones | None = None
        self._player = self._find_player(which) if config.sound else None
        self._commands = Lane("alerts command", self._call) if self._command else None
        self._sounds = Lane("alerts sound", self._play) if self._player else None

    def handle(self, result: Result) -> None:
        """Queues the actions of a frame's events."""
        self._take(result.events)

    def tell(self, events: Sequence[Event]) -> None:
        """Queues the actions of events without a frame."""
        self._take(events)

    def flush(self) -> None:
        """Does nothing: there is no buffer."""

    def close(self, last_events: Sequence[Event]) -> None:
        """Acts on the last events for ``CLOSE_S`` at most; then running commands are killed."""
        self._take(last_events)
        lanes = [lane for lane in (self._commands, self._sounds) if lane is not None]
        for lane in lanes:
            lane.end()
        until = time.monotonic() + CLOSE_S
        lanes = [lane for lane in lanes if not lane.ended(max(0.0, until - time.monotonic()))]
        for lane in lanes:
            lane.end(now=True)  # an action hangs: drop the actions behind it
        until = time.monotonic() + END_S
        while lanes and time.monotonic() < until:
            self._processes.kill_all()
            lanes = [lane for lane in lanes if not lane.ended(0.05)]
        if self._tones is not None and not lanes:
            self._tones.remove()

    def _take(self, events: Sequence[Event]) -> None:
        """Queues actions for starts, rising levels, and ends of events with an earlier action."""
        for event in events:
            if event.kind not in ACTED_ON:
                continue
            before = self._levels.get(event.id, 0)
            if event.phase == "end":
                self._levels.pop(event.id, None)
                if event.id in self._acted:
                    self._acted.discard(event.id)
                    self._put(event)
            else:
                self._levels[event.id] = event.level
                if event.level > before and event.level >= self._config.min_level:
                    self._acted.add(event.id)
                    self._put(event)

    def _put(self, event: Event) -> None:
        if self._sounds is not None and event.phase != "end":
            self._sounds.put_alone(event)
        if self._commands is not None and not self._commands.put(event):
            self._report("queue", "error: alerts: actions take longer than events arrive; some are dropped")

    def _call(self, event: Event) -> None:
        self._act("alerts.command", self._command, variables(event, self._camera))

    def _play(self, event: Event) -> None:
        assert self._player is not None
        assert self._tones is not None
        self._act("alerts.sound", [self._player, self._tones.of(event.level)], {})

    def _act(self, name: str, command: Sequence[str], values: Mapping[str, str]) -> None:
        """Runs a command; a failure is only logged, so that later alerts still run."""
        try:
            self._run(command, values, self._config.timeout_s)
        except subprocess.TimeoutExpired:
            self._report(name, f"error: {name}: {command[0]} took over {self._config.timeout_s:g} s and was killed")
        except subprocess.CalledProcessError as error:
            self._report(name, f"error: {name}: {command[0]} ended with code {error.returncode}")
        except OSError as error:
            self._report(name, f"error: {name}: {command[0]} cannot be run: {error.strerror}")
        except Exception as error:  # the thread must survive
            self._report(name, f"error: {name}: {type(error).__name__}: {error}")

    def _report(self, name: str, line: str) -> None:
        """Logs each failure once, so that a lasting one does not fill the log."""
        if name not in self._reported:
            self._reported.add(name)
            log.error("%s; further failures are not reported", line)

    def _find_player(self, which: Finder) -> str | None:
        """The player, with its tones written; None if there is no sound."""
        found = player(which)
        if found is None:
            log.warning("%s", NO_PLAYER)
            return None
        try:
            self._tones = Tones()
        except OSError as error:
            log.warning("alerts.sound: the tones cannot be written (%s); no sound is played", error.strerror)
            return None
        return found


def variables(event: Event, camera: str = "") -> dict[str, str]:
    """The environment variables that describe an event to a command.

    Args:
        event: The event.
        camera: Name of the camera, "" = none.
    """
    values = {
        "EM_KIND": event.kind, "EM_PHASE": event.phase, "EM_LEVEL": str(event.level), "EM_EVENT": str(event.id),
        "EM_FACE": str(event.face), "EM_TIME": iso_time(event.wall), "EM_WHAT": str(event.data.get("what", event.kind)),
    }  # fmt: skip
    if camera:
        values["EM_CAMERA"] = camera
    if "score" in event.data:
        values["EM_SCORE"] = f"{event.data['score']:g}"
    if "label" in event.data:
        values["EM_EXPRESSION"] = str(event.data["label"])
    return values
