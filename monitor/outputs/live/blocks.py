"""Bars and sparklines in text, for terminals with many, 16 or no colors."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.text import Text

from monitor.core.labels import EMOTIONS, UNKNOWN
from monitor.outputs.drawing.palette import EMOTION_HEX, SEVERITY_HEX, hexes

ANSI_STYLES = {
    "angry": "bright_red", "disgust": "green", "fear": "bright_magenta", "happy": "bright_yellow",
    "sad": "bright_blue", "surprise": "yellow", "neutral": "default", UNKNOWN: "dim",
}  # fmt: skip
"""Styles for 16 colors, where terminals show "yellow" as brown or orange."""
ANSI_SEVERITY = ("green", "bright_yellow", "yellow", "bright_red")


@dataclass(frozen=True, slots=True)
class Blocks:
    """Characters and styles that a terminal can show.

    Attributes:
        labels: The model's labels.
        styles: Each label's style.
        severity: Styles of a driver's levels 0 to 3.
        rising: Characters of a sparkline, from low to high.
        parts: Ends of a bar, from empty to nearly full.
        full: A full cell of a bar.
        done: The filled part of a progress bar.
        empty: The rest of it.
        dot: Separator of the parts of a line.
    """

    labels: tuple[str, ...]
    styles: dict[str, str]
    severity: tuple[str, ...]
    rising: str
    parts: str
    full: str
    done: str
    empty: str
    dot: str

    def bar(self, share: float, width: int, style: str) -> Text:
        """A bar of ``share`` (0 to 1) in ``width`` cells."""
        steps = round(min(1.0, max(0.0, share)) * width * len(self.parts))
        full, rest = divmod(steps, len(self.parts))
        return Text((self.full * full + (self.parts[rest] if rest else "")).ljust(width), style=style)

    def sparkline(self, columns: NDArray[np.float32], width: int) -> Text:
        """The top expression over time: its color, and its share as height.

        Args:
            columns: (N, K) float32 as ``History.of`` gives them, the newest last.
            width: Cells.
        """
        line = Text()
        for part in np.array_split(columns, min(width, len(columns))):
            known = part[part.sum(axis=1) > 0]
            if not len(known):
                line.append(" ")
                continue
            mean = known.mean(axis=0)
            top = int(mean.argmax())
            height = min(len(self.rising) - 1, int(mean[top] * len(self.rising)))
            line.append(self.rising[height], style=self.styles[self.labels[top]])
        return line


def blocks_for(console: Console, labels: tuple[str, ...] = EMOTIONS) -> Blocks:
    """The characters and styles of a console: characters by its encoding and TERM, colors as rich detects them."""
    styles, severity = hexes(labels), SEVERITY_HEX
    if console.color_system not in ("256", "truecolor"):
        ansi = {EMOTION_HEX[name]: style for name, style in ANSI_STYLES.items()}
        styles, severity = {name: ansi[value] for name, value in styles.items()}, ANSI_SEVERITY
    if not (console.encoding or "").lower().startswith("utf"):
        return Blocks(labels, styles, severity, ".:-=#", " ", "#", "#", ".", "|")
    if os.environ.get("TERM") == "linux":  # its font has no eighths of a block
        return Blocks(labels, styles, severity, "▄█", " ▌", "█", "█", "░", "·")
    return Blocks(labels, styles, severity, "▁▂▃▄▅▆▇█", " ▏▎▍▌▋▊▉", "█", "━", "─", "·")
