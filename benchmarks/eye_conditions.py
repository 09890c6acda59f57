"""The eye network under bad conditions: held-out persons of the eye sets, each eye in the dark, with noise, small …

python -m benchmarks.eye_conditions ../shared/data/eyes.zip [--most 2000]

``shut`` and ``open`` are the shares of shut eyes below ``driver.closed`` and of open ones above ``driver.opened``;
``seen`` is the share taken for an eye; ECE: expected calibration error of the openness.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.networks.card import find_model
from monitor.networks.eyes import EyeNet, lifted
from monitor.settings.config import DriverConfig
from train.data import eyeset
from train.reports.metrics import expected_calibration_error

Image = NDArray[np.uint8]
Condition = Callable[[Image, np.random.Generator], Image]


def darkened(image: Image, rng: np.random.Generator, share: float, noise: float) -> Image:
    """A share of the light, in whole gray levels, with camera noise of ``noise`` levels."""
    return _whole(image * np.float32(share) + rng.normal(0.0, noise, image.shape))


def noisy(image: Image, rng: np.random.Generator, sigma: float) -> Image:
    """Camera noise of ``sigma`` gray levels."""
    return _whole(image + rng.normal(0.0, sigma, image.shape))


def small(image: Image, side: int) -> Image:
    """The detail of a crop of ``side`` pixels."""
    less = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    return cv2.resize(less, image.shape[::-1], interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)


def glared(image: Image, rng: np.random.Generator, veil: float) -> Image:
    """A veil of light that bleaches one side, and a reflection as on the glass before an eye."""
    side = image.shape[0]
    axis = np.linspace(0, 1, side, dtype=np.float32)
    ramp = np.exp(-2.0 * (axis if rng.random() < 0.5 else axis[::-1]))
    out = image * np.float32(0.85) + veil * ramp[None, :]
    spot = np.zeros((side, side), np.float32)
    centre = tuple(int(v) for v in rng.uniform(0.15, 0.85, 2) * side)
    axes = (int(rng.uniform(0.04, 0.12) * side), int(rng.uniform(0.02, 0.08) * side))
    cv2.ellipse(spot, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1, cv2.LINE_AA)
    return _whole(out + 120 * spot)


def marked(image: Image, rng: np.random.Generator, strength: float) -> Image:
    """Bright half-transparent strokes, as of letters burnt into stock film."""
    side = image.shape[0]
    strokes = np.zeros((side, side), np.uint8)
    for _ in range(int(rng.integers(2, 5))):
        a, b = (tuple(int(v) for v in rng.uniform(0, side, 2)) for _ in range(2))
        cv2.line(strokes, a, b, 255, int(rng.integers(1, 3)), cv2.LINE_AA)
    return _whole(image + strength / 255 * strokes.astype(np.float32))


CONDITIONS: dict[str, Condition] = {
    "plain": lambda image, rng: image,
    "dark": lambda image, rng: darkened(image, rng, 0.12, 1.5),
    "dark_marks": lambda image, rng: marked(darkened(image, rng, 0.25, 1.0), rng, 30),
    "noise": lambda image, rng: noisy(image, rng, 20),
    "small": lambda image, rng: small(image, 12),
    "glare": lambda image, rng: glared(image, rng, 130),
}
"""Conditions by name."""


def _whole(values: NDArray[np.float32] | NDArray[np.float64]) -> Image:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


def row(name: str, net: EyeNet, crops: list[Image], truth: NDArray[np.bool_]) -> str:
    """The figures of one condition as a row of the table."""
    logits = np.stack([net.logits(lifted(crop, float(crop.std()))) for crop in crops]).astype(np.float64)
    opened = 1 / (1 + np.exp(-logits[:, 0] / net.card.temperature))
    limits = DriverConfig()
    ece = expected_calibration_error(np.stack([1 - opened, opened], axis=1), truth.astype(np.int64))
    shares = (
        np.mean([(opened[truth] > 0.5).mean(), (opened[~truth] <= 0.5).mean()]),
        (opened[~truth] < limits.closed).mean(), (opened[truth] > limits.opened).mean(), (logits[:, 1] > 0).mean(), ece,
    )  # fmt: skip
    return f"| {name} | {len(truth)} | " + " | ".join(f"{share:.3f}" for share in shares) + " |"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive", type=Path, help="eyes.zip")
    parser.add_argument("--most", type=int, default=2000, help="number of eyes, chosen at random")
    args = parser.parse_args()
    data, net = eyeset.load(args.archive), EyeNet(find_model("eyes.tflite"))
    rows = np.random.default_rng(0).permutation(np.flatnonzero(data.split == "validation"))[: args.most]
    truth, plain = data.opened[rows] >= 0.5, eyeset.middle(data.images[rows])
    print("| condition | N | right | shut | open | seen | ECE |\n|---|---|---|---|---|---|---|")
    for name, condition in CONDITIONS.items():
        rng = np.random.default_rng(7)
        print(row(name, net, [condition(crop, rng) for crop in plain], truth), flush=True)


if __name__ == "__main__":
    main()
