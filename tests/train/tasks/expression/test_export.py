"""From a trained network to an int8 model with a card."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from monitor.core.errors import ConfigError
from monitor.core.labels import EMOTIONS
from monitor.networks.card import load_card
from monitor.networks.emotion import EmotionNet
from monitor.pipeline import Pipeline
from monitor.settings import reader as settings
from monitor.settings.config import Config, DetectConfig, EmotionConfig
from tests.fakes import Clock, Scripted, ScriptedDetector, frame
from tests.train.conftest import TINY
from train.data.datasets import Dataset
from train.engine.augment import Augment
from train.engine.batches import epoch_batches
from train.engine.convert import ParityError, written
from train.engine.fit import fit
from train.engine.inference import int8_logits, predict
from train.engine.recipe import Network, Recipe
from train.engine.task import Export
from train.engine.trainer import load_trained
from train.reports.metrics import accuracy, cross_fitted_biases, fit_biases, mean_recall
from train.tasks.expression import ancestry, network
from train.tasks.expression.evaluate import evaluate
from train.tasks.expression.export import Pair, calibration_crops, check_parity, export
from train.tasks.expression.training import ExpressionTraining


def test_the_exported_pair_runs_in_the_app_and_measures_the_same(exported: Path, drawn: Dataset) -> None:
    net = EmotionNet(exported)
    report = evaluate(exported, drawn, "validation")
    assert report["accuracy"] == net.card.metrics["validation"]["accuracy"]
    assert report["n"] == 105
    assert set(report["per_class"]) == set(EMOTIONS)


def test_the_card_lists_the_fitted_biases_and_their_effect_on_other_rows(
    exported: Path, drawn: Dataset, run: Path
) -> None:
    told = load_card(exported, None).metrics["biases"]
    validation = drawn.part("validation")
    logits = predict(load_trained(run, TINY, network), validation.images)
    added = np.array([told["added"][name] for name in EMOTIONS], np.float32)
    assert np.allclose(added, fit_biases(logits, validation.truth), atol=1e-5)
    assert np.abs(added).max() > 0.01
    assert told["without"] == {
        "accuracy": round(accuracy(logits, validation.truth), 4),
        "mean_recall": round(mean_recall(logits, validation.truth), 4),
    }
    crossed = cross_fitted_biases(logits, validation.truth)
    assert told["cross_fitted"]["accuracy"] == round(accuracy(crossed, validation.truth), 4)
    seen = int8_logits(exported.read_bytes(), validation.images)
    assert np.allclose((seen - logits).mean(axis=0), added, atol=0.1)


def test_training_and_app_normalise_the_contrast_identically(
    drawn: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.engine.convert.LARGEST_LOSS", 0.05)  # a network this raw rounds badly
    monkeypatch.setattr("train.engine.convert.LEAST_AGREEMENT", 0.8)
    even = dataclasses.replace(TINY, contrast=40.0, epochs=4, small_epochs=0)
    images, _ = next(epoch_batches(drawn.part("train"), even, 0, 48))
    middle = (images[:, 8:40, 8:40, 0] + 1) * 127.5
    evenly = (abs(middle.mean(axis=(1, 2)) - 128) < 6) & (abs(middle.std(axis=(1, 2)) - 40) < 6)
    assert 0.4 < evenly.mean() < 1  # some are left as they are
    fit(ExpressionTraining(drawn, even), even, tmp_path / "run", resume=False)
    out = tmp_path / "even.tflite"
    card = export(load_trained(tmp_path / "run", even, network), drawn, Export(even, out, []))
    assert card.crop.contrast == 40
    dim = dataclasses.replace(drawn, images=(drawn.images * 0.3).astype(np.uint8))
    there, then = (evaluate(out, data, "validation")["accuracy"] for data in (drawn, dim))
    assert there == card.metrics["validation"]["accuracy"]
    assert abs(there - then) < 0.05


def test_the_card_names_whose_weights_a_teacher_started_from(
    run: Path, drawn: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.engine.convert.LARGEST_LOSS", 0.05)
    monkeypatch.setattr("train.engine.convert.LEAST_AGREEMENT", 0.8)
    (tmp_path / "recipe.yaml").write_text(settings.to_yaml(Recipe(network=Network(pretrained="faces.tgz"))))
    taught = dataclasses.replace(TINY, teachers=str(tmp_path))
    cards = [
        export(load_trained(run, TINY, network), drawn, Export(recipe, tmp_path / "m.tflite", []))
        for recipe in (TINY, taught)
    ]
    assert ["VGGFace2" in card.data["terms"] for card in cards] == [False, True]
    assert ["HSE_FaceRec_tf" in card.data["training"] for card in cards] == [False, True]


@pytest.mark.parametrize("contrast", [0.0, 40.0])
def test_training_and_app_feed_the_network_identical_bytes(
    pair: Path, drawn: Dataset, contrast: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = pair.with_suffix(".json")
    card.write_text(json.dumps(json.loads(card.read_text()) | {"crop_contrast": contrast}))
    net = EmotionNet(pair)
    monkeypatch.setattr("train.engine.batches.PLAIN", 0.0)
    still = Augment(**{field.name: 0.0 for field in dataclasses.fields(Augment)})
    recipe = dataclasses.replace(TINY, contrast=contrast, batch=16, augment=still, balance=0.0)
    one = drawn.take(np.repeat(np.flatnonzero(drawn.split == "train")[40], 16))
    trained, _ = next(epoch_batches(one, recipe, 0, 48))
    port = net._model.input
    # Ties upwards: half of a step and what a float's last bit may lack.
    steps = np.floor(trained[0, :, :, 0].astype(np.float64) / port.scale + port.zero_point + 0.501)
    wanted = np.clip(steps, -128, 127).astype(np.int8)
    fed: list[np.ndarray] = []

    def run(given: np.ndarray) -> list[np.ndarray]:
        fed.append(given.copy())
        return [np.zeros((1, 7), np.float32)]

    monkeypatch.setattr(net._model, "run", run)
    side = 48 / 1.185  # the box whose crop is just this picture
    box = (24 - side / 2, 24 - 0.03 * side - side / 2, 24 + side / 2, 24 - 0.03 * side + side / 2)
    detector = ScriptedDetector(lambda t: [box])
    detect = DetectConfig(width=48, min_face=8, every_ms=0, empty_ms=0)
    pipeline = Pipeline(Config(detect=detect, emotion=EmotionConfig(mirror=False)), Scripted(detector, net), Clock())
    for n in range(3):
        detector.now = n / 10
        pipeline.step(frame(n / 10, image=np.repeat(one.images[0][:, :, None], 3, axis=2)))
    assert fed
    assert np.array_equal(fed[0][0, :, :, 0], wanted)


def test_a_full_disk_keeps_the_old_model(exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in (exported, exported.with_suffix(".json")):
        shutil.copy(file, tmp_path / file.name)
    out = tmp_path / exported.name
    before, card = out.read_bytes(), load_card(out)

    def full(path: Path, content: str, *rest: object, **more: object) -> int:
        with path.open("wb") as handle:
            handle.write(content.encode()[:20])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(ConfigError, match="No space left on device"):
        written(card, before + b"new", out)
    with pytest.raises(OSError, match="No space left"):
        card.save(out.with_suffix(".json"))
    assert (out.read_bytes(), load_card(out)) == (before, card)
    assert len(list(tmp_path.iterdir())) == 2


def test_the_parity_gate_can_fail() -> None:
    truth = np.zeros(1000, dtype=np.int64)
    good = np.tile(np.array([1, 0], np.float32), (1000, 1))
    spoilt = good.copy()
    spoilt[:4] = [0, 1]
    assert check_parity(Pair(good, good), truth) == 1.0
    with pytest.raises(ParityError, match=r"int8 loses 0\.0040"):
        check_parity(Pair(good, spoilt), truth)
    spoilt[:30] = [0, 1]
    with pytest.raises(ParityError):
        check_parity(Pair(spoilt, good), truth)


def test_few_rows_do_not_decide_by_one_of_them() -> None:
    truth = np.zeros(70, dtype=np.int64)
    good = np.tile(np.array([1, 0], np.float32), (70, 1))
    spoilt = good.copy()
    spoilt[:2] = [0, 1]
    more = np.tile(np.array([1, 0], np.float32), (930, 1))
    assert check_parity(Pair(good, spoilt), truth, Pair(more, more)) == pytest.approx(0.998)
    spoilt[2] = [0, 1]
    with pytest.raises(ParityError, match=r"^int8 loses 0\.0429 of accuracy \(at most 0\.0286\); nothing"):
        check_parity(Pair(good, spoilt), truth, Pair(more, more))
    other = more.copy()
    other[:40] = [0, 1]
    with pytest.raises(ParityError, match=r"^int8 agrees with float on 0\.9600 of 1000 crops"):
        check_parity(Pair(good, good), truth, Pair(more, other))


def test_the_card_lists_the_data_of_earlier_runs(tmp_path: Path) -> None:
    def ran(name: str, **values: object) -> str:
        folder = tmp_path / name
        folder.mkdir()
        kept = dataclasses.replace(TINY, **values)  # type: ignore[arg-type]
        (folder / "recipe.yaml").write_text(settings.to_yaml(kept))
        return str(folder)

    lost = ran("lost", unlabelled="runs/keypoints.npz")
    (tmp_path / "lost/origin.json").write_text(json.dumps({
        "training": "fer2013.zip: 28189 crops of the split training; photographs of old.npz without labels, by its",
        "terms": "FER2013: Kaggle challenge data.",
    }))  # fmt: skip
    first = ran("first", init=lost)
    (tmp_path / "first/data.json").write_text('{"name": "raf", "rows": 9, "terms": "raf: whose?"}')
    own = dataclasses.replace(TINY, init=first)
    assert ancestry.data_before(own, None, "mine") == {
        "raf: 9 rows": "raf: whose?",
        "fer2013.zip: 28189 crops of the split training": "FER2013: Kaggle challenge data.",
        "photographs of old.npz without labels": ancestry.PHOTOGRAPHS,
        "photographs of keypoints.npz without labels": ancestry.PHOTOGRAPHS,
    }
    (tmp_path / "first/origin.json").write_text(json.dumps({
        "training": "mine: 300 crops of the split training; before, raf: 9 rows; before, fer2013.zip: 28 crops of it",
        "terms": "raf: research only.",
    }))  # fmt: skip
    again = ancestry.data_before(own, None, "mine")
    assert again == {"raf: 9 rows": "raf: research only.", "fer2013.zip: 28 crops of it": "raf: research only."}
    (tmp_path / "first/origin.json").unlink()
    assert set(ancestry.data_before(own, None, "raf")) == set(ancestry.data_before(own, None, "mine")) - {"raf: 9 rows"}
    assert ancestry.data_before(TINY, None, "mine") == {}


def test_calibration_has_every_class(drawn: Dataset) -> None:
    crops = calibration_crops(drawn, count=70)
    assert crops.shape == (70, 48, 48)
    assert np.array_equal(crops, calibration_crops(drawn, count=70))


def test_a_joined_set_gets_both_priors_and_its_figures_by_source(
    run: Path, drawn: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.engine.convert.LARGEST_LOSS", 0.05)
    monkeypatch.setattr("train.engine.convert.LEAST_AGREEMENT", 0.9)
    joined = dataclasses.replace(drawn, source=np.where(np.arange(len(drawn)) % 8 < 4, "fer", "rafdb"))
    out = tmp_path / "joined.tflite"
    card = export(load_trained(run, TINY, network), joined, Export(TINY, out, []))
    assert set(card.priors) == {"balanced", "web"}
    assert max(map(abs, card.priors["balanced"].biases)) < 0.5
    assert card.temperature == card.priors["balanced"].temperature
    assert set(card.metrics["priors"]["web"]["cross_fitted"]["each"]) == {"fer", "rafdb"}
    assert "RAF-DB: for non-commercial research only" in card.data["terms"]
    crop = drawn.images[0]
    added = EmotionNet(out, prior="web").logits(crop) - EmotionNet(out).logits(crop)
    wanted = np.array(card.priors["web"].biases) - np.array(card.priors["balanced"].biases)
    assert added.tolist() == pytest.approx(wanted.tolist(), abs=1e-3)
