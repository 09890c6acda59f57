"""Data of the tasks that are trained on the set of faces with keypoints."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from train.engine.task import BACKGROUNDS, PROPOSALS, Prepare, Task

if TYPE_CHECKING:
    from train.data.faceset import FaceSet

log = logging.getLogger("train")


class FaceTask(Task["FaceSet"]):
    """A task whose data set is that of the keypoint network."""

    prepared = "runs/keypoints.npz"
    takes = frozenset({BACKGROUNDS, PROPOSALS})

    def prepare(self, order: Prepare) -> None:
        """See ``Task``."""
        from train.data import faceset, keypoints

        faces = keypoints.load(order.paths[0], order.backgrounds, order.proposals)
        out = order.out or Path(self.prepared)
        faceset.save(faces, out)
        log.info(
            "%s: %d faces, %d windows without a face; %d unreadable pictures skipped",
            out, len(faces), len(faces.windows), faces.skipped,
        )  # fmt: skip

    def load(self, path: Path) -> FaceSet:
        """See ``Task``."""
        from train.data import keypoints

        return keypoints.load(path)
