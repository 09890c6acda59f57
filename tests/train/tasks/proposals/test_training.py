"""The proposal network's scenes and training, small: drawn faces with known places."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.core.errors import ConfigError
from monitor.networks.proposals import STRIDE, ProposalNet, encode
from train.cli import main as cli
from train.data import faceset
from train.data.faceset import FaceSet
from train.engine.augment import Augment, Jitter
from train.engine.recipe import Network, Recipe
from train.tasks.proposals.figures import figures
from train.tasks.proposals.scenes import CELLS, HIGH, LOW, _scene, check_scenes
from train.tasks.proposals.training import ProposalTraining


def test_cells_near_a_faces_centre_answer_and_its_edges_need_not() -> None:
    scene = _scene(np.zeros((56, 56), np.uint8), 30.0, 26.0, 20.0)
    rows, columns = np.nonzero(scene.answer == 1)
    assert len(rows) >= 4
    assert abs((columns + 0.5) * STRIDE - 30).max() <= 5
    assert abs((rows + 0.5) * STRIDE - 26).max() <= 5
    assert (scene.answer == -1).any()
    assert scene.answer[0, 0] == 0
    assert np.allclose(scene.box[6, 7], encode(30, 26, 20, np.array([6]), np.array([7]))[0])


@pytest.mark.parametrize("side", [4.0, 60.0])
def test_a_face_of_another_octave_is_not_a_target(side: float) -> None:
    scene = _scene(np.zeros((56, 56), np.uint8), 28.0, 28.0, side)
    assert not (scene.answer == 1).any()
    assert scene.face[2] == 0


def test_an_epoch_shows_faces_of_the_networks_octave_anywhere(faces: FaceSet) -> None:
    recipe = Recipe(task="proposals", side=56, batch=16, jitter=Jitter(regions=480))
    task = ProposalTraining(faces, recipe)
    batches = list(task.batches(0, 56))
    assert len(batches) == task.steps == 30
    again = list(task.batches(0, 56))
    assert all(
        np.array_equal(a, b) for one, two in zip(batches, again, strict=True) for a, b in zip(one, two, strict=True)
    )
    answers = np.concatenate([b[1] for b in batches])[..., 0]
    assert 0.3 < (answers == 1).any(axis=(1, 2)).mean() < 0.8
    inner = (answers == 1).any(axis=0)[1:-1, 1:-1]
    assert inner.mean() > 0.9, "in nearly every cell but the outermost sometimes"


def test_figures_of_perfect_answers_are_perfect_and_of_none_are_none(faces: FaceSet) -> None:
    scenes = check_scenes(faces, "validation", 60)
    assert {s.face[2] > 0 for s in scenes} == {True, False}
    perfect = np.stack([np.where(s.answer == 1, 9.0, -9.0) for s in scenes]).astype(np.float32)
    report = figures(perfect, np.stack([s.box for s in scenes]), scenes)
    assert report["found"] == 1
    assert report["false"] == 0
    assert report["place"] < 1e-3
    worst = figures(-perfect, np.zeros((len(scenes), CELLS, CELLS, 3), np.float32), scenes)
    assert worst["found"] < 0.5
    assert worst["false"] == 1


def test_scenes_say_where_the_face_is(faces: FaceSet) -> None:
    """The drawn heads are the brightest thing around: their middle must be bright where the answer says."""
    bright = []
    for scene in check_scenes(faces, "validation", 120):
        x, y, side = scene.face
        if side:
            assert LOW <= side <= HIGH
            inner = scene.image[max(0, int(y) - 2) : int(y) + 3, max(0, int(x) - 2) : int(x) + 3]
            bright.append(float(inner.mean()) - float(np.median(scene.image)))
    assert np.mean(np.array(bright) > 0) > 0.8


def test_it_learns_is_exported_and_runs_in_the_app(
    faces: FaceSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    faceset.save(faces, Path("runs/keypoints.npz"))
    monkeypatch.setattr("train.tasks.proposals.scenes.CHECKED", 60)
    monkeypatch.setattr("train.engine.convert.LEAST_AGREEMENT", 0.8)
    tiny = Recipe(
        task="proposals", side=56, small_epochs=0, epochs=4, batch=16, rate=0.01, ema=0.9, balance=0.0,
        network=Network("8-8-16", "0-0-0", 0.0), augment=Augment(erase=0, blur=0), jitter=Jitter(regions=320),
    )  # fmt: skip
    from monitor.settings import reader as yaml

    Path("tiny.yaml").write_text(yaml.to_yaml(tiny))
    assert cli.main(["fit", "--task", "proposals", "--recipe", "tiny.yaml", "--out", "runs/tiny"]) == 0
    history = json.loads(Path("runs/tiny/history.json").read_text())
    assert history[-1]["loss"] < history[0]["loss"]
    assert cli.main(["export", "--run", "runs/tiny", "--out", "m/proposals.tflite"]) == 0
    net = ProposalNet(Path("m/proposals.tflite"))
    image = np.full((240, 320), 90, np.uint8)
    cv2.ellipse(image, (160, 120), (30, 36), 0, 0, 360, 200, -1)
    assert net.propose(image, 30, 0.02).boxes.shape[1] == 4
    capsys.readouterr()
    assert cli.main(["evaluate", "--model", "m/proposals.tflite", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["found_n"] > 0
    assert report["false_n"] > 0


def test_wrong_input_gives_one_line(faces: FaceSet) -> None:
    with pytest.raises(ConfigError, match="side must be 56"):
        ProposalTraining(faces, Recipe(task="proposals"))
