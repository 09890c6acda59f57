"""Cost by number of faces, picture size and threads.

    python -m benchmarks.growth ../shared/videos/pyfeat_single_face.mp4

The face of the clip is cut out with its surroundings and copied to one to eight places of a still picture, each copy
at another moment of the clip and as wide as a tenth of the picture. The cost is measured as in ``bench``: CPU
milliseconds of the working thread on a 30 Hz clock; with two threads the second one is not included. Decoding a
camera's JPEG of that size is measured separately. Scaling the frame down for the search is part of "find" and measured
separately, too.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np

from monitor.capture.kinds import open_source
from monitor.cli.measure import measure
from monitor.core.errors import ConfigError
from monitor.core.types import Box, Image
from monitor.run.assembly import build
from monitor.settings.config import Config
from monitor.system.processor import processor

SIZES = ("320x240", "640x480", "1280x720", "1920x1080", "3840x2160")
FACES = (1, 2, 4, 8)
COLUMNS, ROWS = 4, 2
"""Grid of places for faces."""
FACE_W = 0.1
"""Width of a face as a share of the picture's: 64 px in 640."""
AROUND = 2.2
"""Side of the square that is cut out, in widths of the face: includes hair, neck and some background."""
MOST_FRAMES, MOST_BYTES = 120, 400_000_000
"""Limits of a scene; larger pictures have fewer frames."""
SEARCHED_W = 320
"""Width of the gray picture whose scaling is measured separately; the searches use similar widths."""


def cut_out(source: str) -> list[Image]:
    """The largest face of a source with its surroundings, one (S, S, 3) uint8 BGR picture per frame.

    Raises:
        ConfigError: The source shows no face.
    """
    config = Config()
    opened = open_source(source, config.source)
    pipeline = build(config)
    images: list[Image] = []
    boxes: list[Box] = []
    while len(images) < MOST_FRAMES and (frame := opened.read()) is not None:
        faces = pipeline.step(frame).faces
        if faces:
            images.append(frame.image)
            boxes.append(max((face.box for face in faces), key=lambda box: box[2] - box[0]))
    opened.close()
    if not images:
        raise ConfigError(f"{source}: no face in the first {MOST_FRAMES} frames; give a clip with one")
    # One fixed square for the whole clip: the face moves within it as in the clip.
    x1, y1, x2, y2 = np.median(np.array(boxes), axis=0)
    side = round(AROUND * (x2 - x1))
    left, top = round((x1 + x2 - side) / 2), round((y1 + y2 - side) / 2)
    bordered = [cv2.copyMakeBorder(image, side, side, side, side, cv2.BORDER_REPLICATE) for image in images]
    return [np.asarray(b[top + side : top + 2 * side, left + side : left + 2 * side], np.uint8) for b in bordered]


def scene(patches: Sequence[Image], faces: int, width: int, height: int) -> list[Image]:
    """Frames (height, width, 3) with ``faces`` moving faces on a still background."""
    count = max(4, min(MOST_FRAMES, MOST_BYTES // (width * height * 3)))
    side = min(round(AROUND * FACE_W * width), height // ROWS)
    small = [np.asarray(cv2.resize(p, (side, side), interpolation=cv2.INTER_AREA), np.uint8) for p in patches]
    blurred = cv2.GaussianBlur(cv2.resize(patches[0], (64, 48)), (0, 0), 6)
    back = np.asarray(cv2.resize(blurred, (width, height)), np.uint8)
    places = list(itertools.product(range(ROWS), range(COLUMNS)))[:faces]
    frames = []
    for n in range(count):
        frame = back.copy()
        for number, (row, column) in enumerate(places):
            at = (n + 29 * number) % (2 * len(small) - 1)  # forwards and backwards, so that no copy jumps
            y = round((row + 0.5) * height / ROWS - side / 2)
            x = round((column + 0.5) * width / COLUMNS - side / 2)
            frame[y : y + side, x : x + side] = small[at if at < len(small) else 2 * len(small) - 2 - at]
        frames.append(frame)
    return frames


def spent(act: Callable[[], object], times: int = 20) -> float:
    """Median CPU milliseconds of the process per call."""
    took = []
    for _ in range(times):
        started = time.process_time()
        act()
        took.append(time.process_time() - started)
    return float(np.median(took)) * 1e3


def shrink(image: Image) -> object:
    """Scales a frame down for the search: gray, ``SEARCHED_W`` wide, by area averaging."""
    height, width = image.shape[:2]
    size = (SEARCHED_W, round(height * SEARCHED_W / width))
    return cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)


def row(patches: Sequence[Image], faces: int, size: str, threads: int, seconds: float) -> str:
    """One measured row of the table."""
    width, height = (int(n) for n in size.split("x"))
    images = scene(patches, faces, width, height)
    config = Config()
    config = replace(
        config,
        detect=replace(config.detect, threads=threads),
        emotion=replace(config.emotion, threads=threads),
        follow=replace(config.follow, threads=threads),
    )
    stages, seen, _ = measure(images, config, seconds)
    total = np.sum(list(stages.values()), axis=0)
    jpeg = cv2.imencode(".jpg", images[0], [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
    means = {name: float(np.mean(ms)) for name, ms in stages.items()}
    other = sum(ms for name, ms in means.items() if name not in ("find", "read"))
    return (
        f"| {size} | {faces} | {seen:.2f} | {threads} | {len(total)} | {total.mean():.2f} | {np.median(total):.2f} | "
        f"{np.percentile(total, 95):.2f} | {means['find']:.2f} | {means['read']:.2f} | {other:.2f} | "
        f"{spent(lambda: shrink(images[0])):.2f} | {spent(lambda: cv2.imdecode(jpeg, cv2.IMREAD_COLOR)):.2f} |"
    )


def main() -> None:
    """Prints the table: faces in 640x480, then sizes with one face; with ``--all`` each number at each size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("clip", nargs="?", default="demo", help="a clip with a face (default the built-in demo)")
    parser.add_argument("--faces", default=",".join(map(str, FACES)), help="numbers of faces, at most 8")
    parser.add_argument("--sizes", default=",".join(SIZES), help="sizes of the picture")
    parser.add_argument("--threads", default="1,2", help="threads for OpenCV and the networks")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each row is measured")
    parser.add_argument("--all", action="store_true", help="every number of faces at every size")
    args = parser.parse_args()
    faces = [int(n) for n in args.faces.split(",")]
    sizes = args.sizes.split(",")
    if not 1 <= min(faces) <= max(faces) <= COLUMNS * ROWS:
        parser.error(f"--faces: 1 to {COLUMNS * ROWS} (got {args.faces})")
    base = "640x480" if "640x480" in sizes else sizes[0]
    pairs = [(base, n) for n in faces] + [(size, faces[0]) for size in sizes if size != base]
    patches = cut_out(args.clip)
    print(f"{processor()}\n")
    print(
        "| size | faces | seen | threads | N | mean ms | p50 | p95 | find | read | other | *shrink* | *decode JPEG* |"
    )
    print("|" + "---|" * 13)
    for threads in (int(n) for n in args.threads.split(",")):
        for size, number in itertools.product(sizes, faces) if args.all else pairs:
            print(row(patches, number, size, threads, args.seconds), flush=True)


if __name__ == "__main__":
    main()
