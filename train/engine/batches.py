"""Augmented batches of an epoch, prepared by a thread while the network computes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from monitor.faces.crop import evened, to_unit
from train.data.datasets import Dataset
from train.engine.augment import augment
from train.engine.recipe import Recipe

PLAIN = 0.25
"""Share of crops whose contrast is not evened, against the recipe, so that the network also works on crops from other
programs."""
Batch = tuple[NDArray[np.float32], ...]
T = TypeVar("T")


def sampling(
    targets: NDArray[np.float32],
    balance: float,
    source: NDArray[np.str_] | None = None,
    source_balance: float = 0.0,
) -> NDArray[np.float64]:
    """Probability of drawing each row; rare classes and small sources are drawn more often.

    Args:
        targets: (N, K) distributions; a row belongs to its top class.
        balance: 0 draws the rows of a source uniformly, 1 draws each of its classes equally often.
        source: (N,) the set of each row; None or empty = a single set.
        source_balance: 0 draws sources in proportion to their size, 1 all equally often.

    Returns:
        (N,) probabilities that sum to 1.
    """
    top = targets.argmax(axis=1)
    if source is None or not len(source):
        source = np.full(len(targets), "")
    chances = np.empty(len(targets))
    for name in np.unique(source):
        own = source == name
        counts = np.bincount(top[own], minlength=targets.shape[1])
        weights = (1.0 / np.maximum(counts, 1)) ** balance
        within = weights[top[own]]
        chances[own] = within / within.sum() * own.sum() ** (1.0 - source_balance)
    return np.asarray(chances / chances.sum())


def log_priors(data: Dataset, recipe: Recipe) -> NDArray[np.float32]:
    """The log frequency of each class in the targets of a row's source, under the recipe's sampling.

    Returns:
        (N, 7) float32, the same for all rows of a source.
    """
    chances = sampling(data.targets, recipe.balance, data.source, recipe.source_balance)
    out = np.empty(data.targets.shape, np.float32)
    for name in data.sources:
        own = data.source == name if len(data.source) else np.ones(len(data), bool)
        prior = (chances[own, None] * data.targets[own]).sum(axis=0) / chances[own].sum()
        out[own] = np.log(np.maximum(prior, 1e-4))
    return out


def ahead(items: Iterator[T], depth: int = 6) -> Iterator[T]:
    """The same items, up to ``depth`` of them prepared in advance by a thread."""
    slots: queue.Queue[T | BaseException | None] = queue.Queue(maxsize=depth)
    stop = threading.Event()

    def put(item: T | BaseException | None) -> None:
        while not stop.is_set():
            try:
                slots.put(item, timeout=0.5)
                return
            except queue.Full:
                continue

    def produce() -> None:
        try:
            for item in items:
                put(item)
                if stop.is_set():
                    return
            put(None)
        except BaseException as error:  # raised again in the consumer
            put(error)

    thread = threading.Thread(target=produce, name="augment", daemon=True)
    thread.start()
    try:
        while (item := slots.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        thread.join()


def fallen(recipe: Recipe, epoch: int) -> float:
    """Progress 0..1 of an epoch, counted from 0, through the decay at the end of a recipe; the last epoch has 1."""
    return max(0.0, 1 - (recipe.epochs - 1 - epoch) / recipe.decay) if recipe.decay else 0.0


def epoch_batches(
    data: Dataset, recipe: Recipe, epoch: int, side: int, offsets: NDArray[np.float32] | None = None
) -> Iterator[Batch]:
    """Yields one epoch of ``(images (B, side, side, 1) float32, targets (B, 7) float32)``.

    With ``offsets`` (N, 7) each batch has those of its rows as a third array.

    Order and disturbances depend only on seed and epoch, so a resumed run gets the same batches as an uninterrupted
    one. The last, partial batch is dropped.
    """
    rng = np.random.default_rng([recipe.seed, epoch])
    count = len(data)
    if recipe.balance > 0 or recipe.source_balance > 0:
        chances = sampling(data.targets, recipe.balance, data.source, recipe.source_balance)
        order = rng.choice(count, count, p=chances)
    else:
        order = rng.permutation(count)
    how = recipe.augment.weaker(recipe.fade * fallen(recipe, epoch))
    for start in range(0, count - recipe.batch + 1, recipe.batch):
        rows = order[start : start + recipe.batch]
        crops = np.stack([augment(data.images[r], how, side, rng) for r in rows])
        if recipe.contrast:
            plain = rng.random(len(crops)) < PLAIN
            crops = np.stack([c if p else evened(c, recipe.contrast) for c, p in zip(crops, plain, strict=True)])
        x, y = to_unit(crops)[..., None], data.targets[rows]
        more = () if offsets is None else (offsets[rows],)
        if recipe.augment.mixup > 0:
            share = np.float32(rng.beta(recipe.augment.mixup, recipe.augment.mixup))
            other = rng.permutation(len(rows))
            x, y = share * x + (1 - share) * x[other], share * y + (1 - share) * y[other]
        yield x, y, *more
