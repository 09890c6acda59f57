"""The cleaned view of a set: links to the kept pictures under their final labels."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from monitor.core.errors import ConfigError
from train.clean.manifest import Entry
from train.system import resources


def summary(entries: Sequence[Entry]) -> str:
    """Pictures by finding, in one line."""
    counts = Counter(entry.kind for entry in entries)
    return ", ".join(f"{count} {kind}" for kind, count in counts.most_common())


def apply(folder: Path, entries: Sequence[Entry], view: Path) -> int:
    """Writes the cleaned view: links (copies if links are impossible) to the kept pictures under their final label.

    Returns:
        The number of pictures.

    Raises:
        ConfigError: The view is not empty or cannot be written.
    """
    if view.exists() and any(view.iterdir()):
        raise ConfigError(f"--apply {view}: is not empty; give a new folder")
    resources.make_folder(view)
    count = 0
    for entry in entries:
        if not entry.kept:
            continue
        target = view / entry.final_label / Path(entry.path).name
        if target.exists():  # another class has a picture of that name
            target = target.with_name(entry.path.replace("/", "_"))
        with resources.writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(folder / entry.path, target)
            except OSError:
                shutil.copy2(folder / entry.path, target)
        count += 1
    return count
