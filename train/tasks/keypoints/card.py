"""Texts and figures of the keypoint network's card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.networks.card import ModelCard
from train.reports.cards import NO_EMOTION
from train.reports.markdown import percent, table
from train.reports.tables import group, number

NOTES = {
    "use": "Tells whether there is a face near a given box, where its eyes and mouth are, and how the head is "
    "turned. It identifies nobody and by itself reads no expression.",
    "not_for": "Telling people apart, measuring faces, or any use in which a wrong keypoint does harm.",
    "limits": "Trained on photographs and on car cameras by day. Errors roughly double beyond 30 degrees of yaw (table "
    "by yaw). Not measured: faces behind hands, yaw beyond 50 degrees, infra-red light, masks. The reference keypoints "
    "come from another program (MediaPipe), so the figures measure agreement with it, not truth.",
    "groups": "Errors by age, sex and skin group are not measured: none of the data sets has such labels.",
    "law": NO_EMOTION,
}
VALIDATION = (
    "held-out look-alike groups of faces.zip, held-out driver groups, FER2013 PublicTest; the recipe was chosen on it"
)
TERMS = (
    "FER2013: Kaggle challenge data, research use; faces.zip: Apache-2.0 collection; driver frames: research set. "
    "Backgrounds: pictures from free Debian packages, chosen because they show no face, listed in "
    "docs/guides/train.md, under their own licences."
)
"""Terms of the data of all networks that are trained on faces with keypoints."""


def figures(card: ModelCard) -> list[str]:
    """The card's figures as Markdown blocks.

    Raises:
        KeyError, TypeError: The card has other figures.
    """
    v = card.metrics["validation"]
    false = f"{percent(v['false'])}; {percent(v['false_accepted'])}"
    rows = [
        ("mean keypoint error over the distance of the irises, yaw up to 30°", percent(v["frontal"]), v["frontal_n"]),
        ("the same, yaw beyond 30°", percent(v["turned"]), v["turned_n"]),
        *_held(group(v, "held")),
        ("yaw, mean error", f"{number(v['yaw_error'], 1)}°", v["found_n"]),
        ("faces found", percent(v["found"]), v["found_n"]),
        ("windows without a face taken for a face; accepted after two looks", false, v["false_n"]),
        ("faces with a presence that needs no cascade", percent(v.get("sure")), v["converged_n"]),
        ("windows without a face with such a presence", percent(v.get("false_sure")), v["false_n"]),
        ("from a box 25 % off to within 10 % in two looks", percent(v["converged"]), v["converged_n"]),
    ]
    parts = ["Validation, two looks from a box 5 % off.", table(("", "", "N"), rows)]
    for title, key in (("source", "by_source"), ("yaw", "by_yaw")):
        if key in v:
            groups = [(name, percent(row["error"]), row["n"]) for name, row in v[key].items()]
            parts.append(table((title, "error", "N"), groups))
    if "by_point" in v:
        best, *_, worst = sorted(v["by_point"].items(), key=lambda item: float(item[1]["error"]))
        ends = [f"{percent(row['error'])} ({name})" for name, row in (best, worst)]
        parts.append(f"By keypoint: {ends[0]} to {ends[1]}, N = {best[1]['n']}.")
    return parts


def _held(v: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    """Rows without doubtful labels (``train.data.doubts``); none in older cards."""
    if not v:
        return []
    return [
        ("without doubtful labels, yaw up to 30°", percent(v["frontal"]), v["frontal_n"]),
        ("without doubtful labels, yaw beyond 30°", percent(v["turned"]), v["turned_n"]),
    ]
