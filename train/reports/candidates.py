"""Exported models side by side: how good, how large, how fast."""

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
"""The models take turns, so that other work on the machine troubles all of them alike."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An exported model.

    Attributes:
        name: File name without its ending, with its folder's where several are called alike.
        card: Its card, with the figures of its own export.
        size: Bytes of the .tflite.
        ms: Median milliseconds of one call on one thread of this machine, now.
    """

    name: str
    card: ModelCard
    size: int
    ms: float


def find(folders: Iterable[Path], labels: Sequence[str]) -> list[Path]:
    """All .tflite files at or below the folders whose card lists ``labels``; copies of a model count once, the first.

    Files without a valid card are no candidates; which those are is logged.
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
    """Those of the models that run here, and their files."""
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
    """Times models on gray noise, whose pixels cost what a face's cost; one that cannot be run is told and left out."""
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
    return [  # the first round warms up
        Candidate(name, load_card(path, None), path.stat().st_size, float(np.median(own[CALLS:]) * 1e3))
        for name, path, own in zip(names, paths, times, strict=True)
    ]
