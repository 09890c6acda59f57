"""Reading pictures and settings with the Python API: a result, or one line for an error."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from emotion_monitor import Monitor, load_config
from monitor.capture import demo
from monitor.cli import main as cli
from monitor.core.boxes import iou
from monitor.core.errors import ConfigError, SourceError
from monitor.core.types import Image


def test_a_picture_gives_the_same_faces_as_path_array_or_gray(monitor: Monitor, happy: Image, tmp_path: Path) -> None:
    path = tmp_path / "happy.png"
    cv2.imwrite(str(path), happy)
    gray = cv2.cvtColor(happy, cv2.COLOR_BGR2GRAY).astype(np.uint8)
    from_path, from_text, from_array = monitor.read(path), monitor.read(str(path)), monitor.read(happy)
    assert [(found.id, found.label) for found in from_path] == [(1, "happy")]
    for found in (from_text, from_array):
        assert found[0].box == from_path[0].box
        assert np.array_equal(found[0].probs, from_path[0].probs)
    for image in (gray, gray[:, :, None]):
        (found_gray,) = monitor.read(image)
        assert found_gray.label == "happy"
        assert iou(np.array(found_gray.box), np.array(from_path[0].box)) > 0.95


def test_a_picture_is_read_as_the_command_line_reads_it(monitor: Monitor, happy: Image, tmp_path: Path) -> None:
    path = tmp_path / "happy.png"
    cv2.imwrite(str(path), happy)
    assert cli.main(["--headless", "-q", "--source", str(path), "--out", str(tmp_path / "s")]) == 0
    (row,) = csv.DictReader((tmp_path / "s" / "faces.csv").open())
    (found,) = monitor.read(path)
    assert row["emotion"] == found.label
    assert float(row["confidence"]) == pytest.approx(found.confidence, abs=1e-4)


def test_pictures_are_read_independently(monitor: Monitor, happy: Image) -> None:
    surprised = demo.render(7.8)
    alone = Monitor().read(surprised)
    monitor.read(happy)
    (found,) = monitor.read(surprised)
    assert found.id == alone[0].id == 1
    assert np.array_equal(found.probs, alone[0].probs)
    assert monitor.read(demo.render(23.5)) == []


def test_an_array_is_neither_changed_nor_locked(monitor: Monitor, happy: Image) -> None:
    image = happy.copy()
    monitor.read(image)
    assert np.array_equal(image, happy)
    assert image.flags.writeable
    assert monitor.read(np.asfortranarray(image))[0].label == "happy"


@pytest.mark.parametrize(
    ("image", "error", "says"),
    [
        ("missing.png", SourceError, "missing.png: no such file or folder"),
        (np.zeros((9, 9, 3)), TypeError, "image must have the type uint8, got float64"),
        (np.zeros((9, 9, 4), np.uint8), ValueError, "image must have the shape (H, W, 3) or (H, W), got (9, 9, 4)"),
        (np.zeros((0, 9, 3), np.uint8), ValueError, "image must have the shape (H, W, 3) or (H, W), got (0, 9, 3)"),
        ([[1, 2]], TypeError, "image must be a path or a NumPy array in BGR order, got list"),
    ],
)
def test_files_that_are_not_pictures_give_one_line(
    monitor: Monitor, image: Any, error: type[Exception], says: str
) -> None:
    with pytest.raises(error) as caught:
        monitor.read(image)
    assert str(caught.value) == says


def test_files_that_are_no_pictures_give_one_line(monitor: Monitor, tmp_path: Path, demo_clip: Path) -> None:
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes(b"damaged")
    for path, says in (
        (damaged, "cannot be read as a picture; it may be damaged"),
        (tmp_path, "is not a picture but a folder; use Monitor.watch"),
        (demo_clip, "is not a picture but a video; use Monitor.watch"),
    ):
        with pytest.raises(SourceError) as caught:
            monitor.read(path)
        assert str(caught.value) == f"{path}: {says}"


@pytest.mark.parametrize("size", [(1, 1, 3), (1, 640, 3), (480, 2)])
def test_a_picture_too_small_for_a_face_shows_none(monitor: Monitor, size: tuple[int, ...]) -> None:
    assert monitor.read(np.full(size, 90, np.uint8)) == []


def test_a_wrong_setting_is_reported_in_terms_of_the_call() -> None:
    with pytest.raises(ConfigError) as caught:
        Monitor(settings={"detect.min_fac": 60})
    assert str(caught.value) == "settings: detect.min_fac is not a setting; did you mean detect.min_face?"
    with pytest.raises(ConfigError, match=r"^settings: detect\.min_face .*"):
        load_config(settings={"detect.min_face": "many"})
    with pytest.raises(ConfigError, match=r"^profile: nobody is not a profile; there are default, driver, demo$"):
        Monitor(profile="nobody")
    with pytest.raises(TypeError, match="either config or profile"):
        Monitor(profile="driver", config=load_config())
    with pytest.raises(TypeError, match=r"config must come from load_config\(path\), got 'night.yaml'"):
        Monitor(config="night.yaml")  # type: ignore[arg-type]


def test_settings_come_from_the_call_and_not_from_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text("detect: {min_face: 99}\n")
    given = {"detect.min_face": 60, "driver.enabled": True, "emotion.smooth_s": 1e-05, "output.dir": "a: b"}
    config = load_config(settings=given)
    assert (config.detect.min_face, config.driver.enabled, config.output.dir) == (60, True, "a: b")
    assert config.emotion.smooth_s == 1e-05
    assert load_config().detect.min_face != 99
    assert load_config("config.yaml").detect.min_face == 99
    assert load_config(profile="driver").driver.enabled
