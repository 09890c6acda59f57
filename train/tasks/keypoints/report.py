"""Output of the keypoint network's figures: terminal tables, pictures, and sections of a run's page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.console import Console

from monitor.core.types import Image
from monitor.faces.crop import CropSpec, crop, square
from monitor.networks.keypoints import POINTS
from train.data import doubts, keypoints
from train.data.faceset import FaceSet, face_squares, square_box
from train.engine.task import Evaluate
from train.reports import html, outputs, plots, tables
from train.reports.tables import number
from train.tasks.keypoints.figures import Look, measure

WORST, WORST_TIGHT = 48, 24
"""Number of shown faces with the largest errors: heads and drivers, and tight crops."""
FACE = CropSpec(side=176, margin=0.65, shift_y=0.08)
"""The part of a picture that is shown of a face: the network's own region, larger."""
TRUE, READ = (60, 200, 60), (60, 60, 235)
"""Colours (BGR) of reference and predicted keypoints."""


def evaluate(order: Evaluate) -> dict[str, Any]:
    """Measures a model and writes ``by_yaw.png``, ``by_point.png`` and ``report.json``."""
    report = measure(order.model, keypoints.load(order.data[0]), order.split).report
    name = f"{report['model']}, {report['data']} {order.split}"
    pictures = {key: plots.errors(report[key], f"{name}\n{key.replace('_', ' ')}") for key in ("by_yaw", "by_point")}
    return outputs.written(report, pictures, order.out)


def show(report: dict[str, Any]) -> None:
    """Prints a report of ``evaluate``."""
    console = Console(markup=False)
    console.print(
        f"{report['model']} on {report['data']} {report['split']}: mean keypoint error over the distance of the irises "
        f"{_views(report)}; without doubtful labels {_views(report['held'])}; "
        f"yaw off by {report['yaw_error']:.1f} degrees"
    )
    console.print(
        f"found {report['found']:.4f} (N = {report['found_n']}), false {report['false']:.4f} "
        f"(N = {report['false_n']}), by two looks {report['false_accepted']:.4f}; from a box 25 % off within 10 % "
        f"after two looks {number(report['converged'], 4)} (N = {report['converged_n']})"
    )
    errors = ["", "N", "error"]
    for title, key in (("by source", "by_source"), ("by yaw", "by_yaw"), ("by keypoint", "by_point")):
        rows = [[name, str(row["n"]), number(row["error"], 4)] for name, row in report[key].items()]
        tables.show(console, title, errors, rows)


def _views(report: dict[str, Any]) -> str:
    return (
        f"{number(report['frontal'], 4)} up to 30 degrees of yaw (N = {report['frontal_n']}), "
        f"{number(report['turned'], 4)} beyond (N = {report['turned_n']})"
    )


def sections(model: Path, data: Path, split: str) -> list[str]:
    """HTML sections about a model on one split."""
    faces = keypoints.load(data)
    measured = measure(model, faces, split)
    r = measured.report
    rows = [
        ("keypoint error over the distance of the irises, yaw up to 30°", number(r["frontal"], 4), r["frontal_n"]),
        ("the same, yaw beyond 30°", number(r["turned"], 4), r["turned_n"]),
        ("without doubtful labels, yaw up to 30°", number(r["held"]["frontal"], 4),
         r["held"]["frontal_n"]),
        ("without doubtful labels, yaw beyond 30°", number(r["held"]["turned"], 4), r["held"]["turned_n"]),
        ("yaw, mean error", f"{number(r['yaw_error'], 2)}°", r["found_n"]),
        ("faces found", number(r["found"], 4), r["found_n"]),
        ("windows without a face taken for a face in one look; accepted after two",
         f"{number(r['false'], 4)}, {number(r['false_accepted'], 4)}", r["false_n"]),
        ("from a box 25 % off to within 10 % in two looks", number(r["converged"], 4), r["converged_n"]),
    ]  # fmt: skip
    by_source = [[name, str(v["n"]), number(v["error"], 4)] for name, v in r["by_source"].items()]
    worst = sorted(measured.looks, key=lambda look: -look.error)
    own = [look for look in worst if faces.source[look.row] != "fer"]
    tight = [look for look in worst if faces.source[look.row] == "fer"]
    return [
        html.heading(f"Figures on {r['data']} {split}"),
        html.table(("", "", "N"), [[a, b, str(c)] for a, b, c in rows]),
        html.table(("source", "N", "keypoint error"), by_source),
        html.chart(plots.as_uri(plots.errors(r["by_yaw"], "by yaw (N), without FER2013")), "error by yaw"),
        html.chart(plots.as_uri(plots.errors(r["by_point"], "by keypoint (N), without FER2013")), "error by keypoint"),
        html.heading(f"The worst of N = {len(own):,} heads and drivers"),
        html.note("Green: the reference, which itself guesses beyond 50° and behind hands. Red: the network."),
        html.wall([(marked(faces, look), _caption(faces, look)) for look in own[:WORST]], FACE.side),
        html.heading(f"The worst of N = {len(tight):,} tight crops of FER2013"),
        html.wall([(marked(faces, look), _caption(faces, look)) for look in tight[:WORST_TIGHT]], FACE.side),
    ]


def marked(faces: FaceSet, look: Look) -> Image:
    """A face with true and predicted keypoints, (176, 176, 3) BGR."""
    cx, cy, side = (float(v) for v in face_squares(faces.points[look.row : look.row + 1])[0])
    box = square_box(cx, cy, side)
    gray = crop(faces.pictures[int(faces.picture[look.row])], box, FACE)
    out = cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR)
    left, top, size = square(box, FACE)
    scale = FACE.side / size

    def place(point: Any) -> tuple[int, int]:
        return round((float(point[0]) - left) * scale), round((float(point[1]) - top) * scale)

    for i in range(len(POINTS)):
        true = place(faces.points[look.row, i])
        if look.keypoints is not None:
            read = place(look.keypoints.points[i])
            cv2.line(out, true, read, READ, 1, cv2.LINE_AA)
            cv2.circle(out, read, 2, READ, -1, cv2.LINE_AA)
        cv2.circle(out, true, 2, TRUE, -1, cv2.LINE_AA)
    return np.asarray(out, np.uint8)


def _caption(faces: FaceSet, look: Look) -> str:
    presence = "outside" if look.keypoints is None else f"presence {look.keypoints.presence:.2f}"
    yaw = float(faces.pose[look.row, 0])
    doubt = ", doubtful label" if faces.origin[look.row] in doubts.listed() else ""
    return f"{faces.origin[look.row]}, yaw {yaw:+.0f}°\nerror {look.error:.2f}, {presence}{doubt}"
