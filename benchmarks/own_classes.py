"""How good a user's own classes get: wide open and calm mouths of drivers, 1,161 frames of ../shared/data/yawn.zip.

``python -m benchmarks.own_classes ../shared/data`` unpacks the frames into class folders with a folder for each driver
group and runs ``emotion-train new`` on them. Groups stay on one side, so the held-out figures are of drivers that the
training did not see.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import zipfile
from pathlib import Path

from train.cli.main import main as train

FRAME = re.compile(r"yawn/driver_frames/(?P<label>yawn|no_yawn)/(?P<group>g\d+)_(?P<number>\d+)\.jpg")
LABELS = {"yawn": "mouth wide", "no_yawn": "mouth calm"}


def unpack(archive: Path, folder: Path) -> int:
    """Unpacks the frames into class folders with a folder for each driver group; returns their number."""
    count = 0
    with zipfile.ZipFile(archive) as frames:
        for name in frames.namelist():
            match = FRAME.fullmatch(name)
            if match:
                place = folder / LABELS[match["label"]] / match["group"]
                place.mkdir(parents=True, exist_ok=True)
                (place / f"{match['number']}.jpg").write_bytes(frames.read(name))
                count += 1
    return count


def main() -> int:
    """Runs the benchmark; the last lines on standard error are its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with yawn.zip")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        unpack(args.data / "yawn.zip", place / "pictures")
        (place / "mouths.yaml").write_text("folder: pictures\nterms: a research set of driver frames\n")
        return train(["new", str(place / "mouths.yaml"), "--run", str(place / "run")])


if __name__ == "__main__":
    sys.exit(main())
