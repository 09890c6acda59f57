"""A run made anew from the model that was exported from it."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from monitor.networks.card import ModelCard, card_path, load_card
from monitor.settings import reader as settings
from tests.train.conftest import TINY
from train.cli.main import main
from train.data.datasets import Dataset, save_prepared
from train.data.faceset import FaceSet, save
from train.engine.augment import Augment, Jitter
from train.engine.fit import fit
from train.engine.inference import int8_logits, predict, predict_all
from train.engine.recipe import Network, Recipe
from train.engine.runs import history_of
from train.engine.task import Export
from train.engine.trainer import Trainer, load_trained
from train.tasks.expression import network
from train.tasks.expression.export import export
from train.tasks.expression.training import ExpressionTraining
from train.tasks.keypoints import export as keypoint_export
from train.tasks.keypoints import network as keypoint_network
from train.tasks.keypoints.training import KeypointTraining


@pytest.fixture
def lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks this raw round badly; the gate has tests of its own."""
    monkeypatch.setattr("train.engine.convert.LARGEST_LOSS", 0.2)
    monkeypatch.setattr("train.engine.convert.LEAST_AGREEMENT", 0.5)
    monkeypatch.setattr("train.engine.convert.LARGEST_DRIFT", 10.0)


@pytest.mark.usefixtures("lenient")
def test_it_answers_as_the_lost_one_did_and_can_be_gone_on_from(run: Path, drawn: Dataset, tmp_path: Path) -> None:
    before = load_trained(run, TINY, network)
    expected = predict(before, drawn.images)
    card = export(before, drawn, Export(TINY, tmp_path / "m.tflite", history_of(run)))
    added = np.array(list(card.metrics["biases"]["added"].values()))
    assert np.ptp(added) > 0.2
    seen = int8_logits((tmp_path / "m.tflite").read_bytes(), drawn.images)
    assert np.allclose((seen - expected).mean(axis=0), added, atol=0.1)
    save_prepared(drawn, tmp_path / "d.npz")
    found = tmp_path / "again"
    assert main(["recover", f"--model={tmp_path}/m.tflite", f"--data={tmp_path}/d.npz", f"--out={found}"]) == 0
    assert settings.load(Recipe, found / "recipe.yaml") == TINY
    answers = predict(load_trained(found, TINY, network), drawn.images)
    assert np.abs(answers - expected).mean() < 0.02 * np.abs(expected).mean()
    assert np.allclose((answers - expected).mean(axis=0), 0, atol=0.05)
    # Training normalises by its batch; it must start from the same state there, too.
    trainer = Trainer(TINY, network)
    trainer.restore(found / "checkpoint.npz")
    batch = (drawn.images[..., None] / 127.5 - 1).astype(np.float32)
    there = np.asarray(trainer.model(batch, training=True))
    assert (there.argmax(axis=1) == answers.argmax(axis=1)).mean() > 0.9
    # It counts as finished, and others start from it.
    assert fit(ExpressionTraining(drawn, TINY), TINY, found, resume=True)["epoch"] == TINY.epochs
    trainer.start_from(found)
    assert np.allclose(predict(trainer.averaged, drawn.images[:20]), answers[:20], atol=1e-5)


@pytest.mark.usefixtures("lenient")
def test_a_keypoint_network_comes_back_with_each_head_in_its_place(faces: FaceSet, tmp_path: Path) -> None:
    recipe = Recipe(
        task="keypoints", side=56, epochs=1, small_epochs=0, batch=16, balance=0.0, ema=0.5,
        network=Network("8-16-16-16", "0-1-0-0"), augment=Augment(), jitter=Jitter(regions=64),
    )  # fmt: skip
    fit(KeypointTraining(faces, recipe), recipe, tmp_path / "run", resume=False)
    model = load_trained(tmp_path / "run", recipe, keypoint_network)
    keypoint_export.export(model, faces, Export(recipe, tmp_path / "l.tflite", history_of(tmp_path / "run")))
    save(faces, tmp_path / "faces.npz")
    found = tmp_path / "again"
    assert main(["recover", f"--model={tmp_path}/l.tflite", f"--data={tmp_path}/faces.npz", f"--out={found}"]) == 0
    images = np.random.default_rng(1).integers(0, 256, (30, 56, 56)).astype(np.uint8)
    for was, now in zip(
        *(predict_all(m, images) for m in (model, load_trained(found, recipe, keypoint_network))), strict=True
    ):
        assert np.abs(was - now).mean() < 0.02 * np.abs(was).mean() + 1e-3


