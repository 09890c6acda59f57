"""What the folder of a run holds."""

from __future__ import annotations

from pathlib import Path

from tests.train.conftest import TINY
from train.data.datasets import Dataset
from train.engine.runs import history_of


def test_the_card_counts_the_checkpoints_epochs(run: Path, drawn: Dataset, tmp_path: Path) -> None:
    for name in ("recipe.yaml", "checkpoint.npz"):
        (tmp_path / name).write_bytes((run / name).read_bytes())
    (tmp_path / "history.json").write_text("[{")  # a kill between two writes
    assert len(history_of(tmp_path)) == TINY.epochs
