"""Reference keypoints made steadier with what earlier keypoint networks say of the same faces."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from monitor import settings
from monitor.errors import ConfigError
from monitor.faces.crop import evened, to_unit
from train.augment import Augment, Jitter
from train.fit import load_trained
from train.keypoint_figures import points_off
from train.keypoints import BOX, SWAP, FaceSet
from train.progress import track
from train.recipe import Recipe
from train.regions import SPEC, Regions

log = logging.getLogger("train")

LOOKS = 4
"""Looks at each face by each teacher, every second one mirrored."""
OFF = 0.05
"""Standard deviation of a look's box, in sides and in the logarithm of its size: as when following."""
ROWS = 1024
"""Faces looked at together."""
PLAIN = Augment(light=0.1, brightness=5, side_light=0.0, blur=0.0, noise=0.0, jpeg=0.0, erase=0.0)


def taught(data: FaceSet, recipe: Recipe) -> FaceSet:
    """The faces with the teachers' answers mixed into the training rows' points.

    The reference is another network's single look, whose answers move by some 4 % of the eye distance from one look
    to the next (``benchmarks.reference``). A teacher's mean over several boxes and over mirror images moves less, and
    it is not fooled where all others like this face were labelled otherwise. ``recipe.taught`` is its share.

    Raises:
        ConfigError: A teacher is no finished run of the task landmarks.
    """
    runs = [Path(name.strip()) for name in recipe.teachers.split(",") if name.strip()]
    if not runs:
        return data
    rows = np.flatnonzero(data.split == "train")
    answers = np.zeros((len(rows), *data.points.shape[1:]), np.float64)
    for run in runs:
        if not (run / "recipe.yaml").exists():
            raise ConfigError(f"teachers: {run} is no training run; train it first")
        own = settings.load(Recipe, run / "recipe.yaml")
        if own.task != recipe.task:
            raise ConfigError(f"teachers: {run} was trained for {own.task}, not for {recipe.task}")
        answers += _answers(load_trained(run, own), data, rows, recipe.seed) / len(runs)
    off = points_off(answers.astype(np.float32), data.points[rows])
    log.info("%d teachers are %.4f of the eye distance off the reference of %d faces", len(runs), off.mean(), len(rows))
    points = data.points.copy()
    points[rows] = (recipe.taught * answers + (1 - recipe.taught) * points[rows]).astype(np.float32)
    return replace(data, points=points)


def _answers(model: keras.Model, data: FaceSet, rows: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """Mean of what a network says of each face, (N, 19, 2) in the picture's pixels."""
    regions = Regions(data, "train", Jitter(hide=0.0, frame=0.0), PLAIN)
    rng = np.random.default_rng([seed, 4])
    total = np.zeros((len(rows), *data.points.shape[1:]), np.float64)
    for start in track(range(0, len(rows), ROWS), "teacher"):
        part = rows[start : start + ROWS]
        for look in range(LOOKS):
            mirror = bool(look % 2)
            made = [
                regions.region(int(r), rng.normal(0, OFF, 2), float(np.exp(rng.normal(0, OFF))), 0.0, mirror, rng)
                for r in part
            ]
            images = np.stack([evened(region.image, SPEC.contrast) for region in made])
            said = np.asarray(model(to_unit(images)[..., None], training=False)[1])
            for n, (row, region) in enumerate(zip(part, made, strict=True)):
                total[start + n] += _in_picture(said[n].reshape(-1, 2), region.points, data.points[row], mirror)
    return total / LOOKS


def _in_picture(
    said: NDArray[np.float32], there: NDArray[np.float32], here: NDArray[np.float32], mirror: bool
) -> NDArray[np.float64]:
    """Points of a region (19, 2) in the picture's pixels, by the map that takes the true ones from there to here."""
    order = list(SWAP) if mirror else list(range(len(SWAP)))
    known = np.column_stack([there[:BOX], np.ones(BOX)]).astype(np.float64)
    affine, *_ = np.linalg.lstsq(known, here[order].astype(np.float64), rcond=None)
    out = np.column_stack([said, np.ones(len(said))]).astype(np.float64) @ affine
    return np.concatenate([out[:BOX][order], np.sort(out[BOX:], axis=0)])
