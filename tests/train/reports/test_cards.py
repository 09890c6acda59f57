"""The cards hold all required texts, and the page shows the content of the cards."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from monitor.networks.card import load_card
from train.cli import main as cli
from train.reports import card_page, cards
from train.tasks import TASKS
from train.tasks.expression import card as texts

ROOT = Path(__file__).parents[3]


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    """The shipped models and cards, free to change."""
    shutil.copytree(ROOT / "models", tmp_path / "models")
    return tmp_path / "models"


def test_the_page_is_up_to_date() -> None:
    page = card_page.render(cards.models(ROOT / "models"), TASKS.values())
    assert (ROOT / "docs/MODEL_CARD.md").read_text() == page, "run: python -m train cards"


@pytest.mark.parametrize("path", cards.models(ROOT / "models"), ids=lambda p: p.stem)
def test_every_shipped_card_says_what_a_reader_must_know(path: Path) -> None:
    card = load_card(path, None)
    task = cards.named(card, TASKS.values())
    assert task is not None
    assert card.notes == task.notes(card), "run: python -m train cards"
    assert {"use", "not_for", "limits", "groups", "law"} <= set(card.notes)
    assert {"training", "validation", "terms"} <= set(card.data)
    assert "not measured" in card.notes["groups"]


def test_the_emotion_card_has_its_robustness_and_every_n() -> None:
    figures = load_card(ROOT / "models/emotion.tflite").metrics["validation"]
    assert figures["corruptions"]["n"] == figures["consistency"]["n"] == figures["n"]
    assert figures["eight_class"]["n"] == figures["n"] + figures["eight_class"]["contempt_n"]


def test_the_page_shows_the_effect_of_the_fitted_biases_on_other_rows(copies: Path) -> None:
    page = card_page.render([copies / "emotion.tflite"], TASKS.values())
    crossed = load_card(copies / "emotion.tflite").metrics["biases"]["cross_fitted"]
    assert f"with biases fitted on other rows; mean recall | {100 * crossed['accuracy']:.2f} %" in page
    fields = json.loads((copies / "emotion.json").read_text())
    del fields["metrics"]["biases"], fields["metrics"]["priors"]  # a card of an earlier version
    (copies / "emotion.json").write_text(json.dumps(fields))
    assert "biases" not in card_page.render([copies / "emotion.tflite"], TASKS.values())
    for odd in (5, [1], {"without": 5}, {"without": {"mean_recall": 1}}):
        fields["metrics"]["biases"] = odd
        (copies / "emotion.json").write_text(json.dumps(fields))
        assert "| mean recall | 0." in card_page.render([copies / "emotion.tflite"], TASKS.values())


def test_a_card_with_old_texts_is_brought_up_to_date_and_stays_the_models(copies: Path, tmp_path: Path) -> None:
    before = load_card(copies / "emotion.tflite")
    fields = json.loads((copies / "emotion.json").read_text())
    fields["notes"] = {"use": "old"}
    del fields["metrics"]["validation"]["corruptions"]  # as an export leaves it
    (copies / "emotion.json").write_text(json.dumps(fields))
    assert cli.main(["cards", "--models", str(copies), "--out", str(tmp_path / "page.md")]) == 0
    after = load_card(copies / "emotion.tflite")
    assert after.notes == before.notes
    assert (after.version, after.sha256, after.training) == (before.version, before.sha256, before.training)
    page = (tmp_path / "page.md").read_text()
    assert f"version {after.version}" in page
    assert "Disturbed crops" not in page


def test_what_the_maker_of_another_sets_model_wrote_stays(copies: Path) -> None:
    fields = json.loads((copies / "emotion.json").read_text())
    fields["notes"] = {"limits": "my own words"}
    fields["data"]["training"] = "mine: 300 crops of the split training"
    fields["metrics"] = {"parameters": "12k", "validation": {"accuracy": 0.5}}
    fields["training"] = {"recipe": {"network": "resnet"}}
    (copies / "emotion.json").write_text(json.dumps(fields))
    cards.refresh([copies / "emotion.tflite"], TASKS.values())
    assert load_card(copies / "emotion.tflite").notes == {"limits": "my own words"}
    page = card_page.render([copies / "emotion.tflite"], TASKS.values())
    assert "my own words" in page
    assert "| accuracy | 0.5 |" in page
    assert "FER2013" not in " ".join(texts.OTHER.values())


def test_a_page_that_cannot_be_written_whole_is_not_written(copies: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before")
    (tmp_path / "page.md.part").mkdir()  # stands for a disk that takes no more
    assert cli.main(["cards", "--models", str(copies), "--out", str(page)]) == 2
    assert page.read_text() == "before"


def test_a_network_without_tables_of_its_own_lists_its_figures(copies: Path) -> None:
    fields = json.loads((copies / "keypoints.json").read_text())
    fields |= {"name": "novel", "metrics": {"validation": {"share": 0.5, "share_n": 1200}}, "notes": {"use": "a|b"}}
    (copies / "keypoints.json").write_text(json.dumps(fields))
    page = card_page.render([copies / "keypoints.tflite"], TASKS.values())
    assert "| share | 0.5 | 1,200 |" in page
    cards.refresh([copies / "keypoints.tflite"], TASKS.values())
    assert load_card(copies / "keypoints.tflite", None).notes == {"use": "a|b"}


def test_mistakes_give_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert cli.main(["cards", "--models", str(tmp_path)]) == 2
    assert "holds no .tflite file" in caplog.text
    (tmp_path / "a.tflite").write_bytes(b"torn")
    assert cli.main(["cards", "--models", str(tmp_path)]) == 4
    assert len(caplog.records) == 2


def test_a_text_that_another_card_has_already_is_a_reference(copies: Path) -> None:
    page = card_page.render([copies / "keypoints.tflite", copies / "proposals.tflite"], TASKS.values())
    assert page.count("**Validation.** held-out look-alike groups") == 1
    assert "**Validation.** As of *keypoints*." in page


def test_many_figures_of_one_kind_are_shown_as_their_range(copies: Path) -> None:
    page = card_page.render([copies / "eyes.tflite"], TASKS.values())
    assert "| mrl_subjects | 0." in page
    assert "s0007" not in page
