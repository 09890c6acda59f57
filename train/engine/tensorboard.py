"""Figures of each epoch as TensorBoard event files.

TensorFlow writes them; the tensorboard package, which is not a dependency, is needed only to view them.
``tf.summary.scalar`` imports it, so this module writes the same record itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf


class Board:
    """Writes event files into a folder; a resumed run adds another file."""

    def __init__(self, folder: Path) -> None:
        self._writer = tf.summary.create_file_writer(str(folder))
        self._scalar = tf.compat.v1.SummaryMetadata()
        self._scalar.plugin_data.plugin_name = "scalars"
        self._scalar.data_class = 1  # DATA_CLASS_SCALAR

    def write(self, entry: Mapping[str, Any]) -> None:
        """Writes all numbers of a history entry at its epoch."""
        step = int(entry["epoch"])
        with self._writer.as_default():
            for name, value in entry.items():
                if name != "epoch" and isinstance(value, (int, float)):
                    tf.summary.write(name, tf.constant(value, tf.float32), step=step, metadata=self._scalar)
        self._writer.flush()
