"""Accuracy of a keypoint model through the app's crop and runtime; TensorFlow is not needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.core.types import Box, Image, Keypoints
from monitor.faces.admission import CERTAIN
from monitor.faces.follower import Follower
from monitor.networks.card import ModelCard
from monitor.networks.keypoints import POINTS, KeypointNet
from monitor.settings.config import FollowConfig
from train.data.faceset import FaceSet, face_squares, square_box
from train.system.progress import track

FRONTAL = 30.0
"""Degrees of yaw up to which a face counts as frontal in the figures."""
YAWS = (0, 10, 20, 30, 40, 50, 90)
"""Limits in degrees of the ranges of yaw by which errors are grouped."""
FER_ROWS = 1000
"""Number of FER2013 crops that are measured, because they are many and similar; always the same ones."""


@dataclass(frozen=True, slots=True)
class Look:
    """The network's answer for one face after two looks.

    Attributes:
        row: The face.
        keypoints: The answer; None = the region did not touch the picture.
        errors: (17,) distance of each keypoint from the true one over the true iris distance; 1 without an answer.
    """

    row: int
    keypoints: Keypoints | None
    errors: NDArray[np.float64]

    @property
    def error(self) -> float:
        """Mean over the keypoints."""
        return float(self.errors.mean())


@dataclass(frozen=True, slots=True)
class Measured:
    """A measured keypoint model: all figures ready for JSON, its card, and every look."""

    report: dict[str, Any]
    card: ModelCard
    looks: list[Look]


def measure(model: Path, data: FaceSet, split: str) -> Measured:
    """All figures of a .tflite with a card on undisturbed pictures.

    ``frontal`` and ``turned``: mean keypoint error over the iris distance after two looks from a box that is a little
    off, as when following (normal, 5 % of the side and 5 % of the size). ``held``: the same without doubtful labels
    (``train.data.doubts``). ``converged``: share of faces whose box comes within 10 % (mean shift of its edges) in two
    looks from a box that is 25 % off in a random direction. ``found`` and ``false``: share of faces, and of windows
    without a face, with a presence of at least 0.5 in one look. ``accepted`` and ``false_accepted``: share accepted by
    ``Follower.accept`` with default settings. ``sure`` and ``false_sure``: share with a presence
    (``monitor.faces.finder.SURE``) that needs no confirmation by a cascade. ``converged``, ``frontal``, ``turned``,
    ``by_yaw`` and ``by_point`` exclude FER2013's tight crops, whose boxes would leave the picture.

    Raises:
        ConfigError: The split has no faces.
        ModelError: The model or its card cannot be used.
    """
    net = KeypointNet(model)
    follower = Follower(net, FollowConfig())
    rng = np.random.default_rng(5)
    looks, converged, accepted = [], [], []
    for row in track(_rows(data, split, rng), "faces"):
        image = data.pictures[int(data.picture[row])]
        cx, cy, side = (float(v) for v in face_squares(data.points[row : row + 1])[0])
        keypoints = looked(net, image, near_box(cx, cy, side, rng), 2)
        looks.append(Look(int(row), keypoints, _errors(keypoints, data.points[row])))
        if data.source[row] == "fer":
            continue
        angle = rng.uniform(0, 2 * np.pi)
        start = square_box(cx + 0.25 * side * np.cos(angle), cy + 0.25 * side * np.sin(angle), side)
        keypoints = looked(net, image, start, 2)
        truth = square_box(cx, cy, side)
        converged.append(keypoints is not None and float(np.abs(np.subtract(keypoints.box, truth)).mean()) < 0.1 * side)
        accepted.append(_presence(follower, image, start))
    ghosts, taken = [], []
    for index in track(np.flatnonzero(data.window_split == split), "windows without a face"):
        picture, x, y, side = (float(v) for v in data.windows[index])
        image, box = data.pictures[int(picture)], (x, y, x + side, y + side)
        keypoints = net.read(image, box)
        ghosts.append(keypoints is not None and keypoints.presence >= 0.5)
        taken.append(_presence(follower, image, box))
    free = [look for look in looks if data.source[look.row] != "fer"]
    doubtful = data.doubtful
    yaws = [abs(float(look.keypoints.pose[0]) - float(data.pose[look.row, 0])) for look in looks if look.keypoints]
    found = [look.keypoints is not None and look.keypoints.presence >= 0.5 for look in looks]
    report = {
        **_by_view(free, data),
        "held": _by_view([look for look in free if not doubtful[look.row]], data),
        "by_source": _groups({name: [look.error for look in own] for name, own in _by_source(looks, data).items()}),
        "yaw_error": mean(yaws), "converged": mean(converged), "converged_n": len(converged),
        "found": mean(found), "found_n": len(found),
        "accepted": mean([p > 0 for p in accepted]), "sure": mean([p >= CERTAIN for p in accepted]),
        "false": mean(ghosts), "false_accepted": mean([p > 0 for p in taken]),
        "false_sure": mean([p >= CERTAIN for p in taken]), "false_n": len(ghosts),
        "by_yaw": _groups(_by_yaw(free, data)),
        "by_point": _groups({name: [float(look.errors[i]) for look in free] for i, name in enumerate(POINTS)}),
    }  # fmt: skip
    head = {"model": net.card.version, "data": data.name, "split": split, "skipped": data.skipped}
    return Measured(head | report, net.card, looks)


def _by_view(looks: Sequence[Look], data: FaceSet) -> dict[str, float | int | None]:
    frontal = [look.error for look in looks if abs(data.pose[look.row, 0]) <= FRONTAL]
    turned = [look.error for look in looks if abs(data.pose[look.row, 0]) > FRONTAL]
    return {"frontal": mean(frontal), "frontal_n": len(frontal), "turned": mean(turned), "turned_n": len(turned)}


def _presence(follower: Follower, image: Image, box: Box) -> float:
    """Presence in the second look if the place is accepted as a face, otherwise 0."""
    keypoints = follower.accept(image, box)
    return 0.0 if keypoints is None else keypoints.presence


def _rows(data: FaceSet, split: str, rng: np.random.Generator) -> NDArray[np.int64]:
    rows = np.flatnonzero(data.split == split)
    if not len(rows):
        has = ", ".join(sorted(set(data.split.tolist()))) or "nothing"
        raise ConfigError(f"{data.name}: has no faces of the split {split!r}; it has: {has}")
    fer = rows[data.source[rows] == "fer"]
    drawn = rng.choice(fer, min(FER_ROWS, len(fer)), replace=False)
    return np.concatenate([rows[data.source[rows] != "fer"], drawn])


def _by_source(looks: Sequence[Look], data: FaceSet) -> dict[str, list[Look]]:
    out: dict[str, list[Look]] = {}
    for look in looks:
        view = "frontal" if abs(data.pose[look.row, 0]) <= FRONTAL else "turned"
        out.setdefault(f"{data.source[look.row]}_{view}", []).append(look)
    return dict(sorted(out.items()))


def _by_yaw(looks: Sequence[Look], data: FaceSet) -> dict[str, list[float]]:
    yaw = [abs(float(data.pose[look.row, 0])) for look in looks]
    return {
        f"{low}-{high}°": [look.error for look, own in zip(looks, yaw, strict=True) if low <= own < high]
        for low, high in pairwise(YAWS)
    }


def _groups(groups: Mapping[str, Sequence[float]]) -> dict[str, dict[str, float | int | None]]:
    return {name: {"error": mean(values), "n": len(values)} for name, values in groups.items()}


def points_off(points: NDArray[np.float32], true: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean distance of each row's 17 keypoints from the true ones, over the true iris distance."""
    return np.asarray(point_errors(points, true).mean(axis=1))


