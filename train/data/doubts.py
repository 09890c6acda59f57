"""Doubtful keypoint labels: they are not used for training, and errors are also reported without them.

The reference keypoints come from another program (MediaPipe). A label is doubtful if that program, applied again to a
slightly different crop or to the mirror image of the same face, moves the keypoints by more than ``SHARE`` of the eye
distance, or finds no face. ``benchmarks.reference --doubts`` wrote the list without any network of this project.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

SHARE = 0.2
"""Mean distance of the 17 keypoints between two results, over the iris distance, above which a label is doubtful: half
the length of an eye."""
LIST = Path(__file__).with_name("doubtful.txt")
"""One ``FaceSet.origin`` a line; lines that begin with # describe how it was made."""


@cache
def listed() -> frozenset[str]:
    """The origins on the list."""
    lines = (line.strip() for line in LIST.read_text(encoding="utf-8").splitlines())
    return frozenset(line for line in lines if line and not line.startswith("#"))
