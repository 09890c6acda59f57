"""Exports of the networks that find and follow faces and read eyes; see ``train.tasks.expression.export``."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from monitor.networks.card import ModelCard
from monitor.networks.eyes import EYES
from monitor.networks.keypoints import POINTS
from monitor.networks.proposals import FACE
from train.data import eyeset
from train.data.eyeset import EyeSet
from train.data.faceset import FaceSet
from train.engine import convert, network
from train.engine.recipe import Recipe
from train.reports import cards
from train.reports.evaluate import int8_logits
from train.tasks.eyes import task as eyes
from train.tasks.keypoints import figures as keypoint_figures
from train.tasks.keypoints import task as keypoint_task
from train.tasks.keypoints.regions import SPEC
from train.tasks.proposals import task as proposals

log = logging.getLogger("train")

CALIBRATION = 700
"""Crops that set the quantisation ranges, or that the keypoint network's extremes are looked for among."""
FEW = 60
"""Regions at random that set the keypoint network's ranges, besides those with extreme answers (docs/EXPERIMENTS.md:
what int8 costs depends on the most extreme regions shown)."""
FACES_VALIDATION = (
    "held-out look-alike groups of faces.zip, held-out driver groups, FER2013 PublicTest; the recipe was chosen on it"
)
FACES_TERMS = (
    "FER2013: Kaggle challenge data, research use; faces.zip: Apache-2.0 collection; driver frames: research set. "
    "Backgrounds: pictures of free Debian packages, chosen for showing no face, listed in docs/TRAINING.md, under "
    "their own licences."
)
"""What the cards of networks trained on faces with keypoints say of their data."""


def eye_patches(data: EyeSet, count: int) -> NDArray[np.uint8]:
    """Training patches at random, (up to ``count``, 32, 32) uint8, as the eye network sees them."""
    training = np.flatnonzero(data.split == "train")
    rows = np.random.default_rng(0).choice(training, min(count, len(training)), replace=False)
    return eyeset.middle(data.images[rows])


def scenes(data: FaceSet, count: int) -> NDArray[np.uint8]:
    """Training scenes as the proposal network sees them, (N, 56, 56) uint8: up to ``count`` with a face, half as many
    without."""
    return np.stack([s.image for s in proposals.check_scenes(data, "train", count)])


