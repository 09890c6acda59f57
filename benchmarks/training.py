"""Estimates how long expression recipes take on this machine, from a few training steps of each.

    python -m benchmarks.training first second quick     # recipes of train/recipes, or .yaml files

Needs ``runs/data.npz`` and, for recipes with unlabelled photographs, those files; neither earlier runs nor teachers.
Not included are the answers of the teachers, computed once before the first epoch, and the validation after each epoch
(some seconds).
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from monitor.core.errors import ConfigError
from train.data import datasets, faceset, unlabelled
from train.data.datasets import Dataset
from train.engine import recipe
from train.engine.batches import ahead, epoch_batches
from train.engine.recipe import Recipe
from train.engine.trainer import Trainer
from train.system import resources
from train.tasks.expression import network
from train.tasks.expression.targets import with_unlabelled
from train.tasks.expression.training import ExpressionTraining

CROPS = 2304
"""Number of crops per input size; the first third, in which the graph is built, is not measured."""


class Steps:
    """A task with a loss only; see ``train.engine.training.Training``."""

    loss = ExpressionTraining.loss

    def __init__(self, count: int) -> None:
        self.steps = count


def seconds_an_epoch(data: Dataset, own: Recipe, trainer: Trainer, side: int) -> float:
    """Seconds per epoch with crops of ``side`` pixels, estimated from some steps."""
    count = min(CROPS, len(data)) // own.batch
    if count < 3:
        raise ConfigError(f"{data.name}: has {len(data)} crops, too few steps of {own.batch} to measure")
    started, step = 0.0, 0
    for step, (x, y) in enumerate(ahead(epoch_batches(data, own, 0, side)), 1):
        loss: Any = trainer._step(tf.constant(x), tf.constant(y))
        float(loss)  # waits for the result
        if step == count // 3:
            started = time.perf_counter()
        if step == count:
            break
    return (time.perf_counter() - started) / (step - count // 3) * (len(data) // own.batch)


def main() -> None:
    """Prints a row per recipe and the sum."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("recipes", nargs="+")
    parser.add_argument("--data", type=Path, default=Path("runs/data.npz"))
    args = parser.parse_args()
    resources.keep_memory()
    training = datasets.load(args.data).part("train")
    training = training.take(training.usable)
    total = 0.0
    print("| recipe | epochs (small) | seconds an epoch (small) | minutes |\n|---|---|---|---|")
    for name in args.recipes:
        own = recipe.load(name, [])
        data = training
        if own.unlabelled:
            data = with_unlabelled(training, unlabelled.crops(faceset.read(Path(own.unlabelled))))
        trainer = Trainer(own, network, Steps(len(data) // own.batch))  # type: ignore[arg-type]
        small = seconds_an_epoch(data, own, trainer, own.small_side) if own.small_epochs else 0.0
        large = seconds_an_epoch(data, own, trainer, own.side)
        minutes = (small * own.small_epochs + large * (own.epochs - own.small_epochs)) / 60
        total += minutes
        beside = f" ({small:.0f})" if own.small_epochs else ""
        print(f"| {name} | {own.epochs} ({own.small_epochs}) | {large:.0f}{beside} | {minutes:.1f} |", flush=True)
    print(f"\n{total:.0f} minutes, {np.round(total / 60, 1)} hours")


if __name__ == "__main__":
    main()
