"""The page of a run: one self-contained file that warns of mismatched parts."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from monitor.core.errors import ModelError
from monitor.core.labels import EMOTIONS
from monitor.core.types import Keypoints
from monitor.networks.card import load_card
from monitor.networks.runtime import Int8Model
from monitor.settings import reader as settings
from tests.train.conftest import drawn_face, origins
from train.cli import main as cli
from train.data import datasets, faceset
from train.data.datasets import Dataset
from train.engine import recipe
from train.engine.recipe import Recipe
from train.engine.recover import recipe_of
from train.reports import candidates, html, plots, report
from train.reports.report import _same
from train.tasks import TASKS
from train.tasks.keypoints import report as keypoint_report
from train.tasks.keypoints.figures import Look

MODELS = Path(__file__).parents[3] / "models"


class Page(HTMLParser):
    """What a browser would load, and the text it would show."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def run_folder(path: Path, trained: Recipe, entries: list[dict[str, float]]) -> Path:
    path.mkdir()
    (path / "recipe.yaml").write_text(settings.to_yaml(trained))
    (path / "history.json").write_text(json.dumps(entries))
    return path


HISTORY = [
    {"epoch": n, "loss": 1 / n, "validation_accuracy": 0.5 + n / 20, "validation_mean_recall": 0.4, "seconds": 30}
    for n in range(1, 5)
]


def test_the_page_of_an_expression_run_is_whole_in_one_file(drawn: Dataset, tmp_path: Path) -> None:
    few = drawn.take(np.arange(0, len(drawn), 12))
    labels = (few.truth + np.arange(len(few)) % 2) % len(EMOTIONS)  # half of the labels are wrong: mistakes to show
    few = dataclasses.replace(few, truth=labels, split=np.full(len(few), "validation"))
    datasets.save_prepared(few, tmp_path / "d.npz")
    run = run_folder(tmp_path / "mine", recipe.load("quick", []), HISTORY)
    other = tmp_path / "more"
    other.mkdir()
    shutil.copy(MODELS / "emotion.tflite", other / "again.tflite")  # no card: no candidate
    flags = ["--run", str(run), "--model", str(MODELS / "emotion.tflite"), "--data", str(tmp_path / "d.npz")]
    assert cli.main(["report", *flags, "--candidates", str(other)]) == 0
    text = (run / "report.html").read_text()
    page = Page(text)
    assert page.sources
    assert all(source.startswith("data:image/") for source in page.sources)
    assert not re.search(r"https?://", re.sub(r'src="[^"]*"', "", text))
    words = " ".join(page.words)
    assert f"N = {len(few)}" in words
    assert "4 of 30 epochs, 2 minutes" in words
    assert "Most confident mistakes" in words
    assert "8 classes" in words
    assert load_card(MODELS / "emotion.tflite").version in words
    assert len([s for s in page.sources if s.startswith("data:image/png")]) >= 10


