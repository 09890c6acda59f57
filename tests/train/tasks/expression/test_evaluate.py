"""Measuring a model: every figure with its N, pictures beside them, the card kept in step."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.core.errors import ConfigError
from monitor.core.labels import EMOTIONS
from monitor.networks.card import load_card
from train.cli import main as cli
from train.data import crops, datasets
from train.data.datasets import Dataset
from train.reports import plots
from train.tasks.expression import evaluate
from train.tasks.expression.evaluate import evaluate_logits

MODELS = Path(__file__).parents[4] / "models"


@pytest.fixture(scope="module")
def few(drawn: Dataset) -> Dataset:
    """Twenty-eight drawn faces, one of them of contempt, one without a clear label."""
    rows = drawn.take(np.arange(0, len(drawn), 15))
    contempt = np.zeros(len(rows), bool)
    contempt[0] = True
    truth = rows.truth.copy()
    truth[:2] = -1
    return dataclasses.replace(rows, split=np.full(len(rows), "test"), contempt=contempt, truth=truth)


def test_every_figure_has_its_n(few: Dataset) -> None:
    measured = evaluate.measure(MODELS / "emotion.tflite", few, "test")
    report = measured.report
    assert report["n"] == len(measured.rows) == 26
    assert sum(row["n"] for row in report["per_class"].values()) == 26
    assert np.array(report["confusion"]).sum() == 26
    low, high = report["accuracy_ci95"]
    assert low < report["accuracy"] <= high
    assert report["corruptions"]["n"] == report["consistency"]["n"] == 26
    assert len(report["corruptions"]["kinds"]) == 10
    assert report["eight_class"]["n"] == 27
    assert report["eight_class"]["contempt_n"] == 1
    assert report["eight_class"]["accuracy"] == pytest.approx(report["accuracy"] * 26 / 27, abs=1e-3)
    assert np.allclose(measured.probs.sum(axis=1), 1)
    json.dumps(report, allow_nan=False)


def test_where_contempt_is_not_known_the_eight_class_figure_says_so(few: Dataset) -> None:
    unknown = dataclasses.replace(few, contempt=np.empty(0, bool))
    report = evaluate.evaluate(MODELS / "emotion.tflite", unknown, "test")
    assert report["eight_class"]["accuracy"] is None
    assert "run prepare again" in report["eight_class"]["note"]
    assert "corruptions" not in report


def test_a_class_that_is_never_named_has_an_f1_of_0_and_one_that_never_occurs_has_none() -> None:
    labels = np.array([0, 0, 1, 1, 3])
    rows = Dataset(
        np.zeros((5, 48, 48), np.uint8), np.eye(7, dtype=np.float32)[labels], labels, np.ones(5, bool),
        np.full(5, "validation"), "made",
    )  # fmt: skip
    logits = 5 * np.eye(7, dtype=np.float32)[[0, 3, 3, 3, 3]]
    per_class = evaluate_logits(logits, rows, 1.0)["per_class"]
    assert per_class["disgust"] == {"n": 2, "recall": 0.0, "precision": None, "f1": 0.0}
    assert per_class["angry"]["f1"] == pytest.approx(2 / 3, abs=1e-4)
    assert per_class["sad"]["f1"] is None


def test_a_split_without_clear_labels_gives_one_line(few: Dataset) -> None:
    unclear = dataclasses.replace(few, truth=np.full(len(few), -1))
    with pytest.raises(ConfigError, match="no row of the split 'test' has a clear answer"):
        evaluate.evaluate(MODELS / "emotion.tflite", unclear, "test")


def test_the_command_leaves_pictures_and_the_same_figures_as_json(
    few: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    datasets.save_prepared(few, tmp_path / "d.npz")
    flags = ["--model", str(MODELS / "emotion.tflite"), "--data", str(tmp_path / "d.npz"), "--split", "test"]
    assert cli.main(["evaluate", *flags, "--out", str(tmp_path / "out"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert json.loads((tmp_path / "out/report.json").read_text()) == report
    for name in ("confusion", "reliability", "corruptions"):
        picture = np.asarray(cv2.imread(report["pictures"][name]))
        assert picture.shape[0] > 300
        assert picture.std() > 10
    assert sum(b["n"] for b in report["reliability"]) == 26
    assert cli.main(["evaluate", *flags, "--out", str(tmp_path / "out2"), "--undisturbed"]) == 0
    printed = capsys.readouterr().out
    assert "N = 26" in printed
    assert "8 classes, N = 27" in printed
    assert not (tmp_path / "out2/corruptions.png").exists()


def test_a_folder_per_class_is_measured_too(few: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for n, (image, label) in enumerate(zip(few.images, few.truth, strict=True)):
        folder = tmp_path / "faces/test" / (EMOTIONS[label] if label >= 0 else "contempt")
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{n}.png"), image)
    (tmp_path / "faces/test/happy/torn.png").write_bytes(b"torn")
    flags = ["--data", str(tmp_path / "faces"), "--split", "test", "--out", str(tmp_path / "o"), "--undisturbed"]
    assert cli.main(["evaluate", "--model", str(MODELS / "emotion.tflite"), *flags]) == 0
    printed = capsys.readouterr().out
    assert "N = 26" in printed
    assert "1 unreadable pictures were skipped" in printed


def test_updating_the_figures_keeps_the_rest_of_the_card(
    few: Dataset, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("emotion.tflite", "emotion.json"):
        shutil.copy(MODELS / name, tmp_path / name)
    before = load_card(tmp_path / "emotion.tflite")
    own = str(before.data["validation"]).partition(":")[0]  # the set that the card speaks of
    rows = dataclasses.replace(few, split=np.full(len(few), "validation"), name=own)
    datasets.save_prepared(rows, tmp_path / "d.npz")
    flags = ["--model", str(tmp_path / "emotion.tflite"), "--data", str(tmp_path / "d.npz"), "--out", str(tmp_path)]
    assert cli.main(["evaluate", *flags, "--update-card"]) == 0
    after = load_card(tmp_path / "emotion.tflite")
    assert (after.version, after.sha256, after.temperature) == (before.version, before.sha256, before.temperature)
    assert after.metrics["validation"]["n"] == 26
    assert after.metrics["validation"]["corruptions"]["n"] == 26
    assert after.metrics["mmac"] == before.metrics["mmac"]
    assert cli.main(["evaluate", *flags, "--undisturbed", "--update-card"]) == 0
    again = load_card(tmp_path / "emotion.tflite")
    assert again.metrics["validation"]["corruptions"] == after.metrics["validation"]["corruptions"]
    datasets.save_prepared(dataclasses.replace(rows, name="raf"), tmp_path / "d.npz")
    assert cli.main(["evaluate", *flags, "--undisturbed", "--update-card"]) == 2
    assert f"holds the figures of {own}, these are of raf" in caplog.text
    assert load_card(tmp_path / "emotion.tflite") == again
    datasets.save_prepared(few, tmp_path / "t.npz")
    flags = ["--model", str(tmp_path / "emotion.tflite"), "--data", str(tmp_path / "t.npz"), "--split", "test"]
    assert cli.main(["evaluate", *flags, "--out", str(tmp_path), "--undisturbed", "--update-card"]) == 2
    assert "the split validation (got test)" in caplog.text


def test_a_card_whose_labels_stand_in_another_order_is_not_given_another_sets_figures(
    few: Dataset, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copy(MODELS / "emotion.tflite", tmp_path / "m.tflite")
    card = json.loads((MODELS / "emotion.json").read_text())
    card["labels"] = card["labels"][::-1]
    card["data"]["validation"] = "otherset: its own rule"
    (tmp_path / "m.json").write_text(json.dumps(card))
    datasets.save_prepared(dataclasses.replace(few, split=np.full(len(few), "validation")), tmp_path / "d.npz")
    flags = ["--model", str(tmp_path / "m.tflite"), "--data", str(tmp_path / "d.npz"), "--out", str(tmp_path)]
    assert cli.main(["evaluate", *flags, "--undisturbed", "--update-card"]) == 2
    assert "holds the figures of otherset" in caplog.text


def test_a_model_with_another_side_is_given_crops_of_that_side() -> None:
    image = np.random.default_rng(0).integers(0, 255, (48, 48), dtype=np.uint8)
    assert crops.fitted(image, 48) is image
    assert crops.fitted(image, 64).shape == (64, 64)
    assert crops.fitted(image, 32).shape == (32, 32)


def test_a_picture_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match=r"a\.png: cannot be written"):
        plots.save(plots.confusion(np.eye(7, dtype=int).tolist(), "x"), tmp_path / "file/a.png")
