"""From a trained float network to a full-int8 .tflite with its card, past a parity gate."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from monitor import settings
from monitor.digest import sha256
from monitor.errors import ConfigError, UserError
from monitor.faces.crop import CropSpec, to_unit
from monitor.inference.card import ModelCard, card_path
from monitor.inference.eyes import EYES
from monitor.inference.landmarks import POINTS
from monitor.inference.proposals import FACE
from monitor.labels import EMOTIONS
from train import cards, expression, eyes, eyeset, keypoint_figures, landmarks, metrics, network, pretrained, proposals
from train.augment import Augment, augment
from train.datasets import SIDE, Dataset
from train.evaluate import evaluate_logits, int8_logits
from train.eyeset import EyeSet
from train.fit import all_evened, predict
from train.keypoints import FaceSet
from train.recipe import Recipe, lineage
from train.regions import SPEC

log = logging.getLogger("train")

LARGEST_LOSS = 0.003
"""Accuracy (share) the int8 model may lose against the float one."""
LEAST_AGREEMENT = 0.98
"""Share of validation crops whose top label must be the same in int8 and float."""
LARGEST_DRIFT = 0.003
"""Of the eye distance, that the int8 keypoints may be off more than the float ones."""
CALIBRATION = 700
"""Crops that set the quantisation ranges of the other networks, or that their extremes are looked for among."""
CROPS = 70
"""Crops that set the expression network's: 10 of each class, half of them in other light. Ranges follow the most
extreme crop: logits of 2,000 training crops move by 0.036 and 0.039 (two seeds), with 700 crops by 0.041 and 0.039."""


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


class ParityError(UserError):
    """The int8 model does not answer like the float one; nothing was written."""


def to_int8(model: keras.Model, calibration: NDArray[np.uint8]) -> bytes:
    """Converts a network to a .tflite with int8 input, output, weights and activations.

    Args:
        model: From ``network.build``.
        calibration: (N, S, S) uint8 crops that set the ranges; S becomes the size on the device.
    """

    def representative() -> Iterator[list[NDArray[np.float32]]]:
        for image in calibration:
            yield [to_unit(image)[None, :, :, None]]

    # The trained network may take any size; on the device every shape is fixed.
    side = calibration.shape[1]
    fixed = keras.models.clone_model(model, input_tensors=keras.Input((side, side, 1), batch_size=1))
    fixed.set_weights(model.get_weights())
    converter = tf.lite.TFLiteConverter.from_keras_model(fixed)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    return bytes(converter.convert())


def calibration_crops(data: Dataset, count: int = CROPS, seed: int = 0) -> NDArray[np.uint8]:
    """Training crops balanced over the classes, every second one in other light.

    Returns:
        (about ``count``, 48, 48) uint8.
    """
    rng = np.random.default_rng(seed)
    training = data.part("train")
    top = training.targets.argmax(axis=1)
    each = max(1, count // len(EMOTIONS))
    rows: list[int] = []
    for label in range(len(EMOTIONS)):
        members = np.flatnonzero((top == label) & training.usable)
        rows += rng.choice(members, min(each, len(members)), replace=False).tolist()
    light = Augment(flip=0.5, rotate=0, shift=0, zoom=0, aspect=0, blur=0, noise=0, jpeg=0, erase=0)
    crops = [
        augment(training.images[row], light, SIDE, rng) if number % 2 else training.images[row]
        for number, row in enumerate(rows)
    ]
    return np.stack(crops)


def eye_patches(data: EyeSet) -> NDArray[np.uint8]:
    """Training patches at random, (up to ``CALIBRATION``, 32, 32) uint8, as the eye network sees them."""
    training = np.flatnonzero(data.split == "train")
    rows = np.random.default_rng(0).choice(training, min(CALIBRATION, len(training)), replace=False)
    return eyeset.middle(data.images[rows])


def scenes(data: FaceSet) -> NDArray[np.uint8]:
    """Training scenes, (``CALIBRATION``, 56, 56) uint8, as the proposal network sees them."""
    return np.stack([s.image for s in proposals.check_scenes(data, "train", CALIBRATION)])


def export(model: keras.Model, recipe: Recipe, data: Dataset, out: Path, history: list[dict[str, Any]]) -> ModelCard:
    """Converts, measures and writes ``out`` and its card.

    Args:
        model: The averaged float network; the recipe's ``adjust`` is built into it.
        recipe: How it was trained.
        data: For calibration (train) and all figures (validation).
        out: The .tflite to write.
        history: Epochs, for the card.

    Returns:
        The card as written.

    Raises:
        ParityError: The int8 model loses more than ``LARGEST_LOSS`` or agrees less than
            ``LEAST_AGREEMENT`` with the float one.
        ConfigError: The run is a teacher's.
    """
    if recipe.network.pretrained:
        raise ConfigError(
            f"network.pretrained {recipe.network.pretrained!r}: such a network serves to teach and is not exported; "
            "name its run in a recipe's teachers"
        )
    training, validation = data.part("train"), data.part("validation")
    validation = validation.take(validation.truth >= 0)
    expression.take_off(model, expression.offsets(training.targets[training.usable], recipe.adjust))
    content = to_int8(model, all_evened(calibration_crops(data), recipe.contrast))
    seen = all_evened(validation.images, recipe.contrast)
    float_logits = predict(model, seen)
    logits = int8_logits(content, seen)
    parity = check_parity(float_logits, logits, validation.truth)
    temperature = metrics.fit_temperature(logits, validation.truth)
    channels, blocks = recipe.network.shape()
    cost = network.cost(channels, blocks, SIDE)
    figures = evaluate_logits(logits, validation, temperature)
    more = terms = ""
    if recipe.unlabelled:
        more = f"; photographs of {Path(recipe.unlabelled).name} without labels, by its teachers' answers"
        terms = " Photographs: those of the keypoint network, see its card."
    if any(run.network.pretrained for run in lineage(recipe)):
        more += f"; {pretrained.ORIGIN}, as the start of one of its teachers"
        terms += f" {pretrained.TERMS}"
    card = replace(
        _bare_card("emotion", EMOTIONS, CropSpec(SIDE, align=True, contrast=recipe.contrast), content, temperature),
        metrics={
            "validation": figures,
            "float_accuracy": round(metrics.accuracy(float_logits, validation.truth), 4),
            "int8_agreement": round(parity, 4),
            "size_bytes": len(content),
            "mmac": round(cost.mmac, 1),
            "parameters": cost.parameters,
        },
        data={
            "training": f"{data.name}: {int(training.usable.sum())} crops of the split Training{more}",
            "validation": f"{data.name}: split PublicTest, FER+ majority rule, 7 classes; the recipe was chosen on it",
            "terms": f"FER2013: Kaggle challenge data, research use. FER+ votes: MIT licence (Microsoft).{terms}",
        },
        notes=cards.notes("emotion"),
        training=_training(recipe, history),
    )
    return _written(card, content, out)


def export_landmarks(
    model: keras.Model, recipe: Recipe, data: FaceSet, out: Path, history: list[dict[str, Any]]
) -> ModelCard:
    """Converts, measures and writes the keypoint network and its card; see ``export``.

    Raises:
        ParityError: The int8 model's points are off by ``LARGEST_DRIFT`` more than the float one's, or
            it agrees less than ``LEAST_AGREEMENT`` on presence.
    """
    content = to_int8(model, landmarks.calibration(data, CALIBRATION, FEW))
    checked = landmarks.check_regions(data, "validation", landmarks.CHECKED)
    image, presence, points, head = landmarks.stacked(checked)
    real = landmarks.float_outputs(model, image)
    quantised = landmarks.int8_outputs(content, image)
    before, after = (landmarks.figures(o[0][:, 0], o[1], o[2], presence[:, 0], points, head) for o in (real, quantised))
    agreement = float(((real[0] > 0) == (quantised[0] > 0)).mean())
    drift = float(after["error"]) - float(before["error"])
    log.info("int8 against float: agreement %.4f, points off by %.4f more (N = %d)", agreement, drift, len(image))
    if drift > LARGEST_DRIFT or agreement < LEAST_AGREEMENT:
        raise ParityError(
            f"int8 points are off by {drift:.4f} more (at most {LARGEST_DRIFT}) and presence agrees on "
            f"{agreement:.4f} (at least {LEAST_AGREEMENT}); nothing was written"
        )
    channels, blocks = recipe.network.shape()
    cost = network.landmarks_cost(channels, blocks)
    card = _bare_card("landmarks", POINTS, SPEC, content, 1.0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / out.name
        _written(card, content, path)
        measured = keypoint_figures.measure(path, data, "validation").report
    card = replace(
        card,
        metrics={
            "validation": measured,
            "disturbed": {"float": before, "int8": after},
            "int8_agreement": round(agreement, 4),
            "size_bytes": len(content),
            "mmac": round(cost.mmac, 1),
            "parameters": cost.parameters,
        },
        data={
            "training": f"{int((data.split == 'train').sum())} faces with reference keypoints and "
            f"{int((data.window_split == 'train').sum())} windows without a face, of {data.name}",
            "validation": FACES_VALIDATION,
            "reference": "MediaPipe face mesh; beyond 50 degrees of yaw and behind hands it guesses",
            "terms": FACES_TERMS,
        },
        notes=cards.notes("landmarks"),
        training=_training(recipe, history),
    )
    return _written(card, content, out)


def export_eyes(
    model: keras.Model, recipe: Recipe, data: EyeSet, out: Path, history: list[dict[str, Any]]
) -> ModelCard:
    """Converts, measures and writes the eye network and its card; see ``export``.

    Raises:
        ParityError: The int8 model agrees less than ``LEAST_AGREEMENT`` with the float one.
    """
    content = to_int8(model, eye_patches(data))
    rows = np.flatnonzero(data.split == "validation")
    crops = eyeset.middle(data.images[rows])
    real, quantised = eyes.float_logits(model, crops), int8_logits(content, crops)
    agreement = float(((real > 0) == (quantised > 0)).mean())
    log.info("int8 against float: agreement %.4f (N = %d)", agreement, len(rows))
    if agreement < LEAST_AGREEMENT:
        raise ParityError(f"int8 agrees on {agreement:.4f} (at least {LEAST_AGREEMENT}); nothing was written")
    cost = network.eyes_cost(*recipe.network.shape())
    card = replace(
        _bare_card("eyes", EYES, eyeset.SPEC, content, eyes.temperature(quantised, data, rows)),
        metrics={
            "validation": eyes.figures(quantised, data, rows),
            "float": eyes.figures(real, data, rows),
            "int8_agreement": round(agreement, 4),
            "size_bytes": len(content),
            "mmac": round(cost.mmac, 2),
            "parameters": cost.parameters,
        },
        data={
            "training": f"{int((data.split == 'train').sum())} patches of the training persons of CEW, MRL and a third "
            "eye set, and of the eyes and other parts of faces with reference keypoints",
            "validation": f"{len(rows)} patches of held-out persons; the recipe was chosen on them",
            "terms": "CEW and MRL: research sets. Third set: Kaggle, terms unstated. FER2013: Kaggle challenge data, "
            "research use. faces.zip: Apache-2.0 collection. Driver frames: research set.",
        },
        notes=cards.notes("eyes"),
        training=_training(recipe, history),
    )
    return _written(card, content, out)


def export_proposals(
    model: keras.Model, recipe: Recipe, data: FaceSet, out: Path, history: list[dict[str, Any]]
) -> ModelCard:
    """Converts, measures and writes the proposal network and its card; see ``export``.

    Raises:
        ParityError: Proposing or not, the int8 model agrees less than ``LEAST_AGREEMENT`` with the float one.
    """
    content = to_int8(model, scenes(data))
    checked = proposals.check_scenes(data, "validation", proposals.CHECKED)
    images = np.stack([s.image for s in checked])
    real, quantised = proposals.float_outputs(model, images), proposals.int8_outputs(content, images)
    before, after = (proposals.figures(*o, checked) for o in (real, quantised))
    agreement = float(((real[0] > 0).any(axis=(1, 2)) == (quantised[0] > 0).any(axis=(1, 2))).mean())
    log.info("int8 against float: agreement %.4f (N = %d)", agreement, len(checked))
    if agreement < LEAST_AGREEMENT:
        raise ParityError(f"int8 agrees on {agreement:.4f} (at least {LEAST_AGREEMENT}); nothing was written")
    cost = network.proposals_cost(*recipe.network.shape())
    card = replace(
        _bare_card("proposals", FACE, replace(SPEC, contrast=0.0), content, 1.0),
        metrics={
            "validation": after,
            "float": before,
            "int8_agreement": round(agreement, 4),
            "size_bytes": len(content),
            "mmac": round(cost.mmac, 2),
            "parameters": cost.parameters,
        },
        data={
            "training": f"{int((data.split == 'train').sum())} faces and {int((data.window_split == 'train').sum())} "
            f"windows without a face, of {data.name}",
            "validation": FACES_VALIDATION,
            "terms": FACES_TERMS,
        },
        notes=cards.notes("proposals"),
        training=_training(recipe, history),
    )
    return _written(card, content, out)


def _bare_card(name: str, labels: tuple[str, ...], crop: CropSpec, content: bytes, temperature: float) -> ModelCard:
    """A card with what ties it to a .tflite's content and says how to feed it; figures and words come later."""
    digest = sha256(content)
    return ModelCard(
        name=name, version=f"{date.today().isoformat()}-{digest[:8]}", labels=labels, input_side=crop.side,
        crop_margin=crop.margin, crop_shift_y=crop.shift_y, crop_align=crop.align, crop_contrast=crop.contrast,
        temperature=round(temperature, 4), sha256=digest,
    )  # fmt: skip


