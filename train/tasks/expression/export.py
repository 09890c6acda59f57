"""Exports the expression network as an int8 model with its card, if int8 and float agree."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.core.labels import EMOTIONS
from monitor.faces.crop import CropSpec
from monitor.networks.card import ModelCard, Prior
from monitor.networks.emotion import BALANCED
from train.data.crops import SIDE
from train.data.datasets import Dataset
from train.data.sources import FER
from train.engine import convert, pretrained
from train.engine.augment import Augment, augment
from train.engine.inference import all_evened, int8_logits, predict
from train.engine.task import Export
from train.reports import metrics, priors
from train.tasks.expression import ancestry, network
from train.tasks.expression import card as texts
from train.tasks.expression.evaluate import evaluate_logits
from train.tasks.expression.training import add_biases

log = logging.getLogger("train")

FEW = 1000
"""Least number of crops on which int8 and float are compared; training crops fill up a small validation split."""
CROPS = 70
"""Crops for the quantisation ranges: 10 of each class, half of them in other light. The most extreme crop determines
the ranges, so more crops do not help: the logits of 2,000 training crops move by 0.036 and 0.039 (two seeds), with 700
crops by 0.041 and 0.039."""


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


def export(model: keras.Model, data: Dataset, order: Export) -> ModelCard:
    """Converts, measures and writes the network and its card.

    Args:
        model: The averaged float network; biases fitted on validation are added to it.
        data: For calibration (train) and all figures (validation).
        order: Recipe, history and place.

    Returns:
        The card as written.

    Raises:
        ParityError: The int8 model loses more than ``convert.LARGEST_LOSS`` of accuracy, or agrees with the float
            network on less than ``convert.LEAST_AGREEMENT`` of the crops.
        ConfigError: The run is a pretrained teacher's, or no validation row has a clear answer.
    """
    recipe = order.recipe
    if recipe.network.pretrained:
        raise ConfigError(
            f"network.pretrained {recipe.network.pretrained!r}: such a network is a teacher and is not exported; "
            "name its run in a recipe's teachers"
        )
    training, validation = data.part("train"), data.part("validation")
    validation = validation.take(validation.truth >= 0)
    if not len(validation):
        raise ConfigError(f"{data.name}: no row of the split 'validation' has a clear answer; nothing to measure")
    seen = all_evened(validation.images, recipe.contrast)
    float_logits, built_in, biased = _with_biases(model, predict(model, seen), validation)
    content = convert.to_int8(model, all_evened(calibration_crops(data), recipe.contrast))
    logits = int8_logits(content, seen)
    pair = Pair(float_logits, logits)
    if len(few := _more_crops(training, FEW - len(validation))):
        few = all_evened(few, recipe.contrast)
        more = Pair(predict(model, few), int8_logits(content, few))
    else:
        more = Pair(float_logits[:0], logits[:0])
    parity = check_parity(pair, validation.truth, more)
    temperature, shown = metrics.fit_temperature(logits, validation.truth), logits
    known: dict[str, Prior] = {}
    fitted: dict[str, Any] = {}
    if len(validation.sources) > 1:
        rows = priors.Rows(logits, validation.truth, validation.source)
        known, fitted = priors.for_card(rows, built_in.astype(np.float64))
        temperature = known[BALANCED].temperature
        shown = (logits + np.array(known[BALANCED].biases)).astype(np.float32)
    crop = CropSpec(SIDE, align=True, contrast=recipe.contrast)
    card = replace(
        convert.bare_card("emotion", EMOTIONS, crop, content, temperature),
        priors=known,
        metrics={
            "validation": evaluate_logits(shown, validation, temperature),
            **({"priors": fitted} if fitted else {}),
            "float_accuracy": round(metrics.accuracy(float_logits, validation.truth), 4),
            "biases": biased,
            **convert.common_metrics(content, parity, network.cost(recipe), 1),
        },
        data=_data_texts(data, order),
        notes=dict(texts.NOTES if _is_fer(data) else texts.OTHER),
        training=convert.training_record(recipe, order.history),
    )
    return convert.written(card, content, order.out)


def _data_texts(data: Dataset, order: Export) -> dict[str, str]:
    """The card's texts on training data, validation data and terms."""
    recipe, run = order.recipe, order.run
    more = terms = ""
    if recipe.unlabelled:
        more = f"; photographs of {Path(recipe.unlabelled).name} without labels, by its teachers' answers"
        terms = f" {ancestry.PHOTOGRAPHS}"
    for text, own in ancestry.data_before(recipe, run, data.name).items():
        more += f"; before, {text}"
        terms += "" if own in terms else f" {own}"
    if ancestry.third_party_weights(recipe, run) and pretrained.ORIGIN not in more:
        more += f"; {pretrained.ORIGIN}, as the start of one of its teachers"
        terms += f" {pretrained.TERMS}"
    count = int(data.part("train").usable.sum())
    return {
        "training": f"{data.name}: {count} crops of the split training{more}",
        "validation": f"{data.name}: {_validation_text(data)}, 7 classes; the recipe was chosen on it",
        "terms": _once(texts.terms(data.name, voted=data.voted, sources=data.sources) + terms),
    }


