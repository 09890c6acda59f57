"""The one palette: colors of expressions and of a driver's levels, the same in every output.

The hues follow Okabe and Ito ("Color Universal Design", 2008), lightened so that each stands out from a dark plate.
``tests/outputs/drawing/test_palette.py`` checks contrast (WCAG 2.1 AA) and that the colors differ enough with each of
the three kinds of color blindness. The word is always shown beside the color.
"""

from __future__ import annotations

from functools import lru_cache

from monitor.core.labels import EMOTIONS, UNKNOWN

Color = tuple[int, int, int]
"""Blue, green, red; 0 to 255."""

EMOTION_HEX = {
    "angry": "#e0502f", "disgust": "#22a77b", "fear": "#cf7cc0", "happy": "#f4dc4a", "sad": "#2e7ad4",
    "surprise": "#f0922a", "neutral": "#b3bcc6", UNKNOWN: "#707a86",
}  # fmt: skip
"""Each label's color in hexadecimal notation, for the web and matplotlib."""
OWN_ORDER = ("happy", "sad", "disgust", "angry", "fear", "surprise", "neutral")
"""Order in which a user's own labels take the hues, so that neighbours differ clearly."""
SEVERITY_HEX = ("#57c7a4", "#f4dc4a", "#f0922a", "#f0412f")
"""A driver's levels: nothing, notice or early, warning or drowsy, alarm or danger."""
PLATE_HEX, INK_HEX, MUTED_HEX, TRACK_HEX = "#14171c", "#f5f7fa", "#c3cad2", "#2a3037"
"""The plate under text, text on it, less important text on it, the empty part of a bar."""
AA_TEXT, AA_GRAPHICS = 4.5, 3.0
"""Least contrast ratio of text and of graphics (WCAG 2.1, 1.4.3 and 1.4.11, level AA)."""


def bgr(value: str) -> Color:
    """A color such as "#e0502f" for OpenCV."""
    return int(value[5:7], 16), int(value[3:5], 16), int(value[1:3], 16)


@lru_cache(maxsize=16)
def hexes(labels: tuple[str, ...] = EMOTIONS) -> dict[str, str]:
    """Each label's color as the web writes it, and that of "unknown".

    A user's own labels take the hues of the expressions in turn; one that is named like an expression has its hue.
    """
    used = {EMOTION_HEX[name] for name in labels if name in EMOTION_HEX}
    free = [EMOTION_HEX[name] for name in OWN_ORDER if EMOTION_HEX[name] not in used] or list(EMOTION_HEX.values())
    others = [name for name in labels if name not in EMOTION_HEX]
    found = {name: EMOTION_HEX[name] for name in labels if name in EMOTION_HEX}
    found |= {name: free[number % len(free)] for number, name in enumerate(others)}
    return {**{name: found[name] for name in labels}, UNKNOWN: EMOTION_HEX[UNKNOWN]}


@lru_cache(maxsize=16)
def colors(labels: tuple[str, ...] = EMOTIONS) -> dict[str, Color]:
    """Each label's color, and that of "unknown"; see ``hexes``."""
    return {name: bgr(value) for name, value in hexes(labels).items()}


COLORS: dict[str, Color] = {name: bgr(value) for name, value in EMOTION_HEX.items()}
SEVERITY: tuple[Color, ...] = tuple(bgr(value) for value in SEVERITY_HEX)
PLATE, INK, MUTED, TRACK = (bgr(value) for value in (PLATE_HEX, INK_HEX, MUTED_HEX, TRACK_HEX))
BLACK: Color = (12, 10, 8)
RECORDING: Color = bgr("#f0412f")


def luminance(color: Color) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.1)."""
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (part / 255 for part in color)]
    return 0.0722 * linear[0] + 0.7152 * linear[1] + 0.2126 * linear[2]


def contrast(a: Color, b: Color) -> float:
    """Contrast ratio of two colors, 1 to 21 (WCAG 2.1)."""
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def text_on(color: Color) -> Color:
    """The text color that is readable on ``color``: nearly black or nearly white, the one with more contrast."""
    return max((BLACK, INK), key=lambda ink: contrast(ink, color))
