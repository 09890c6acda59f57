"""The training loop: AdamW, averaged weights, growing crops, resumable after a kill."""

from __future__ import annotations

import json
import logging
import math
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import cv2
import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from rich.progress import Progress, TextColumn

from monitor.core.errors import ConfigError
from monitor.faces.crop import evened, to_unit
from monitor.settings import reader as settings
from monitor.system.wholefile import whole
from train.engine import network, pretrained, resources, runs
from train.engine.batches import ahead
from train.engine.progress import bars
from train.engine.recipe import Recipe
from train.engine.tensorboard import Board

log = logging.getLogger("train")


Arrays = tuple[NDArray[Any], ...]


class Task(Protocol):
    """What is trained: the data, what counts as wrong, and how it is judged.

    Attributes:
        steps: Steps of an epoch.
    """

    steps: int

    def batches(self, epoch: int, side: int) -> Iterator[Arrays]:
        """The batches of an epoch: the input first, then the targets ``loss`` takes."""

    def loss(self, outputs: Any, *targets: tf.Tensor) -> tf.Tensor:
        """Mean loss of a batch."""

    def validate(self, model: keras.Model, side: int) -> dict[str, float | int]:
        """Figures of the averaged network on the validation split."""


@runtime_checkable
class Adapts(Protocol):
    """A task that changes what a new run takes over from another one."""

    def adapt(self, model: keras.Model, old: Recipe) -> None:
        """Changes a network that has just been given the weights of a run of the recipe ``old``."""


def make_model(recipe: Recipe) -> keras.Model:
    """The untrained network of a recipe, its weights drawn from the recipe's seed."""
    keras.utils.set_random_seed(recipe.seed)
    channels, blocks = recipe.network.shape()
    if recipe.task == "keypoints":
        return network.build_keypoints(channels, blocks)
    if recipe.task == "eyes":
        return network.build_eyes(channels, blocks, recipe.network.dropout)
    if recipe.task == "proposals":
        return network.build_proposals(channels, blocks)
    if recipe.network.pretrained:
        return pretrained.build(recipe.network.dropout, recipe.network.enlarged)
    return network.build(channels, blocks, recipe.network.dropout)


class Trainer:
    """One run: the network, its averaged twin, the optimiser and the history.

    Attributes:
        model: The network being trained.
        averaged: The same network with averaged weights; this one is validated and exported.
        history: One entry per finished epoch.
    """

    def __init__(self, recipe: Recipe, task: Task | None = None) -> None:
        """Draws the weights; without a task the trainer can only hold a checkpoint."""
        self.recipe = recipe
        self.task = task
        self.steps_per_epoch = task.steps if task else 1
        keras.mixed_precision.set_global_policy("mixed_bfloat16" if recipe.precision == "bfloat16" else "float32")
        try:
            self.model = make_model(recipe)
        finally:
            keras.mixed_precision.set_global_policy("float32")
        self.averaged = make_model(recipe)
        self.optimizer = keras.optimizers.AdamW(recipe.rate, weight_decay=recipe.weight_decay)
        self.optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
        self.optimizer.build(self.model.trainable_variables)
        self.history: list[dict[str, Any]] = []
        self._decay = tf.Variable(0.0)
        # XLA fuses the small layers: 17-25 % faster here than without, but depthwise ones take it twice the time
        # (docs/EXPERIMENTS.md).
        self._step = tf.function(
            self._train_step, jit_compile=recipe.precision == "float32" and not recipe.network.pretrained
        )

    @property
    def side(self) -> int:
        """Side in pixels of the crops of the epoch that comes next."""
        return self.recipe.small_side if len(self.history) < self.recipe.small_epochs else self.recipe.side

    def rate(self, step: int) -> float:
        """Learning rate of a step: linear warm-up, then a cosine to 1 % of the peak.

        With ``decay`` the rate stays at its peak until the last ``decay`` epochs and falls linearly there:
        as good as a cosine of that length (Hägele et al. 2024), and its length need not be known before.
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
            # A young average forgets fast, so that the random start does not linger in it.
            self._decay.assign(min(self.recipe.ema, (1 + step) / (10 + step)))
            losses.append(float(self._step(*(tf.constant(a) for a in arrays))))
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
        with whole(path) as part, part.open("wb") as handle:
            np.savez(handle, history=json.dumps(self.history), **arrays)

    def keep(self, run: Path) -> None:
        """Writes the checkpoint and the history into the folder of a run.

        Raises:
            ConfigError: They cannot be written.
        """
        checkpoint = run / "checkpoint.npz"
        with resources.writing(checkpoint):
            self.save(checkpoint)
            with whole(run / "history.json") as part:
                part.write_text(json.dumps(self.history, indent=1))

    def start_from(self, run: Path) -> None:
        """Takes the averaged weights of a finished run as the starting point.

        The other run's stages may have fewer residual blocks: those that are added begin as the identity
        (function-preserving growth, Chen et al. 2016), so that the network starts with the same answers.

        Raises:
            ConfigError: The run has no usable checkpoint, or its network cannot grow into this one.
        """
        path = runs.starting_point(run)
        kept = run / "recipe.yaml"
        old = settings.load(Recipe, kept) if kept.exists() else self.recipe
        try:
            averaged = load_trained(run, old)
        except ConfigError:
            raise ConfigError(f"init: {path}: is damaged or of another network than {kept}; train {run} anew") from None
        if bool(old.network.pretrained) != bool(self.recipe.network.pretrained):
            raise ConfigError(f"init: {path}: cannot be used (one of both networks is pretrained, the other is not)")
        for model in (self.model, self.averaged):
            if old.network.pretrained:
                model.set_weights(averaged.get_weights())
                continue
            try:
                network.grow(model, averaged, old.network.shape(), self.recipe.network.shape())
            except ValueError as error:
                raise ConfigError(f"init: {path}: cannot be used ({error})") from None
        if isinstance(self.task, Adapts):
            for model in (self.model, self.averaged):
                self.task.adapt(model, old)

    def start_pretrained(self, archive: Path) -> None:
        """Takes others' weights as the starting point; the head stays as it was drawn.

        Raises:
            ConfigError: The archive cannot be used.
        """
        weights = pretrained.read(archive)
        for model in (self.model, self.averaged):
            pretrained.give(model, weights)

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
            why = resources.brief(error)
            raise ConfigError(f"{path}: cannot be resumed ({why}); start anew in another --out") from None


def _full(outputs: Any) -> Any:
    """Outputs in full precision, whatever the layers computed in."""
    return tf.nest.map_structure(lambda output: tf.cast(output, tf.float32), outputs)


def resized(images: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Crops (N, 48, 48) at another side."""
    if images.shape[1] == side:
        return images
    return np.stack([cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA) for image in images]).astype(
        np.uint8
    )


