"""The training loop: AdamW on a cosine, averaged weights, growing crops, resumable after a kill."""

from __future__ import annotations

import json
import logging
import math
import time
import zipfile
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from monitor import settings
from monitor.errors import ConfigError
from monitor.faces.crop import to_unit
from train import network
from train.batches import epoch_batches
from train.datasets import SIDE, Dataset
from train.metrics import accuracy, mean_recall
from train.recipe import Recipe, differences

log = logging.getLogger("train")


def make_model(recipe: Recipe) -> keras.Model:
    """The untrained network of a recipe, its weights drawn from the recipe's seed."""
    keras.utils.set_random_seed(recipe.seed)
    channels, blocks = recipe.network.shape()
    return network.build(channels, blocks, recipe.network.dropout)


class Trainer:
    """One run: the network, its averaged twin, the optimiser and the history.

    Attributes:
        model: The network being trained.
        averaged: The same network with averaged weights; this one is validated and exported.
        history: One entry per finished epoch.
    """

    def __init__(self, recipe: Recipe, steps_per_epoch: int) -> None:
        self.recipe = recipe
        self.steps_per_epoch = steps_per_epoch
        self.model = make_model(recipe)
        self.averaged = make_model(recipe)
        self.optimizer = keras.optimizers.AdamW(recipe.rate, weight_decay=recipe.weight_decay)
        self.optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
        self.optimizer.build(self.model.trainable_variables)
        self.history: list[dict[str, Any]] = []
        self._decay = tf.Variable(0.0)
        # XLA fuses the small layers: 17-25 % faster here than without (docs/EXPERIMENTS.md).
        self._step = tf.function(self._train_step, jit_compile=True)

    @property
    def side(self) -> int:
        """Side in pixels of the crops of the epoch that comes next."""
        return self.recipe.small_side if len(self.history) < self.recipe.small_epochs else SIDE

    def rate(self, step: int) -> float:
        """Learning rate of a step: linear warm-up, then a cosine to 1 % of the peak."""
        warm = self.recipe.warmup * self.steps_per_epoch
        total = self.recipe.epochs * self.steps_per_epoch
        if step < warm:
            return self.recipe.rate * (step + 1) / (warm + 1)
        done = (step - warm) / max(1.0, total - warm)
        return self.recipe.rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))

    def _train_step(self, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            logits = self.model(x, training=True)
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(y, logits))
        variables = self.model.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        for mean, now in zip(self.averaged.variables, self.model.variables, strict=True):
            if mean.dtype == "float32":
                mean.assign(self._decay * mean + (1.0 - self._decay) * now)
        return loss

    def run_epoch(self, data: Dataset, progress: Progress | None = None, task: Any = None) -> float:
        """Trains one epoch and returns the mean loss.

        Raises:
            FloatingPointError: The loss is no longer finite.
        """
        epoch = len(self.history)
        losses = []
        for number, (x, y) in enumerate(epoch_batches(data, self.recipe, epoch, self.side)):
            step = epoch * self.steps_per_epoch + number
            self.optimizer.learning_rate.assign(self.rate(step))
            # A young average forgets fast, so that the random start does not linger in it.
            self._decay.assign(min(self.recipe.ema, (1 + step) / (10 + step)))
            losses.append(float(self._step(tf.constant(x), tf.constant(y))))
            if not math.isfinite(losses[-1]):
                raise FloatingPointError(f"the loss became {losses[-1]} in epoch {epoch + 1}; lower --set rate")
            if progress is not None:
                progress.update(task, advance=1, loss=f"{np.mean(losses[-50:]):.3f}")
        return float(np.mean(losses))

    def save(self, path: Path) -> None:
        """Writes everything a resumed run needs, replacing the old checkpoint only when complete."""
        arrays = {f"model/{i}": v.numpy() for i, v in enumerate(self.model.variables)}
        arrays |= {f"averaged/{i}": v.numpy() for i, v in enumerate(self.averaged.variables)}
        arrays |= {f"optimizer/{i}": v.numpy() for i, v in enumerate(self.optimizer.variables)}
        part = path.with_name(path.name + ".part")
        with part.open("wb") as handle:
            np.savez(handle, history=json.dumps(self.history), **arrays)
        part.replace(path)

    def start_from(self, run: Path) -> None:
        """Takes the averaged weights of a finished run of the same network as the starting point.

        Raises:
            ConfigError: The run has no usable checkpoint, or another network.
        """
        path = run / "checkpoint.npz"
        if not path.exists():
            raise ConfigError(f"init: {run} holds no checkpoint.npz; train it first")
        try:
            with np.load(path) as saved:
                for i, (own, mean) in enumerate(zip(self.model.variables, self.averaged.variables, strict=True)):
                    # Dropout's random state is left as this run's seed made it.
                    if own.dtype == "float32":
                        own.assign(saved[f"averaged/{i}"])
                        mean.assign(saved[f"averaged/{i}"])
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise ConfigError(f"init: {path}: cannot be used ({error})") from None

    def restore(self, path: Path) -> None:
        """Takes up a checkpoint written by ``save``.

        Raises:
            ConfigError: The checkpoint is damaged or belongs to another network.
        """
        try:
            with np.load(path) as saved:
                self.history = json.loads(str(saved["history"]))
                parts = {"model": self.model, "averaged": self.averaged, "optimizer": self.optimizer}
                for name, owner in parts.items():
                    for i, variable in enumerate(owner.variables):
                        variable.assign(saved[f"{name}/{i}"])
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise ConfigError(f"{path}: cannot be resumed ({error}); start anew in another --out") from None


