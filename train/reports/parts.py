"""The sections of a report that show how a model reads: figures, charts, and walls of its worst mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from monitor.core.labels import EMOTIONS
from monitor.core.types import Image
from monitor.faces.crop import CropSpec, crop, square
from monitor.networks.keypoints import POINTS
from train.data import datasets, doubts, keypoints
from train.data.faceset import FaceSet, face_squares, square_box
from train.reports import evaluate, html, metrics, plots
from train.reports.card_page import bias_rows
from train.reports.tables import flat, number
from train.tasks.keypoints import figures as keypoint_figures
from train.tasks.keypoints.figures import Look

WORST, WORST_OF_CLASS, WORST_TIGHT = 48, 12, 24
FACE = CropSpec(side=176, margin=0.65, shift_y=0.08)
"""What is shown of a face with keypoints: the network's own region, larger."""
TRUE, READ = (60, 200, 60), (60, 60, 235)
"""Colors (BGR) of reference and predicted points."""


def expression(model: Path, data: Path, split: str) -> list[str]:
    """Sections about an expression model on one split."""
    measured = evaluate.measure(model, datasets.load(data), split)
    r = measured.report
    low, high = r["accuracy_ci95"]
    eight = r["eight_class"]
    told = measured.card.metrics  # of the rows that it was exported with
    biases = told.get("biases") if r["n"] == told.get("validation", {}).get("n") else None
    rows = [
        ("accuracy, 7 classes", f"{100 * r['accuracy']:.2f} % (95 %: {100 * low:.1f} to {100 * high:.1f})", r["n"]),
        *bias_rows(biases, r["n"]),
        ("mean recall", f"{r['mean_recall']:.4f}", r["n"]),
        ("ECE; with the other half's temperature", f"{r['ece']:.4f}, {number(r['ece_cross_fitted'], 4)}", r["n"]),
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
        html.heading(f"Figures on {r['data']} {split}, N = {r['n']:,}"),
        html.table(("", "", "N"), [[a, b, str(c)] for a, b, c in rows]),
        html.table(("class", "N", "recall", "precision", "F1"), per_class),
        *(html.chart(plots.as_uri(figure), name) for name, figure in figures.items()),
        *_mistakes(measured),
    ]


def _mistakes(measured: evaluate.Measured) -> list[str]:
    """The surest mistakes of all, then the surest of each class."""
    probs, truth = measured.probs, measured.rows.truth
    read = probs.argmax(axis=1)
    wrong = np.flatnonzero(read != truth)
    surest = wrong[np.argsort(-probs[wrong, read[wrong]], kind="stable")]

    def shown(rows: Any) -> str:
        pictures = []
        for row in rows:
            said = f"read: {EMOTIONS[read[row]]} {100 * probs[row, read[row]]:.0f}\u00a0%"
            share = 100 * measured.rows.targets[row, truth[row]]
            known = f"crowd: {EMOTIONS[truth[row]]} {share:.0f}\u00a0%"
            pictures.append((measured.rows.images[row], f"{known}\n{said}"))
        return html.wall(pictures, 132)

    parts = [
        html.heading(f"The surest mistakes: {min(WORST, len(surest))} of {len(wrong)} (N = {len(truth):,})"),
        shown(surest[:WORST]),
    ]
    for label, name in enumerate(EMOTIONS):
        own = surest[truth[surest] == label]
        count = int((truth == label).sum())
        if len(own):
            parts += [
                html.heading(f"{name} read as something else: {len(own)} of {count}, the surest first"),
                shown(own[:WORST_OF_CLASS]),
            ]
    return parts


def keypoint_sections(model: Path, data: Path, split: str) -> list[str]:
    """Sections about a keypoint model on one split."""
    faces = keypoints.load(data)
    measured = keypoint_figures.measure(model, faces, split)
    r = measured.report
    rows = [
        ("point error over the distance of the irises, yaw up to 30°", number(r["frontal"], 4), r["frontal_n"]),
        ("beyond", number(r["turned"], 4), r["turned_n"]),
        ("… labels that their maker does not contradict, up to 30°", number(r["held"]["frontal"], 4),
         r["held"]["frontal_n"]),
        ("… beyond", number(r["held"]["turned"], 4), r["held"]["turned_n"]),
        ("yaw, mean error", f"{number(r['yaw_error'], 2)}°", r["found_n"]),
        ("faces found", number(r["found"], 4), r["found_n"]),
        ("windows without a face taken for one, in one look and accepted by two",
         f"{number(r['false'], 4)}, {number(r['false_accepted'], 4)}", r["false_n"]),
        ("from a box 25 % off, within 10 % after two looks", number(r["converged"], 4), r["converged_n"]),
    ]  # fmt: skip
    by_source = [[name, str(v["n"]), number(v["error"], 4)] for name, v in r["by_source"].items()]
    worst = sorted(measured.looks, key=lambda look: -look.error)
    own = [look for look in worst if faces.source[look.row] != "fer"]
    tight = [look for look in worst if faces.source[look.row] == "fer"]
    return [
        html.heading(f"Figures on {r['data']} {split}"),
        html.table(("", "", "N"), [[a, b, str(c)] for a, b, c in rows]),
        html.table(("source", "N", "point error"), by_source),
        html.chart(plots.as_uri(plots.errors(r["by_yaw"], "by yaw (N), without FER2013")), "error by yaw"),
        html.chart(plots.as_uri(plots.errors(r["by_point"], "by point (N), without FER2013")), "error by point"),
        html.heading(f"The worst of N = {len(own):,} heads and drivers"),
        html.note("Green: the reference, which guesses too beyond 50° and behind hands. Red: the network."),
        html.wall([(marked(faces, look), _caption(faces, look)) for look in own[:WORST]], FACE.side),
        html.heading(f"The worst of N = {len(tight):,} tight crops of FER2013"),
        html.wall([(marked(faces, look), _caption(faces, look)) for look in tight[:WORST_TIGHT]], FACE.side),
    ]


def marked(faces: FaceSet, look: Look) -> Image:
    """A face with true and predicted points, (176, 176, 3) BGR."""
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
    doubt = ", label in doubt" if faces.origin[look.row] in doubts.listed() else ""
    return f"{faces.origin[look.row]}, yaw {yaw:+.0f}°\nerror {look.error:.2f}, {presence}{doubt}"


def listed(figures: dict[str, Any]) -> str:
    """Nested figures as a table."""
    return html.table(("", ""), [[name, str(value)] for name, value in flat(figures)])
