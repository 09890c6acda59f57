"""Coverage-guided fuzzing with atheris: settings, model card, log reader, pictures.

python -m tests.faults.fuzz SECONDS          every target so long, each in a process of its own
python -m tests.faults.fuzz SECONDS card     one of them

A finding is any exception but the documented one, a hang of 10 s, or over 1 GB; atheris then writes the
input to the working folder.
"""

from __future__ import annotations

import contextlib
import logging
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris  # type: ignore[import-not-found,unused-ignore]

with atheris.instrument_imports(include=["monitor", "yaml"]):
    from monitor.capture.photos import ImageSource
    from monitor.capture.video import VideoSource
    from monitor.cli.logged import Log, read
    from monitor.core.errors import UserError
    from monitor.networks.card import find_model, load_card
    from monitor.outputs.logs.columns import COLUMNS
    from monitor.outputs.logs.drivercolumns import DRIVER_COLUMNS
    from monitor.outputs.logs.linelog import LineLog
    from monitor.outputs.logs.reader import read_events, read_rows
    from monitor.settings import config

FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-"))


def fuzz_settings(data: bytes) -> None:
    """A settings file."""
    path = FOLDER / "config.yaml"
    path.write_bytes(data)
    try:
        config.load(str(path), [])
    except UserError as error:
        if not all(line.isprintable() for line in error.lines):
            raise AssertionError("more than one printable line") from error


def fuzz_card(data: bytes) -> None:
    """A card beside a file that begins like a model."""
    model = FOLDER / "m.tflite"
    model.write_bytes(b"\0\0\0\0TFL3")
    model.with_suffix(".json").write_bytes(data)
    with contextlib.suppress(UserError):
        load_card(model)


def fuzz_logs(data: bytes) -> None:
    """A table and events after a power cut; reopened, read, replayed."""
    header = ",".join(COLUMNS + DRIVER_COLUMNS) + "\n"
    table, events = FOLDER / "faces.csv", FOLDER / "events.jsonl"
    table.write_bytes(header.encode() + data)
    events.write_bytes(b"{" + data)
    list(read_rows(FOLDER))
    list(read_events(FOLDER))
    with contextlib.suppress(UserError):
        for _ in read(table, Log()):
            pass
    LineLog(table, header).close()
    if not table.read_bytes().endswith(b"\n"):
        raise AssertionError("a torn line was left")


def fuzz_pictures(data: bytes) -> None:
    """A picture of a kind that the first byte chooses."""
    suffixes = (".png", ".jpg", ".bmp", ".webp", ".tif")
    path = FOLDER / f"a{suffixes[data[0] % len(suffixes)] if data else '.png'}"
    path.write_bytes(data[1:])
    with contextlib.suppress(UserError):
        ImageSource(path, 1.0).read()


def fuzz_videos(data: bytes) -> None:
    """A video file."""
    path = FOLDER / "a.avi"
    path.write_bytes(data)
    with contextlib.suppress(UserError):
        source = VideoSource(path)
        for _ in range(50):
            if source.read() is None:
                break
        source.close()


TARGETS: dict[str, Callable[[bytes], None]] = {
    "settings": fuzz_settings, "card": fuzz_card, "logs": fuzz_logs, "pictures": fuzz_pictures, "videos": fuzz_videos,
}  # fmt: skip


def seeds(name: str) -> list[bytes]:
    """What the fuzzer begins with."""
    if name == "settings":
        groups = config.shipped_text().split("\n\n")  # small ones: the YAML parser is slow
        return [group.encode() for group in groups]
    if name == "card":
        return [find_model("emotion.tflite").with_suffix(".json").read_bytes()]
    if name == "logs":
        row = ",".join(
            ["S", "1", "2026-01-01T00:00:00+00:00", "0.1", "1", "1"] + ["0.5"] * (len(COLUMNS + DRIVER_COLUMNS) - 6)
        )
        return [row.encode() + b"\n", b'"kind":"face","phase":"start"}\n', b"\0" * 40]
    if name == "pictures":
        import cv2
        import numpy as np

        image = np.full((8, 8, 3), 90, np.uint8)
        return [
            bytes([n]) + cv2.imencode(s, image)[1].tobytes()
            for n, s in enumerate((".png", ".jpg", ".bmp", ".webp", ".tif"))
        ]
    from tests.faults.media import film

    return [film(FOLDER / "seed.avi", frames=2, codec="MJPG").read_bytes()]


def main(argv: list[str]) -> int:
    """Runs one target in this process, or all of them in their own; 1 when one finds something."""
    seconds = argv[0] if argv else "60"
    if len(argv) < 2:
        codes = {
            name: subprocess.run([sys.executable, "-m", "tests.faults.fuzz", seconds, name]).returncode
            for name in TARGETS
        }
        print(
            "fuzz:", ", ".join(f"{name} {'clean' if code == 0 else f'FOUND ({code})'}" for name, code in codes.items())
        )
        return int(any(codes.values()))
    logging.getLogger("monitor").setLevel(logging.CRITICAL)
    corpus = FOLDER / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(seeds(argv[1])):
        (corpus / str(number)).write_bytes(seed)
    flags = [
        f"-max_total_time={seconds}",
        "-timeout=10",
        "-rss_limit_mb=1024",
        "-max_len=4000",
        "-verbosity=0",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *flags, str(corpus)], TARGETS[argv[1]])
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
