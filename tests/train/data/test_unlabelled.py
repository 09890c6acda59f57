"""Photographs without a label become crops of the app's framing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from monitor.core.errors import ConfigError
from monitor.faces.quality import SIDEWAYS
from train.data import unlabelled
from train.data.faceset import FaceSet


def test_training_faces_of_photographs_are_cut_and_no_others(faces: FaceSet) -> None:
    expected = (faces.split == "train") & (faces.source != "fer")
    expected &= np.abs(faces.pose[:, 0]) < SIDEWAYS
    expected &= faces.squares()[:, 2] >= unlabelled.LEAST_FACE
    out = unlabelled.crops(faces)
    assert out.shape == (expected.sum(), 48, 48)
    assert out.dtype == np.uint8
    # A drawn face fills its crop: bright skin in the middle, the dark mouth below.
    assert (out[:, 20:26, 22:26].mean(axis=(1, 2)) > 150).mean() > 0.9


def test_a_set_without_photographs_is_refused(faces: FaceSet) -> None:
    labelled = replace(faces, source=np.full(len(faces), "fer"))
    with pytest.raises(ConfigError, match="has no photographs of faces"):
        unlabelled.crops(labelled)
