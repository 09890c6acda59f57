from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.capture import demo
from monitor.core.boxes import iou
from monitor.core.errors import ConfigError, ModelError
from monitor.core.types import Detections, Image
from monitor.faces.detector import make_detector, suppress
from monitor.settings.config import DetectConfig


def gray(t: float) -> Image:
    return cv2.cvtColor(demo.render(t), cv2.COLOR_BGR2GRAY).astype(np.uint8)


def test_haar_finds_the_demo_faces_where_they_are() -> None:
    found = make_detector(DetectConfig()).find(gray(12.0), 60, 480)
    strong = found.boxes[found.scores >= 0.5]
    centres = sorted((b[0] + b[2]) / 2 for b in strong)
    expected = sorted(place[0] for actor in demo.STORY if (place := actor.place(12.0)) is not None)
    assert len(centres) == 2
    assert np.allclose(centres, expected, atol=15)


def test_an_empty_room_has_no_face() -> None:
    assert len(make_detector(DetectConfig()).find(gray(0.0), 40, 480)) == 0


@pytest.mark.parametrize("shape", [(1, 1), (23, 500), (24, 24)])
def test_tiny_pictures_are_survived(shape: tuple[int, int]) -> None:
    found = make_detector(DetectConfig(profile="always")).find(np.zeros(shape, np.uint8), 20, 24)
    assert len(found) == 0


def test_profile_search_works_both_ways_round() -> None:
    detector = make_detector(DetectConfig(profile="always"))
    straight, mirrored = gray(5.0), cv2.flip(gray(5.0), 1).astype(np.uint8)
    a, b = detector.find(straight, 60, 480).boxes, detector.find(mirrored, 60, 480).boxes
    assert len(a) >= 1
    assert len(b) >= 1


def test_a_missing_or_foreign_yunet_file_gives_one_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such file"):
        make_detector(DetectConfig(method="yunet", yunet_model=str(tmp_path / "none.onnx")))
    foreign = tmp_path / "foreign.onnx"
    foreign.write_bytes(b"not a network")
    with pytest.raises(ModelError) as caught:
        make_detector(DetectConfig(method="yunet", yunet_model=str(foreign)))
    assert len(caught.value.lines) == 1
    assert "is not a YuNet model" in caught.value.lines[0]


def test_of_overlapping_boxes_the_best_is_kept() -> None:
    boxes = np.array([[0, 0, 100, 100], [5, 5, 105, 105], [300, 0, 400, 100]], np.float32)
    kept = suppress(Detections(boxes, np.array([0.6, 0.9, 0.5], np.float32)))
    assert kept.boxes[:, 0].tolist() == [5, 300]


def test_detections_of_the_wrong_shape_say_what_was_expected() -> None:
    with pytest.raises(ValueError, match=r"\(N, 4\), got \(3,\)"):
        Detections(np.zeros(3, np.float32), np.zeros(1, np.float32))
    with pytest.raises(ValueError, match=r"scores must have shape \(2,\)"):
        Detections(np.zeros((2, 4), np.float32), np.zeros(1, np.float32))


BOX = st.tuples(st.floats(0, 100), st.floats(0, 100), st.floats(1, 100), st.floats(1, 100)).map(
    lambda v: np.array([v[0], v[1], v[0] + v[2], v[1] + v[3]])
)


@given(BOX, BOX)
def test_iou_is_symmetric_within_0_and_1_and_1_for_itself(a: np.ndarray, b: np.ndarray) -> None:
    assert iou(a, b) == pytest.approx(iou(b, a))
    assert 0 <= iou(a, b) <= 1 + 1e-9
    assert iou(a, a) == pytest.approx(1)


def test_a_missing_cascade_is_reported_at_once_and_a_damaged_one_when_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cv2, "__file__", str(tmp_path / "cv2.py"))
    with pytest.raises(ConfigError, match="is missing or damaged; reinstall it"):
        make_detector(DetectConfig())
    (tmp_path / "data").mkdir()
    for name in ("haarcascade_frontalface_default", "haarcascade_profileface"):
        (tmp_path / "data" / f"{name}.xml").write_text("<opencv_storage></opencv_storage>")
    with pytest.raises(ConfigError, match="is missing or damaged; reinstall it"):
        make_detector(DetectConfig()).find(gray(5.0), 60, 480)