def _written(card: ModelCard, content: bytes, out: Path) -> ModelCard:
    """Writes a model and its card beside it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(content)
    card.save(card_path(out))
    return card


def check_parity(float_logits: NDArray[np.float32], logits: NDArray[np.float32], truth: NDArray[np.int64]) -> float:
    """The share of crops on which int8 and float agree.

    Raises:
        ParityError: Too much was lost.
    """
    agreement = float((float_logits.argmax(axis=1) == logits.argmax(axis=1)).mean())
    lost = metrics.accuracy(float_logits, truth) - metrics.accuracy(logits, truth)
    log.info("int8 against float: agreement %.4f, accuracy lost %.4f (N = %d)", agreement, lost, len(truth))
    if lost > LARGEST_LOSS or agreement < LEAST_AGREEMENT:
        raise ParityError(
            f"int8 loses {lost:.4f} of accuracy (at most {LARGEST_LOSS}) and agrees on {agreement:.4f} "
            f"(at least {LEAST_AGREEMENT}); nothing was written"
        )
    return agreement


def _training(recipe: Recipe, history: list[dict[str, Any]]) -> dict[str, Any]:
    """How the model was made, for its card."""
    return {
        "recipe": settings.as_dict(recipe),
        "epochs": len(history),
        "minutes": round(sum(e["seconds"] for e in history) / 60, 1),
    }