def point_errors(points: NDArray[np.float32], true: NDArray[np.float32]) -> NDArray[np.float64]:
    """Distance (N, 17) of each keypoint from the true one, over the row's true iris distance.

    Args:
        points: (N, 17 or more, 2), or the same flattened.
        true: The reference, in the same form.
    """
    count = len(POINTS)
    a, b = (v.reshape(len(v), -1, 2)[:, :count].astype(np.float64) for v in (points, true))
    r, left = POINTS.index("r_iris"), POINTS.index("l_iris")
    eyes = np.linalg.norm(b[:, r] - b[:, left], axis=1)
    return np.asarray(np.linalg.norm(a - b, axis=2) / np.maximum(eyes, 1e-3)[:, None])


def _errors(keypoints: Keypoints | None, true: NDArray[np.float32]) -> NDArray[np.float64]:
    if keypoints is None:
        return np.ones(len(POINTS))
    return np.asarray(point_errors(keypoints.points[None], true[None])[0])


def near_box(cx: float, cy: float, side: float, rng: np.random.Generator) -> Box:
    """A box a little off a face's square, as when following: normal, 5 % of side and size."""
    x, y, size = rng.normal(0, 0.05, 3)
    return square_box(cx + x * side, cy + y * side, side * float(np.exp(size)))


def looked(net: KeypointNet, image: NDArray[np.uint8], box: Box, count: int) -> Keypoints | None:
    """The last of ``count`` looks, each from the box of the one before; None = outside the picture."""
    keypoints = net.read(image, box)
    for _ in range(count - 1):
        keypoints = net.read(image, keypoints.box) if keypoints is not None else None
    return keypoints


def mean(values: Sequence[float] | NDArray[np.float64]) -> float | None:
    """The mean, rounded for JSON; None if there are no values."""
    return round(float(np.mean(values)), 4) if len(values) else None
