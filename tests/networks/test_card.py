"""A model without its own true card is refused, in one line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.errors import ModelError
from monitor.core.labels import EMOTIONS
from monitor.networks.card import load_card
from monitor.networks.emotion import EmotionNet


def refused(model: Path) -> str:
    with pytest.raises(ModelError) as caught:
        EmotionNet(model)
    assert caught.value.exit_code == 4
    assert len(caught.value.lines) == 1
    return caught.value.lines[0]


def rewrite(model: Path, **changes: Any) -> None:
    card = model.with_suffix(".json")
    card.write_text(json.dumps(json.loads(card.read_text()) | changes))


def test_the_shipped_model_and_its_card_load_with_figures(pair: Path) -> None:
    card = load_card(pair)
    assert set(card.labels) == set(EMOTIONS)
    assert card.metrics["validation"]["n"] > 6000
    balanced, web = (card.metrics["priors"][name]["cross_fitted"] for name in ("balanced", "web"))
    assert balanced["mean_recall"] >= 0.66
    assert set(balanced["each"]) == {"affectnet", "expw", "fer", "rafdb"}
    assert min(balanced["each"][source]["recall"]["neutral"] for source in ("affectnet", "fer", "rafdb")) >= 0.85
    assert web["each"]["fer"]["accuracy"] >= 0.87
    assert pair.stat().st_size <= 1_000_000


def test_another_file_under_the_same_name_is_refused(pair: Path) -> None:
    content = bytearray(pair.read_bytes())
    content[-100] ^= 1
    pair.write_bytes(content)
    assert "does not match its card" in refused(pair)


def test_a_truncated_model_is_refused(pair: Path) -> None:
    pair.write_bytes(pair.read_bytes()[:5000])
    assert "does not match its card" in refused(pair)


@pytest.mark.parametrize("content", [b"", b"x", b"PK\x03\x04 something else"])
def test_something_else_than_a_model_is_refused(pair: Path, content: bytes) -> None:
    pair.write_bytes(content)
    assert "is not a TFLite model" in refused(pair)


def test_missing_files_are_named(pair: Path, tmp_path: Path) -> None:
    pair.with_suffix(".json").unlink()
    assert "every model needs its card" in refused(pair)
    assert "no such model" in refused(tmp_path / "other.tflite")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"schema": 99}, "schema must be 1 (got 99)"),
        ({"temperature": 0}, "temperature must be between"),
        ({"temperature": "warm"}, "temperature must be a number"),
        ({"labels": ["happy"]}, "labels must be the 7 words"),
        ({"metrics": 3}, "metrics must be an object"),
        ({"version": ""}, "version must be text"),
        ({"input_side": 32}, "its card says (1, 32, 32, 1)"),
    ],
)
def test_a_wrong_card_is_refused(pair: Path, changes: dict[str, Any], expected: str) -> None:
    rewrite(pair, **changes)
    assert expected in refused(pair)


@given(st.binary(max_size=300))
def test_no_card_content_makes_the_reader_crash(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    model = tmp_path_factory.mktemp("card") / "m.tflite"
    model.write_bytes(b"\0\0\0\0TFL3")
    model.with_suffix(".json").write_bytes(content)
    with pytest.raises(ModelError):
        load_card(model)


def test_figures_that_are_not_finite_are_written_as_null(pair: Path, tmp_path: Path) -> None:
    card = replace(load_card(pair), metrics={"turned": float("nan"), "by": [{"low": float("-inf")}, 0.5]})
    card.save(tmp_path / "card.json")
    assert json.loads((tmp_path / "card.json").read_text(), parse_constant=pytest.fail)["metrics"] == {
        "turned": None, "by": [{"low": None}, 0.5],
    }  # fmt: skip


def test_a_card_that_is_saved_loads_as_the_same_card(pair: Path) -> None:
    card = load_card(pair)
    card.save(pair.with_suffix(".json"))
    assert load_card(pair) == card


WEB = {"biases": [0.0] * 6 + [2.0], "temperature": 0.5}


def test_a_prior_of_the_card_moves_the_reading_and_sets_the_temperature(pair: Path) -> None:
    rewrite(pair, priors={"balanced": {"biases": [0.0] * 7, "temperature": 1.0}, "web": WEB})
    crop = np.random.default_rng(0).integers(0, 256, (48, 48), dtype=np.uint8)
    balanced, web = EmotionNet(pair), EmotionNet(pair, prior="web")
    assert (web.logits(crop) - balanced.logits(crop)).tolist() == pytest.approx([0] * 6 + [2], abs=1e-5)
    assert (balanced.prior, web.prior) == ("balanced", "web")
    assert web.probabilities(crop)[6] > balanced.probabilities(crop)[6]
    z = web.logits(crop) / 0.5
    assert web.probabilities(crop).tolist() == pytest.approx((np.exp(z) / np.exp(z).sum()).tolist(), rel=1e-4)


def test_a_card_without_priors_is_read_as_it_is(pair: Path) -> None:
    rewrite(pair, priors={}, temperature=0.7)
    assert EmotionNet(pair).temperature == 0.7
    with pytest.raises(ModelError, match=r"has no prior 'web'; set emotion.prior to one of: balanced"):
        EmotionNet(pair, prior="web")


@pytest.mark.parametrize(
    "priors",
    [
        [], {"web": 1}, {"web": {"biases": [0] * 6, "temperature": 1}}, {"web": {"biases": [0] * 7}},
        {"web": {"biases": [0] * 6 + [99], "temperature": 1}}, {"web": {"biases": [0] * 6 + ["x"], "temperature": 1}},
        {"web": {"biases": [0] * 7, "temperature": 0}}, {"web": {"biases": [True] * 7, "temperature": 1}},
    ],
)  # fmt: skip
def test_a_damaged_prior_is_refused(pair: Path, priors: object) -> None:
    rewrite(pair, priors=priors)
    assert "priors" in refused(pair)
