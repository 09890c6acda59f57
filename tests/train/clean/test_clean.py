"""Cleaning: each fault is found, recorded with a reason, and never deletes a file."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from monitor.core.errors import ConfigError
from monitor.core.types import Image
from train.clean import labels, page, view
from train.clean import run as cleaning
from train.clean.faces import Face
from train.clean.manifest import NAME, Entry, Manifest


def picture(seed: int, side: int = 96) -> Image:
    """A soft random picture that no other seed resembles."""
    small = np.random.default_rng(seed).integers(0, 256, (9, 9)).astype(np.uint8)
    return cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC).astype(np.uint8)


class Counted:
    """Finds as many faces as the darkest corner says: black none, white two, otherwise one."""

    def find(self, image: Image) -> Face:
        corner = int(image[:4, :4].mean())
        count = 0 if corner < 2 else 2 if corner > 253 else 1
        return Face(count, cv2.resize(image, (48, 48)).astype(np.uint8) if count else None)


class Persons:
    """Takes every picture for a photograph of a person."""

    def probs(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.tile(np.array((0.9, 0.05, 0.05), np.float32), (len(rows), 1))


def tools() -> cleaning.Tools:
    return cleaning.Tools(Counted, Path("unused"), Persons)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small set with one of each fault."""
    root = tmp_path / "set"

    def put(name: str, image: Image) -> None:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(root / name), image)

    for n in range(3):
        put(f"happy/good{n}.png", picture(n))
        put(f"sad/good{n}.png", picture(100 + n))
    put("happy/copy.jpg", picture(0))
    put("happy/mirror.png", np.ascontiguousarray(picture(1)[:, ::-1]))
    put("sad/under_happy.png", picture(2))
    put("sad/tiny.png", picture(7, 20))
    put("sad/flat.png", np.full((80, 80), 90, np.uint8))
    none, two = picture(8), picture(9)
    none[:4, :4], two[:4, :4] = 0, 255
    put("happy/none.png", none)
    put("happy/two.png", two)
    frames = [Pillow.fromarray(picture(n)) for n in (10, 11)]
    frames[0].save(root / "sad/moving.gif", save_all=True, append_images=frames[1:])
    (root / "happy/torn.jpg").write_bytes(b"<html>404</html>")
    return root


@pytest.fixture
def entries(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Entry]:
    monkeypatch.setattr(labels, "features", lambda model, crops: np.zeros((len(crops), 2), np.float32))
    return cleaning.clean(folder, [], tools())


def kinds(entries: list[Entry]) -> dict[str, str]:
    return {entry.path: entry.kind for entry in entries}


def test_every_fault_gets_its_kind_and_a_reason(entries: list[Entry]) -> None:
    found = kinds(entries)
    assert found["happy/torn.jpg"] == "broken"
    assert found["sad/tiny.png"] == "tiny"
    assert found["sad/flat.png"] == "flat"
    assert sorted(found[f"happy/{name}"] for name in ("copy.jpg", "good0.png")) == ["duplicate", "good"]
    assert sorted(found[f"happy/{name}"] for name in ("mirror.png", "good1.png")) == ["duplicate", "good"]
    assert found["happy/good2.png"] == found["sad/under_happy.png"] == "conflict"
    assert found["sad/moving.gif"] == "animated"
    assert found["happy/none.png"] == "hidden face"
    assert found["happy/two.png"] == "several faces"
    assert all(found[f"sad/good{n}.png"] == "good" for n in range(3))
    assert all(entry.reason and 0 <= entry.score <= 1 for entry in entries)


def test_the_record_keeps_box_keypoints_and_measures(entries: list[Entry]) -> None:
    kept = json.loads(next(entry for entry in entries if entry.path == "happy/good1.png").details)
    assert {"box", "presence", "quality", "size", "light", "sharpness", "person", "drawing", "group"} <= set(kept)