def _once(text: str) -> str:
    """The text without repeated sentences, because several ancestors may share their terms."""
    return " ".join(dict.fromkeys(re.split(r"(?<=\.) (?=[A-Z])", text)))


def _validation_text(data: Dataset) -> str:
    """The card's text on the rows of its figures."""
    if len(data.sources) > 1:
        others = ", ".join(source for source in data.sources if source != FER)
        return f"split validation: of {FER} PublicTest (FER+ majority rule), of {others} every tenth picture of a class"
    return f"split {'PublicTest' if _is_fer(data) else 'validation'}, {data.rule}"


def _with_biases(
    model: keras.Model, logits: NDArray[np.float32], rows: Dataset
) -> tuple[NDArray[np.float32], NDArray[np.float32], dict[str, Any]]:
    """Adds biases fitted on validation to the network's last layer.

    On unseen faces some classes are predicted too often and others too rarely. For a single set the biases maximise the
    likelihood of its true classes; for a joined set they are those of the prior ``balanced``.

    Returns:
        The logits with the biases; the biases; and for the card the biases, and the accuracy without them and with
        biases fitted on other rows.
    """
    if len(rows.sources) > 1:
        own = priors.Rows(logits, rows.truth, rows.source)
        biases = np.array(priors.balanced(own).biases, np.float32)
        crossed = priors.crossed(own, priors.balanced)[0]
    else:
        biases = metrics.fit_biases(logits, rows.truth)
        crossed = metrics.cross_fitted_biases(logits, rows.truth)
    add_biases(model, biases)
    record = {
        "added": {name: round(float(b), 6) for name, b in zip(EMOTIONS, biases, strict=True)},
        "without": _scores(logits, rows.truth), "cross_fitted": _scores(crossed, rows.truth),
    }  # fmt: skip
    log.info("biases: accuracy %.4f without, %.4f on rows they were not fitted on (N = %d)",
             record["without"]["accuracy"], record["cross_fitted"]["accuracy"], len(rows))  # fmt: skip
    return logits + biases, biases, record


def _scores(scores: metrics.Array, truth: NDArray[np.int64]) -> dict[str, float]:
    return {
        "accuracy": round(metrics.accuracy(scores, truth), 4),
        "mean_recall": round(metrics.mean_recall(scores, truth), 4),
    }


def _is_fer(data: Dataset) -> bool:
    return data.voted or texts.is_fer(data.name)


def _more_crops(training: Dataset, count: int) -> NDArray[np.uint8]:
    """``count`` training crops, spread evenly, for the comparison of int8 and float, which needs no labels."""
    count = min(max(0, count), len(training))
    return training.images[np.linspace(0, len(training) - 1, count).astype(int)] if count else training.images[:0]


class Pair(NamedTuple):
    """Logits (N, 7) of the float network and of the int8 model on the same crops."""

    real: NDArray[np.float32]
    int8: NDArray[np.float32]

    def same(self) -> NDArray[np.bool_]:
        """(N,) whether both predict the same class."""
        return np.asarray(self.real.argmax(axis=1) == self.int8.argmax(axis=1))


def check_parity(pair: Pair, truth: NDArray[np.int64], more: Pair | None = None) -> float:
    """The share of crops on which int8 and float agree.

    Args:
        pair: Logits on validation.
        truth: (N,) known labels.
        more: Logits on other crops, which count for the agreement only.

    Raises:
        ParityError: Too much accuracy was lost, or they agree too rarely.
    """
    same = pair.same() if more is None else np.concatenate([pair.same(), more.same()])
    agreement = float(same.mean())
    lost = metrics.accuracy(pair.real, truth) - metrics.accuracy(pair.int8, truth)
    log.info("int8 against float: agreement %.4f, accuracy lost %.4f (N = %d)", agreement, lost, len(truth))
    allowed = max(convert.LARGEST_LOSS, convert.LEAST_ROWS / len(truth))
    problems = []
    if lost > allowed + 1e-9:
        problems.append(f"int8 loses {lost:.4f} of accuracy (at most {allowed:.4f})")
    if agreement < convert.LEAST_AGREEMENT:
        problems.append(
            f"int8 agrees with float on {agreement:.4f} of {len(same)} crops (at least {convert.LEAST_AGREEMENT})"
        )
    if problems:
        raise convert.ParityError(
            f"{'; '.join(problems)}; nothing was written; train longer, because hardly trained networks round badly"
        )
    return agreement
