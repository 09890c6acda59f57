"""Output of the expression network's figures: terminal tables, pictures, and sections of a run's page."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from monitor.core.labels import EMOTIONS
from train.data import datasets
from train.engine.task import Evaluate
from train.reports import html, metrics, outputs, plots, tables
from train.reports.tables import number
from train.tasks.expression.card import bias_rows
from train.tasks.expression.evaluate import Measured, measure

WORST, WORST_OF_CLASS = 48, 12
"""Mistakes shown over all classes, and of each class."""


def evaluate(order: Evaluate) -> dict[str, Any]:
    """Measures a model and writes ``confusion.png``, ``reliability.png``, ``corruptions.png`` and ``report.json``.

    Returns:
        The report; its ``pictures`` name the files.
    """
    data = datasets.load_all(order.data)
    measured = measure(order.model, data, order.split, robust=order.disturbed, prior=order.prior)
    report = measured.report
    name = f"{report['model']}, {report['data']} {order.split}, N = {report['n']}"
    bins = metrics.reliability(measured.probs, measured.rows.truth)
    pictures = {
        "confusion": plots.confusion(report["confusion"], f"{name}\naccuracy {100 * report['accuracy']:.2f} %"),
        "reliability": plots.reliability(bins, f"{name}\nECE {report['ece']:.4f}"),
    }
    if order.disturbed:
        pictures["corruptions"] = plots.corruptions(report["corruptions"], report["accuracy"])
    report["reliability"] = [asdict(b) for b in bins if b.n]
    return outputs.written(report, pictures, order.out)


def show(report: dict[str, Any]) -> None:
    """Prints a report of ``evaluate``."""
    console = Console(markup=False)
    if "sources" in report:
        _show_sources(console, report)
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
        console.print(f"8 classes: unknown, {eight['note']}")
    if report["skipped"]:
        console.print(f"{report['skipped']} unreadable pictures were skipped")
    heads = ["", "N", "rec", "prec", "F1", *(name[:3] for name in EMOTIONS)]
    rows = []
    for i, name in enumerate(EMOTIONS):
        row = report["per_class"][name]
        shares = [number(row[k], 2) for k in ("recall", "precision", "f1")]
        rows.append([name, str(row["n"]), *shares, *(str(n) for n in report["confusion"][i])])
    tables.show(console, "rows: known label; columns: the model's label", heads, rows)
    if "corruptions" in report:
        _show_robustness(console, report["corruptions"], report["consistency"])


def _show_sources(console: Console, report: dict[str, Any]) -> None:
    sources = report["sources"]
    console.print(f"mean over the sources of the mean recall (prior {report['prior']}): {sources['mean_recall']:.4f}")
    heads = ["", "N", "acc", "rec", "ECE", *(name[:3] for name in EMOTIONS)]
    rows = [
        [name, str(row["n"]), *(number(row[key], 3) for key in ("accuracy", "mean_recall", "ece")),
         *("-" if row["recall"][label] is None else f"{100 * row['recall'][label]:.0f}" for label in EMOTIONS)]
        for name, row in sources["each"].items()
    ]  # fmt: skip
    tables.show(console, "by source: accuracy, mean recall, ECE, and the recall of each class in %", heads, rows)


def _show_robustness(console: Console, corruptions: dict[str, Any], jitter: dict[str, Any]) -> None:
    rows = [
        [name, f"{100 * kind['accuracy']:.1f}", f"{-kind['lost']:+.1f}", str(kind["readings"])]
        for name, kind in corruptions["kinds"].items()
    ]
    title = f"disturbed crops, N = {corruptions['n']}: {corruptions['mean_lost']:.1f} points lost on average"
    tables.show(console, title, ["", "accuracy %", "points", "readings"], rows)
    console.print(
        f"box 5 % off (N = {jitter['n']}, {jitter['boxes']} boxes each): same label in {100 * jitter['same']:.1f} % of "
        f"the readings, in all of them for {100 * jitter['always']:.1f} % of the faces"
    )


def sections(model: Path, data: Path, split: str) -> list[str]:
    """HTML sections about a model on one split."""
    measured = measure(model, datasets.load(data), split)
    r = measured.report
    low, high = r["accuracy_ci95"]
    eight = r["eight_class"]
    own = measured.card.metrics
    biases = own.get("biases") if r["n"] == own.get("validation", {}).get("n") else None  # else of other rows
    rows = [
        ("accuracy, 7 classes", f"{100 * r['accuracy']:.2f} % (95 %: {100 * low:.1f} to {100 * high:.1f})", r["n"]),
        *bias_rows(biases, r["n"]),
        ("mean recall", f"{r['mean_recall']:.4f}", r["n"]),
        ("ECE; temperature of the other half", f"{r['ece']:.4f}, {number(r['ece_cross_fitted'], 4)}", r["n"]),
        ("NLL, KL to the votes", f"{r['nll']:.4f}, {r['kl_to_votes']:.4f}", r["n"]),
        (f"8 classes ({eight['note']})", number(eight["accuracy"], 4), eight["n"] or "-"),
        ("same label with the box 5 % off", f"{100 * r['consistency']['same']:.1f} %", r["consistency"]["n"]),
        ("points lost on disturbed crops, mean", f"{r['corruptions']['mean_lost']:.1f}", r["corruptions"]["n"]),
    ]  # fmt: skip
    per_class = [
        [name, str(v["n"]), *(number(v[k], 3) for k in ("recall", "precision", "f1"))]
        for name, v in r["per_class"].items()
    ]
    bins = metrics.reliability(measured.probs, measured.rows.truth)
    figures = {
        "confusion": plots.confusion(r["confusion"], "confusion"),
        "reliability": plots.reliability(bins, f"reliability, ECE {r['ece']:.4f}"),
        "disturbed crops": plots.corruptions(r["corruptions"], r["accuracy"]),
    }
    return [
        *_by_source(r),
        html.heading(f"Figures on {r['data']} {split}, N = {r['n']:,}"),
        html.table(("", "", "N"), [[a, b, str(c)] for a, b, c in rows]),
        html.table(("class", "N", "recall", "precision", "F1"), per_class),
        *(html.chart(plots.as_uri(figure), name) for name, figure in figures.items()),
        *_mistakes(measured),
    ]


def _by_source(report: dict[str, Any]) -> list[str]:
    """The table by source; empty for a single set."""
    if "sources" not in report:
        return []
    sources = report["sources"]
    rows = [
        [name, f"{row['n']:,}", *(number(row[key], 3) for key in ("accuracy", "mean_recall", "ece")),
         *(number(row["recall"][label], 2) for label in EMOTIONS)]
        for name, row in sources["each"].items()
    ]  # fmt: skip
    return [
        html.heading(f"By source: mean of the mean recalls {sources['mean_recall']:.4f}, prior {report['prior']}"),
        html.table(("source", "N", "accuracy", "mean recall", "ECE", *EMOTIONS), rows),
    ]


def _mistakes(measured: Measured) -> list[str]:
    """The mistakes with the highest confidence, over all classes and for each class of each source."""
    probs, truth = measured.probs, measured.rows.truth
    read = probs.argmax(axis=1)
    wrong = np.flatnonzero(read != truth)
    surest = wrong[np.argsort(-probs[wrong, read[wrong]], kind="stable")]

    def shown(rows: Any) -> str:
        pictures = []
        for row in rows:
            said = f"read: {EMOTIONS[read[row]]} {100 * probs[row, read[row]]:.0f}\u00a0%"
            share = 100 * measured.rows.targets[row, truth[row]]
            known = f"known: {EMOTIONS[truth[row]]} {share:.0f}\u00a0%"
            pictures.append((measured.rows.images[row], f"{known}\n{said}"))
        return html.wall(pictures, 132)

    parts = [
        html.heading(f"Most confident mistakes: {min(WORST, len(surest))} of {len(wrong)} (N = {len(truth):,})"),
        shown(surest[:WORST]),
    ]
    for source in measured.rows.sources:
        inside = measured.rows.source == source if len(measured.rows.source) else np.ones(len(truth), bool)
        for label, name in enumerate(EMOTIONS):
            own = surest[(truth[surest] == label) & inside[surest]]
            count = int((inside & (truth == label)).sum())
            if len(own):
                title = f"{name} read as something else: {len(own)} of {count}, most confident first"
                parts += [html.heading(f"{source}: {title}" if source else title), shown(own[:WORST_OF_CLASS])]
    return parts
