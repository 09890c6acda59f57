"""From drawn faces to an int8 model with a card: the whole path, small."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from monitor.config import Config, DetectConfig, EmotionConfig
from monitor.errors import ConfigError
from monitor.inference.emotion import EmotionNet
from monitor.labels import EMOTIONS
from monitor.pipeline import Pipeline
from tests.fakes import Clock, ScriptedDetector, frame
from train import cli, datasets, recipe
from train.augment import Augment
from train.batches import epoch_batches
from train.datasets import Dataset
from train.evaluate import evaluate
from train.export import ParityError, calibration_crops, check_parity, export
from train.expression import ExpressionTask, taught
from train.fit import Trainer, fit, history_of, load_trained, predict
from train.network import build, cost
from train.recipe import Network, Recipe

TINY = Recipe(
    epochs=8, small_epochs=2, small_side=24, batch=16, balance=0.3, ema=0.9, rate=0.01,
    network=Network("8-16-32", "1-1-1", 0.0), augment=Augment(flip=0, erase=0, blur=0, rotate=5),
)  # fmt: skip


@pytest.fixture(scope="module")
def run(drawn: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    fit(ExpressionTask(drawn, TINY), TINY, folder, resume=False)
    return folder


def test_a_tiny_network_learns_the_drawn_faces(run: Path) -> None:
    history = json.loads((run / "history.json").read_text())
    assert len(history) == 8
    assert history[-1]["loss"] < history[0]["loss"]
    assert history[-1]["validation_accuracy"] > 0.6
    assert history[-1]["validation_n"] == 105


def test_killed_after_three_epochs_it_goes_on_as_if_nothing_had_happened(
    run: Path, drawn: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = json.loads((run / "history.json").read_text())
    epoch = Trainer.run_epoch

    def dies(self: Trainer, *args: object) -> float:
        if len(self.history) == 3:
            raise KeyboardInterrupt
        return epoch(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Trainer, "run_epoch", dies)
    with pytest.raises(KeyboardInterrupt):
        fit(ExpressionTask(drawn, TINY), TINY, tmp_path / "r", resume=False)
    monkeypatch.setattr(Trainer, "run_epoch", epoch)
    fit(ExpressionTask(drawn, TINY), TINY, tmp_path / "r", resume=True)
    resumed = json.loads((tmp_path / "r/history.json").read_text())
    assert [e["epoch"] for e in resumed] == list(range(1, 9))
    assert [e["loss"] for e in resumed] == pytest.approx([e["loss"] for e in whole], abs=0.02)


def test_a_run_is_not_overwritten_and_not_resumed_with_another_recipe(run: Path, drawn: Dataset) -> None:
    with pytest.raises(ConfigError, match="add --resume"):
        fit(ExpressionTask(drawn, TINY), TINY, run, resume=False)
    with pytest.raises(ConfigError, match="differs from this recipe in rate"):
        fit(ExpressionTask(drawn, TINY), dataclasses.replace(TINY, rate=0.02), run, resume=True)


def test_at_a_constant_rate_a_run_can_be_given_more_epochs_until_the_rate_falls(drawn: Dataset, tmp_path: Path) -> None:
    short = dataclasses.replace(TINY, epochs=4, decay=2, warmup=0.5, small_epochs=0)
    task = ExpressionTask(drawn, short)
    trainer = Trainer(short, task)
    rates = [trainer.rate(round(epoch * task.steps)) for epoch in (0, 1, 2, 3, 4)]
    assert rates[0] < rates[1] == rates[2] == short.rate
    assert rates[3] == pytest.approx(short.rate / 2)
    assert rates[4] == pytest.approx(short.rate / 100)

    epoch = Trainer.run_epoch
    with pytest.MonkeyPatch.context() as patch:

        def dies(self: Trainer, *args: object) -> float:
            if len(self.history) == 2:
                raise KeyboardInterrupt
            return epoch(self, *args)  # type: ignore[arg-type]

        patch.setattr(Trainer, "run_epoch", dies)
        with pytest.raises(KeyboardInterrupt):
            fit(task, short, tmp_path / "r", resume=False)
    fit(task, dataclasses.replace(short, epochs=5), tmp_path / "r", resume=True)
    assert len(json.loads((tmp_path / "r/history.json").read_text())) == 5
    with pytest.raises(ConfigError, match=r"5 epochs are done and .* resume with epochs=5"):
        fit(task, dataclasses.replace(short, epochs=9), tmp_path / "r", resume=True)


def test_teachers_answers_are_mixed_into_the_targets(run: Path, drawn: Dataset) -> None:
    training = drawn.part("train")
    learner = dataclasses.replace(TINY, teachers=f"{run}, {run}", taught=0.5)
    mixed = taught(training, learner).targets
    assert np.allclose(mixed.sum(axis=1), 1, atol=1e-5)
    alone = taught(training, dataclasses.replace(learner, taught=1.0)).targets
    assert np.allclose(mixed, 0.5 * alone + 0.5 * training.targets, atol=1e-5)
    assert (alone.argmax(axis=1) == training.truth).mean() > 0.6
    assert taught(training, TINY) is training
    with pytest.raises(ConfigError, match="nowhere is no training run"):
        taught(training, dataclasses.replace(TINY, teachers="nowhere"))


def test_crops_without_a_label_are_learnt_from_the_teachers_alone(run: Path, drawn: Dataset) -> None:
    training, more = drawn.part("train"), drawn.part("validation")
    learner = dataclasses.replace(TINY, teachers=str(run), taught=0.5)
    both = taught(training, learner, more.images)
    assert len(both) == len(training) + len(more)
    assert np.array_equal(both.targets[: len(training)], taught(training, learner).targets)
    answers = both.targets[len(training) :]
    assert np.allclose(answers.sum(axis=1), 1, atol=1e-5)
    assert (answers.argmax(axis=1) == more.truth).mean() > 0.6
    task = ExpressionTask(drawn, learner, more.images)
    assert len(task.training) == len(both)
    assert task.steps == len(both) // learner.batch
    with pytest.raises(ConfigError, match="needs teachers"):
        taught(training, TINY, more.images)


def test_a_run_can_start_from_another_ones_weights(run: Path, drawn: Dataset, tmp_path: Path) -> None:
    onward = dataclasses.replace(TINY, init=str(run), epochs=1, small_epochs=0, rate=1e-4)
    entry = fit(ExpressionTask(drawn, TINY), onward, tmp_path / "onward", resume=False)
    assert entry["validation_accuracy"] > 0.6
    with pytest.raises(ConfigError, match=r"holds no checkpoint\.npz"):
        fit(ExpressionTask(drawn, TINY), dataclasses.replace(onward, init="nowhere"), tmp_path / "x", resume=False)
    other = dataclasses.replace(onward, network=Network("8-16", "1-1", 0.0))
    with pytest.raises(ConfigError, match="cannot grow into"):
        fit(ExpressionTask(drawn, TINY), other, tmp_path / "y", resume=False)


def test_a_network_that_grows_starts_with_the_answers_it_had(run: Path, drawn: Dataset) -> None:
    _, blocks = TINY.network.shape()
    more = "-".join(str(n + 1) for n in blocks)
    grown = Trainer(dataclasses.replace(TINY, network=dataclasses.replace(TINY.network, blocks=more)))
    grown.start_from(run)
    before = predict(load_trained(run, TINY), drawn.images[:40])
    assert np.allclose(predict(grown.averaged, drawn.images[:40]), before, atol=1e-5)
    assert np.allclose(predict(grown.model, drawn.images[:40]), before, atol=1e-5)
    assert grown.model.count_params() > Trainer(TINY).model.count_params()
    eyes = dataclasses.replace(TINY, task="eyes", side=32)
    with pytest.raises(ConfigError, match="cannot be used"):
        Trainer(eyes).start_from(run)


def test_a_disk_that_fills_up_ends_in_one_line_and_the_run_can_go_on(
    drawn: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = Trainer.save

    def full(self: Trainer, path: Path) -> None:
        if len(self.history) == 2:
            raise OSError(28, "No space left on device")
        save(self, path)

    short = dataclasses.replace(TINY, epochs=3)
    monkeypatch.setattr(Trainer, "save", full)
    with pytest.raises(ConfigError, match=r"checkpoint\.npz: cannot be written: No space left on device"):
        fit(ExpressionTask(drawn, short), short, tmp_path / "r", resume=False)
    monkeypatch.setattr(Trainer, "save", save)
    assert fit(ExpressionTask(drawn, short), short, tmp_path / "r", resume=True, tensorboard=True)["epoch"] == 3
    assert list((tmp_path / "r/tensorboard").iterdir())


def test_what_will_not_fit_is_said_before_the_first_step(
    drawn: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.resources.free_memory", lambda: 200e6)
    with pytest.raises(ConfigError, match=r"training at batch 16: needs about .* MB of memory, 200 MB are free"):
        fit(ExpressionTask(drawn, TINY), TINY, tmp_path / "r", resume=False)
    assert not (tmp_path / "r").exists()


def test_a_damaged_checkpoint_is_one_line(run: Path, drawn: Dataset, tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text((run / "recipe.yaml").read_text())
    (tmp_path / "checkpoint.npz").write_bytes((run / "checkpoint.npz").read_bytes()[:1000])
    with pytest.raises(ConfigError, match="cannot be resumed"):
        fit(ExpressionTask(drawn, TINY), TINY, tmp_path, resume=True)


def test_what_cannot_be_trained_is_said_before_data_is_read(
    run: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert cli.main(["fit", "--data", "nowhere.zip", "--out", str(run)]) == 2
    assert "already holds a run" in caplog.text
    (tmp_path / "r.yaml").write_text("init: nowhere\nteachers: nowhere")
    assert cli.main(["fit", "--recipe", str(tmp_path / "r.yaml"), "--data", "nowhere.zip", "--out", str(tmp_path)]) == 2
    assert "init: nowhere holds no checkpoint.npz" in caplog.text


def test_another_side_than_the_crops_is_one_line(drawn: Dataset) -> None:
    with pytest.raises(ConfigError, match=r"side must be 48 for the task expression \(got 64\)"):
        ExpressionTask(drawn, dataclasses.replace(TINY, side=64))


def test_the_card_counts_the_checkpoints_epochs(run: Path, drawn: Dataset, tmp_path: Path) -> None:
    for name in ("recipe.yaml", "checkpoint.npz"):
        (tmp_path / name).write_bytes((run / name).read_bytes())
    (tmp_path / "history.json").write_text("[{")  # a kill between two writes
    assert len(history_of(tmp_path)) == TINY.epochs


def test_too_little_data_is_one_line(drawn: Dataset, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="fewer than batch=16"):
        ExpressionTask(drawn.take(np.arange(12)), TINY)


@pytest.fixture(scope="module")
def exported(run: Path, drawn: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("models") / "tiny.tflite"
    with pytest.MonkeyPatch.context() as patch:
        # A few epochs leave crops on the fence, where one int8 step decides; the gate itself is tested below.
        patch.setattr("train.export.LARGEST_LOSS", 0.05)
        patch.setattr("train.export.LEAST_AGREEMENT", 0.9)
        export(load_trained(run, TINY), TINY, drawn, out, [])
    return out


def test_the_exported_pair_runs_in_the_app_and_measures_the_same(exported: Path, drawn: Dataset) -> None:
    net = EmotionNet(exported)
    report = evaluate(exported, drawn, "validation")
    assert report["accuracy"] == net.card.metrics["validation"]["accuracy"]
    assert report["n"] == 105
    assert set(report["per_class"]) == set(EMOTIONS)


def test_crops_of_evened_contrast_are_trained_on_and_read_alike(
    drawn: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.export.LARGEST_LOSS", 0.05)  # a network this raw rounds badly
    monkeypatch.setattr("train.export.LEAST_AGREEMENT", 0.8)
    even = dataclasses.replace(TINY, contrast=40.0, epochs=4, small_epochs=0)
    images, _ = next(epoch_batches(drawn.part("train"), even, 0, 48))
    middle = (images[:, 8:40, 8:40, 0] + 1) * 127.5
    evenly = (abs(middle.mean(axis=(1, 2)) - 128) < 6) & (abs(middle.std(axis=(1, 2)) - 40) < 6)
    assert 0.4 < evenly.mean() < 1  # some are left as they are
    fit(ExpressionTask(drawn, even), even, tmp_path / "run", resume=False)
    out = tmp_path / "even.tflite"
    card = export(load_trained(tmp_path / "run", even), even, drawn, out, [])
    assert card.crop.contrast == 40
    dim = dataclasses.replace(drawn, images=(drawn.images * 0.3).astype(np.uint8))
    there, then = (evaluate(out, data, "validation")["accuracy"] for data in (drawn, dim))
    assert there == card.metrics["validation"]["accuracy"]
    assert abs(there - then) < 0.05


@pytest.mark.parametrize("contrast", [0.0, 40.0])
def test_training_and_app_feed_the_network_identical_bytes(
    pair: Path, drawn: Dataset, contrast: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = pair.with_suffix(".json")
    card.write_text(json.dumps(json.loads(card.read_text()) | {"crop_contrast": contrast}))
    net = EmotionNet(pair)
    monkeypatch.setattr("train.batches.PLAIN", 0.0)
    still = Augment(**{field.name: 0.0 for field in dataclasses.fields(Augment)})
    recipe = dataclasses.replace(TINY, contrast=contrast, batch=16, augment=still, balance=0.0)
    one = drawn.take(np.repeat(np.flatnonzero(drawn.split == "train")[40], 16))
    trained, _ = next(epoch_batches(one, recipe, 0, 48))
    port = net._model.input
    wanted = np.clip(np.round(trained[0, :, :, 0] / port.scale) + port.zero_point, -128, 127).astype(np.int8)
    fed: list[np.ndarray] = []

    def run(given: np.ndarray) -> list[np.ndarray]:
        fed.append(given.copy())
        return [np.zeros((1, 7), np.float32)]

    monkeypatch.setattr(net._model, "run", run)
    side = 48 / 1.185  # the box whose crop is just this picture
    box = (24 - side / 2, 24 - 0.03 * side - side / 2, 24 + side / 2, 24 - 0.03 * side + side / 2)
    detector = ScriptedDetector(lambda t: [box])
    detect = DetectConfig(width=48, min_face=8, every_ms=0, empty_ms=0)
    pipeline = Pipeline(Config(detect=detect, emotion=EmotionConfig(mirror=False)), detector, net, clock=Clock())
    for n in range(3):
        detector.now = n / 10
        pipeline.step(frame(n / 10, image=np.repeat(one.images[0][:, :, None], 3, axis=2)))
    assert fed
    assert np.array_equal(fed[0][0, :, :, 0], wanted)


def test_the_parity_gate_can_fail() -> None:
    truth = np.zeros(1000, dtype=np.int64)
    good = np.tile(np.array([1, 0], np.float32), (1000, 1))
    spoilt = good.copy()
    spoilt[:4] = [0, 1]
    assert check_parity(good, good, truth) == 1.0
    with pytest.raises(ParityError, match=r"int8 loses 0\.0040"):
        check_parity(good, spoilt, truth)
    spoilt[:30] = [0, 1]
    with pytest.raises(ParityError):
        check_parity(spoilt, good, truth)


def test_calibration_has_every_class(drawn: Dataset) -> None:
    crops = calibration_crops(drawn, count=70)
    assert crops.shape == (70, 48, 48)
    assert np.array_equal(crops, calibration_crops(drawn, count=70))


def test_cost_counts_what_the_network_has() -> None:
    model = build((8, 16), (1, 2), 0.0)
    kernels = sum(int(np.prod(w.shape)) for w in model.weights if w.name == "kernel")
    assert cost((8, 16), (1, 2), 48).parameters == kernels
    with pytest.raises(ValueError, match="one entry per stage"):
        build((8, 16), (1,), 0.0)


def test_validation_is_done_at_the_side_trained_on(drawn: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = []

    def answers(model: object, images: np.ndarray) -> np.ndarray:
        shapes.append(images.shape[1:])
        return np.zeros((len(images), 7), np.float32)

    monkeypatch.setattr("train.expression.predict", answers)
    task = ExpressionTask(drawn, TINY)
    for side in (24, 48):
        task.validate(build((8, 16), (1, 1), 0.0), side)
    assert shapes == [(24, 24), (48, 48)]


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["network.channels=8-x"], "must be numbers joined by -"),
        (["network.channels=8-16", "network.blocks=1"], "one entry per stage"),
        (["small_epochs=40"], "small_epochs must be below epochs"),
        (["rate=fast"], "rate must be a number"),
        (["task=landmarks", "contrast=40"], "contrast is for the task expression"),
        (["task=landmarks", "teachers=runs/first"], "teachers is for the task expression"),
        (["task=eyes", "batch=128", "jitter.regions=64"], "jitter.regions must be at least batch=128"),
    ],
)
def test_a_wrong_recipe_is_one_line(overrides: list[str], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        recipe.load("quick", overrides)


def test_an_unknown_recipe_names_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"there are .*quick"):
        recipe.load("quik", [])


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


def test_without_tensorflow_one_line_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in [n for n in sys.modules if n.startswith("train.") and n != "train.cli"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "keras", None)
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    assert cli.main(["fit", "--data", "x"]) == 4
    assert "pip install 'emotion-monitor[train]'" in caplog.text


@pytest.mark.parametrize(
    ("error", "code", "expected"),
    [
        (KeyboardInterrupt(), 130, "goes on with --resume"),
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

    monkeypatch.setattr("train.datasets.load", raises)
    assert cli.main(["prepare", "--data", "x"]) == code
    assert expected in caplog.text
    assert len(caplog.records) == bool(expected)
