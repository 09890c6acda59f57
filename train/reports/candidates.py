"""Comparison of exported models by score, size and speed."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from monitor.core.errors import ModelError
from monitor.networks.card import ModelCard, load_card
from monitor.networks.runtime import Int8Model
from train.system.progress import track

log = logging.getLogger("train")

ROUNDS, CALLS = 10, 30
"""Rounds of alternating models, so that other load affects all of them equally, and calls per model and round."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An exported model.

    Attributes:
        name: File name without suffix, preceded by the folder's name if several models share it.
        card: Its card, with the figures of its export.
        size: Bytes of the .tflite.
        ms: Median milliseconds of one call on one thread, measured now.
    """

    name: str
    card: ModelCard
    size: int
    ms: float


def find(folders: Iterable[Path], labels: Sequence[str]) -> list[Path]:
    """All .tflite files in the folders and below whose card lists ``labels``; of copies only the first.

    Files without a valid card are skipped and logged.
    """
    found: dict[str, Path] = {}
    for path in (p for folder in folders for p in sorted(folder.rglob("*.tflite"))):
        try:
            card = load_card(path, None)
        except ModelError as error:
            log.warning("not compared: %s", error.lines[0])
            continue
        if sorted(card.labels) == sorted(labels):
            found.setdefault(card.sha256, path)
    return list(found.values())


def _runnable(paths: Sequence[Path]) -> tuple[list[Int8Model], list[Path]]:
    """The models that run on this machine, and their files."""
    running, kept = [], []
    for path in paths:
        try:
            model = Int8Model(path, threads=1)
        except ModelError as error:
            log.warning("not compared: %s", error.lines[0])
            continue
        running.append(model)
        kept.append(path)
    return running, kept


def measure(paths: Sequence[Path]) -> list[Candidate]:
    """Measures the time of models on noise, which costs as much as a face; a model that cannot run is logged and
    skipped."""
    running, paths = _runnable(paths)
    rng = np.random.default_rng(0)
    pictures = [rng.integers(-128, 128, model.input.shape).astype(np.int8) for model in running]
    times: list[list[float]] = [[] for _ in paths]
    for _ in track(range(ROUNDS + 1), "timing"):
        for model, picture, own in zip(running, pictures, times, strict=True):
            for _ in range(CALLS):
                started = time.perf_counter()
                model.run(picture)
                own.append(time.perf_counter() - started)
    stems = Counter(path.stem for path in paths)
    names = [path.stem if stems[path.stem] == 1 else f"{path.absolute().parent.name}/{path.stem}" for path in paths]
    return [  # without the first round, which is the warm-up
        Candidate(name, load_card(path, None), path.stat().st_size, float(np.median(own[CALLS:]) * 1e3))
        for name, path, own in zip(names, paths, times, strict=True)
    ]
