"""Exports the keypoint network as an int8 model with its card."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from monitor.networks.card import ModelCard
from monitor.networks.keypoints import POINTS, SHAPES
from train.data.faceset import FaceSet
from train.engine import convert
from train.engine.inference import Outputs, int8_outputs, loaded, ordered, predict_all
from train.engine.recipe import Recipe
from train.engine.task import Export
from train.tasks.keypoints import card as texts
from train.tasks.keypoints import figures, network, training
from train.tasks.keypoints.placement import SPEC
from train.tasks.keypoints.training import Answers, check_regions, stacked

log = logging.getLogger("train")

CALIBRATION = 700
"""Number of faces among which regions with extreme outputs are searched."""
FEW = 60
"""Number of random regions for the quantisation ranges, besides those with extreme outputs (docs/experiments.csv: the
loss by int8 depends on the most extreme regions shown)."""
EXTREMES = 20
"""Most regions with extreme answers: the smallest and the largest of ten values."""


def int8_answers(content: bytes, images: NDArray[np.uint8]) -> Outputs:
    """Presence, points and head of regions, through the app's runtime."""
    model = loaded(content)
    order = [[port.shape for port in model.outputs].index(shape) for shape in SHAPES]
    return ordered(int8_outputs(model, images), order)


def calibration(data: FaceSet, count: int, few: int) -> NDArray[np.uint8]:
    """Training regions that set the quantisation ranges: ``few`` random ones and those with the most extreme answers.

    The most extreme picture determines the ranges. Inside the network a rare extreme reduces the precision of all other
    values; but an output beyond its range is clipped, so the calibration must include the extremes of the outputs.

    Args:
        data: Faces and windows.
        count: Faces among which the extremes are searched.
        few: Random regions.

    Returns:
        (N, side, side) uint8; N is ``few`` and at most ``EXTREMES`` more.
    """
    regions = check_regions(data, "train", count)
    images, presence, points, head = stacked(regions)
    faces = np.flatnonzero(presence[:, 0] > 0.5)
    x, y = points[:, 0::2], points[:, 1::2]
    reach = np.stack([x.min(axis=1), x.max(axis=1), y.min(axis=1), y.max(axis=1)], axis=1)
    answers = np.concatenate([head, reach], axis=1)[faces]
    extremes = {int(faces[pick(column)]) for column in answers.T for pick in (np.argmin, np.argmax)}
    drawn = np.random.default_rng(0).choice(len(regions), min(few, len(regions)), replace=False).tolist()
    return images[sorted({*extremes, *drawn})]


def export(model: keras.Model, data: FaceSet, order: Export) -> ModelCard:
    """Converts, measures and writes the network and its card.

    Args:
        model: The averaged float network.
        data: For calibration (train) and all figures (validation).
        order: Recipe, history and place.

    Returns:
        The card as written.

    Raises:
        ParityError: The int8 keypoints are off by ``convert.LARGEST_DRIFT`` more than the float ones, or presence
            agrees on less than ``convert.LEAST_AGREEMENT`` of the regions.
    """
    content = convert.to_int8(model, calibration(data, CALIBRATION, FEW))
    images, *truth = stacked(check_regions(data, "validation", training.CHECKED))
    true = Answers.of(truth)
    real, quantised = Answers.of(predict_all(model, images)), Answers.of(int8_answers(content, images))
    before, after = training.figures(real, true), training.figures(quantised, true)
    agreement = float(((real.presence > 0) == (quantised.presence > 0)).mean())
    _require_parity(agreement, float(after["error"]) - float(before["error"]), len(images))
    card = convert.bare_card("keypoints", POINTS, SPEC, content, 1.0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / order.out.name
        convert.written(card, content, path)
        measured = figures.measure(path, data, "validation").report
    card = replace(
        card,
        metrics={
            "validation": measured,
            "disturbed": {"float": before, "int8": after},
            **convert.common_metrics(content, agreement, network.cost(order.recipe), 1),
        },
        data={
            "training": _trained_on(data, order.recipe),
            "validation": texts.VALIDATION,
            "reference": "MediaPipe face mesh; beyond 50 degrees of yaw and behind hands it guesses",
            "terms": texts.TERMS,
        },
        notes=dict(texts.NOTES),
        training=convert.training_record(order.recipe, order.history),
    )
    return convert.written(card, content, order.out)


def _require_parity(agreement: float, drift: float, count: int) -> None:
    log.info("int8 against float: agreement %.4f, keypoints off by %.4f more (N = %d)", agreement, drift, count)
    if drift > convert.LARGEST_DRIFT or agreement < convert.LEAST_AGREEMENT:
        raise convert.ParityError(
            f"int8 keypoints are off by {drift:.4f} more (at most {convert.LARGEST_DRIFT}) and presence agrees on "
            f"{agreement:.4f} (at least {convert.LEAST_AGREEMENT}); nothing was written"
        )


def _trained_on(data: FaceSet, recipe: Recipe) -> str:
    """The training data, in words."""
    rows = data.split == "train"
    left_out = int((rows & data.doubtful).sum())
    turned = ""
    if recipe.heads_turned:
        turned = (
            f"; {recipe.heads_turned} rendered copies of heads with a larger yaw (train/tasks/keypoints/turning.py)"
        )
    return (
        f"{int(rows.sum()) - left_out} faces with reference keypoints (without {left_out} doubtful ones, "
        f"train/data/doubtful.txt) and {int((data.window_split == 'train').sum())} windows without a face, "
        f"of {data.name}{turned}"
    )
