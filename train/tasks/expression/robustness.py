"""Accuracy on crops disturbed by bad light, cameras and boxes.

Every disturbance is fixed and as strong as in practice; those with a direction are applied in all directions. They act
on the crop. Moved and shrunk boxes repeat its border where the app would show more of the picture; this is slightly
harder.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.faces.crop import CropSpec
from train.system.progress import track

Image = NDArray[np.uint8]
Disturb = Callable[[Image], Image]
Reader = Callable[[Image], NDArray[np.float32]]
"""From a (48, 48) uint8 crop to (7,) logits."""

BOX = 1 / (1 + CropSpec().margin)
"""A face box's side as a share of the crop's."""
SHIFT, SCALE, ROLL = 0.10, 0.10, 15.0
JITTER = 0.05


def warp(image: Image, dx: float = 0.0, dy: float = 0.0, size: float = 1.0, roll: float = 0.0) -> Image:
    """The crop of another box.

    Args:
        image: (S, S) uint8.
        dx: Shift of the box to the right, in box sides.
        dy: Shift downwards.
        size: The box's size against the true one; above 1 the face gets smaller.
        roll: In-plane rotation of the head in degrees, clockwise in the picture.

    Returns:
        (S, S) uint8, borders repeated.
    """
    side = image.shape[0]
    middle = (side - 1) / 2
    matrix = cv2.getRotationMatrix2D((middle, middle), -roll, 1 / size)
    matrix[:, 2] -= np.array([dx, dy]) * BOX * side / size
    out = cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return out.astype(np.uint8, copy=False)


def dark(image: Image) -> Image:
    """A quarter of the light (linear in gray levels, in 8 bits) with sensor noise of 2 levels."""
    rng = _grain(image)
    return _to_gray(image * 0.25 + rng.normal(0, 2, image.shape))


def bright(image: Image) -> Image:
    """Overexposed by 60 %, clipped at white."""
    return _to_gray(image * 1.6)


def side_light(image: Image, *, right: bool) -> Image:
    """Light from one side: 1.5 times the light at that edge, 0.3 times at the other."""
    gain = np.linspace(0.3, 1.5, image.shape[1])
    return _to_gray(image * (gain if right else gain[::-1])[None, :])


def blur(image: Image) -> Image:
    """Out of focus: a Gaussian of 1.2 crop pixels."""
    return cv2.GaussianBlur(image, (0, 0), 1.2).astype(np.uint8, copy=False)


def jpeg(image: Image) -> Image:
    """JPEG at quality 20 at crop size, which is worse than the same quality on the whole frame."""
    packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 20])[1]
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)


def noise(image: Image) -> Image:
    """Gaussian sensor noise of 12 gray levels; equal pictures get equal noise."""
    return _to_gray(image + _grain(image).normal(0, 12, image.shape))


def half(image: Image) -> Image:
    """Half the resolution: a face of 24 pixels, enlarged as in the app."""
    side = image.shape[0]
    small = cv2.resize(image, (side // 2, side // 2), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (side, side), interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)


def moved(**how: float) -> Disturb:
    """A disturbance by another box; see ``warp``."""
    return lambda image: warp(image, **how)


FOUR = ((1, 0), (-1, 0), (0, 1), (0, -1))
CORRUPTIONS: Mapping[str, tuple[Disturb, ...]] = {
    "dark": (dark,),
    "bright": (bright,),
    "side light": (lambda i: side_light(i, right=False), lambda i: side_light(i, right=True)),
    "blur": (blur,),
    "jpeg": (jpeg,),
    "noise": (noise,),
    "roll 15°": (moved(roll=ROLL), moved(roll=-ROLL)),
    "box shift 10 %": tuple(moved(dx=x * SHIFT, dy=y * SHIFT) for x, y in FOUR),
    "box scale 10 %": (moved(size=1 + SCALE), moved(size=1 - SCALE)),
    "half resolution": (half,),
}
"""Variants by name; their accuracies are averaged."""
JITTERS: tuple[Disturb, ...] = (
    *(moved(dx=x * JITTER, dy=y * JITTER) for x, y in FOUR),
    *(moved(dx=x * JITTER / math.sqrt(2), dy=y * JITTER / math.sqrt(2)) for x in (1, -1) for y in (1, -1)),
    moved(size=1 + JITTER),
    moved(size=1 - JITTER),
)
"""Boxes 5 % off in eight directions, 5 % too large and 5 % too small, as from a jittering detector."""


def corruption_table(
    read: Reader, images: NDArray[np.uint8], truth: NDArray[np.int64], clean: NDArray[np.int64]
) -> dict[str, Any]:
    """Accuracy under each disturbance and its loss against the undisturbed crops.

    Args:
        read: The network.
        images: (N, 48, 48) uint8.
        truth: (N,) true classes.
        clean: (N,) classes predicted on the undisturbed crops.

    Returns:
        ``kinds``: name to accuracy, ``lost`` (points of accuracy, in percent) and ``readings`` (N times the
        variants); ``mean_lost`` over the kinds, ``n``.
    """
    base = float((clean == truth).mean())
    kinds: dict[str, Any] = {}
    for name, variants in track(CORRUPTIONS.items(), "corruptions", len(CORRUPTIONS)):
        shares = [float((_answers(read, images, change) == truth).mean()) for change in variants]
        accuracy = float(np.mean(shares))
        kinds[name] = {
            "accuracy": round(accuracy, 4),
            "lost": round(100 * (base - accuracy), 2),
            "readings": len(images) * len(variants),
        }
    mean = round(float(np.mean([kind["lost"] for kind in kinds.values()])), 2)
    return {"n": len(images), "mean_lost": mean, "kinds": kinds}


def consistency(read: Reader, images: NDArray[np.uint8], clean: NDArray[np.int64]) -> dict[str, Any]:
    """Measures how often the label stays the same if the box is 5 % off.

    Args:
        read: The network.
        images: (N, 48, 48) uint8.
        clean: (N,) classes predicted on the undisturbed crops.

    Returns:
        ``same``: share of all readings with the undisturbed label; ``always``: share of faces whose label
        is the same for all boxes; ``boxes`` tried for each face, ``n`` faces.
    """
    same = np.stack([_answers(read, images, change) == clean for change in track(JITTERS, "box jitter")])
    return {
        "same": round(float(same.mean()), 4),
        "always": round(float(same.all(axis=0).mean()), 4),
        "boxes": len(JITTERS),
        "n": len(images),
    }


def _answers(read: Reader, images: NDArray[np.uint8], change: Disturb) -> NDArray[np.int64]:
    return np.array([int(read(change(image)).argmax()) for image in images], np.int64)


def _grain(image: Image) -> np.random.Generator:
    """A generator seeded by the picture, so that figures do not depend on the order of rows."""
    return np.random.default_rng(np.frombuffer(image.tobytes(), np.uint8)[::37].tolist())


def _to_gray(values: NDArray[np.floating[Any]]) -> Image:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)
