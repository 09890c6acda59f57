"""From drawn faces to a model with labels of one's own, and a refusal where there is nothing to learn."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.core.errors import EXIT_MODEL, ConfigError, ModelError
from monitor.core.labels import EMOTIONS, OWN
from monitor.core.types import Image
from monitor.networks.card import load_card
from monitor.networks.emotion import EmotionNet
from tests.train.conftest import TINY
from train.clean.faces import Face
from train.data import neighbours
from train.data.datasets import Dataset
from train.own import order as orders

LABELS = {"joyful": "happy", "gloomy": "sad", "amazed": "surprise"}
RECIPE = replace(TINY, epochs=2, small_epochs=0, warmup=0.5, side=48)


class Cropped:
    """Takes every picture for a face crop."""

    def find(self, image: Image) -> Face:
        return Face(1, image)


@pytest.fixture
def order(drawn: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> orders.Order:
    """Sixty drawn faces of each of three classes; they resemble each other, which does not matter here."""
    monkeypatch.setattr(neighbours, "groups", lambda images, asked: [])
    for label, expression in LABELS.items():
        (tmp_path / "set" / label).mkdir(parents=True)
        for n, row in enumerate(np.flatnonzero(drawn.truth == EMOTIONS.index(expression))):
            cv2.imwrite(str(tmp_path / "set" / label / f"{n}.png"), drawn.images[row])
    (tmp_path / "moods.yaml").write_text("classes: {joyful: set/joyful, gloomy: set/gloomy, amazed: set/amazed}")
    return orders.load(tmp_path / "moods.yaml")


@pytest.fixture
def base(exported: Path, tmp_path: Path) -> Path:
    """The tiny seven-class model; its card says that it was trained."""
    fields = json.loads(exported.with_suffix(".json").read_text())
    fields["training"]["epochs"] = 1
    (tmp_path / "base.tflite").write_bytes(exported.read_bytes())
    (tmp_path / "base.json").write_text(json.dumps(fields))
    return tmp_path / "base.tflite"


@pytest.mark.slow  # trains and exports twice
def test_a_model_with_own_labels(order: orders.Order, base: Path, tmp_path: Path, drawn: Dataset) -> None:
    from train.own.run import Places, make

    places = Places(base, tmp_path / "run", tmp_path / "moods.tflite")
    card = make(order, Cropped, RECIPE, places)
    assert (card.name, card.labels) == (OWN, tuple(LABELS))
    figures = card.metrics["held_out"]
    assert figures["n"] == 30
    assert figures["accuracy"] > 0.9
    assert figures["largest_class"]["share"] == pytest.approx(1 / 3, abs=1e-3)
    assert card.training["base"] == load_card(base).version
    assert set(card.metrics["candidates"]) == {"taken", "validation_n", "trunk frozen", "fine-tuned"}
    net = EmotionNet(places.out)
    assert net.labels == tuple(LABELS)
    sad = drawn.images[drawn.truth == EMOTIONS.index("sad")][0]
    assert net.labels[int(net.probabilities(net.prepared(sad)).argmax())] == "gloomy"
    with pytest.raises(ModelError, match="labels must be the 7 words"):
        load_card(places.out)
    again = make(order, Cropped, RECIPE, places)  # a finished run is only exported again
    assert again.metrics["held_out"] == figures
    fewer = replace(order, classes={label: found[:40] for label, found in order.classes.items()})
    with pytest.raises(ConfigError, match="began with other pictures; give another --run"):
        make(fewer, Cropped, RECIPE, places)


def test_a_model_that_has_learnt_nothing_is_refused() -> None:
    from train.own import figures as own

    order = orders.Order("moods", {}, "")
    rng = np.random.default_rng(3)
    truth = np.repeat([0, 1], [60, 40])
    logits = rng.normal(0, 1, (100, 2)).astype(np.float32)
    figures = own.held_out(logits, truth, ("joyful", "gloomy"), 1.0)
    with pytest.raises(own.NotLearnt, match="always saying joyful would give 60%; no model was written") as caught:
        own.require_learnt(order, figures)
    assert len(caught.value.lines) == 1
    assert caught.value.exit_code == EXIT_MODEL
    logits[np.arange(100), truth] += 4
    own.require_learnt(order, own.held_out(logits, truth, ("joyful", "gloomy"), 1.0))
    assert json.dumps(figures)


def test_the_first_head_finds_what_separates_the_classes() -> None:
    from train.own.network import logistic

    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1, 2], [200, 60, 20])
    given = rng.normal(0, 1, (280, 12)) + 3 * np.eye(12)[truth]
    kernel, bias = logistic(given, np.eye(3)[truth])
    right = (given @ kernel + bias).argmax(axis=1) == truth
    assert min(right[truth == label].mean() for label in range(3)) > 0.9
