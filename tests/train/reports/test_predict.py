"""Reading pictures with the shipped model: crops, whole photographs, random faces."""

from __future__ import annotations

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.capture import demo, demo_art
from monitor.core.errors import ConfigError
from monitor.core.labels import EMOTIONS
from monitor.networks.emotion import EmotionNet
from train.cli import main as cli
from train.data import datasets, importers
from train.data.crops import read_crop
from train.data.datasets import Dataset
from train.reports import predict

MODEL = str(Path(__file__).parents[3] / "models/emotion.tflite")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A happy demo face, a photograph-like frame of the demo, a damaged picture."""
    cv2.imwrite(str(tmp_path / "a_face.png"), demo_art.faces()[0, EMOTIONS.index("happy")])
    cv2.imwrite(str(tmp_path / "b_frame.png"), demo.render(4.0))
    (tmp_path / "c_torn.jpg").write_bytes(b"torn")
    return tmp_path


def test_given_crops_are_read_as_the_app_reads_them(folder: Path, shipped: EmotionNet) -> None:
    readings = predict.read_files([folder / "a_face.png", folder / "c_torn.jpg"], shipped, None)
    assert [(r.name, r.label) for r in readings] == [("a_face.png", "happy")]
    assert np.array_equal(readings[0].probs, shipped.probabilities(readings[0].crop))


def test_in_a_whole_photograph_the_apps_search_finds_the_faces(folder: Path, shipped: EmotionNet) -> None:
    readings = predict.read_files([folder / "b_frame.png"], shipped, predict.FaceFinder())
    assert len(readings) >= 1
    assert all(r.crop.shape == (48, 48) for r in readings)
    cv2.imwrite(str(folder / "empty.png"), np.full((240, 320, 3), 90, np.uint8))
    with pytest.raises(ConfigError, match="none of the 1 pictures gave a face"):
        predict.read_files([folder / "empty.png"], shipped, predict.FaceFinder())


def test_without_the_keypoint_network_the_detector_alone_finds_them(
    folder: Path, shipped: EmotionNet, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(predict, "find_model", lambda name: folder / name)
    assert predict.read_files([folder / "b_frame.png"], shipped, predict.FaceFinder())
    assert "keypoints.tflite: is missing" in caplog.text


def test_a_folder_means_its_pictures_and_wrong_paths_give_one_line(folder: Path) -> None:
    assert [p.name for p in predict.files([str(folder)])] == ["a_face.png", "b_frame.png", "c_torn.jpg"]
    with pytest.raises(ConfigError, match="no such file"):
        predict.files([str(folder / "none.png")])
    (folder / "sub").mkdir()
    with pytest.raises(ConfigError, match="holds no picture"):
        predict.files([str(folder / "sub")])


def test_random_faces_are_the_same_for_the_same_seed(drawn: Dataset, shipped: EmotionNet) -> None:
    first = predict.read_random(drawn, "validation", 5, 3, shipped)
    assert [r.name for r in first] == [r.name for r in predict.read_random(drawn, "validation", 5, 3, shipped)]
    assert [r.name for r in first] != [r.name for r in predict.read_random(drawn, "validation", 5, 4, shipped)]
    assert len(predict.read_random(drawn, "validation", 10_000, 0, shipped)) == 105
    with pytest.raises(ConfigError, match="it has: train, validation"):
        predict.read_random(drawn, "test", 5, 0, shipped)


def test_the_command_draws_a_grid_and_prints_json(
    folder: Path, drawn: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    grid = folder / "out/grid.png"
    assert cli.main(["predict", str(folder / "a_face.png"), "--model", MODEL, "--grid", str(grid), "--json"]) == 0
    reading = json.loads(capsys.readouterr().out)[0]
    assert reading["label"] == "happy"
    assert sum(reading["probs"].values()) == pytest.approx(1, abs=1e-3)
    assert np.asarray(cv2.imread(str(grid))).std() > 20
    odd = folder / "c$^$[red].png"
    odd.write_bytes((folder / "a_face.png").read_bytes())
    assert cli.main(["predict", str(odd), "--model", MODEL, "--grid", str(grid)]) == 0
    assert "c$^$[red].png" in capsys.readouterr().out
    datasets.save_prepared(drawn, folder / "d.npz")
    assert cli.main(["predict", "--data", str(folder / "d.npz"), "--model", MODEL, "--count", "6"]) == 0
    assert "of N = 6 agree with the known labels" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--detect"], "--detect: is for whole photographs"),
        (["x.png", "--model", "none.tflite"], "no such model"),
        (["--data", "none.npz"], "no such file or folder"),
    ],
)
def test_mistakes_give_one_line(flags: list[str], expected: str, caplog: pytest.LogCaptureFixture) -> None:
    model = [] if "--model" in flags else ["--model", MODEL]
    assert cli.main(["predict", *model, *flags]) in (2, 4)
    assert expected in caplog.text
    assert len(caplog.records) == 1


@pytest.mark.parametrize("flags", [["--seed", "-1"], ["--count", "many"], ["--count", "0"]])
def test_a_text_instead_of_a_number_gives_one_line(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["predict", *flags])
    assert ended.value.code == 2
    assert "must be" in capsys.readouterr().err


def test_a_name_that_is_not_utf_8_is_read_like_any_other(folder: Path, shipped: EmotionNet) -> None:
    strange = folder / os.fsdecode(b"a\xff.png")
    (folder / "a_face.png").rename(strange)
    assert [r.label for r in predict.read_files([strange], shipped, None)] == ["happy"]
    crop = read_crop(importers.Picture(strange, 0, "train", None))
    assert crop is not None
    assert crop.shape == (48, 48)


def test_outside_of_a_checkout_the_shipped_model_is_found(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    assert cli.main(["predict", "a_face.png", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["label"] == "happy"
