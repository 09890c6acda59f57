"""How well ``emotion-train clean`` finds known faults: a clean set with injected ones, precision and recall by kind.

    python -m benchmarks.other_pictures ../shared/data /tmp/other
    python -m benchmarks.dirty_set ../shared/data /tmp/other --per-class 900

Photographs come from expressions.zip (RAF-DB, then AffectNet), drawings and things from the held-out side of
``benchmarks.other_pictures``. The faults are injected with a fixed seed: 2 % copies, 8 % near copies (recompressed,
mirrored, cropped, watermarked), 8 % drawings, 7 % without a person, 10 % wrong labels (half of them plausible
confusions), 3 % broken files. The photographs count as clean, so their own faults, which the sets have, lower the
precision. ``--model`` judges the labels with another network's features: the shipped one was trained on these very
pictures with their right labels.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.labels import EMOTIONS
from monitor.core.types import Image
from monitor.networks.card import find_model
from monitor.networks.keypoints import KeypointNet
from train.clean.faces import Faces
from train.clean.manifest import GOOD, NAME, Entry, Manifest
from train.clean.run import Tools, clean
from train.reports.predict import FaceFinder

SOURCES = ("rafdb", "affectnet")
CONFUSIONS = {
    "angry": "disgust", "disgust": "angry", "fear": "surprise", "surprise": "fear", "sad": "neutral", "neutral": "sad",
    "happy": "surprise",
}  # fmt: skip
SHARES = {"drawing": (0.08, "drawing"), "thing": (0.07, "no face")}
"""Share of each kind of other pictures, and the fault that they are."""
COPIES = {"duplicate", "conflict"}


@dataclass(slots=True)
class DirtySet:
    """A folder of pictures with known faults.

    Attributes:
        folder: The set.
        faults: Injected fault by path below the folder.
        twins: Path of the original of each copy.
    """

    folder: Path
    faults: dict[str, str] = field(default_factory=dict)
    twins: dict[str, str] = field(default_factory=dict)


def recompressed(image: Image, rng: np.random.Generator) -> Image:
    """JPEG at quality 30 to 60."""
    packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 60))])[1]
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)


def mirrored(image: Image, rng: np.random.Generator) -> Image:
    """The mirror image."""
    return np.ascontiguousarray(image[:, ::-1])


def cropped(image: Image, rng: np.random.Generator) -> Image:
    """Up to 8 % cut off each side."""
    height, width = image.shape
    top, left, bottom, right = (int(v) for v in rng.uniform(0.02, 0.08, 4) * (height, width, height, width))
    return np.ascontiguousarray(image[top : height - bottom, left : width - right])


def watermarked(image: Image, rng: np.random.Generator) -> Image:
    """Half-transparent letters over the lower part."""
    layer = image.copy()
    place = (int(rng.integers(0, 10)), int(image.shape[0] * 0.92))
    cv2.putText(layer, "STOCK", place, cv2.FONT_HERSHEY_SIMPLEX, image.shape[1] / 110, 255, 2, cv2.LINE_AA)
    return cv2.addWeighted(image, 0.5, layer, 0.5, 0).astype(np.uint8)


NEAR: tuple[Callable[[Image, np.random.Generator], Image], ...] = (recompressed, mirrored, cropped, watermarked)


def build(data: Path, others: Path, folder: Path, per_class: int, seed: int) -> DirtySet:
    """Writes the set.

    Args:
        data: Folder with expressions.zip.
        others: Folder of ``benchmarks.other_pictures``.
        folder: The set's folder.
        per_class: Pictures of a class, faults among them.
        seed: Chooses pictures and faults.
    """
    rng = np.random.default_rng(seed)
    made = DirtySet(folder)
    foreign = {kind: _shuffled(sorted(map(str, (others / "test" / kind).glob("*.png"))), rng) for kind in SHARES}
    with zipfile.ZipFile(data / "expressions.zip") as archive:
        names = archive.namelist()
        for label in EMOTIONS:
            own = [n for source in SOURCES for n in _shuffled([m for m in names if f"{source}/{label}/" in m], rng)]
            pictures = [(name, archive.read(name)) for name in own[: round(0.62 * per_class)]]
            wrong = _shuffled(own[round(0.62 * per_class) : round(0.72 * per_class)], rng)
            _write_class(made, label, pictures, per_class, rng)
            for n, name in enumerate(wrong):
                apart = [other for other in EMOTIONS if other != label]
                target = CONFUSIONS[label] if n % 2 else str(rng.choice(apart))
                _put(made, f"{target}/wrong_{label}_{n:04}.webp", archive.read(name), "wrong label")
            for kind, (share, fault) in SHARES.items():
                for _ in range(round(share * per_class)):
                    if foreign[kind]:
                        path = Path(foreign[kind].pop())
                        _put(made, f"{label}/{fault.replace(' ', '_')}_{path.name}", path.read_bytes(), fault)
    return made


def _write_class(
    made: DirtySet, label: str, pictures: list[tuple[str, bytes]], per_class: int, rng: np.random.Generator
) -> None:
    for n, (_, content) in enumerate(pictures):
        _put(made, f"{label}/{n:05}.webp", content, "")
    chosen = rng.permutation(len(pictures))
    count = round(0.02 * per_class)
    for n, row in enumerate(chosen[:count]):
        _put(made, f"{label}/same_{n:04}.webp", pictures[row][1], "duplicate", f"{label}/{row:05}.webp")
    for n, row in enumerate(chosen[count : 5 * count]):
        image = cv2.imdecode(np.frombuffer(pictures[row][1], np.uint8), cv2.IMREAD_GRAYSCALE)
        changed = NEAR[n % len(NEAR)](np.asarray(image, np.uint8), rng)
        name = f"{label}/{NEAR[n % len(NEAR)].__name__}_{n:04}.png"
        _put(made, name, _png(changed), "duplicate", f"{label}/{row:05}.webp")
    for n in range(round(0.03 * per_class)):
        content = pictures[int(chosen[n])][1]
        _put(made, f"{label}/broken_{n:04}.webp", (b"", content[:30], b"<html>404</html>")[n % 3], "broken")


def _png(image: Image) -> bytes:
    return bytes(cv2.imencode(".png", image)[1])


def _shuffled(names: list[str], rng: np.random.Generator) -> list[str]:
    return [names[int(n)] for n in rng.permutation(len(names))]


def _put(made: DirtySet, name: str, content: bytes, fault: str, twin: str = "") -> None:
    path = made.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    made.faults[name] = fault
    if twin:
        made.twins[name] = twin


FAULTS = ("broken", "duplicate", "drawing", "no face", "wrong label")


def scores(made: DirtySet, entries: list[Entry]) -> list[tuple[str, float, float, int]]:
    """Precision, recall and number of injected faults of each kind.

    A copy counts as found if it or its original was marked as a duplicate.
    """
    by_path = {entry.path: entry for entry in entries}
    originals = set(made.twins.values())
    rows = []
    for fault in FAULTS:
        wanted = [path for path, own in made.faults.items() if own == fault]
        kinds = COPIES if fault == "duplicate" else {fault}
        found = [
            path
            for path in wanted
            if by_path[path].kind in kinds or (path in made.twins and by_path[made.twins[path]].kind in kinds)
        ]
        marked = [entry.path for entry in entries if entry.kind in kinds]
        right = [p for p in marked if made.faults[p] == fault or (fault == "duplicate" and p in originals)]
        rows.append((fault, len(right) / max(1, len(marked)), len(found) / max(1, len(wanted)), len(wanted)))
    return rows


def auroc(made: DirtySet, entries: list[Entry]) -> tuple[float, float]:
    """AUROC of the label score over pictures with only a label to judge, and precision at a recall of 0.6."""
    judged = [e for e in entries if e.kind in (GOOD, "wrong label") and made.faults[e.path] in ("", "wrong label")]
    truth = np.array([made.faults[e.path] == "wrong label" for e in judged])
    score = np.array([e.score for e in judged])
    order = np.argsort(score, kind="stable")
    ranks = np.empty(len(score))
    ranks[order] = np.arange(1, len(score) + 1)
    positive, negative = int(truth.sum()), int((~truth).sum())
    area = (ranks[truth].sum() - positive * (positive + 1) / 2) / max(1, positive * negative)
    hits: NDArray[np.int64] = np.cumsum(truth[np.argsort(-score, kind="stable")])
    at = int(np.argmax(hits >= 0.6 * positive)) if positive else 0
    return float(area), float(hits[at] / (at + 1))


def lost(made: DirtySet, entries: list[Entry]) -> str:
    """Clean pictures that are left out, by the kind that they were given; copies and their originals do not count."""
    originals = set(made.twins.values())
    clean_ones = [e for e in entries if made.faults[e.path] == "" and e.path not in originals]
    counts = Counter(entry.kind for entry in clean_ones if entry.kind != GOOD)
    kinds = ", ".join(f"{count} {kind}" for kind, count in counts.most_common())
    return f"of {len(clean_ones)} clean pictures {sum(counts.values())} are left out: {kinds}"


def main() -> None:
    """Builds the set, cleans it and prints one row a kind."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path, help="folder with expressions.zip")
    parser.add_argument("others", type=Path, help="folder of benchmarks.other_pictures")
    parser.add_argument("--per-class", type=int, default=900, help="pictures of a class (default 900)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--model", type=Path, default=find_model("emotion.tflite"), help="expression model for the labels"
    )
    parser.add_argument("--keep", type=Path, help="build the set here and keep it, with the record clean.sqlite")
    args = parser.parse_args()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # broken pictures are part of the set
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as place:
        made = build(args.data, args.others, args.keep or Path(place) / "set", args.per_class, args.seed)
        begun, started = time.process_time(), time.monotonic()
        tools = Tools(lambda: Faces(KeypointNet(find_model("keypoints.tflite")), FaceFinder()), args.model)
        entries = clean(made.folder, [], tools)
        minutes, cpu = (time.monotonic() - started) / 60, (time.process_time() - begun) / 60
    if args.keep:
        record = Manifest(args.keep / NAME)
        record.replace(entries)
        record.close()
    out = io.StringIO()
    out.write("| fault | precision | recall | N |\n|---|---|---|---|\n")
    for fault, precision, recall, count in scores(made, entries):
        out.write(f"| {fault} | {precision:.3f} | {recall:.3f} | {count} |\n")
    area, precision = auroc(made, entries)
    print(out.getvalue())
    print(f"wrong labels: AUROC {area:.3f}, precision {precision:.3f} at recall 0.6")
    print(lost(made, entries))
    print(f"{len(entries)} pictures in {minutes:.1f} minutes, {cpu:.1f} minutes of one core")


if __name__ == "__main__":
    main()
