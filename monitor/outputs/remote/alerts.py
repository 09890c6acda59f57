"""Acting on events: a command, a sound. Each on a thread of its own, so that no action ever holds a reading up, nor the
command the alarm's sound."""

from __future__ import annotations

import collections
import contextlib
import logging
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import wave
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from monitor.core.types import Event, Result
from monitor.driver.signs import KINDS
from monitor.outputs.logs.isotime import iso_time
from monitor.settings.config import AlertsConfig

log = logging.getLogger("monitor")

PLAYERS = ("aplay", "paplay", "pw-play", "afplay")
NO_PLAYER = f"alerts.sound: this system has no player ({', '.join(PLAYERS)}); no sound is given; install alsa-utils"
RATE = 22050
TONES = {1: (660.0, 1), 2: (880.0, 2), 3: (1320.0, 3)}
"""Hertz and number of beeps of each level."""
CLOSE_S = 1.5
"""Time that actions still waiting get at the session's end."""
END_S = 0.5
"""Time that the threads get to see that their commands were ended."""
MOST_WAITING = 16
"""Events that wait for the command at most."""

_RUNNING: set[subprocess.Popen[bytes]] = set()
"""Commands that run now: none may outlive the program."""
Runner = Callable[[Sequence[str], Mapping[str, str], float], None]


def player(which: Callable[[str], str | None] = shutil.which) -> str | None:
    """The program that plays sounds here, None where there is none."""
    return next((found for name in PLAYERS if (found := which(name))), None)


def missing(config: AlertsConfig, which: Callable[[str], str | None] = shutil.which) -> str:
    """What is wrong with the program that the command names, in words; "" where nothing is."""
    program = shlex.split(config.command)[0] if config.command else ""
    if program and which(program) is None:
        return f"alerts.command: {program} is not there or may not be run; give its whole path"
    return ""