def resized(images: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Crops (N, 48, 48) at another side."""
    if images.shape[1] == side:
        return images
    return np.stack([cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA) for image in images]).astype(
        np.uint8
    )


def predict(model: keras.Model, images: NDArray[np.uint8], batch: int = 256) -> NDArray[np.float32]:
    """Float logits (N, 7) of (N, H, W) uint8 crops."""
    parts = [
        np.asarray(model(to_unit(images[i : i + batch])[..., None], training=False))
        for i in range(0, len(images), batch)
    ]
    return np.concatenate(parts)


def load_trained(run: Path, recipe: Recipe) -> keras.Model:
    """The averaged network of a run's checkpoint.

    Raises:
        ConfigError: The run has no checkpoint yet, or a damaged one.
    """
    path = run / "checkpoint.npz"
    if not path.exists():
        raise ConfigError(f"{run}: holds no checkpoint.npz; run: train fit --out {run}")
    trainer = Trainer(recipe, steps_per_epoch=1)
    trainer.restore(path)
    return trainer.averaged


def fit(data: Dataset, recipe: Recipe, run: Path, resume: bool) -> dict[str, Any]:
    """Trains a recipe on ``data``'s train split and validates each epoch.

    Args:
        data: Data set with the splits train and validation.
        recipe: What to do.
        run: Folder of the run: recipe.yaml, checkpoint.npz, history.json.
        resume: Go on from the folder's checkpoint instead of starting anew.

    Returns:
        The last epoch's history entry.

    Raises:
        ConfigError: ``run`` already holds a run and ``resume`` is false, or holds another recipe's.
    """
    training = data.part("train")
    training = training.take(training.usable)
    validation = data.part("validation")
    validation = validation.take(validation.truth >= 0)
    if len(training) < recipe.batch:
        raise ConfigError(f"{data.name}: has {len(training)} usable training rows, fewer than batch={recipe.batch}")
    trainer = Trainer(recipe, len(training) // recipe.batch)
    checkpoint = run / "checkpoint.npz"
    _claim(run, recipe, resume)
    if resume and checkpoint.exists():
        trainer.restore(checkpoint)
        log.info("resuming after epoch %d of %d", len(trainer.history), recipe.epochs)
    elif recipe.init:
        trainer.start_from(Path(recipe.init))
    log.info("%d training rows, %d validation rows with a clear answer", len(training), len(validation))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("loss {task.fields[loss]}")) as progress:
        total = recipe.epochs * trainer.steps_per_epoch
        task = progress.add_task("fit", total=total, completed=len(trainer.history) * trainer.steps_per_epoch, loss="-")
        while len(trainer.history) < recipe.epochs:
            started = time.monotonic()
            progress.update(task, description=f"epoch {len(trainer.history) + 1}/{recipe.epochs}")
            loss = trainer.run_epoch(training, progress, task)
            # Validated at the size trained on: the network answers another size worse until it has seen it.
            logits = predict(trainer.averaged, resized(validation.images, trainer.side))
            entry = {
                "epoch": len(trainer.history) + 1,
                "loss": round(loss, 4),
                "validation_accuracy": round(accuracy(logits, validation.truth), 4),
                "validation_mean_recall": round(mean_recall(logits, validation.truth), 4),
                "validation_n": len(validation),
                "seconds": round(time.monotonic() - started, 1),
            }
            trainer.history.append(entry)
            trainer.save(checkpoint)
            (run / "history.json").write_text(json.dumps(trainer.history, indent=1))
            log.info(
                "epoch %(epoch)d: loss %(loss).4f, validation accuracy %(validation_accuracy).4f, "
                "mean recall %(validation_mean_recall).4f (N = %(validation_n)d), %(seconds).0f s",
                entry,
            )
    return trainer.history[-1]


def _claim(run: Path, recipe: Recipe, resume: bool) -> None:
    """Writes the recipe into the run's folder, or checks that the one there is the same."""
    kept = run / "recipe.yaml"
    if kept.exists():
        changed = differences(settings.load(Recipe, kept), recipe)
        if not resume:
            raise ConfigError(f"{run}: already holds a run; add --resume, or give another --out")
        if changed:
            raise ConfigError(f"{kept}: differs from this recipe in {', '.join(changed)}; resume with the same recipe")
        return
    run.mkdir(parents=True, exist_ok=True)
    kept.write_text(settings.to_yaml(recipe))
