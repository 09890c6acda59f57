"""Photographs of people, drawings and things are distinguished by a small classifier."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.core.errors import ModelError
from monitor.core.types import Image
from train.clean.content import CLASSES, DRAWING, Content
from train.clean.statistics import described, fitted


def icon(seed: int) -> Image:
    """A drawn smiley on white."""
    rng = np.random.default_rng(seed)
    image = np.full((120, 120), 255, np.uint8)
    cv2.circle(image, (60, 60), int(rng.integers(35, 52)), int(rng.integers(150, 220)), -1, cv2.LINE_AA)
    cv2.circle(image, (60, 60), 50, 0, 2, cv2.LINE_AA)
    for x in (45, 75):
        cv2.circle(image, (x, 50), 5, 0, -1, cv2.LINE_AA)
    cv2.ellipse(image, (60, 70), (22, int(rng.integers(6, 18))), 0, 0, 180, 0, 3, cv2.LINE_AA)
    return image


def lines(seed: int) -> Image:
    """A page of text."""
    image = np.full((140, 200), 255 * (seed % 2), np.uint8)
    for row in range(5):
        place = (6, 25 + 26 * row)
        cv2.putText(image, "keep calm", place, cv2.FONT_HERSHEY_SIMPLEX, 0.8, 255 - 255 * (seed % 2), 2, cv2.LINE_AA)
    return image


def test_smileys_and_text_are_drawings() -> None:
    pictures = [icon(n) for n in range(6)] + [lines(n) for n in range(4)]
    probs = Content().probs(np.stack([described(image, None) for image in pictures]))
    assert probs.shape == (10, 3)
    assert np.allclose(probs.sum(axis=1), 1, atol=1e-5)
    assert (probs.argmax(axis=1) == CLASSES.index(DRAWING)).all()


@pytest.mark.parametrize("shape", [(1, 1), (40, 3000), (3000, 40), (48, 48), (97, 101)])
def test_pictures_of_any_shape_are_described(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    row = described(image, None)
    assert row.dtype == np.float32
    assert np.isfinite(row).all()
    assert len(row) == len(described(image, np.zeros((48, 48), np.uint8)))
    assert max(fitted(image).shape) == 96


def test_a_damaged_classifier_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "c.npz").write_bytes(b"not numbers")
    for name in ("c.npz", "absent.npz"):
        with pytest.raises(ModelError, match="is not a content classifier"):
            Content(tmp_path / name)
