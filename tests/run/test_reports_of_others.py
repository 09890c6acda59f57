"""Pictures and calls that broke other programs, by their public reports (docs/contributing/field-reports.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from emotion_monitor import Monitor
from monitor.core.boxes import iou
from monitor.core.types import Image

BOX = (116.0, 138.0, 288.0, 310.0)
"""The happy face of the demo at ``HAPPY_S``."""


def written(folder: Path, name: str, pixels: Any) -> Path:
    path = folder / name
    assert cv2.imwrite(str(path), pixels)
    return path


@pytest.mark.parametrize("kind", ["png", "tif", "webp", "jpg"])
def test_the_orientation_in_any_format_is_applied(monitor: Monitor, happy: Image, kind: str, tmp_path: Path) -> None:
    """opencv #16579, #10703: only JPEG was turned. The pixels lie on their side, tag 274 says so."""
    pillow = pytest.importorskip("PIL.Image")
    tags = pillow.Exif()
    tags[274] = 6
    stored = cv2.cvtColor(np.ascontiguousarray(np.rot90(happy)), cv2.COLOR_BGR2RGB)
    pillow.fromarray(stored).save(tmp_path / f"o.{kind}", exif=tags)
    (face,) = monitor.read(tmp_path / f"o.{kind}")
    assert iou(face.box, BOX) > 0.85
    assert face.label == "happy"


@pytest.mark.parametrize("bits", [10, 12, 16])
def test_pictures_of_more_than_eight_bits_are_not_black(
    monitor: Monitor, happy: Image, bits: int, tmp_path: Path
) -> None:
    """Cameras for industry store 10 or 12 bits in 16 without scaling them."""
    deep = (happy.astype(np.float32) * ((2**bits - 1) / 255)).astype(np.uint16)
    (face,) = monitor.read(written(tmp_path, "deep.png", deep))
    assert face.label == "happy"
    assert face.quality == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("whole", [1.0, 255.0])
def test_a_float_tiff_is_a_picture(monitor: Monitor, happy: Image, whole: float, tmp_path: Path) -> None:
    (face,) = monitor.read(written(tmp_path, "float.tif", happy.astype(np.float32) / 255 * whole))
    assert face.label == "happy"


def test_a_transparent_picture_is_read_by_its_colors(monitor: Monitor, happy: Image, tmp_path: Path) -> None:
    """opencv #21695."""
    (face,) = monitor.read(written(tmp_path, "alpha.png", np.dstack([happy, np.full(happy.shape[:2], 255, np.uint8)])))
    assert face.label == "happy"


@pytest.mark.parametrize("mode", ["CMYK", "P", "1"])
def test_print_palette_and_fax_pictures_are_read(monitor: Monitor, happy: Image, mode: str, tmp_path: Path) -> None:
    pillow = pytest.importorskip("PIL.Image")
    name = tmp_path / ("print.jpg" if mode == "CMYK" else "indexed.png")
    pillow.fromarray(cv2.cvtColor(happy, cv2.COLOR_BGR2RGB)).convert(mode).save(name)
    (face,) = monitor.read(name)
    assert iou(face.box, BOX) > 0.7


@pytest.mark.parametrize("side", [50, 24])
def test_a_face_that_fills_a_tiny_picture_is_found(monitor: Monitor, happy: Image, side: int) -> None:
    """OpenFace #744: pictures of 50×50 gave the same features for everybody."""
    tiny = cv2.resize(happy[118:330, 96:308], (side, side), interpolation=cv2.INTER_AREA).astype(np.uint8)
    (face,) = monitor.read(tiny)
    assert face.quality < 0.7, "few pixels are told by the quality"


@pytest.mark.parametrize(
    ("part", "moved"), [((slice(None), slice(180, None)), (-180, 0)), ((slice(190, None), slice(None)), (0, -190))]
)
def test_a_face_cut_by_the_edge_of_the_picture_is_no_crash(
    monitor: Monitor, happy: Image, part: tuple[slice, slice], moved: tuple[int, int]
) -> None:
    """deepface #282, #360, fer #17."""
    dx, dy = moved
    (face,) = monitor.read(happy[part])
    assert iou(face.box, (BOX[0] + dx, BOX[1] + dy, BOX[2] + dx, BOX[3] + dy)) > 0.7


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ([np.zeros((8, 8, 3), np.uint8)], "must be a path or a NumPy array"),
        (np.zeros((3, 480, 640), np.uint8), r"must have the shape \(H, W, 3\)"),
        (np.zeros((480, 640, 3)), "must have the type uint8"),
        (np.zeros((0, 0, 3), np.uint8), "must have the shape"),
        (None, "must be a path or a NumPy array"),
    ],
)
def test_what_is_no_picture_is_named(monitor: Monitor, given: Any, why: str) -> None:
    """deepface #55 (a list), deepface #4, face-alignment #154: an assertion of OpenCV instead."""
    with pytest.raises((TypeError, ValueError), match=why):
        monitor.read(given)


def test_every_frame_of_a_clip_is_in_the_table_once(demo_clip: Path) -> None:
    """py-feat #129 (frames missing), #165 (frames repeated)."""
    with Monitor() as monitor:
        table = monitor.analyze(demo_clip)
    frames = table["frame"]
    assert np.array_equal(np.unique(frames), np.arange(frames.max() + 1))
    per_frame = {(int(f), int(i)) for f, i in zip(frames, table["face_id"], strict=True)}
    assert len(per_frame) == len(frames)