def run_command(command: Sequence[str], variables: Mapping[str, str], timeout_s: float) -> None:
    """Runs a command without a shell and without input or output.

    Raises:
        OSError: It cannot be started.
        subprocess.SubprocessError: It failed, or took longer than ``timeout_s`` seconds and was killed.
    """
    process = subprocess.Popen(
        list(command), env={**os.environ, **variables}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    _RUNNING.add(process)
    try:
        code = process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        end_group(process)
        raise
    finally:
        _RUNNING.discard(process)
    if code:
        raise subprocess.CalledProcessError(code, list(command))


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Kills a command and whatever it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class _Lane:
    """Actions of one kind, one after the other, on a thread of their own.

    Args:
        name: The thread's.
        act: Acts on an event; must not raise.
    """

    def __init__(self, name: str, act: Callable[[Event], None]) -> None:
        self._act = act
        self._waiting: collections.deque[Event] = collections.deque()
        self._change = threading.Condition()
        self._ending = False
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def put(self, event: Event) -> bool:
        """Queues an event; False where too many wait, and older ones gave way (``_outdated``)."""
        with self._change:
            self._waiting.append(event)
            fits = len(self._waiting) <= MOST_WAITING
            if not fits:
                for gone in self._outdated():
                    self._waiting.remove(gone)
            self._change.notify()
            return fits

    def _outdated(self) -> list[Event]:
        """What may go: a happening that came and went, else what a later event of the same happening replaces, else
        what waits longest."""
        for first in self._waiting:
            own = [waiting for waiting in self._waiting if waiting.id == first.id]
            if len(own) > 1:
                return own if own[0].phase == "start" and own[-1].phase == "end" else own[:-1]
        # Not an end, which may switch off what its start has switched on, and not what has just come.
        return [next((waiting for waiting in list(self._waiting)[:-1] if waiting.phase != "end"), self._waiting[0])]

    def put_alone(self, event: Event) -> None:
        """Queues an event in place of all that wait and are no graver."""
        with self._change:
            graver = [waiting for waiting in self._waiting if waiting.level > event.level]
            self._waiting = collections.deque([*graver, event])
            self._change.notify()

    def end(self, *, now: bool = False) -> None:
        """Lets the thread end when nothing waits any more, or after the present action."""
        with self._change:
            self._ending = True
            if now:
                self._waiting.clear()
            self._change.notify()

    def ended(self, timeout: float) -> bool:
        """Whether the thread ends within so many seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._waiting or self._ending)
                if not self._waiting:
                    return
                event = self._waiting.popleft()
            self._act(event)


class AlertSink:
    """Runs the configured command and sound at each start, rise and end of an event.

    The command gets ``EM_KIND``, ``EM_PHASE`` (start, update, end), ``EM_LEVEL``, ``EM_WHAT``, ``EM_EVENT``,
    ``EM_FACE``, ``EM_TIME`` (ISO 8601) and, for fatigue, ``EM_SCORE``. Commands run one after the other; where more
    than ``MOST_WAITING`` events wait, older ones are left out, which is said once, like any failure. The sound waits
    for no command, and a graver or newer one takes the place of those that wait.

    Args:
        config: What to do.
        run: Runs a command; tests put their own here.
        which: Finds a program; tests put their own here.
    """

    def __init__(
        self,
        config: AlertsConfig,
        run: Runner = run_command,
        which: Callable[[str], str | None] = shutil.which,
    ) -> None:
        self._config, self._run = config, run
        self._command = shlex.split(config.command)
        self._levels: dict[int, int] = {}
        self._acted: set[int] = set()
        self._told: set[str] = set()
        self._tones: dict[int, str] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._player = self._find_player(which) if config.sound else None
        self._commands = _Lane("alerts command", self._call) if self._command else None
        self._sounds = _Lane("alerts sound", self._play) if self._player else None

    def handle(self, result: Result) -> None:
        """Queues what is to be acted on."""
        self._take(result.events)

    def tell(self, events: Sequence[Event]) -> None:
        """Takes events that belong to no frame; those of the machine are not acted on (``KINDS``)."""
        self._take(events)

    def flush(self) -> None:
        """Nothing is buffered."""

    def close(self, last_events: Sequence[Event]) -> None:
        """Acts on the last events, as far as ``CLOSE_S`` allows; no command outlives it."""
        self._take(last_events)
        lanes = [lane for lane in (self._commands, self._sounds) if lane is not None]
        for lane in lanes:
            lane.end()
        until = time.monotonic() + CLOSE_S
        lanes = [lane for lane in lanes if not lane.ended(max(0.0, until - time.monotonic()))]
        for lane in lanes:
            lane.end(now=True)  # an action hangs: what waits behind it comes too late
        until = time.monotonic() + END_S
        while lanes and time.monotonic() < until:
            for process in list(_RUNNING):
                end_group(process)
            lanes = [lane for lane in lanes if not lane.ended(0.05)]
        if self._folder is not None and not lanes:
            self._folder.cleanup()

    def _take(self, events: Sequence[Event]) -> None:
        for event in events:
            if event.kind not in KINDS:
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
            self._tell("queue", "error: alerts: actions take longer than events come; some are left out")

    def _call(self, event: Event) -> None:
        self._act("alerts.command", self._command, variables(event))

    def _play(self, event: Event) -> None:
        assert self._player is not None
        self._act("alerts.sound", [self._player, self._tones[min(event.level, max(TONES))]], {})

    def _act(self, name: str, command: Sequence[str], values: Mapping[str, str]) -> None:
        try:
            self._run(command, values, self._config.timeout_s)
        except subprocess.TimeoutExpired:
            self._tell(name, f"error: {name}: {command[0]} took over {self._config.timeout_s:g} s and was ended")
        except subprocess.CalledProcessError as error:
            self._tell(name, f"error: {name}: {command[0]} ended with code {error.returncode}")
        except OSError as error:
            self._tell(name, f"error: {name}: {command[0]} cannot be run: {error.strerror}")
        except Exception as error:  # the thread must live: a later alert may be the one that matters
            self._tell(name, f"error: {name}: {type(error).__name__}: {error}")

    def _tell(self, name: str, line: str) -> None:
        """Says a failure once: an action that fails all night must not fill the log."""
        if name not in self._told:
            self._told.add(name)
            log.error("%s; this is said once", line)

    def _find_player(self, which: Callable[[str], str | None]) -> str | None:
        found = player(which)
        if found is None:
            log.warning("%s", NO_PLAYER)
            return None
        try:
            self._folder = tempfile.TemporaryDirectory(prefix="emotion-monitor-")
            for level, (hertz, beeps) in TONES.items():
                self._tones[level] = str(Path(self._folder.name) / f"level{level}.wav")
                write_tone(Path(self._tones[level]), hertz, beeps)
        except OSError as error:
            log.warning("alerts.sound: the tones cannot be written (%s); no sound is given", error.strerror)
            return None
        return found


def variables(event: Event) -> dict[str, str]:
    """What a command is told about an event."""
    values = {
        "EM_KIND": event.kind, "EM_PHASE": event.phase, "EM_LEVEL": str(event.level), "EM_EVENT": str(event.id),
        "EM_FACE": str(event.face), "EM_TIME": iso_time(event.wall), "EM_WHAT": str(event.data.get("what", event.kind)),
    }  # fmt: skip
    if "score" in event.data:
        values["EM_SCORE"] = f"{event.data['score']:g}"
    return values


def write_tone(path: Path, hertz: float, beeps: int) -> None:
    """Writes ``beeps`` short tones of a frequency as a 16-bit mono WAV file."""
    length, pause = int(0.12 * RATE), np.zeros(int(0.06 * RATE))
    ramp = np.minimum(1.0, np.minimum(np.arange(length), np.arange(length)[::-1]) / (0.01 * RATE))
    beep = 0.5 * ramp * np.sin(2 * np.pi * hertz * np.arange(length) / RATE)
    samples = np.concatenate([part for _ in range(beeps) for part in (beep, pause)])
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((samples * 32767).astype("<i2").tobytes())
