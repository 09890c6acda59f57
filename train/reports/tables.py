"""Figures as tables in the terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from monitor.core.labels import EMOTIONS
from train.reports.predict import Reading


def print_expression(report: dict[str, Any]) -> None:
    """What ``train.reports.evaluate.measure`` found."""
    console = Console(markup=False)
    if "sources" in report:
        _print_sources(console, report)
    low, high = report["accuracy_ci95"]
    console.print(
        f"{report['model']} on {report['data']} {report['split']}, 7 classes, N = {report['n']}: "
        f"accuracy {report['accuracy']:.4f} (95 % between {low:.4f} and {high:.4f}), mean recall "
        f"{report['mean_recall']:.4f}, ECE {report['ece']:.4f} ({number(report['ece_cross_fitted'], 4)} with the "
        f"temperature of the other half), NLL {report['nll']:.4f}, KL to votes {report['kl_to_votes']:.4f}"
    )
    eight = report["eight_class"]
    if eight["n"]:
        console.print(
            f"8 classes, N = {eight['n']}: {eight['accuracy']:.4f}; {eight['note']} (N = {eight['contempt_n']})"
        )
    else:
        console.print(f"8 classes: not known, {eight['note']}")
    if report["skipped"]:
        console.print(f"{report['skipped']} unreadable pictures were skipped")
    heads = ["", "N", "rec", "prec", "F1", *(name[:3] for name in EMOTIONS)]
    rows = []
    for i, name in enumerate(EMOTIONS):
        row = report["per_class"][name]
        shares = [number(row[k], 2) for k in ("recall", "precision", "f1")]
        rows.append([name, str(row["n"]), *shares, *(str(n) for n in report["confusion"][i])])
    show(console, "rows: the crowd's label; columns: the model's", heads, rows)
    if "corruptions" in report:
        _print_robustness(console, report["corruptions"], report["consistency"])


def _print_sources(console: Console, report: dict[str, Any]) -> None:
    sources = report["sources"]
    console.print(f"mean over the sources of the mean recall (prior {report['prior']}): {sources['mean_recall']:.4f}")
    heads = ["", "N", "accuracy", "mean recall", "ECE", *(name[:3] for name in EMOTIONS)]
    rows = [
        [name, str(row["n"]), *(number(row[key], 3) for key in ("accuracy", "mean_recall", "ece")),
         *(number(row["recall"][label], 2) for label in EMOTIONS)]
        for name, row in sources["each"].items()
    ]  # fmt: skip
    show(console, "by source, recall of each class", heads, rows)


def _print_robustness(console: Console, corruptions: dict[str, Any], jitter: dict[str, Any]) -> None:
    rows = [
        [name, f"{100 * kind['accuracy']:.1f}", f"{-kind['lost']:+.1f}", str(kind["readings"])]
        for name, kind in corruptions["kinds"].items()
    ]
    title = f"disturbed crops, N = {corruptions['n']}: {corruptions['mean_lost']:.1f} points lost on average"
    show(console, title, ["", "accuracy %", "points", "readings"], rows)
    console.print(
        f"box 5 % off (N = {jitter['n']}, {jitter['boxes']} boxes each): same label in {100 * jitter['same']:.1f} % of "
        f"the readings, in all of them for {100 * jitter['always']:.1f} % of the faces"
    )


def print_keypoints(report: dict[str, Any]) -> None:
    """What ``train.tasks.keypoints.task.measure`` found."""
    console = Console(markup=False)
    console.print(
        f"{report['model']} on {report['data']} {report['split']}: mean point error over the distance of the irises "
        f"{_views(report)}; without labels that their own maker contradicts {_views(report['held'])}; "
        f"yaw off by {report['yaw_error']:.1f} degrees"
    )
    console.print(
        f"found {report['found']:.4f} (N = {report['found_n']}), false {report['false']:.4f} "
        f"(N = {report['false_n']}), by two looks {report['false_accepted']:.4f}; from a box 25 % off within 10 % "
        f"after two looks {number(report['converged'], 4)} (N = {report['converged_n']})"
    )
    errors = ["", "N", "error"]
    for title, key in (("by source", "by_source"), ("by yaw", "by_yaw"), ("by point", "by_point")):
        rows = [[name, str(row["n"]), number(row["error"], 4)] for name, row in report[key].items()]
        show(console, title, errors, rows)


def _views(report: dict[str, Any]) -> str:
    return (
        f"{number(report['frontal'], 4)} up to 30 degrees of yaw (N = {report['frontal_n']}), "
        f"{number(report['turned'], 4)} beyond (N = {report['turned_n']})"
    )


def print_any(report: dict[str, Any]) -> None:
    """Figures of a kind that has no table of its own, a line each."""
    rows = [[name, str(value)] for name, value in flat(report)]
    show(Console(markup=False), "", ["", ""], rows)


def flat(figures: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """Nested figures as pairs of a dotted name and a value."""
    out: list[tuple[str, Any]] = []
    for name, value in figures.items():
        out += flat(value, f"{before}{name}.") if isinstance(value, Mapping) else [(f"{before}{name}", value)]
    return out


def show(console: Console, title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """One table, its first column left, the others right; nothing in it is taken for markup."""
    table = Table(box=None, padding=(0, 1), title=Text(title) if title else None, title_justify="left")
    for number_, head in enumerate(heads):
        table.add_column(Text(head), justify="right" if number_ else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def group(mapping: Any, key: str) -> Mapping[str, Any]:
    """A group of a card's figures; empty where there is none, or something else (a card may be written by hand)."""
    found = mapping.get(key) if isinstance(mapping, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def number(value: Any, digits: int) -> str:
    """A figure, or a dash where there is none (a card may be written by hand)."""
    known = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return f"{value:,.{digits}f}" if known else "-"


def print_readings(readings: Sequence[Reading]) -> None:
    """Each face of ``predict`` in a line."""
    console = Console(markup=False)
    known = [r for r in readings if r.truth]
    heads = ["", "label", "%", *(["known"] if known else []), *(name[:3] for name in EMOTIONS)]
    rows = []
    for r in readings:
        shares = [f"{100 * p:.0f}" for p in r.probs]
        rows.append([r.short, r.label, f"{100 * r.probs.max():.0f}", *([r.truth] if known else []), *shares])
    show(console, "", heads, rows)
    if known:
        right = sum(r.label == r.truth for r in known)
        console.print(f"{right} of N = {len(known)} as the crowd says")
