"""The training loop: epochs, validation, checkpoints; it can be resumed after a kill."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.progress import Progress, TextColumn

from train.engine import runs
from train.engine.recipe import Recipe
from train.engine.tensorboard import Board
from train.engine.trainer import Trainer
from train.engine.training import Training
from train.system import resources
from train.system.progress import bars

log = logging.getLogger("train")


def fit(
    task: Training,
    recipe: Recipe,
    run: Path,
    *,
    resume: bool = False,
    tensorboard: bool = False,
    begun: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Trains a recipe and validates each epoch.

    Args:
        task: Data, loss and validation.
        recipe: The recipe.
        run: Folder of the run: recipe.yaml, checkpoint.npz, history.json.
        resume: Continue from the folder's checkpoint instead of starting over.
        tensorboard: Also write the history as TensorBoard event files into the folder's ``tensorboard/``.
        begun: Called once the folder belongs to this run, before the first step.

    Returns:
        The last epoch's history entry.

    Raises:
        ConfigError: ``run`` already holds a run and ``resume`` is false, or holds another recipe's; memory or disk do
            not suffice, or the folder cannot be written.
    """
    cost = task.network.cost(recipe)
    resources.require_training(cost.maps, recipe.batch, cost.parameters, run)  # before the network is built
    trainer = Trainer(recipe, task.network, task)
    with resources.writing(run):
        runs.claim(run, recipe, resume=resume)
    begun()
    _start(trainer, run, resume=resume)
    board = Board(run / "tensorboard") if tensorboard else None
    with bars(TextColumn("loss {task.fields[loss]}")) as progress:
        total = recipe.epochs * trainer.steps_per_epoch
        bar = progress.add_task("fit", total=total, completed=len(trainer.history) * trainer.steps_per_epoch, loss="-")
        while len(trainer.history) < recipe.epochs:
            entry = _epoch(trainer, task, progress, bar)
            trainer.keep(run)
            if board:
                board.write(entry)
            log.info("epoch %s", ", ".join(f"{k} {v}" for k, v in entry.items())[6:])
    return trainer.history[-1]


def _start(trainer: Trainer, run: Path, *, resume: bool) -> None:
    """Loads the start of the run: its own checkpoint, another run, third-party weights, or none."""
    recipe, checkpoint = trainer.recipe, run / "checkpoint.npz"
    if resume and checkpoint.exists():
        trainer.restore(checkpoint)
        log.info("resuming after epoch %d of %d", len(trainer.history), recipe.epochs)
    elif recipe.init:
        trainer.start_from(Path(recipe.init))
    elif recipe.network.pretrained:
        trainer.start_pretrained(Path(recipe.network.pretrained))


def _epoch(trainer: Trainer, task: Training, progress: Progress, bar: Any) -> dict[str, Any]:
    """Trains and validates one epoch and appends it to the history."""
    started = time.monotonic()
    number = len(trainer.history) + 1
    progress.update(bar, description=f"epoch {number}/{trainer.recipe.epochs}")
    loss = trainer.run_epoch(progress, bar)
    entry: dict[str, Any] = {
        "epoch": number,
        "loss": round(loss, 4),
        **task.validate(trainer.averaged, trainer.side),
        "seconds": round(time.monotonic() - started, 1),
    }
    trainer.history.append(entry)
    return entry
