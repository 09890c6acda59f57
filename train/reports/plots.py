"""Charts: PNG files for ``evaluate``, inline pictures for ``report``."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from monitor.core.labels import EMOTIONS
from monitor.core.types import Image
from monitor.outputs.drawing.palette import colors
from monitor.system.wholefile import whole
from train.reports.metrics import Bin
from train.system import resources

BLUE, PALE, ORANGE, GRAY = "#2b6cb0", "#b9cfe6", "#d97706", "#8a8f98"
FEW = 20
"""Readings below which a bar of a reliability diagram is drawn in a pale colour."""


def save(figure: Figure, path: Path) -> None:
    """Writes a PNG.

    Raises:
        ConfigError: The file cannot be written.
    """
    with resources.writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path) as part:
            figure.savefig(part, dpi=130, format="png")


def as_uri(figure: Figure) -> str:
    """The picture as a ``data:`` address of an SVG, which stays sharp at any size."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg")
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()


def confusion(table: Sequence[Sequence[int]], title: str) -> Figure:
    """A confusion matrix: counts as numbers, shares of each row as shades; rows are true classes."""
    counts = np.array(table, float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(6.4, 5.6), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i, j in np.ndindex(*counts.shape):
        shade = "white" if shares[i, j] > 0.55 else "black"
        text = f"{counts[i, j]:.0f}\n{100 * shares[i, j]:.0f} %" if counts[i, j] else "0"
        axes.text(j, i, text, ha="center", va="center", color=shade, fontsize=8)
    names = [f"{name} ({int(n)})" for name, n in zip(EMOTIONS, counts.sum(axis=1), strict=True)]
    axes.set_xticks(range(len(EMOTIONS)), EMOTIONS, rotation=40, ha="right")
    axes.set_yticks(range(len(EMOTIONS)), names)
    axes.set_xlabel("read as")
    axes.set_ylabel("the crowd's label (N)")
    axes.set_title(title, fontsize=10, parse_math=False)
    return figure


def reliability(bins: Sequence[Bin], title: str) -> Figure:
    """A reliability diagram: accuracy by confidence, and below it the number of readings."""
    figure = Figure(figsize=(5.6, 5.6), layout="constrained")
    upper, lower = figure.subplots(2, 1, height_ratios=(4, 1), sharex=True)
    full = [b for b in bins if b.n]
    width = bins[0].high - bins[0].low
    middles = [(b.low + b.high) / 2 for b in full]
    # Bars of few readings are pale, because they are mostly chance.
    shades = [BLUE if b.n >= FEW else PALE for b in full]
    upper.bar(middles, [b.accuracy for b in full], width * 0.94, color=shades, label=f"right (pale: N < {FEW})")
    upper.plot([b.confidence for b in full], [b.accuracy for b in full], "o", color=ORANGE, ms=4, label="mean of bin")
    upper.plot([0, 1], [0, 1], color=GRAY, lw=1, ls="--", label="as sure as right")
    upper.set(xlim=(0, 1), ylim=(0, 1), ylabel="share that is right")
    upper.legend(loc="lower right", fontsize=8)
    upper.set_title(title, fontsize=10, parse_math=False)
    lower.bar(middles, [b.n for b in full], width * 0.94, color=GRAY)
    lower.set(xlabel="confidence after temperature", ylabel="readings")
    return figure


def corruptions(report: Mapping[str, Any], clean: float) -> Figure:
    """Accuracy under each disturbance, with the undisturbed accuracy for comparison."""
    kinds = report["kinds"]
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.add_subplot()
    values = [100 * kind["accuracy"] for kind in kinds.values()]
    bars = axes.barh(list(kinds), values, color=BLUE)
    labels = [f"{-kind['lost']:+.1f}" for kind in kinds.values()]
    axes.bar_label(bars, labels, padding=-32, color="white", fontsize=8)
    axes.axvline(100 * clean, color=ORANGE, lw=1, ls="--", label="undisturbed")
    axes.invert_yaxis()
    axes.set_xlim(max(0.0, min(values) - 10), 100)
    axes.set_xlabel(f"accuracy %, N = {report['n']}; in the bars: points against undisturbed")
    axes.legend(loc="lower right", fontsize=8)
    return figure


def curves(history: Sequence[Mapping[str, Any]], groups: Sequence[Sequence[str]]) -> Figure | None:
    """One chart over the epochs for each group of history keys that occurs; None if none does."""
    present = [[k for k in keys if any(k in entry for entry in history)] for keys in groups]
    present = [keys for keys in present if keys]
    if not present:
        return None
    figure = Figure(figsize=(4.3 * len(present), 3.4), layout="constrained")
    for axes, keys in zip(np.atleast_1d(figure.subplots(1, len(present))), present, strict=True):
        for key in keys:
            points = [(e["epoch"], e[key]) for e in history if e.get(key) is not None]
            label = f"{key.replace('_', ' ')} (last {points[-1][1]:.4g})"
            axes.plot(*zip(*points, strict=True), marker="o" if len(points) < 4 else None, label=label)
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    return figure


def scatter(points: Sequence[tuple[str, float, float, bool]], across: str, up: str) -> Figure:
    """Named points; marked ones have a black edge."""
    figure = Figure(figsize=(7.2, 4.0), layout="constrained")
    axes = figure.add_subplot()
    for (name, x, y, marked), shape in zip(points, cycle("osD^vP*X<>"), strict=False):
        # A legend instead of labels at the points, because equal networks overlap.
        axes.plot(x, y, shape, ms=8, mec="black" if marked else "none", alpha=0.85, label=name)
    axes.margins(0.15)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8)
    axes.set(xlabel=across, ylabel=up)
    axes.grid(alpha=0.3)
    return figure


