"""Training and judging the expression network, alone or taught by earlier ones."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.core.labels import EMOTIONS
from monitor.settings import reader as settings
from monitor.system.digest import sha256
from monitor.system.wholefile import whole
from train.data.datasets import SIDE, Dataset
from train.engine import resources
from train.engine.batches import epoch_batches
from train.engine.fit import Arrays, all_evened, load_trained, predict, resized
from train.engine.recipe import Recipe
from train.reports.metrics import accuracy, mean_recall, softmax

log = logging.getLogger("train")


class ExpressionTask:
    """Reading expressions from FER2013-like crops."""

    def __init__(self, data: Dataset, recipe: Recipe, unlabelled: NDArray[np.uint8] | None = None) -> None:
        """Takes the training and validation splits of ``data``.

        Args:
            data: Labelled crops.
            recipe: What to do.
            unlabelled: (N, 48, 48) more crops, learnt from the teachers' answers alone.

        Raises:
            ConfigError: Another side than the crops', too few rows for one batch or none to validate on, a teacher is
                no finished run, or none for unlabelled crops.
        """
        if recipe.side != SIDE:
            raise ConfigError(f"side must be {SIDE} for the task expression (got {recipe.side})")
        training = data.part("train")
        training = training.take(training.usable)
        validation = data.part("validation")
        self.validation = validation.take(validation.truth >= 0)
        if not len(self.validation):
            raise ConfigError(f"{data.name}: no row of the split 'validation' has a clear answer; nothing to judge by")
        if len(training) < recipe.batch:
            raise ConfigError(f"{data.name}: has {len(training)} usable training rows, fewer than batch={recipe.batch}")
        self.training, self.recipe = taught(training, recipe, unlabelled), recipe
        self.steps = len(self.training) // recipe.batch
        log.info("%d training rows, %d validation rows with a clear answer", len(self.training), len(self.validation))

    def batches(self, epoch: int, side: int) -> Iterator[Arrays]:
        """See ``Task``."""
        return epoch_batches(self.training, self.recipe, epoch, side)

    def loss(self, outputs: Any, *targets: tf.Tensor) -> tf.Tensor:
        """Cross entropy with the target distribution."""
        return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets[0], outputs))

    def validate(self, model: keras.Model, side: int) -> dict[str, float | int]:
        """Validated at the size trained on: the network answers another size worse until it has seen it."""
        logits = predict(model, all_evened(resized(self.validation.images, side), self.recipe.contrast))
        return {
            "validation_accuracy": round(accuracy(logits, self.validation.truth), 4),
            "validation_mean_recall": round(mean_recall(logits, self.validation.truth), 4),
            "validation_n": len(self.validation),
        }


def add_biases(model: keras.Model, biases: NDArray[np.float32]) -> None:
    """Builds ``metrics.fit_biases`` into a network's last layer."""
    bias = model.get_layer("logits").bias
    bias.assign(bias + biases)


def taught(data: Dataset, recipe: Recipe, unlabelled: NDArray[np.uint8] | None = None) -> Dataset:
    """The data with the teachers' answers mixed into its targets (Hinton et al. 2015).

    Each teacher answers each crop and its mirror image; the mean of all answers, as probabilities, is
    mixed with the crowd's votes; of unlabelled crops they are all there is.

    Raises:
        ConfigError: A teacher is no finished run, or there is none for unlabelled crops.
    """
    runs = recipe.teacher_runs()
    if not runs:
        if unlabelled is not None:
            raise ConfigError("unlabelled: needs teachers; name finished runs in teachers")
        return data
    labelled = len(data)
    if unlabelled is not None:
        data = with_unlabelled(data, unlabelled)
    total = np.zeros((len(data), data.targets.shape[1]), np.float64)
    for run in runs:
        if not (run / "recipe.yaml").exists():
            raise ConfigError(f"teachers: {run} is no training run; train it first")
        # Apart, so that runs with other unlabelled crops, or none, find the answers to the labelled ones.
        total += np.concatenate([answers(run, part) for part in np.split(data.images, [labelled]) if len(part)])
    mean = (total / len(runs)).astype(np.float32)
    log.info(
        "%d teachers agree with the crowd's top label on %.4f of %d rows",
        len(runs),
        float((mean.argmax(axis=1) == data.targets.argmax(axis=1))[:labelled].mean()),
        labelled,
    )
    share = np.where(np.arange(len(data)) < labelled, recipe.taught, 1.0).astype(np.float32)[:, None]
    return replace(data, targets=share * mean + (1 - share) * data.targets)


def answers(run: Path, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What a finished run answers to crops, the mean of each crop and its mirror image.

    They are kept in the run's folder, because large teachers take minutes: whoever resumes or is taught by the same
    run again finds them. Their name tells the checkpoint and the crops they belong to.

    Args:
        run: Its folder.
        images: (N, 48, 48) uint8 gray.

    Returns:
        (N, 7) float32 probabilities.

    Raises:
        ConfigError: The run is another task's or has no usable checkpoint.
    """
    own = settings.load(Recipe, run / "recipe.yaml")
    if own.task != "expression":
        raise ConfigError(f"teachers: {run} was trained for {own.task}, not for expression; leave it out")
    model = load_trained(run, own)
    state = sha256((run / "checkpoint.npz").read_bytes() + (run / "recipe.yaml").read_bytes())
    path = run / f"answers-{state[:12]}-{sha256(images.tobytes())[:12]}.npy"
    if path.exists():
        with contextlib.suppress(OSError, ValueError, EOFError):  # a damaged file is made anew
            kept = np.load(path)
            if kept.shape == (len(images), len(EMOTIONS)):
                return np.asarray(kept, np.float32)
    looks = (images, np.ascontiguousarray(images[:, :, ::-1]))
    seen = [softmax(predict(model, all_evened(look, own.contrast))) for look in looks]
    out = np.asarray((seen[0] + seen[1]) / 2, np.float32)
    try:
        with resources.writing(path), whole(path) as part, part.open("wb") as handle:
            np.save(handle, out)
    except ConfigError as error:  # it only saves time
        log.warning("%s", error.lines[0])
    return out


def with_unlabelled(data: Dataset, crops: NDArray[np.uint8]) -> Dataset:
    """Training rows with crops added that have no label of their own."""
    count = len(crops)
    log.info("%d crops without a label", count)
    return replace(
        data, images=np.concatenate([data.images, crops]),
        targets=np.concatenate([data.targets, np.zeros((count, data.targets.shape[1]), np.float32)]),
        truth=np.concatenate([data.truth, np.full(count, -1)]),
        usable=np.concatenate([data.usable, np.ones(count, bool)]),
        split=np.concatenate([data.split, np.full(count, "train")]), contempt=np.empty(0, bool),
    )  # fmt: skip
