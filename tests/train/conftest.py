from __future__ import annotations

import numpy as np
import pytest

from monitor.capture import demo
from monitor.faces.crop import CropSpec, crop
from monitor.labels import EMOTIONS
from train.augment import Augment, augment
from train.datasets import Dataset


@pytest.fixture(scope="session")
def drawn() -> Dataset:
    """A data set of the demo's average faces, disturbed: 60 crops of each expression."""
    rng = np.random.default_rng(7)
    images, truth = [], []
    faces = demo._faces()
    for label in range(len(EMOTIONS)):
        for n in range(60):
            face = faces[n % 2, label]
            small = crop(face, (0, 0, face.shape[1], face.shape[0]), CropSpec(48, 0.0, 0.0))
            images.append(augment(small, Augment(flip=0, erase=0), 48, rng))
            truth.append(label)
    labels = np.array(truth, dtype=np.int64)
    split = np.where(np.arange(len(labels)) % 4 == 0, "validation", "train")
    targets = np.eye(len(EMOTIONS), dtype=np.float32)[labels]
    return Dataset(np.stack(images), targets, labels, np.ones(len(labels), bool), split, "drawn")
