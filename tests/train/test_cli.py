"""The whole path by the command line, small, on drawn faces."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from train.cli import main as cli
from train.data import datasets
from train.data.datasets import Dataset


def test_an_untrainable_recipe_is_refused_before_data_is_read(
    run: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert cli.main(["fit", "--data", "nowhere.zip", "--out", str(run)]) == 2
    assert "already holds a run" in caplog.text
    (tmp_path / "r.yaml").write_text("init: nowhere\nteachers: nowhere")
    assert cli.main(["fit", "--recipe", str(tmp_path / "r.yaml"), "--data", "nowhere.zip", "--out", str(tmp_path)]) == 2
    assert "init: nowhere holds no checkpoint.npz" in caplog.text


def test_the_command_line_from_data_to_model(
    drawn: Dataset, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    datasets.save_prepared(drawn, Path("runs/data.npz"))
    assert cli.main(["prepare", "--data", "runs/data.npz", "--out", "runs/again.npz"]) == 0
    capsys.readouterr()
    assert cli.main(["evaluate", "--model", str(exported), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 105
    assert cli.main(["evaluate", "--model", str(exported)]) == 0
    assert cli.main(["evaluate", "--model", "none.tflite"]) == 4
    assert cli.main(["export", "--run", "nowhere"]) == 2
    assert cli.main(["fit", "--data", "nowhere.zip"]) == 2


def test_without_tensorflow_one_line_names_the_package(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in [n for n in sys.modules if n.startswith("train.") and n.count(".") > 1]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "keras", None)
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    assert cli.main(["fit", "--data", "x"]) == 4
    assert "pip install 'emotion-monitor[train]'" in caplog.text


@pytest.mark.parametrize(
    ("error", "code", "expected"),
    [
        (KeyboardInterrupt(), 130, "continue a training with --resume"),
        (MemoryError(), 2, "out of memory"),
        (FloatingPointError("the loss became nan in epoch 40; lower --set rate"), 2, "lower --set rate"),
        (BrokenPipeError(), 0, ""),
    ],
)
def test_however_a_command_ends_there_is_no_traceback(
    error: BaseException, code: int, expected: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def raises(path: Path) -> Dataset:
        raise error

    monkeypatch.setattr("train.data.datasets.load", raises)
    assert cli.main(["prepare", "--data", "x"]) == code
    assert expected in caplog.text
    assert len(caplog.records) == bool(expected)


def test_a_flag_that_is_not_written_out_is_refused_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["fit", "--resum"])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("error: --resum is not known to fit; did you mean --resume?")
