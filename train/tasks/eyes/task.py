"""Training and judging the eye network."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.faces.crop import to_unit
from monitor.networks.eyes import EyeNet
from train.data.eyeset import INNER, OPEN, PATCH, SHUT, SPEC, EyeSet, middle
from train.engine.augment import disturb
from train.engine.recipe import Recipe
from train.reports.metrics import fit_temperature

log = logging.getLogger("train")

Image = NDArray[np.uint8]

CLEAR_SHUT, CLEAR_OPEN = 0.12, 0.25
"""The same where an eye must be clearly one or the other to be judged on."""
SHARES = {"mrl": 0.30, "cew": 0.26, "kaggle": 0.06, "faces": 0.10, "driver": 0.08, "fer": 0.08, "none": 0.12}
"""Shares of an epoch's crops by source; "none" shows other parts of faces."""
COVER = 0.12
"""Chance that something lies over an eye, which then is not visible."""


class EyeTask:
    """Reading eyes; see ``train.engine.fit.Task``."""

    def __init__(self, data: EyeSet, recipe: Recipe) -> None:
        """Prepares both splits.

        Raises:
            ConfigError: A split has no eyes, or the recipe's side is not the crop's.
        """
        for split in ("train", "validation"):
            if not (data.split == split).any():
                raise ConfigError(f"{data.name}: has no eyes in the split {split!r}")
        if recipe.side != SPEC.side:
            raise ConfigError(f"side must be {SPEC.side} for the task eyes (got {recipe.side})")
        self._data, self._recipe = data, recipe
        self.steps = recipe.jitter.regions // recipe.batch
        train = data.split == "train"
        # Per source one list of shut and one of open eyes, drawn from alike.
        self._pools = {
            source: [
                rows
                for half in (data.opened < 0.5, data.opened >= 0.5)
                if len(rows := np.flatnonzero(train & (data.source == source) & half))
            ]
            for source in SHARES
        }
        rows = np.flatnonzero(data.split == "validation")
        self._checked = rows
        self._check = middle(data.images[rows])
        log.info("%d training eyes, judged on %d", int(train.sum()), len(rows))

    def batches(self, epoch: int, side: int) -> Iterator[tuple[NDArray[Any], ...]]:
        """One epoch of inputs and (N, 2) targets: openness and visibility."""
        rng = np.random.default_rng([self._recipe.seed, epoch])
        rows = self._epoch(rng)
        size = self._recipe.batch
        for start in range(0, len(rows) - size + 1, size):
            made = [self._make(int(row), rng) for row in rows[start : start + size]]
            yield to_unit(np.stack([m[0] for m in made]))[..., None], np.array([m[1:] for m in made], np.float32)

    def loss(self, outputs: Any, *targets: tf.Tensor) -> tf.Tensor:
        """Cross entropy of both answers; openness only where there is an eye."""
        (true,) = targets
        each = tf.nn.sigmoid_cross_entropy_with_logits(true, outputs)
        seen = true[:, 1]
        opened = tf.reduce_sum(each[:, 0] * seen) / (tf.reduce_sum(seen) + 1e-3)
        return opened + 0.5 * tf.reduce_mean(each[:, 1])

    def validate(self, model: keras.Model, side: int) -> dict[str, float | int]:
        """Figures of undisturbed crops."""
        logits = float_logits(model, self._check)
        report = figures(logits, self._data, self._checked)
        return {key: value for key, value in report.items() if isinstance(value, (int, float))}

    def _epoch(self, rng: np.random.Generator) -> NDArray[np.int64]:
        parts: list[NDArray[np.int64]] = []
        total = sum(SHARES[s] for s, pools in self._pools.items() if pools)
        for source, pools in self._pools.items():
            for pool in pools:
                count = round(self._recipe.jitter.regions * SHARES[source] / total / len(pools))
                parts.append(rng.choice(pool, count))
        rows = rng.permutation(np.concatenate(parts))
        return np.resize(rows, self.steps * self._recipe.batch)  # rounding must not cost a batch

    def _make(self, row: int, rng: np.random.Generator) -> tuple[Image, float, float]:
        """One disturbed crop with its two targets."""
        patch = self._data.images[row]
        zoom = SPEC.side / INNER * float(np.exp(rng.uniform(-0.26, 0.22)))
        angle = np.deg2rad(rng.uniform(-14, 14))
        flip = -1.0 if rng.random() < 0.5 else 1.0
        cos, sin = np.cos(angle) * zoom, np.sin(angle) * zoom
        matrix = np.array([[cos * flip, -sin], [sin * flip, cos]])
        target = np.full(2, (SPEC.side - 1) / 2) + rng.uniform(-0.1, 0.1, 2) * SPEC.side
        offset = target - matrix @ np.full(2, (PATCH - 1) / 2)
        out = cv2.warpAffine(
            patch, np.hstack([matrix, offset[:, None]]), (SPEC.side, SPEC.side),
            flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE,
        ).astype(np.uint8, copy=False)  # fmt: skip
        visible = float(self._data.visible[row])
        if rng.random() < COVER:
            out, visible = _covered(out, rng), 0.0
        return disturb(out, self._recipe.augment, rng), float(self._data.opened[row]), visible


