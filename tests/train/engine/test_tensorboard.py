from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf

from train.engine.tensorboard import Board


def test_event_files_hold_the_history_as_scalars(tmp_path: Path) -> None:
    history = [{"epoch": 1, "loss": 0.9, "validation_n": 105}, {"epoch": 2, "loss": 0.5, "validation_n": 105}]
    board = Board(tmp_path / "tensorboard")
    for entry in history:
        board.write(entry)
    found = {}
    for file in (tmp_path / "tensorboard").iterdir():
        for event in tf.compat.v1.train.summary_iterator(str(file)):
            for value in event.summary.value:
                assert value.metadata.plugin_data.plugin_name == "scalars"
                found[value.tag, event.step] = float(tf.make_ndarray(value.tensor))
    assert found == {
        (name, entry["epoch"]): pytest.approx(entry[name]) for entry in history for name in ("loss", "validation_n")
    }
