"""Labels that their own maker contradicts: not learnt from, and errors are given without them, too.

The reference points are another program's reading. Where that program, looking at the same face once more from a crop
cut a little differently or at its mirror image, puts the points elsewhere by over ``SHARE`` of the eye distance, or
sees no face, its label says nothing. ``benchmarks.reference --doubts`` wrote the list; no network of ours had a say.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

SHARE = 0.2
"""Mean distance of the 17 points between a label and another look, over the distance of the irises, from which on the
label is in doubt: half an eye's length, so that points of an eye lie beside it."""
LIST = Path(__file__).with_name("doubtful.txt")
"""One ``FaceSet.origin`` a line; lines that begin with # say how it was made."""


@cache
def listed() -> frozenset[str]:
    """The faces of the list."""
    lines = (line.strip() for line in LIST.read_text(encoding="utf-8").splitlines())
    return frozenset(line for line in lines if line and not line.startswith("#"))