def test_a_model_of_another_recipe_is_called_so(
    drawn: Dataset, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    few = drawn.take(np.arange(0, len(drawn), 30))
    datasets.save_prepared(dataclasses.replace(few, split=np.full(len(few), "validation")), tmp_path / "d.npz")
    own, _ = recipe_of(load_card(MODELS / "emotion.tflite", None), MODELS / "emotion.tflite")
    run = run_folder(tmp_path / "mine", dataclasses.replace(own, rate=0.5), HISTORY)
    flags = ["--run", str(run), "--model", str(MODELS / "emotion.tflite"), "--data", str(tmp_path / "d.npz")]
    assert cli.main(["report", *flags, "--out", str(tmp_path / "page.html")]) == 0
    assert "another recipe than this run (they differ in rate)" in caplog.text
    assert "do not belong together" in (tmp_path / "page.html").read_text()


def test_mistakes_give_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert cli.main(["report", "--run", str(tmp_path)]) == 2
    assert "is not a training run" in caplog.text
    run = run_folder(tmp_path / "young", recipe.load("quick", []), [])
    assert cli.main(["report", "--run", str(run)]) == 2
    assert "holds no finished epoch" in caplog.text
    assert cli.main(["report", "--run", str(run), "--candidates", str(tmp_path / "none")]) == 2
    assert "is not a folder" in caplog.text


def test_candidates_are_models_of_the_same_kind_each_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("emotion", "keypoints"):
        for ending in (".tflite", ".json"):
            shutil.copy(MODELS / f"{name}{ending}", tmp_path / f"{name}{ending}")
            shutil.copy(MODELS / f"{name}{ending}", tmp_path / f"{name}_copy{ending}")
    (tmp_path / "torn.tflite").write_bytes(b"torn")
    found = candidates.find([tmp_path, tmp_path], EMOTIONS)
    assert [path.name for path in found] == ["emotion.tflite"]
    assert "torn.tflite" in caplog.text
    timed = candidates.measure(found)[0]
    assert timed.size == found[0].stat().st_size
    assert 0 < timed.ms < 1000


def test_an_unusable_candidate_does_not_end_the_comparison(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("fine", "foreign"):
        shutil.copy(MODELS / "emotion.tflite", tmp_path / f"{name}.tflite")
        card = json.loads((MODELS / "emotion.json").read_text()) | {"version": name, "metrics": {"parameters": "12k"}}
        (tmp_path / f"{name}.json").write_text(json.dumps(card))

    def picky(path: Path, threads: int) -> Int8Model:
        if path.stem == "foreign":
            raise ModelError(f"{path}: tensor x is float32, not int8")
        return Int8Model(path, threads)

    monkeypatch.setattr(candidates, "Int8Model", picky)
    (found,) = candidates.measure([tmp_path / "fine.tflite", tmp_path / "foreign.tflite"])
    assert "not compared" in caplog.text
    row = report._row(found, TASKS["expression"].score)
    assert row[:4] == ["fine", "fine", "-", "-"]
    assert row[6] == "-"


def test_candidates_with_the_same_name_are_distinguished(tmp_path: Path) -> None:
    for number, name in enumerate(("a", "b")):
        (tmp_path / name).mkdir()
        shutil.copy(MODELS / "emotion.tflite", tmp_path / name / "emotion.tflite")
        card = json.loads((MODELS / "emotion.json").read_text())
        (tmp_path / name / "emotion.json").write_text(json.dumps(card | {"version": str(number)}))
    paths = [tmp_path / name / "emotion.tflite" for name in ("a", "b")]
    assert [c.name for c in candidates.measure(paths)] == ["a/emotion", "b/emotion"]
    chart = plots.scatter([("a/emotion", 1.0, 2.0, False), ("b/emotion", 1.0, 2.0, True)], "ms", "%")
    assert [line.get_markeredgecolor() for line in chart.axes[0].lines] == ["none", "black"]


def test_fields_that_came_after_a_card_make_no_other_recipe() -> None:
    assert _same({"blocks": "1", "old": 2}, {"blocks": "1", "enlarged": 128})
    assert not _same({"blocks": "1"}, {"blocks": "2", "enlarged": 128})


def test_what_names_hold_cannot_break_the_page() -> None:
    page = Page(html.page("<run>", [html.table(("a",), [["<script>x</script>"]]), html.note('"&')]))
    assert "<script>x</script>" in page.words


def drawn_faces(count: int) -> faceset.FaceSet:
    """Drawn heads with known points, the first of them with points that are wrong."""
    drawn = [drawn_face(60 + 3 * n, 60, 55) for n in range(count)]
    points = np.stack([p for _, p in drawn])
    points[0] += np.float32(15)
    return faceset.FaceSet(
        faceset.Pictures.pack([i for i, _ in drawn]), np.arange(count), points, np.zeros((count, 3), np.float32),
        np.full((count, 3), 0.3, np.float32), np.array(["faces", "fer"] * (count // 2)),
        np.full(count, "validation"), origins(count), np.array([(0, 0.0, 0.0, 20.0)], np.float32),
        np.array(["validation"]), np.array([True]), "drawn",
    )  # fmt: skip


def test_the_page_of_a_keypoint_run_has_the_worst_faces_first(tmp_path: Path) -> None:
    faceset.save(drawn_faces(6), tmp_path / "l.npz")
    entries = [{"epoch": n, "loss": 9 / n, "error": 0.1, "yaw_error": 3.0, "false": 0.02} for n in (1, 2)]
    run = run_folder(tmp_path / "keypoints", recipe.load("keypoints", []), entries)
    flags = ["--run", str(run), "--model", str(MODELS / "keypoints.tflite"), "--data", str(tmp_path / "l.npz")]
    assert cli.main(["report", *flags]) == 0
    page = Page((run / "report.html").read_text())
    words = " ".join(page.words)
    assert "The worst of N = 3 heads and drivers" in words
    assert "The worst of N = 3 tight crops" in words
    assert len([s for s in page.sources if s.startswith("data:image/png")]) == 6
    rows = [w for w in page.words if w.startswith("drawn/")]
    assert rows[0].startswith("drawn/0.png,")


def test_the_page_of_an_eye_run_has_its_curves_and_the_cards_figures(tmp_path: Path) -> None:
    entries = [{"epoch": n, "loss": 0.5 / n, "mrl": 0.9, "cew": 0.95, "ghosts": 0.05} for n in (1, 2)]
    run = run_folder(tmp_path / "lids", recipe.load("eyes", []), entries)
    assert cli.main(["report", "--run", str(run), "--model", str(MODELS / "eyes.tflite")]) == 0
    words = " ".join(Page((run / "report.html").read_text()).words)
    assert "Figures of the card" in words
    assert "mrl_n" in words


def test_true_and_read_points_are_drawn_where_they_are() -> None:
    image = np.full((200, 200), 128, np.uint8)
    points = np.zeros((1, faceset.BOX + 2, 2), np.float32)
    points[0, : faceset.BOX] = np.linspace((70, 70), (130, 130), faceset.BOX)
    points[0, -2:] = (60, 50), (140, 150)
    faces = faceset.FaceSet(
        faceset.Pictures.pack([image]), np.zeros(1, np.int64), points, np.zeros((1, 3), np.float32),
        np.zeros((1, 3), np.float32), np.array(["faces"]), np.array(["validation"]), origins(1),
        np.empty((0, 4), np.float32), np.empty(0, np.str_), np.empty(0, bool), "drawn",
    )  # fmt: skip
    exact = Keypoints(0.9, points[0, : faceset.BOX], (0, 0, 1, 1), np.zeros(3, np.float32), np.zeros(3, np.float32))
    shown = keypoint_report.marked(faces, Look(0, exact, np.zeros(faceset.BOX)))
    assert shown.shape == (176, 176, 3)
    green = (shown == keypoint_report.TRUE).all(axis=2)
    assert green.sum() > 17
    assert not (shown == keypoint_report.READ).all(axis=2).any()  # covered by the true ones
    off = dataclasses.replace(exact, points=exact.points + np.float32(12))
    shown = keypoint_report.marked(faces, Look(0, off, np.zeros(faceset.BOX)))
    assert (shown == keypoint_report.READ).all(axis=2).any()
