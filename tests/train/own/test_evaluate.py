"""A model with a user's own labels is measured and reads pictures from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.core.errors import ConfigError
from monitor.core.labels import EMOTIONS, OWN
from monitor.core.types import Image
from monitor.networks.card import load_card
from train.clean.faces import Face
from train.cli import main as cli
from train.data import neighbours
from train.data.datasets import Dataset
from train.own import figures, order, pictures
from train.own.evaluate import Measure, evaluate

LABELS = ("cross", "yuck", "afraid", "joyful", "gloomy", "amazed", "plain")
"""New names of the seven expressions, in their order."""


class Cropped:
    """Takes every picture for a face crop."""

    def find(self, image: Image) -> Face:
        return Face(1, image)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The shipped model under other names."""
    shipped = Path(__file__).parents[3] / "models/emotion.tflite"
    fields = json.loads(shipped.with_suffix(".json").read_text())
    fields |= {"name": OWN, "labels": list(LABELS), "priors": {}}
    (tmp_path / "my.tflite").write_bytes(shipped.read_bytes())
    (tmp_path / "my.json").write_text(json.dumps(fields))
    return tmp_path / "my.tflite"


@pytest.fixture
def folder(drawn: Dataset, tmp_path: Path) -> Path:
    """Thirty drawn faces of each of two classes, in another order than the model's."""
    for label in ("gloomy", "amazed"):
        place = tmp_path / "set" / label
        place.mkdir(parents=True)
        for n, row in enumerate(np.flatnonzero(drawn.truth == LABELS.index(label))[:30]):
            cv2.imwrite(str(place / f"{n}.png"), drawn.images[row])
    (tmp_path / "moods.yaml").write_text("folder: set")
    return tmp_path / "set"


def test_other_pictures_in_a_folder_are_measured_as_a_whole(model: Path, folder: Path) -> None:
    report = evaluate(Measure(model, folder), Cropped)
    assert (report["data"], report["split"], report["n"]) == ("set", "all", 60)
    assert report["accuracy"] > 0.8
    assert report["recall"]["gloomy"] > 0.6
    assert report["model"] == load_card(model, own=True).version
    with pytest.raises(ConfigError, match="is a folder and measured as a whole; leave it out"):
        evaluate(Measure(model, folder, "test"), Cropped)
    (folder / "gloomy").rename(folder / "glum")
    with pytest.raises(ConfigError, match=r"glum is not a label of the model .* rename or move the folder"):
        evaluate(Measure(model, folder), Cropped)


def test_the_pictures_of_the_training_are_measured_by_part(
    model: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "groups", lambda images, asked: [])
    path = folder.parent / "moods.yaml"
    with pytest.raises(ConfigError, match="its training part is not the one that the model was made from"):
        evaluate(Measure(model, path), Cropped)
    found = order.load(path)
    fields = json.loads(model.with_suffix(".json").read_text())
    fields["data"] = {"training": figures.counts(pictures.read(found, Cropped()), "train", tuple(found.classes))}
    model.with_suffix(".json").write_text(json.dumps(fields))
    assert evaluate(Measure(model, path), Cropped)["split"] == "test"
    assert evaluate(Measure(model, path, "validation"), Cropped)["n"] == 10


@pytest.mark.slow  # draws a grid with matplotlib and searches for faces
def test_the_command_line_measures_and_reads(
    model: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    for path in folder.glob("*/*.png"):
        if int(path.stem) > 1:
            path.unlink()
    assert cli.main(["evaluate", "--model", str(model), "--data", "set", "--json", "--out", "out"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == json.loads(Path("out/report.json").read_text())["n"] > 0
    assert cli.main(["evaluate", "--model", str(model)]) == 2
    assert "name its .yaml file or one folder of class folders" in caplog.text
    assert cli.main(["evaluate", "--model", str(model), "--data", "set", "--update-card"]) == 2
    assert cli.main(["predict", "set/amazed", "--model", str(model), "--json", "--grid", "grid.png"]) == 0
    readings = json.loads(capsys.readouterr().out)
    assert [tuple(reading["probs"]) for reading in readings] == [LABELS] * 2
    assert {reading["label"] for reading in readings} <= set(LABELS) - set(EMOTIONS)
    assert Path("grid.png").exists()
    assert cli.main(["predict", "set/amazed", "--model", str(model)]) == 0
    assert "joyful" in capsys.readouterr().out
    assert cli.main(["predict", "--model", str(model)]) == 2
    assert "has its own labels; name pictures" in caplog.text
