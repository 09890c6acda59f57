"""From a trained float network to a full-int8 .tflite with its card, past a parity gate."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.core.labels import EMOTIONS
from monitor.faces.crop import CropSpec
from monitor.networks.card import ModelCard, Prior
from monitor.networks.emotion import BALANCED
from train.data.datasets import SIDE, Dataset
from train.engine import convert, network, pretrained, runs
from train.engine.augment import Augment, augment
from train.engine.fit import all_evened, predict
from train.engine.recipe import Recipe
from train.reports import cards, metrics, priors
from train.reports.evaluate import evaluate_logits, int8_logits
from train.tasks.expression import task as expression

log = logging.getLogger("train")

FEW = 1000
"""Crops that int8 and float are compared on at least, training ones among them where validation has fewer."""
CROPS = 70
"""Crops that set the quantisation ranges: 10 of each class, half of them in other light. Ranges follow the most
extreme crop: logits of 2,000 training crops move by 0.036 and 0.039 (two seeds), with 700 crops by 0.041 and 0.039."""


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


def export(
    model: keras.Model,
    recipe: Recipe,
    data: Dataset,
    out: Path,
    history: list[dict[str, Any]],
    run: Path | None = None,
) -> ModelCard:
    """Converts, measures and writes ``out`` and its card.

    Args:
        model: The averaged float network; biases fitted on validation are built into it.
        recipe: How it was trained.
        data: For calibration (train) and all figures (validation).
        out: The .tflite to write.
        history: Epochs, for the card.
        run: Folder of the run, which tells where one made anew came from.

    Returns:
        The card as written.

    Raises:
        ParityError: The int8 model loses more than ``convert.LARGEST_LOSS`` or agrees less than
            ``convert.LEAST_AGREEMENT`` with the float one.
        ConfigError: The run is a teacher's.
    """
    if recipe.network.pretrained:
        raise ConfigError(
            f"network.pretrained {recipe.network.pretrained!r}: such a network serves to teach and is not exported; "
            "name its run in a recipe's teachers"
        )
    training, validation = data.part("train"), data.part("validation")
    validation = validation.take(validation.truth >= 0)
    if not len(validation):
        raise ConfigError(f"{data.name}: no row of the split 'validation' has a clear answer; nothing to measure")
    seen = all_evened(validation.images, recipe.contrast)
    float_logits, built_in, biased = _even_handed(model, predict(model, seen), validation)
    content = convert.to_int8(model, all_evened(calibration_crops(data), recipe.contrast))
    logits = int8_logits(content, seen)
    more_float, more_int8 = float_logits[:0], logits[:0]
    if len(few := _more_crops(training, FEW - len(validation))):
        few = all_evened(few, recipe.contrast)
        more_float, more_int8 = predict(model, few), int8_logits(content, few)
    parity = check_parity(float_logits, logits, validation.truth, more_float, more_int8)
    temperature = metrics.fit_temperature(logits, validation.truth)
    known: dict[str, Prior] = {}
    told: dict[str, Any] = {}
    if len(validation.sources) > 1:
        known, told = priors.for_card(
            priors.Rows(logits, validation.truth, validation.source), built_in.astype(np.float64)
        )
        temperature = known[BALANCED].temperature
    channels, blocks = recipe.network.shape()
    cost = network.cost(channels, blocks, SIDE)
    figures = evaluate_logits(logits, validation, temperature)
    more = terms = ""
    if recipe.unlabelled:
        more = f"; photographs of {Path(recipe.unlabelled).name} without labels, by its teachers' answers"
        terms = f" {runs.PHOTOGRAPHS}"
    for text, own in runs.data_before(recipe, run, data.name).items():
        more += f"; before, {text}"
        terms += "" if own in terms else f" {own}"
    if runs.others_weights(recipe, run) and pretrained.ORIGIN not in more:
        more += f"; {pretrained.ORIGIN}, as the start of one of its teachers"
        terms += f" {pretrained.TERMS}"
    card = replace(
        convert.bare_card(
            "emotion", EMOTIONS, CropSpec(SIDE, align=True, contrast=recipe.contrast), content, temperature
        ),
        priors=known,
        metrics={
            "validation": figures,
            **({"priors": told} if told else {}),
            "float_accuracy": round(metrics.accuracy(float_logits, validation.truth), 4),
            "biases": biased,
            **convert.weighed(content, parity, cost, 1),
        },
        data={
            "training": f"{data.name}: {int(training.usable.sum())} crops of the split training{more}",
            "validation": f"{data.name}: split {'PublicTest' if _is_fer(data) else 'validation'}, {data.rule}, "
            "7 classes; the recipe was chosen on it",
            "terms": cards.terms(data.name, data.voted) + terms,
        },
        notes=cards.notes("emotion" if _is_fer(data) else "other"),
        training=convert.told(recipe, history),
    )
    return convert.written(card, content, out)


def _even_handed(
    model: keras.Model, logits: NDArray[np.float32], rows: Dataset
) -> tuple[NDArray[np.float32], NDArray[np.float32], dict[str, Any]]:
    """Builds biases fitted on validation into the network.

    Some expressions are named too readily on faces that were not learnt from, and others too rarely. Of one set the
    biases make its true classes likeliest; of a joined set they are those of the prior ``balanced``.

    Returns:
        The network's logits with the biases; the biases; and for the card what they are worth on rows they were not
        fitted on, against none.
    """
    if len(rows.sources) > 1:
        own = priors.Rows(logits, rows.truth, rows.source)
        biases = np.array(priors.balanced(own).biases, np.float32)
        crossed = priors.crossed(own, priors.balanced)[0]
    else:
        biases = metrics.fit_biases(logits, rows.truth)
        crossed = metrics.cross_fitted_biases(logits, rows.truth)
    expression.add_biases(model, biases)
    told = {
        "added": {name: round(float(b), 6) for name, b in zip(EMOTIONS, biases, strict=True)},
        "without": _scores(logits, rows.truth), "cross_fitted": _scores(crossed, rows.truth),
    }  # fmt: skip
    log.info("biases: accuracy %.4f without, %.4f on rows they were not fitted on (N = %d)",
             told["without"]["accuracy"], told["cross_fitted"]["accuracy"], len(rows))  # fmt: skip
    return logits + biases, biases, told


def _scores(scores: metrics.Array, truth: NDArray[np.int64]) -> dict[str, float]:
    return {
        "accuracy": round(metrics.accuracy(scores, truth), 4),
        "mean_recall": round(metrics.mean_recall(scores, truth), 4),
    }


def _is_fer(data: Dataset) -> bool:
    return data.voted or cards.is_fer(data.name)


def _more_crops(training: Dataset, count: int) -> NDArray[np.uint8]:
    """Training crops for the comparison of int8 and float, which needs no labels, spread over all."""
    count = min(max(0, count), len(training))
    return training.images[np.linspace(0, len(training) - 1, count).astype(int)] if count else training.images[:0]


def check_parity(
    float_logits: NDArray[np.float32],
    logits: NDArray[np.float32],
    truth: NDArray[np.int64],
    more_float: NDArray[np.float32] | None = None,
    more_int8: NDArray[np.float32] | None = None,
) -> float:
    """The share of crops on which int8 and float agree.

    Args:
        float_logits: (N, 7) of the float network on validation.
        logits: (N, 7) of the int8 one.
        truth: (N,) known labels.
        more_float: (M, 7) on other crops, which count for the agreement only.
        more_int8: (M, 7) of the int8 network.

    Raises:
        ParityError: Too much was lost.
    """
    same = float_logits.argmax(axis=1) == logits.argmax(axis=1)
    if more_float is not None and more_int8 is not None:
        same = np.concatenate([same, more_float.argmax(axis=1) == more_int8.argmax(axis=1)])
    agreement = float(same.mean())
    lost = metrics.accuracy(float_logits, truth) - metrics.accuracy(logits, truth)
    log.info("int8 against float: agreement %.4f, accuracy lost %.4f (N = %d)", agreement, lost, len(truth))
    allowed = max(convert.LARGEST_LOSS, convert.LEAST_ROWS / len(truth))
    told = []
    if lost > allowed + 1e-9:
        told.append(f"int8 loses {lost:.4f} of accuracy (at most {allowed:.4f})")
    if agreement < convert.LEAST_AGREEMENT:
        told.append(
            f"int8 agrees with float on {agreement:.4f} of {len(same)} crops (at least {convert.LEAST_AGREEMENT})"
        )
    if told:
        raise convert.ParityError(f"{'; '.join(told)}; nothing was written; train longer: raw networks round badly")
    return agreement
