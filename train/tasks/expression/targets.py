"""Targets of the expression network: the labels of the data and the outputs of teachers."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.core.labels import EMOTIONS
from monitor.settings import reader as settings
from monitor.system.digest import sha256
from monitor.system.wholefile import whole
from train.data.datasets import Dataset
from train.data.sources import FER
from train.engine.batches import log_priors
from train.engine.inference import all_evened, predict
from train.engine.recipe import Recipe
from train.engine.trainer import load_trained
from train.reports.metrics import softmax
from train.system import resources
from train.tasks.expression import network

log = logging.getLogger("train")


def smoothed(data: Dataset, share: float) -> Dataset:
    """The data with label smoothing of rows that have one label; targets from votes stay unchanged."""
    if not share:
        return data
    single = _single(data)
    even = np.float32(share / data.targets.shape[1])
    targets = np.where(single[:, None], (1 - share) * data.targets + even, data.targets).astype(np.float32)
    return replace(data, targets=targets)


def _single(data: Dataset) -> NDArray[np.bool_]:
    """Rows (N,) of sources that have one label a row and no votes."""
    out = np.zeros(len(data), bool)
    for source in data.sources:
        out[data.source == source if len(data.source) else slice(None)] = not data.of(source).voted
    return out


def taught(data: Dataset, recipe: Recipe, unlabelled: NDArray[np.uint8] | None = None) -> Dataset:
    """The data with single labels smoothed and the teachers' answers mixed into its targets (Hinton et al. 2015).

    Each teacher answers each crop and its mirror image. The mean of all answers, as probabilities, is mixed with the
    targets; it is the whole target of unlabelled crops.

    Raises:
        ConfigError: A teacher is not a finished run, or unlabelled crops have no teacher.
    """
    runs = recipe.teacher_runs()
    if not runs:
        if unlabelled is not None:
            raise ConfigError("unlabelled: needs teachers; name finished runs in teachers")
        return smoothed(data, recipe.smooth)
    labelled, single = len(data), _single(data)
    data = smoothed(data, recipe.smooth)
    priors = log_priors(data, recipe)
    if unlabelled is not None:
        data = with_unlabelled(data, unlabelled)
        priors = np.concatenate([priors, np.repeat(_fer_prior(data, priors), len(data) - labelled, axis=0)])
    total = np.zeros(data.targets.shape, np.float64)
    count = np.zeros((len(data), 1))
    for run in runs:
        if not (run / "recipe.yaml").exists():
            raise ConfigError(f"teachers: {run} is not a training run; train it first")
        rows, given = _answered(run, data, labelled, priors)
        total[rows] += given
        count[rows] += 1
    mean = (total / np.maximum(count, 1)).astype(np.float32)
    asked = (count[:, 0] > 0) & (np.arange(len(data)) < labelled)
    agreed = mean[asked].argmax(axis=1) == data.targets[asked].argmax(axis=1)
    log.info("%d teachers agree with the top label on %.4f of %d rows", len(runs), agreed.mean(), len(agreed))
    share = np.where(np.arange(len(data)) < labelled, recipe.taught, 1.0)
    if recipe.doubted:
        asked[:labelled] &= single
        doubts = _doubted(data, mean, asked)
        log.info("%d labels doubted: %s", doubts.sum(), _by_source(data, doubts))
        share[doubts] = recipe.doubted
    share = np.where(count[:, 0] > 0, share, 0).astype(np.float32)[:, None]
    targets = (share * mean + (1 - share) * data.targets).astype(np.float32)
    return replace(data, targets=targets)


def _doubted(data: Dataset, mean: NDArray[np.float32], asked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Rows (N,) whose label the teachers contradict with confidence.

    Confident learning (Northcutt et al. 2021): a class's threshold is the mean of the teachers' answers for it over the
    rows of a source with that label. A row is doubted where another class wins and reaches its own threshold.

    Args:
        data: Training rows.
        mean: (N, 7) the teachers' answers.
        asked: (N,) rows with an answer and one label.
    """
    out = np.zeros(len(data), bool)
    for source in data.sources:
        own = np.flatnonzero(asked & (data.source == source if len(data.source) else True))
        label, answer = data.truth[own], mean[own]
        least = np.array([answer[label == k, k].mean() if (label == k).any() else 1.0 for k in range(len(EMOTIONS))])
        best = answer.argmax(axis=1)
        out[own] = (best != label) & (answer.max(axis=1) >= least[best])
    return out


