"""Alarm tones, and the system's program that plays them."""

from __future__ import annotations

import logging
import shutil
import tempfile
import wave
from pathlib import Path

import numpy as np

from monitor.outputs.remote.command import Finder

log = logging.getLogger("monitor")

PLAYERS = ("aplay", "paplay", "pw-play", "afplay")
NO_PLAYER = f"alerts.sound: no player found ({', '.join(PLAYERS)}); no sound is played; install alsa-utils"
RATE = 22050
"""Samples per second."""
TONES = {1: (660.0, 1), 2: (880.0, 2), 3: (1320.0, 3)}
"""Frequency in Hz and number of beeps of each level."""


def player(which: Finder = shutil.which) -> str | None:
    """The program that plays sounds; None if there is none."""
    return next((found for name in PLAYERS if (found := which(name))), None)


class Tones:
    """The tones as WAV files in a temporary folder.

    Raises:
        OSError: They cannot be written.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="emotion-monitor-")
        self._files: dict[int, str] = {}
        for level, (hertz, beeps) in TONES.items():
            self._files[level] = str(Path(self._folder.name) / f"level{level}.wav")
            write_tone(Path(self._files[level]), hertz, beeps)

    def of(self, level: int) -> str:
        """The file with the tone of a level."""
        return self._files[min(level, max(TONES))]

    def remove(self) -> None:
        """Deletes the files."""
        self._folder.cleanup()


def write_tone(path: Path, hertz: float, beeps: int) -> None:
    """Writes short beeps as a 16-bit mono WAV file.

    Args:
        path: The file.
        hertz: Frequency.
        beeps: Their number.

    Raises:
        OSError: It cannot be written.
    """
    length, pause = int(0.12 * RATE), np.zeros(int(0.06 * RATE))
    ramp = np.minimum(1.0, np.minimum(np.arange(length), np.arange(length)[::-1]) / (0.01 * RATE))
    beep = 0.5 * ramp * np.sin(2 * np.pi * hertz * np.arange(length) / RATE)
    samples = np.concatenate([part for _ in range(beeps) for part in (beep, pause)])
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((samples * 32767).astype("<i2").tobytes())
