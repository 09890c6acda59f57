"""One training run in memory: the network, its averaged copy, the optimiser and the history."""

from __future__ import annotations

import json
import logging
import math
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from rich.progress import Progress

from monitor.core.errors import ConfigError
from monitor.settings import reader as settings
from monitor.system.wholefile import whole
from train.engine import network, pretrained, runs
from train.engine.batches import ahead
from train.engine.network import Architecture
from train.engine.recipe import Recipe
from train.engine.training import Training
from train.system import resources

log = logging.getLogger("train")

COMPILE = True
"""Whether XLA compiles the training steps. Compiling takes longer than a few epochs of a tiny network."""


def seeded(architecture: Architecture, recipe: Recipe) -> keras.Model:
    """The untrained network of a recipe, its weights drawn from the recipe's seed."""
    keras.utils.set_random_seed(recipe.seed)
    return architecture.build(recipe)


class Trainer:
    """The state of a run, saved after each epoch.

    Attributes:
        model: The network being trained.
        averaged: The same network with averaged weights; this one is validated and exported.
        history: One entry per finished epoch.
    """

    def __init__(self, recipe: Recipe, architecture: Architecture, task: Training | None = None) -> None:
        """Draws the weights.

        Args:
            recipe: The run's recipe.
            architecture: Builds the network.
            task: The task; None if the trainer only holds a checkpoint.
        """
        self.recipe = recipe
        self.architecture = architecture
        self.task = task
        self.steps_per_epoch = task.steps if task else 1
        keras.mixed_precision.set_global_policy("mixed_bfloat16" if recipe.precision == "bfloat16" else "float32")
        try:
            self.model = seeded(architecture, recipe)
        finally:
            keras.mixed_precision.set_global_policy("float32")
        self.averaged = seeded(architecture, recipe)
        self.optimizer = keras.optimizers.AdamW(recipe.rate, weight_decay=recipe.weight_decay)
        self.optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
        self.optimizer.build(self.model.trainable_variables)
        self.history: list[dict[str, Any]] = []
        self._decay = tf.Variable(0.0)
        # XLA fuses the small layers, which makes steps 17-25 % faster; depthwise layers take it twice the time instead
        # (docs/experiments.csv).
        compiled = COMPILE and recipe.precision == "float32" and not recipe.network.pretrained
        self._step = tf.function(self._train_step, jit_compile=compiled)

    @property
    def side(self) -> int:
        """Side in pixels of the next epoch's crops."""
        return self.recipe.small_side if len(self.history) < self.recipe.small_epochs else self.recipe.side

    def rate(self, step: int) -> float:
        """Learning rate of a step: linear warm-up, then a cosine to 1 % of the peak.

        With ``decay`` the rate stays at its peak until the last ``decay`` epochs and falls linearly there. That is as
        good as a cosine of the same length (Hägele et al. 2024), and the length need not be known in advance.
        """
        warm = self.recipe.warmup * self.steps_per_epoch
        total = self.recipe.epochs * self.steps_per_epoch
        if step < warm:
            return self.recipe.rate * (step + 1) / (warm + 1)
        if self.recipe.decay:
            left = (total - step) / (self.recipe.decay * self.steps_per_epoch)
            return self.recipe.rate * max(0.01, min(1.0, left))
        done = (step - warm) / max(1.0, total - warm)
        return self.recipe.rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))

    def _train_step(self, x: tf.Tensor, *targets: tf.Tensor) -> tf.Tensor:
        assert self.task is not None
        with tf.GradientTape() as tape:
            loss = self.task.loss(_full(self.model(x, training=True)), *targets)
        variables = self.model.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        for mean, now in zip(self.averaged.variables, self.model.variables, strict=True):
            if mean.dtype == "float32":
                mean.assign(self._decay * mean + (1.0 - self._decay) * now)
        return loss

    def run_epoch(self, progress: Progress | None = None, task: Any = None) -> float:
        """Trains one epoch and returns the mean loss.

        Raises:
            FloatingPointError: The loss is no longer finite.
        """
        if self.task is None:
            raise ValueError("a trainer without a task cannot train")
        epoch = len(self.history)
        losses = []
        for number, arrays in enumerate(ahead(self.task.batches(epoch, self.side))):
            step = epoch * self.steps_per_epoch + number
            self.optimizer.learning_rate.assign(self.rate(step))
            # An early average decays fast, so that the random initial weights soon lose their influence.
            self._decay.assign(min(self.recipe.ema, (1 + step) / (10 + step)))
            losses.append(float(self._step(*(tf.constant(a) for a in arrays))))
            if not math.isfinite(losses[-1]):
                raise FloatingPointError(
                    f"the loss became {losses[-1]} in epoch {epoch + 1}; lower the rate with --set rate=..."
                )
            if progress is not None:
                progress.update(task, advance=1, loss=f"{np.mean(losses[-50:]):.3f}")
        return float(np.mean(losses))

    def save(self, path: Path) -> None:
        """Writes everything a resumed run needs; the old checkpoint is replaced only by a complete one."""
        arrays = {f"model/{i}": v.numpy() for i, v in enumerate(self.model.variables)}
        arrays |= {f"averaged/{i}": v.numpy() for i, v in enumerate(self.averaged.variables)}
        arrays |= {f"optimizer/{i}": v.numpy() for i, v in enumerate(self.optimizer.variables)}
        with whole(path) as part, part.open("wb") as handle:
            np.savez(handle, history=json.dumps(self.history), **arrays)

    def keep(self, run: Path) -> None:
        """Writes the checkpoint and the history into a run's folder.

        Raises:
            ConfigError: They cannot be written.
        """
        checkpoint = run / "checkpoint.npz"
        with resources.writing(checkpoint):
            self.save(checkpoint)
            with whole(run / "history.json") as part:
                part.write_text(json.dumps(self.history, indent=1))

    def start_from(self, run: Path) -> None:
        """Starts from the averaged weights of a finished run.

        The other run's stages may have fewer residual blocks. The added ones begin as the identity (function-preserving
        growth, Chen et al. 2016), so that the network starts with the same answers.

        Raises:
            ConfigError: The run has no usable checkpoint, belongs to another task, or its network cannot grow into this
                one.
        """
        path = runs.starting_point(run)
        kept = run / "recipe.yaml"
        old = settings.load(Recipe, kept) if kept.exists() else self.recipe
        if old.task != self.recipe.task:
            raise ConfigError(f"init: {path}: cannot be used (it was trained for the task {old.task})")
        try:
            averaged = load_trained(run, old, self.architecture)
        except ConfigError:
            raise ConfigError(
                f"init: {path}: is damaged or of another network than {kept}; train {run} again"
            ) from None
        if bool(old.network.pretrained) != bool(self.recipe.network.pretrained):
            raise ConfigError(f"init: {path}: cannot be used (one of the two networks is pretrained, the other is not)")
        for model in (self.model, self.averaged):
            if old.network.pretrained:
                model.set_weights(averaged.get_weights())
                continue
            try:
                network.grow(model, averaged, old.network.shape(), self.recipe.network.shape())
            except ValueError as error:
                raise ConfigError(f"init: {path}: cannot be used ({error})") from None
        if self.task is not None:
            for model in (self.model, self.averaged):
                self.task.adapt(model, old)

    def start_pretrained(self, archive: Path) -> None:
        """Starts from third-party weights; the head keeps its random weights.

        Raises:
            ConfigError: The archive cannot be used.
        """
        weights = pretrained.read(archive)
        for model in (self.model, self.averaged):
            pretrained.give(model, weights)

    def restore(self, path: Path) -> None:
        """Loads a checkpoint written by ``save``.

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
            why = resources.brief(error)
            raise ConfigError(f"{path}: cannot be resumed ({why}); start again in another --out") from None


def _full(outputs: Any) -> Any:
    """Outputs in float32, whatever precision the layers computed in."""
    return tf.nest.map_structure(lambda output: tf.cast(output, tf.float32), outputs)


def load_trained(run: Path, recipe: Recipe, architecture: Architecture) -> keras.Model:
    """The averaged network of a run's checkpoint.

    Raises:
        ConfigError: The run has no checkpoint yet, or a damaged one.
    """
    path = run / "checkpoint.npz"
    if not path.exists():
        raise ConfigError(f"{run}: holds no checkpoint.npz; run: emotion-train fit --out {run}")
    trainer = Trainer(recipe, architecture)
    trainer.restore(path)
    return trainer.averaged