def _by_source(data: Dataset, rows: NDArray[np.bool_]) -> str:
    if not len(data.source):
        return f"{rows.mean():.1%}"
    return ", ".join(f"{source} {rows[data.source == source].mean():.1%}" for source in data.sources)


def _fer_prior(data: Dataset, priors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The (1, 7) log prior of FER2013's rows, which is assumed for photographs without a label, too."""
    first = int(np.argmax(data.source == FER)) if len(data.source) else 0
    return priors[first : first + 1]


def _answered(
    run: Path, data: Dataset, labelled: int, priors: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The rows that a teacher answers, and its answers (M, 7) as probabilities.

    A teacher trained with ``adjusted`` answers all rows, each with the prior of the row's source. Any other teacher
    includes FER2013's prior, so it answers only FER2013's rows of a joined set.
    """
    own = settings.load(Recipe, run / "recipe.yaml")
    rows = np.arange(len(data))
    if len(data.source) and not own.adjusted:
        rows = np.flatnonzero(data.source == FER)
    # Separately, so that runs with other unlabelled crops, or none, reuse the answers to the labelled ones.
    parts = (rows[rows < labelled], rows[rows >= labelled])
    given = np.concatenate([answers(run, data.images[part]) for part in parts if len(part)]).astype(np.float64)
    if own.adjusted:
        given *= np.exp(own.adjusted * priors[rows].astype(np.float64))
        given /= given.sum(axis=1, keepdims=True)
    return rows, given


def answers(run: Path, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A finished run's answers to crops, the mean over each crop and its mirror image.

    Large teachers take minutes, so the answers are cached in the run's folder under a name that depends on the
    checkpoint and the crops.

    Args:
        run: The run's folder.
        images: (N, 48, 48) uint8 gray.

    Returns:
        (N, 7) float32 probabilities.

    Raises:
        ConfigError: The run belongs to another task or has no usable checkpoint.
    """
    own = settings.load(Recipe, run / "recipe.yaml")
    if own.task != "expression":
        raise ConfigError(f"teachers: {run} was trained for {own.task}, not for expression; leave it out")
    model = load_trained(run, own, network)
    state = sha256((run / "checkpoint.npz").read_bytes() + (run / "recipe.yaml").read_bytes())
    path = run / f"answers-{state[:12]}-{sha256(images.tobytes())[:12]}.npy"
    if path.exists():
        with contextlib.suppress(OSError, ValueError, EOFError):  # a damaged file is computed again
            kept = np.load(path)
            if kept.shape == (len(images), len(EMOTIONS)):
                return np.asarray(kept, np.float32)
    looks = (images, np.ascontiguousarray(images[:, :, ::-1]))
    seen = [softmax(predict(model, all_evened(look, own.contrast))) for look in looks]
    out = np.asarray((seen[0] + seen[1]) / 2, np.float32)
    try:
        with resources.writing(path), whole(path) as part, part.open("wb") as handle:
            np.save(handle, out)
    except ConfigError as error:  # the cache only saves time
        log.warning("%s", error.lines[0])
    return out


def with_unlabelled(data: Dataset, crops: NDArray[np.uint8]) -> Dataset:
    """The data with crops added as training rows without a label."""
    count = len(crops)
    log.info("%d crops without a label", count)
    return replace(
        data, images=np.concatenate([data.images, crops]),
        targets=np.concatenate([data.targets, np.zeros((count, data.targets.shape[1]), np.float32)]),
        truth=np.concatenate([data.truth, np.full(count, -1)]),
        usable=np.concatenate([data.usable, np.ones(count, bool)]),
        split=np.concatenate([data.split, np.full(count, "train")]), contempt=np.empty(0, bool),
        source=np.concatenate([data.source, np.full(count, FER)]) if len(data.source) else data.source,
    )  # fmt: skip