def test_what_is_no_person_is_marked_before_anything_else(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Drawn:
        def probs(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
            return np.tile(np.array((0.05, 0.9, 0.05), np.float32), (len(rows), 1))

    class Things:
        def probs(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
            return np.tile(np.array((0.05, 0.05, 0.9), np.float32), (len(rows), 1))

    drawn = kinds(cleaning.clean(folder, [], cleaning.Tools(Counted, Path("unused"), Drawn)))
    things = kinds(cleaning.clean(folder, [], cleaning.Tools(Counted, Path("unused"), Things)))
    assert {drawn[name] for name in ("happy/good0.png", "happy/copy.jpg", "happy/none.png")} == {"drawing"}
    assert {things[name] for name in ("happy/good0.png", "happy/none.png")} == {"no face"}
    assert drawn["happy/torn.jpg"] == things["happy/torn.jpg"] == "broken"


def test_a_possible_face_counts_only_on_a_picture_of_a_person() -> None:
    class Unsure:
        def probs(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
            return np.array(((0.8, 0.1, 0.1), (0.3, 0.1, 0.6)), np.float32)

    faces = {n: Face(1, np.zeros((48, 48), np.uint8), presence=0.4, possible=True) for n in range(2)}
    images = {n: picture(n) for n in range(2)}
    work = cleaning._Set([Entry(f"a/{n}.png", "a", 96, 96, str(n)) for n in range(2)], images, faces)
    cleaning._judge_content(work, Unsure())
    assert [entry.kind for entry in work.entries] == ["good", "no face"]


def test_a_certain_face_needs_more_to_be_a_drawing() -> None:
    class Half:
        def probs(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
            return np.tile(np.array((0.3, 0.6, 0.1), np.float32), (len(rows), 1))

    pixels = np.zeros((48, 48), np.uint8)
    faces = {0: Face(1, pixels, presence=0.9), 1: Face(1, pixels, presence=0.4, possible=True), 2: Face(0, None)}
    work = cleaning._Set(
        [Entry(f"a/{n}.png", "a", 96, 96, str(n)) for n in range(3)], {n: picture(n) for n in range(3)}, faces
    )
    cleaning._judge_content(work, Half())
    assert [entry.kind for entry in work.entries] == ["good", "drawing", "drawing"]


def test_a_face_at_the_edge_is_cut_and_a_tight_one_is_not() -> None:
    places = np.stack([np.linspace(0.1, 0.9, 17), np.linspace(0.2, 1.0, 17)], axis=1).astype(np.float32)
    whole = Face(1, np.zeros((48, 48), np.uint8), (0.0, 0.0, 1.0, 1.0), places)
    assert not whole.cut
    assert replace(whole, points=places + np.array((0.3, 0), np.float32)).cut


def test_a_record_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / NAME)) as old:
        old.execute("create table pictures (path text primary key, label text, width integer, height integer, sha256"
                    " text, kind text, reason text, score real, other text, suggestion text, decision text,"
                    " new_label text)")  # fmt: skip
        old.execute("insert into pictures values ('a/1.png','a',1,1,'','good','',0,'','','keep','')")
        old.commit()
    record = Manifest(tmp_path / NAME)
    assert [(entry.path, entry.decision, entry.details) for entry in record.entries()] == [("a/1.png", "keep", "{}")]


def test_a_picture_of_a_held_out_set_is_a_leak(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "features", lambda model, crops: np.zeros((len(crops), 2), np.float32))
    held = tmp_path / "held/sad"
    held.mkdir(parents=True)
    cv2.imwrite(str(held / "x.png"), picture(101))
    found = cleaning.clean(folder, [tmp_path / "held"], tools())
    assert kinds(found)["sad/good1.png"] == "leak"


def test_the_cleaned_view_holds_what_is_kept_and_the_set_stays_whole(
    folder: Path, entries: list[Entry], tmp_path: Path
) -> None:
    before = sorted(folder.rglob("*"))
    manifest = Manifest(tmp_path / NAME)
    manifest.replace(entries)
    manifest.decide("sad/good0.png", "drop")
    manifest.decide("sad/good1.png", "relabel", "happy")
    manifest.decide("happy/two.png", "keep")
    count = view.apply(folder, manifest.entries(), tmp_path / "view")
    found = sorted(str(p.relative_to(tmp_path / "view")) for p in (tmp_path / "view").rglob("*.*"))
    assert len(found) == count == 5
    assert {"happy/good1.png", "happy/sad_good1.png", "happy/two.png", "sad/good2.png"} <= set(found)
    assert sorted(folder.rglob("*")) == before
    with pytest.raises(ConfigError, match="is not empty; give a new folder"):
        view.apply(folder, manifest.entries(), tmp_path / "view")


def test_decisions_survive_a_new_cleaning(entries: list[Entry], tmp_path: Path) -> None:
    manifest = Manifest(tmp_path / NAME)
    manifest.replace(entries)
    manifest.decide("happy/two.png", "keep")
    manifest.close()
    again = Manifest(tmp_path / NAME)
    again.replace(entries)
    assert {entry.path for entry in again.entries() if entry.decision == "keep"} == {"happy/two.png"}
    with pytest.raises(ConfigError, match="relabel: must name one of happy, sad"):
        again.decide("happy/two.png", "relabel", "joy")
    with pytest.raises(ConfigError, match=r"nowhere\.png: is not in"):
        again.decide("nowhere.png", "drop")
    (tmp_path / "other").write_bytes(b"no database at all, but long enough to be one" * 9)
    with pytest.raises(ConfigError, match="is not a record of emotion-train clean"):
        Manifest(tmp_path / "other")


def test_cross_validated_answers_find_swapped_labels() -> None:
    rng = np.random.default_rng(1)
    truth = np.arange(600) % 3
    given = (rng.normal(0, 1, (600, 120)) + 4 * np.tile(np.eye(3)[truth], 40)).astype(np.float32)
    wrong = np.zeros(600, bool)
    wrong[::20] = True
    judged = labels.judge(given, np.where(wrong, (truth + 1) % 3, truth))
    assert judged.wrong[wrong].mean() > 0.8
    assert judged.wrong[~wrong].mean() < 0.02
    assert (judged.suggestion[wrong & judged.wrong] == truth[wrong & judged.wrong]).mean() > 0.9
    assert not labels.judge(given[:8], truth[:8]).wrong.any()


def test_names_cannot_break_the_page() -> None:
    text = page.render([Entry("a/<script>.png", "a", 1, 1, "", "broken", "<b>", 1.0)], "file:///x/")
    assert "<script>.png" not in text
    assert "a/%3Cscript%3E.png" in text