def _covered(image: Image, rng: np.random.Generator) -> Image:
    """Something over the eye: a dark glass, a glare or a hand of one gray, wider than the eye."""
    side = image.shape[0]
    blank = np.zeros((side, side), np.float32)
    centre = tuple(int(v) for v in side / 2 + rng.uniform(-0.06, 0.06, 2) * side)
    axes = tuple(int(v) for v in rng.uniform(0.36, 0.75, 2) * side)
    cv2.ellipse(blank, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1, cv2.LINE_AA)
    mask = cv2.GaussianBlur(blank, (0, 0), float(rng.uniform(0.4, 2.0)))
    ramp = np.linspace(-1, 1, side)[None, :] * np.cos(rng.uniform(0, 6.3)) * rng.uniform(0, 40)
    cover = np.clip(rng.integers(0, 256) + ramp + rng.normal(0, rng.uniform(0, 6), (side, side)), 0, 255)
    return np.asarray(cover * mask + image * (1 - mask) + 0.5, dtype=np.uint8)


def float_logits(model: keras.Model, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Logits (N, 2) of (N, 32, 32) crops."""
    parts = [
        np.asarray(model(to_unit(crops[i : i + 512])[..., None], training=False)) for i in range(0, len(crops), 512)
    ]
    return np.concatenate(parts)


def figures(logits: NDArray[np.float32], data: EyeSet, rows: NDArray[np.int64]) -> dict[str, Any]:
    """How often shut and open eyes are told apart, by source; and eyes from what is none.

    ``cew``: share right of all its eyes. ``mrl``: mean over subjects of the share right. ``kaggle``,
    ``faces``, ``driver``, ``fer``: mean of the shares right among shut and among open eyes; of the
    last three only eyes whose reference openness is clear. ``visible`` / ``ghosts``: share of eyes, and of
    other places, taken for an eye.

    Args:
        logits: (N, 2).
        data: The set.
        rows: (N,) its rows that the logits belong to.
    """
    opened, source, person = data.opened[rows], data.source[rows], data.person[rows]
    seen = data.visible[rows] > 0.5
    truth = opened >= 0.5
    right = (logits[:, 0] > 0) == truth
    report: dict[str, Any] = {}
    subjects = {}
    clear = (opened <= (CLEAR_SHUT - SHUT) / (OPEN - SHUT)) | (opened >= (CLEAR_OPEN - SHUT) / (OPEN - SHUT))
    for name in SHARES:
        mine = seen & (source == name) & clear
        if not mine.any():
            continue
        if name == "mrl":
            subjects = {str(p): _share(right[mine & (person == p)]) for p in sorted(set(person[mine]))}
            report["mrl"] = round(float(np.mean(list(subjects.values()))), 4)
            report["mrl_subjects"] = subjects
        elif name == "cew":
            report["cew"] = _share(right[mine])
        else:
            halves = [right[mine & half] for half in (truth, ~truth)]
            report[name] = round(float(np.mean([h.mean() for h in halves if len(h)])), 4)
            report[f"{name}_shut_n"] = len(halves[1])
        report[f"{name}_n"] = int(mine.sum())
    report["visible"], report["visible_n"] = _share(logits[seen, 1] > 0), int(seen.sum())
    report["ghosts"], report["ghosts_n"] = _share(logits[~seen, 1] > 0), int((~seen).sum())
    return report


def _share(values: NDArray[np.bool_]) -> float:
    return round(float(values.mean()), 4) if len(values) else float("nan")


def temperature(logits: NDArray[np.float32], data: EyeSet, rows: NDArray[np.int64]) -> float:
    """What the openness logit is divided by (``metrics.fit_temperature`` of shut against open)."""
    seen = data.visible[rows] > 0.5
    two = np.stack([np.zeros(int(seen.sum()), np.float32), logits[seen, 0]], axis=1)
    return fit_temperature(two, (data.opened[rows][seen] >= 0.5).astype(np.int64))


def evaluate(model: Path, data: EyeSet, split: str) -> dict[str, Any]:
    """``figures`` of a .tflite with a card, through the app's runtime."""
    net = EyeNet(model)
    rows = np.flatnonzero(data.split == split)
    if not len(rows):
        raise ConfigError(f"{data.name}: has no eyes in the split {split!r}")
    logits = np.stack([net.logits(c) for c in middle(data.images[rows])])
    return figures(logits, data, rows)