def errors(groups: Mapping[str, Mapping[str, Any]], title: str) -> Figure:
    """Mean error of each group as a bar, with N beside its name."""
    shown = {name: row for name, row in groups.items() if row["n"]}
    figure = Figure(figsize=(6.0, 0.8 + 0.28 * len(shown)), layout="constrained")
    axes = figure.add_subplot()
    bars = axes.barh(
        [f"{name} ({row['n']})" for name, row in shown.items()], [r["error"] for r in shown.values()], color=BLUE
    )
    axes.bar_label(bars, fmt="%.3f", padding=3, fontsize=8)
    axes.margins(x=0.12)
    axes.invert_yaxis()
    axes.set_xlabel("mean distance over the distance of the irises")
    axes.set_title(title, fontsize=10, parse_math=False)
    return figure


def readings(
    images: Sequence[Image], probs: NDArray[np.floating[Any]], titles: Sequence[str], columns: int,
    labels: tuple[str, ...] = EMOTIONS,
) -> Figure:  # fmt: skip
    """A grid of faces, each with the bars of its probabilities.

    Args:
        images: Gray crops, (S, S) uint8 each.
        probs: (N, K).
        titles: A line above each face.
        columns: Faces in a row.
        labels: K names of the bars.
    """
    rows = -(-len(images) // columns)
    figure = Figure(figsize=(3.6 * columns, 1.85 * rows), layout="constrained")
    grid = figure.subplots(rows, 2 * columns, squeeze=False, width_ratios=[1, 1.1] * columns)
    for axes in grid.ravel():
        axes.set_axis_off()
    for n, (image, row, title) in enumerate(zip(images, probs, titles, strict=True)):
        face, bars = grid[n // columns, n % columns * 2], grid[n // columns, n % columns * 2 + 1]
        face.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        face.set_title(title, fontsize=8, parse_math=False)  # file names are not parsed as formulas
        _bars(bars, row, labels)
    return figure


def _bars(axes: Axes, probs: NDArray[np.floating[Any]], labels: tuple[str, ...]) -> None:
    """Horizontal bars in the overlay's colours, the largest with its value."""
    axes.set_axis_on()
    top = int(probs.argmax())
    known = colors(labels)
    shades = [tuple(c / 255 for c in reversed(known[name])) for name in labels]
    axes.barh(range(len(labels)), probs, color=shades)
    for i, value in enumerate(probs):
        weight = "bold" if i == top else "normal"
        axes.text(float(value) + 0.02, i, f"{100 * value:.0f}", va="center", fontsize=7, weight=weight)
    axes.set_yticks(range(len(labels)), labels, fontsize=7)
    axes.set_xlim(0, 1.2)
    axes.set_xticks([])
    axes.invert_yaxis()
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
