"""What training on the cleaned view of expressions.zip is worth: the same fine-tuning on a sample as it is and cleaned.

    python -m benchmarks.cleaned_view sample ../shared/data /tmp/sample
    emotion-train clean /tmp/sample
    emotion-train prepare --data ../shared/data/fer2013.zip --data ../shared/data/expressions.zip --out runs/mixed.npz
    for f in tflite json; do git show 9e917c5:models/emotion.$f > /tmp/emotion.$f; done
    python -m benchmarks.cleaned_view train runs/mixed.npz /tmp/sample.clean --base /tmp/emotion.tflite

The base is the network of version 0.1.0, which was trained on FER2013 alone and knows none of these pictures. The
held-out part is the validation side of the prepared set: every tenth picture of expressions.zip, and FER2013's
PublicTest. Sample rows on that side are not trained on. ``clean`` judges labels with the shipped network, which knows
the training side with its labels, but not the held-out part.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.core.labels import EMOTIONS
from train.clean.manifest import NAME, Manifest
from train.data import datasets
from train.data.datasets import Dataset
from train.data.sources import FER, entries

COUNT = 12000
RAW, CLEANED, RELABELLED = VIEWS = ("raw", "cleaned", "relabelled")


def sample(data: Path, folder: Path, count: int) -> None:
    """Writes random pictures of expressions.zip as CLASS/SOURCE_N.webp."""
    with zipfile.ZipFile(data / "expressions.zip") as archive:
        found = entries(archive.namelist())
        for n in sorted(np.random.default_rng(0).permutation(len(found))[:count].tolist()):
            one = found[n]
            path = folder / EMOTIONS[one.label] / f"{one.source}_{Path(one.name).name}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.read(one.name))


def rows_of(data: Dataset, archive: Path) -> dict[str, int]:
    """The row of each picture of expressions.zip, by the path that ``sample`` gives it."""
    with zipfile.ZipFile(archive) as opened:
        found = entries(opened.namelist())
    rows = np.flatnonzero(data.source != FER)
    if len(rows) != len(found):
        raise SystemExit(f"{archive}: holds {len(found)} pictures, the prepared set {len(rows)} of them; prepare again")
    return {
        f"{EMOTIONS[one.label]}/{one.source}_{Path(one.name).name}": int(row)
        for one, row in zip(found, rows, strict=True)
    }


def view(data: Dataset, places: dict[str, int], record: Path, kind: str) -> Dataset:
    """The training rows of one view, with the whole validation side."""
    chosen: list[int] = []
    truth, targets = data.truth.copy(), data.targets.copy()
    for entry in Manifest(record / NAME).entries():
        row = places[entry.path]
        wrong = entry.kind == "wrong label"
        if data.split[row] != "train" or not data.usable[row]:
            continue
        if kind == RAW or entry.kept or (kind == RELABELLED and wrong):
            chosen.append(row)
        if kind == RELABELLED and wrong:
            truth[row] = EMOTIONS.index(entry.suggestion)
            targets[row] = np.eye(len(EMOTIONS), dtype=np.float32)[truth[row]]
    held = np.flatnonzero(data.split == "validation")
    mask: NDArray[np.bool_] = np.zeros(len(data), bool)
    mask[[*chosen, *held.tolist()]] = True
    return replace(data, truth=truth, targets=targets).take(mask)


def main() -> None:
    """Writes the sample, or trains on one or more views and prints a line each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    commands = parser.add_subparsers(dest="command", required=True)
    first = commands.add_parser("sample")
    first.add_argument("data", type=Path, help="folder with expressions.zip")
    first.add_argument("folder", type=Path)
    first.add_argument("--count", type=int, default=COUNT)
    second = commands.add_parser("train")
    second.add_argument("prepared", type=Path, help="expressions.zip and fer2013.zip, prepared together")
    second.add_argument("record", type=Path, help="folder of the record of emotion-train clean")
    second.add_argument("--archive", type=Path, default=Path("../shared/data/expressions.zip"))
    second.add_argument("--base", type=Path, required=True, help="a model that knows none of the pictures")
    second.add_argument("--views", nargs="+", default=[RAW, CLEANED], choices=VIEWS)
    second.add_argument("--epochs", type=int, default=3)
    second.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.command == "sample":
        sample(args.data, args.folder, args.count)
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from benchmarks.tuning import tuned

    data = datasets.load(args.prepared)
    places = rows_of(data, args.archive)
    for kind in args.views:
        given = view(data, places, args.record, kind)
        begun = time.process_time()
        with tempfile.TemporaryDirectory() as place:
            changes = [f"epochs={args.epochs}", f"decay={args.epochs - 1}", f"seed={args.seed}"]
            _, history = tuned(args.base, given, Path(place), changes)
        minutes = (time.process_time() - begun) / 60
        print(
            kind, args.seed, int((given.split == "train").sum()), f"{minutes:.1f} min", json.dumps(history), flush=True
        )


if __name__ == "__main__":
    main()
