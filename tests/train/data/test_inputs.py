"""A run records its data set: later commands use it and refuse another one."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from monitor.core.errors import ConfigError
from monitor.settings import reader as settings
from tests.train.conftest import TINY
from train.cli import main as cli
from train.data import datasets, inputs
from train.data.datasets import Dataset
from train.tasks import TASKS

FIT = ["fit", "--recipe", "r.yaml", "--out", "runs/r"]


@pytest.fixture(scope="module")
def trained(drawn: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of three epochs on ``raf.npz``; another set lies where ``prepare`` writes one."""
    folder = tmp_path_factory.mktemp("begun")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr("train.engine.trainer.COMPILE", False)
        few = drawn.take(np.arange(0, len(drawn), 3))
        datasets.save_prepared(dataclasses.replace(few, name="raf"), Path("raf.npz"))
        datasets.save_prepared(dataclasses.replace(drawn, name="other"), Path("runs/data.npz"))
        Path("r.yaml").write_text(settings.to_yaml(dataclasses.replace(TINY, epochs=3, small_epochs=0)))
        assert cli.main([*FIT, "--data", "raf.npz"]) == 0
    return folder


@pytest.fixture
def begun(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A copy of that folder as the current one. Returns flags of ``fit``."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return FIT


def test_a_run_continues_and_is_exported_with_the_data_it_began_with(
    begun: list[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("train.engine.convert.LARGEST_LOSS", 1.0)  # three epochs on 105 crops: only the words count
    monkeypatch.setattr("train.engine.convert.LEAST_AGREEMENT", 0.0)
    assert cli.main([*begun, "--resume"]) == 0
    assert cli.main(["export", "--run", "runs/r", "--out", "m.tflite"]) == 0
    told = json.loads(Path("m.json").read_text())["data"]
    assert told["training"].startswith("raf: ")
    assert told["validation"].startswith("raf: split validation, the data set's own labels")
    assert "FER" not in told["terms"]
    for command in ([*begun, "--resume"], ["export", "--run", "runs/r", "--out", "n.tflite"]):
        caplog.clear()
        assert cli.main([*command, "--data", "runs/data.npz"]) == 2
        assert "is another data set (other, 420 rows) than runs/r began with (raf, 140 rows)" in caplog.text
        assert "give --data raf.npz" in caplog.text
    assert not Path("n.tflite").exists()


def test_another_set_of_the_same_name_and_length_is_another(
    begun: list[str], drawn: Dataset, caplog: pytest.LogCaptureFixture
) -> None:
    few = drawn.take(np.arange(0, len(drawn), 3))
    shifted = dataclasses.replace(few, name="raf", split=np.roll(few.split, 1))
    datasets.save_prepared(shifted, Path("raf.npz"))
    assert cli.main([*begun, "--resume"]) == 2
    assert "is another data set" in caplog.text


def test_other_labels_for_the_same_pictures_are_another_set(
    begun: list[str], drawn: Dataset, caplog: pytest.LogCaptureFixture
) -> None:
    few = drawn.take(np.arange(0, len(drawn), 3))
    other = dataclasses.replace(few, name="raf", targets=np.roll(few.targets, 1, axis=1))
    datasets.save_prepared(other, Path("raf.npz"))
    assert cli.main([*begun, "--resume"]) == 2
    assert "is another data set" in caplog.text


def test_a_teacher_that_was_trained_on_meanwhile_is_another_teacher(begun: list[str], tmp_path: Path) -> None:
    teacher = Path("runs/r/checkpoint.npz")
    data = datasets.load(Path("raf.npz"))
    more = TASKS["expression"].record(data)
    inputs.keep(tmp_path, Path("raf.npz"), data, teachers=[Path("runs/r"), Path("runs/gone")], more=more)
    inputs.require_same_teachers(tmp_path, [Path("runs/r"), Path("runs/gone")])
    teacher.write_bytes(teacher.read_bytes() + b"more")
    with pytest.raises(ConfigError, match="its teacher runs/r was trained further since this run began"):
        inputs.require_same_teachers(tmp_path, [Path("runs/r")])
    assert json.loads((tmp_path / inputs.KEPT).read_text())["terms"].startswith("raf: under its publisher's terms")


def test_a_model_is_never_written_to_a_folder_or_under_another_ending(
    begun: list[str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for out in ("runs", "model.bin", "raf.npz/m.tflite"):
        caplog.clear()
        assert cli.main(["export", "--run", "runs/r", "--out", out]) == 2
        assert len([r for r in caplog.records if r.levelname == "ERROR"]) == 1


def test_what_is_given_wins_and_without_anything_it_is_what_was_prepared(tmp_path: Path) -> None:
    assert inputs.path_for("runs/eyes.npz", None) == Path("runs/eyes.npz")
    assert inputs.path_for("runs/eyes.npz", None, tmp_path) == Path("runs/eyes.npz")
    (tmp_path / inputs.KEPT).write_text('{"path": "mine.npz"}')
    assert inputs.path_for("runs/eyes.npz", None, tmp_path) == Path("mine.npz")
    assert inputs.path_for("runs/eyes.npz", "x.npz", tmp_path) == Path("x.npz")
    (tmp_path / inputs.KEPT).write_text("torn")
    assert inputs.path_for("runs/eyes.npz", None, tmp_path) == Path("runs/eyes.npz")
