"""The training loop: it learns, resumes after a kill, and refuses impossible runs early."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from monitor.core.errors import ConfigError
from tests.train.conftest import TINY
from train.data.datasets import Dataset
from train.engine.fit import fit
from train.engine.recipe import Network
from train.engine.trainer import Trainer
from train.tasks.expression import network
from train.tasks.expression.training import ExpressionTraining


def test_a_tiny_network_learns_the_drawn_faces(run: Path) -> None:
    history = json.loads((run / "history.json").read_text())
    assert len(history) == 8
    assert history[-1]["loss"] < history[0]["loss"]
    assert history[-1]["validation_accuracy"] > 0.6
    assert history[-1]["validation_n"] == 105


@pytest.mark.compiled
def test_compiled_steps_learn_as_well(drawn: Dataset, tmp_path: Path) -> None:
    short = dataclasses.replace(TINY, epochs=2, small_epochs=0)
    fit(ExpressionTraining(drawn, short), short, tmp_path / "r", resume=False)
    first, second = (entry["loss"] for entry in json.loads((tmp_path / "r/history.json").read_text()))
    assert second < first


def test_a_run_killed_after_three_epochs_resumes_identically(
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
        fit(ExpressionTraining(drawn, TINY), TINY, tmp_path / "r", resume=False)
    monkeypatch.setattr(Trainer, "run_epoch", epoch)
    fit(ExpressionTraining(drawn, TINY), TINY, tmp_path / "r", resume=True)
    resumed = json.loads((tmp_path / "r/history.json").read_text())
    assert [e["epoch"] for e in resumed] == list(range(1, 9))
    assert [e["loss"] for e in resumed] == pytest.approx([e["loss"] for e in whole], abs=0.02)


def test_a_run_is_not_overwritten_and_not_resumed_with_another_recipe(run: Path, drawn: Dataset) -> None:
    with pytest.raises(ConfigError, match="add --resume"):
        fit(ExpressionTraining(drawn, TINY), TINY, run, resume=False)
    with pytest.raises(ConfigError, match="differs from this recipe in rate"):
        fit(ExpressionTraining(drawn, TINY), dataclasses.replace(TINY, rate=0.02), run, resume=True)


def test_at_a_constant_rate_a_run_can_be_given_more_epochs_until_the_rate_falls(drawn: Dataset, tmp_path: Path) -> None:
    short = dataclasses.replace(TINY, epochs=4, decay=2, warmup=0.5, small_epochs=0)
    task = ExpressionTraining(drawn, short)
    trainer = Trainer(short, network, task)
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
    with pytest.raises(ConfigError, match=r"5 epochs are done, .* resume with epochs=5"):
        fit(task, dataclasses.replace(short, epochs=9), tmp_path / "r", resume=True)


def test_a_run_can_start_from_another_ones_weights(run: Path, drawn: Dataset, tmp_path: Path) -> None:
    onward = dataclasses.replace(TINY, init=str(run), epochs=1, small_epochs=0, rate=1e-4)
    entry = fit(ExpressionTraining(drawn, TINY), onward, tmp_path / "onward", resume=False)
    assert entry["validation_accuracy"] > 0.6
    with pytest.raises(ConfigError, match=r"holds no checkpoint\.npz"):
        fit(ExpressionTraining(drawn, TINY), dataclasses.replace(onward, init="nowhere"), tmp_path / "x", resume=False)
    other = dataclasses.replace(onward, network=Network("8-16", "1-1", 0.0))
    with pytest.raises(ConfigError, match="cannot grow into"):
        fit(ExpressionTraining(drawn, TINY), other, tmp_path / "y", resume=False)


def test_a_disk_that_fills_up_ends_in_one_line_and_the_run_can_continue(
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
        fit(ExpressionTraining(drawn, short), short, tmp_path / "r", resume=False)
    monkeypatch.setattr(Trainer, "save", save)
    assert fit(ExpressionTraining(drawn, short), short, tmp_path / "r", resume=True, tensorboard=True)["epoch"] == 3
    assert list((tmp_path / "r/tensorboard").iterdir())


def test_a_damaged_starting_point_gives_one_line(run: Path, tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text((run / "recipe.yaml").read_text())
    (tmp_path / "checkpoint.npz").write_bytes((run / "checkpoint.npz").read_bytes()[:1000])
    with pytest.raises(ConfigError, match=r"init: .*checkpoint\.npz: is damaged or of another network"):
        Trainer(TINY, network).start_from(tmp_path)


def test_too_large_a_run_is_refused_before_the_first_step(
    drawn: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.system.resources.free_memory", lambda: 200e6)
    with pytest.raises(ConfigError, match=r"training at batch 16: needs about .* MB of memory, 200 MB are free"):
        fit(ExpressionTraining(drawn, TINY), TINY, tmp_path / "r", resume=False)
    assert not (tmp_path / "r").exists()


def test_a_damaged_checkpoint_gives_one_line(run: Path, drawn: Dataset, tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text((run / "recipe.yaml").read_text())
    (tmp_path / "checkpoint.npz").write_bytes((run / "checkpoint.npz").read_bytes()[:1000])
    with pytest.raises(ConfigError, match="cannot be resumed"):
        fit(ExpressionTraining(drawn, TINY), TINY, tmp_path, resume=True)