def test_unrecoverable_models_give_one_line(
    exported: Path, drawn: Dataset, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, data = tmp_path / "m.tflite", tmp_path / "d.npz"
    model.write_bytes(exported.read_bytes())
    save_prepared(drawn, data)
    monkeypatch.setattr("train.engine.recover.MOST", 14)
    told = {"recipe": settings.as_dict(TINY), "epochs": 8}

    def line(training: dict[str, object], out: str = "new", **more: object) -> str:
        card: ModelCard = load_card(exported, None)
        card = dataclasses.replace(card, training=training, metrics={**card.metrics, **more})
        card.save(card_path(model))
        caplog.clear()
        assert main(["recover", f"--model={model}", f"--data={data}", f"--out={tmp_path}/{out}"]) == 2
        return caplog.text

    assert "its card has no recipe and epochs" in line({})
    save_prepared(dataclasses.replace(drawn, name="other"), data)
    assert "m.tflite: was trained on drawn (315 crops), this is other (315 crops); give --data" in line(told)
    save_prepared(drawn, data)
    wrong = {**told, "recipe": {**settings.as_dict(TINY), "epochs": 0}}
    assert "m.json: training.recipe: epochs must be between 1 and" in line(wrong)
    odd = {**told, "recipe": settings.as_dict(dataclasses.replace(TINY, network=Network("8-16", "a")))}
    assert "m.json: training.recipe: network.blocks must be numbers" in line(odd)
    other = settings.as_dict(dataclasses.replace(TINY, network=Network("8-16-24", "1-1-1", 0.0)))
    assert "is another network than its card's recipe (no layer with a kernel of (3, 3, 16, 24)" in line(
        {**told, "recipe": other}
    )
    fewer = settings.as_dict(dataclasses.replace(TINY, network=Network("8-16", "1-1", 0.0)))
    assert "is another network than its card's recipe" in line({**told, "recipe": fewer})
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken/recipe.yaml").write_text(json.dumps(settings.as_dict(TINY)))
    assert "already holds a run; give another --out" in line(told, "taken")
    assert not list((tmp_path / "new").iterdir())
    (tmp_path / "half").mkdir()
    (tmp_path / "half/checkpoint.npz").write_bytes(b"someone's")
    assert "already holds a run" in line(told, "half")
    seven = load_card(exported, None).metrics["biases"]["added"]
    odd_ones: tuple[object, ...] = (5, [1], {}, {"added": {}}, *({"added": seven | {"sad": v}} for v in ("x", np.nan)))
    for biases in odd_ones:
        assert "m.json: metrics.biases.added must be a number for each label" in line(told, biases=biases)
    monkeypatch.setattr("train.system.resources.free_memory", lambda: 1000.0)
    assert "measuring 14 crops" in line(told)


@pytest.mark.usefixtures("lenient")
def test_the_card_of_a_recovered_run_names_the_origin_of_its_weights(
    run: Path, drawn: Dataset, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "teacher").mkdir()
    teacher = dataclasses.replace(TINY, network=Network(pretrained="faces.tgz"))
    (tmp_path / "teacher/recipe.yaml").write_text(settings.to_yaml(teacher))
    taught = dataclasses.replace(TINY, teachers=str(tmp_path / "teacher"))
    history = [{"epoch": n + 1, "seconds": 30.0} for n in range(TINY.epochs)]
    before = export(load_trained(run, TINY, network), drawn, Export(taught, tmp_path / "m.tflite", history))
    save_prepared(drawn, tmp_path / "d.npz")
    shutil.rmtree(tmp_path / "teacher")
    found = tmp_path / "again"
    assert main(["recover", f"--model={tmp_path}/m.tflite", f"--data={tmp_path}/d.npz", f"--out={found}"]) == 0
    caplog.clear()
    flags = [f"--run={found}", f"--data={tmp_path}/d.npz", f"--out={tmp_path}/n.tflite"]
    assert main(["export", *flags]) == 0
    card = load_card(tmp_path / "n.tflite", None)
    assert card.data == before.data
    assert card.training["minutes"] == before.training["minutes"] == 4.0
    assert "is gone" not in caplog.text
    heir = dataclasses.replace(TINY, init=str(found))
    assert export(load_trained(run, TINY, network), drawn, Export(heir, tmp_path / "o.tflite", [])).data == before.data
    orphan = dataclasses.replace(TINY, init=str(tmp_path / "teacher"))
    export(load_trained(run, TINY, network), drawn, Export(orphan, tmp_path / "p.tflite", []))
    assert "teacher: is gone, so the card cannot name the data it was trained on" in caplog.text
    # Its page has no curves to show, and says so.
    assert main(["report", f"--run={found}", f"--model={tmp_path}/n.tflite", f"--data={tmp_path}/d.npz"]) == 0
    assert "No curves: this run was recovered from a model" in (found / "report.html").read_text()
