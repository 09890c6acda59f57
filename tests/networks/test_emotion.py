from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from monitor.capture import demo
from monitor.core.errors import ModelError
from monitor.core.labels import EMOTIONS
from monitor.faces.crop import crop
from monitor.networks import runtime
from monitor.networks.card import find_model
from monitor.networks.emotion import EmotionNet
from tests.fakes import picture


def test_probabilities_are_a_distribution(shipped: EmotionNet) -> None:
    probs = shipped.probabilities(picture(48, 48)[:, :, 0])
    assert probs.shape == (7,)
    assert probs.dtype == np.float32
    assert probs.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(("t", "row"), [(3.0, 0), (6.0, 0), (9.0, 0), (15.0, 0), (13.5, 1)])
def test_the_demo_faces_are_read_right(shipped: EmotionNet, t: float, row: int) -> None:
    place = demo.STORY[row].place(t)
    assert place is not None
    half = demo.STORY[row].size * 0.47
    box = (place[0] - half, place[1] - half, place[0] + half, place[1] + half)
    probs = shipped.probabilities(crop(demo.render(t), box, shipped.card.crop))
    assert EMOTIONS[int(probs.argmax())] == demo.shown_expressions(t)[row]


def test_the_same_crop_gives_the_same_answer(shipped: EmotionNet) -> None:
    image = picture(48, 48)[:, :, 0]
    first = shipped.logits(image)
    shipped.logits(np.zeros_like(image))
    assert np.array_equal(shipped.logits(image), first)


def test_the_first_runtime_that_imports_is_used() -> None:
    assert runtime.load_runtime().package in {package for _, package in runtime.CANDIDATES}


@pytest.mark.parametrize("available", [1, 2])
def test_missing_runtimes_fall_back_in_order(monkeypatch: pytest.MonkeyPatch, available: int) -> None:
    class Interpreter: ...

    class Module:
        pass

    module = Module()
    module.Interpreter = Interpreter  # type: ignore[attr-defined]

    def importing(name: str) -> object:
        if name == runtime.CANDIDATES[available][0]:
            return module
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", importing)
    assert runtime.load_runtime().package == runtime.CANDIDATES[available][1]


def test_without_a_runtime_the_error_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, _ in runtime.CANDIDATES:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ModelError, match="pip install ai-edge-litert") as caught:
        EmotionNet(find_model("emotion.tflite"))
    assert caught.value.exit_code == 4


def test_a_path_is_taken_as_it_is_and_a_bare_name_is_looked_up(tmp_path: Path) -> None:
    assert find_model("emotion.tflite").is_file()
    assert find_model(str(tmp_path / "mine.tflite")) == tmp_path / "mine.tflite"


def test_probabilities_are_calibrated(shipped: EmotionNet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "logits", lambda crop: np.array([4, 0, 0, 0, 0, 0, 0], np.float32))
    monkeypatch.setattr(shipped, "temperature", 4.0)
    first = shipped.probabilities(picture(48, 48)[:, :, 0])[0]
    assert first == pytest.approx(np.e / (np.e + 6))
