"""Exported models side by side: how good, how large, how fast."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from monitor.errors import ModelError
from monitor.inference.card import ModelCard, load_card
from monitor.inference.runtime import Int8Model

log = logging.getLogger("train")

WARM_UP, CALLS = 30, 300


@dataclass(frozen=True, slots=True)
class Candidate:
    """An exported model.

    Attributes:
        name: File name without its ending.
        card: Its card, with the figures of its own export.
        size: Bytes of the .tflite.
        ms: Median milliseconds of one call on one thread of this machine, now.
    """

    name: str
    card: ModelCard
    size: int
    ms: float


def find(folders: Iterable[Path], labels: Sequence[str]) -> list[Path]:
    """All .tflite files at or below the folders whose card lists ``labels``, each model once, in order of name.

    Files without a valid card are no candidates; which those are is logged.
    """
    found: dict[str, Path] = {}
    for path in sorted({p for folder in folders for p in folder.rglob("*.tflite")}):
        try:
            card = load_card(path, None)
        except ModelError as error:
            log.warning("not compared: %s", error.lines[0])
            continue
        if sorted(card.labels) == sorted(labels):
            found.setdefault(card.sha256, path)
    return list(found.values())


def measure(path: Path) -> Candidate:
    """Times a model on gray noise, whose pixels cost what a face's cost.

    Raises:
        ModelError: The model cannot be run.
    """
    model = Int8Model(path, threads=1)
    picture = np.random.default_rng(0).integers(-128, 128, model.input.shape).astype(np.int8)
    times = []
    for _ in range(WARM_UP + CALLS):
        started = time.perf_counter()
        model.run(picture)
        times.append(time.perf_counter() - started)
    ms = float(np.median(times[WARM_UP:]) * 1e3)
    return Candidate(path.stem, load_card(path, None), path.stat().st_size, ms)
