"""Balance and diversity of a cleaned set: how each class is lit, turned, sized and repeated."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from monitor.system.wholefile import replace_text
from train.clean.manifest import Entry
from train.system import resources

NAME = "balance.md"
"""File of the report in the folder of results."""
TURNED = 20.0
"""Degrees of yaw from which a face is turned."""
DARK, BRIGHT = 70.0, 190.0
"""Mean gray levels of a crop below and above which it is dark or bright."""
SMALL = 48.0
"""Width of a face in pixels below which the network's crop is enlarged."""
BLURRED = 0.1
"""Sharpness (variance of the Laplacian over that of the gray levels of the crop) below which a face is blurred: 1 % of
RAF-DB, AffectNet and ExpW (N = 3,687)."""
UNEVEN = 3.0
"""Ratio of the largest to the smallest class from which the set counts as unbalanced."""
APART = 0.2
"""Difference between a class's share and the whole set's from which it is reported: a network may learn this property
instead of the expression."""
FEW = 20
"""Least number of pictures of a class whose shares are compared."""
SHARES = ("turned", "dark", "bright", "small", "blurred", "alike")
COLUMNS = ("class", "pictures", *SHARES, "largest alike", "median size")


def rows(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """One row per class of the cleaned view, and one for all: number of pictures, share 0..1 of each property, median
    size.

    Args:
        entries: All pictures; those outside the cleaned view do not count.
    """
    kept = [(entry.final_label, json.loads(entry.details)) for entry in entries if entry.kept]
    names = sorted({label for label, _ in kept})
    return [_row(name, [d for label, d in kept if label == name]) for name in names] + [
        _row("all", [d for _, d in kept])
    ]


def _row(name: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    faces = [d for d in found if "size" in d]
    groups = Counter(d["alike"] for d in faces if d.get("alike"))
    tests = {
        "turned": [abs(d.get("yaw", 0.0)) >= TURNED for d in faces],
        "dark": [d["light"] < DARK for d in faces],
        "bright": [d["light"] > BRIGHT for d in faces],
        "small": [d["size"] < SMALL for d in faces],
        "blurred": [d["sharpness"] < BLURRED for d in faces],
        "alike": [bool(d.get("alike")) for d in faces],
    }
    shares = {key: sum(values) / max(1, len(values)) for key, values in tests.items()}
    size = round(median([d["size"] for d in faces])) if faces else 0
    return {"class": name, "pictures": len(found), **shares, "largest alike": max(groups.values(), default=0),
            "median size": size}  # fmt: skip


def warnings(table: Sequence[dict[str, Any]]) -> list[str]:
    """Warnings for a training, as whole lines."""
    *classes, whole = table
    if not classes:
        return []
    least, most = (pick(classes, key=lambda row: row["pictures"]) for pick in (min, max))
    out = []
    if most["pictures"] >= UNEVEN * max(1, least["pictures"]):
        out.append(
            f"{most['class']} has {most['pictures']} pictures and {least['class']} {least['pictures']}: collect "
            "more of the small class, or train with class weights"
        )
    for row in classes:
        if row["pictures"] >= FEW:
            out += [
                f"{row['class']}: {row[key]:.0%} {key}, {whole[key]:.0%} in the whole set; a network may learn this "
                f"instead of the expression"
                for key in SHARES
                if abs(row[key] - whole[key]) >= APART
            ]
    return out


def render(table: Sequence[dict[str, Any]]) -> str:
    """The report as Markdown."""
    lines = ["# Balance of the cleaned set", "", "| " + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|"]
    for row in table:
        cells = [f"{row[key]:.0%}" if key in SHARES else str(row[key]) for key in COLUMNS]
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", *(f"- {line}" for line in warnings(table)), ""]
    lines.append(
        f"turned: yaw of {TURNED:g} degrees and more; dark, bright: mean gray level below {DARK:g}, above {BRIGHT:g}; "
        f"small: face below {SMALL:g} pixels; alike: hardly differs from another picture of the class; sizes in pixels."
    )
    return "\n".join(lines) + "\n"


def write(entries: Sequence[Entry], path: Path) -> list[str]:
    """Writes the report and returns its warnings.

    Raises:
        ConfigError: It cannot be written.
    """
    table = rows(entries)
    with resources.writing(path):
        replace_text(path, render(table))
    return warnings(table)