def all_evened(images: NDArray[np.uint8], contrast: float) -> NDArray[np.uint8]:
    """Crops (N, S, S) as the app hands them to a network that wants them evened to this contrast; 0 = as they are."""
    return np.stack([evened(image, contrast) for image in images]) if contrast else images


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
    trainer = Trainer(recipe)
    trainer.restore(path)
    return trainer.averaged


def fit(
    task: Task,
    recipe: Recipe,
    run: Path,
    resume: bool,
    tensorboard: bool = False,
    begun: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Trains a recipe and validates each epoch.

    Args:
        task: Data and loss.
        recipe: What to do.
        run: Folder of the run: recipe.yaml, checkpoint.npz, history.json.
        resume: Go on from the folder's checkpoint instead of starting anew.
        tensorboard: Also write the history as TensorBoard event files into the folder's ``tensorboard/``.
        begun: Called once the folder is the run's, before it is trained.

    Returns:
        The last epoch's history entry.

    Raises:
        ConfigError: ``run`` already holds a run and ``resume`` is false, or holds another recipe's; memory or
            disk will not suffice, or the folder can no longer be written.
    """
    checkpoint = run / "checkpoint.npz"
    if recipe.network.pretrained:
        maps, parameters = pretrained.MAPS * recipe.network.enlarged**2, pretrained.PARAMETERS
    else:
        shape = recipe.network.shape()
        maps, parameters = network.maps(*shape, recipe.side), network.cost(*shape, recipe.side).parameters
    resources.require_training(maps, recipe.batch, parameters, run)  # before the weights are made
    trainer = Trainer(recipe, task)
    with resources.writing(run):
        runs.claim(run, recipe, resume)
    begun()
    if resume and checkpoint.exists():
        trainer.restore(checkpoint)
        log.info("resuming after epoch %d of %d", len(trainer.history), recipe.epochs)
    elif recipe.init:
        trainer.start_from(Path(recipe.init))
    elif recipe.network.pretrained:
        trainer.start_pretrained(Path(recipe.network.pretrained))
    board = Board(run / "tensorboard") if tensorboard else None
    with bars(TextColumn("loss {task.fields[loss]}")) as progress:
        total = recipe.epochs * trainer.steps_per_epoch
        bar = progress.add_task("fit", total=total, completed=len(trainer.history) * trainer.steps_per_epoch, loss="-")
        while len(trainer.history) < recipe.epochs:
            started = time.monotonic()
            progress.update(bar, description=f"epoch {len(trainer.history) + 1}/{recipe.epochs}")
            loss = trainer.run_epoch(progress, bar)
            entry = {
                "epoch": len(trainer.history) + 1,
                "loss": round(loss, 4),
                **task.validate(trainer.averaged, trainer.side),
                "seconds": round(time.monotonic() - started, 1),
            }
            trainer.history.append(entry)
            trainer.keep(run)
            if board:
                board.write(entry)
            log.info("epoch %s", ", ".join(f"{k} {v}" for k, v in entry.items())[6:])
    return trainer.history[-1]
