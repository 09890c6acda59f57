"""Trains and validates the eye network."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import cv2
import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from monitor.faces.crop import to_unit
from train.data.eyeset import INNER, PATCH, SPEC, EyeSet, middle
from train.engine.augment import disturb
from train.engine.inference import predict
from train.engine.network import Architecture
from train.engine.recipe import Recipe
from train.engine.training import Training, check_trainable
from train.tasks.eyes import network as own_network
from train.tasks.eyes.figures import figures

log = logging.getLogger("train")

Image = NDArray[np.uint8]

SHARES = {"mrl": 0.30, "cew": 0.26, "kaggle": 0.06, "faces": 0.10, "driver": 0.08, "fer": 0.08, "none": 0.12}
"""Share of an epoch's crops by source; "none" shows other parts of faces."""
COVER = 0.12
"""Chance that the eye is covered and therefore not visible."""


class EyeTraining(Training):
    """Training of the eye network; see ``train.engine.training.Training``."""

    network: Architecture = own_network

    def __init__(self, data: EyeSet, recipe: Recipe) -> None:
        """Prepares both splits.

        Raises:
            ConfigError: A split has no eyes, or the recipe's side is not the crop's.
        """
        check_trainable(data.name, data.split, recipe, SPEC.side, "eyes")
        self._data, self._recipe = data, recipe
        self.steps = recipe.jitter.regions // recipe.batch
        train = data.split == "train"
        # For each source, shut and open eyes are drawn equally often.
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
        log.info("%d training eyes, validated on %d", int(train.sum()), len(rows))

    def batches(self, epoch: int, side: int) -> Iterator[tuple[NDArray[Any], ...]]:
        """One epoch of inputs and (N, 2) targets: openness and visibility."""
        rng = np.random.default_rng([self._recipe.seed, epoch])
        rows = self._epoch(rng)
        size = self._recipe.batch
        for start in range(0, len(rows) - size + 1, size):
            made = [self._make(int(row), rng) for row in rows[start : start + size]]
            yield to_unit(np.stack([m[0] for m in made]))[..., None], np.array([m[1:] for m in made], np.float32)

    def loss(self, outputs: Any, *targets: tf.Tensor) -> tf.Tensor:
        """Cross entropy of both outputs; of openness only for crops with an eye."""
        (true,) = targets
        each = tf.nn.sigmoid_cross_entropy_with_logits(true, outputs)
        seen = true[:, 1]
        opened = tf.reduce_sum(each[:, 0] * seen) / (tf.reduce_sum(seen) + 1e-3)
        return opened + 0.5 * tf.reduce_mean(each[:, 1])

    def validate(self, model: keras.Model, side: int) -> dict[str, float | int]:
        """Figures of undisturbed crops."""
        logits = predict(model, self._check)
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
        return np.resize(rows, self.steps * self._recipe.batch)  # rounding may have lost some rows

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
    """Covers the eye with a dark, bright or gray ellipse, as sunglasses, glare or a hand would."""
    side = image.shape[0]
    blank = np.zeros((side, side), np.float32)
    centre = tuple(int(v) for v in side / 2 + rng.uniform(-0.06, 0.06, 2) * side)
    axes = tuple(int(v) for v in rng.uniform(0.36, 0.75, 2) * side)
    cv2.ellipse(blank, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1, cv2.LINE_AA)
    mask = cv2.GaussianBlur(blank, (0, 0), float(rng.uniform(0.4, 2.0)))
    ramp = np.linspace(-1, 1, side)[None, :] * np.cos(rng.uniform(0, 6.3)) * rng.uniform(0, 40)
    cover = np.clip(rng.integers(0, 256) + ramp + rng.normal(0, rng.uniform(0, 6), (side, side)), 0, 255)
    return np.asarray(cover * mask + image * (1 - mask) + 0.5, dtype=np.uint8)