def export_keypoints(
    model: keras.Model, recipe: Recipe, data: FaceSet, out: Path, history: list[dict[str, Any]]
) -> ModelCard:
    """Converts, measures and writes the keypoint network and its card; see ``train.tasks.expression.export``.

    Raises:
        ParityError: The int8 model's points are off by ``LARGEST_DRIFT`` more than the float one's, or
            it agrees less than ``LEAST_AGREEMENT`` on presence.
    """
    content = convert.to_int8(model, keypoint_task.calibration(data, CALIBRATION, FEW))
    checked = keypoint_task.check_regions(data, "validation", keypoint_task.CHECKED)
    image, presence, points, head = keypoint_task.stacked(checked)
    real = keypoint_task.float_outputs(model, image)
    quantised = keypoint_task.int8_outputs(content, image)
    before, after = (
        keypoint_task.figures(o[0][:, 0], o[1], o[2], presence[:, 0], points, head) for o in (real, quantised)
    )
    agreement = float(((real[0] > 0) == (quantised[0] > 0)).mean())
    drift = float(after["error"]) - float(before["error"])
    log.info("int8 against float: agreement %.4f, points off by %.4f more (N = %d)", agreement, drift, len(image))
    if drift > convert.LARGEST_DRIFT or agreement < convert.LEAST_AGREEMENT:
        raise convert.ParityError(
            f"int8 points are off by {drift:.4f} more (at most {convert.LARGEST_DRIFT}) and presence agrees on "
            f"{agreement:.4f} (at least {convert.LEAST_AGREEMENT}); nothing was written"
        )
    channels, blocks = recipe.network.shape()
    cost = network.keypoints_cost(channels, blocks)
    training = data.split == "train"
    left_out = int((training & data.doubtful).sum())
    card = convert.bare_card("keypoints", POINTS, SPEC, content, 1.0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / out.name
        convert.written(card, content, path)
        measured = keypoint_figures.measure(path, data, "validation").report
    card = replace(
        card,
        metrics={
            "validation": measured,
            "disturbed": {"float": before, "int8": after},
            **convert.weighed(content, agreement, cost, 1),
        },
        data={
            "training": f"{int(training.sum()) - left_out} faces with reference keypoints ({left_out} more left out: "
            f"train/data/doubtful.txt) and {int((data.window_split == 'train').sum())} windows without a face, "
            f"of {data.name}"
            + (
                f"; {recipe.heads_turned} heads also turned aside (train/tasks/keypoints/turning.py)"
                if recipe.heads_turned
                else ""
            ),
            "validation": FACES_VALIDATION,
            "reference": "MediaPipe face mesh; beyond 50 degrees of yaw and behind hands it guesses",
            "terms": FACES_TERMS,
        },
        notes=cards.notes("keypoints"),
        training=convert.told(recipe, history),
    )
    return convert.written(card, content, out)


def export_eyes(
    model: keras.Model, recipe: Recipe, data: EyeSet, out: Path, history: list[dict[str, Any]]
) -> ModelCard:
    """Converts, measures and writes the eye network and its card; see ``train.tasks.expression.export``.

    Raises:
        ParityError: The int8 model agrees less than ``LEAST_AGREEMENT`` with the float one.
    """
    content = convert.to_int8(model, eye_patches(data, CALIBRATION))
    rows = np.flatnonzero(data.split == "validation")
    crops = eyeset.middle(data.images[rows])
    real, quantised = eyes.float_logits(model, crops), int8_logits(content, crops)
    agreement = float(((real > 0) == (quantised > 0)).mean())
    convert.require_agreement(agreement, len(rows))
    cost = network.eyes_cost(*recipe.network.shape())
    card = replace(
        convert.bare_card("eyes", EYES, eyeset.SPEC, content, eyes.temperature(quantised, data, rows)),
        metrics={
            "validation": eyes.figures(quantised, data, rows),
            "float": eyes.figures(real, data, rows),
            **convert.weighed(content, agreement, cost, 2),
        },
        data={
            "training": f"{int((data.split == 'train').sum())} patches of the training persons of CEW, MRL and a third "
            "eye set, and of the eyes and other parts of faces with reference keypoints",
            "validation": f"{len(rows)} patches of held-out persons; the recipe was chosen on them",
            "terms": "CEW and MRL: research sets. Third set: Kaggle, terms unstated. FER2013: Kaggle challenge data, "
            "research use. faces.zip: Apache-2.0 collection. Driver frames: research set.",
        },
        notes=cards.notes("eyes"),
        training=convert.told(recipe, history),
    )
    return convert.written(card, content, out)


def export_proposals(
    model: keras.Model, recipe: Recipe, data: FaceSet, out: Path, history: list[dict[str, Any]]
) -> ModelCard:
    """Converts, measures and writes the proposal network and its card; see ``train.tasks.expression.export``.

    Raises:
        ParityError: Proposing or not, the int8 model agrees less than ``LEAST_AGREEMENT`` with the float one.
    """
    content = convert.to_int8(model, scenes(data, CALIBRATION))
    checked = proposals.check_scenes(data, "validation", proposals.CHECKED)
    images = np.stack([s.image for s in checked])
    real, quantised = proposals.float_outputs(model, images), proposals.int8_outputs(content, images)
    before, after = (proposals.figures(*o, checked) for o in (real, quantised))
    agreement = float(((real[0] > 0).any(axis=(1, 2)) == (quantised[0] > 0).any(axis=(1, 2))).mean())
    convert.require_agreement(agreement, len(checked))
    cost = network.proposals_cost(*recipe.network.shape())
    card = replace(
        convert.bare_card("proposals", FACE, replace(SPEC, contrast=0.0), content, 1.0),
        metrics={
            "validation": after,
            "float": before,
            **convert.weighed(content, agreement, cost, 2),
        },
        data={
            "training": f"{int((data.split == 'train').sum())} faces and {int((data.window_split == 'train').sum())} "
            f"windows without a face, of {data.name}",
            "validation": FACES_VALIDATION,
            "terms": FACES_TERMS,
        },
        notes=cards.notes("proposals"),
        training=convert.told(recipe, history),
    )
    return convert.written(card, content, out)
