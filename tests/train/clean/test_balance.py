"""The report of balance and diversity names shortcuts that a network could learn instead of the expression."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from train.clean import balance
from train.clean.manifest import Entry


def entry(label: str, n: int, kind: str = "good", **measured: Any) -> Entry:
    found = {"size": 80.0, "light": 120.0, "sharpness": 0.3, "yaw": 2.0, "alike": 0} | measured
    return Entry(f"{label}/{n}.png", label, 96, 96, str(n), kind, details=json.dumps(found))


def test_a_small_class_and_a_dark_one_are_named(tmp_path: Path) -> None:
    entries = [entry("happy", n) for n in range(100)]
    entries += [entry("sad", n, light=40.0) for n in range(30)]
    lines = balance.write(entries, tmp_path / balance.NAME)
    assert any(line.startswith("happy has 100 pictures and sad 30") for line in lines)
    assert any(line.startswith("sad: 100% dark, 23% in the whole set") for line in lines)
    text = (tmp_path / balance.NAME).read_text()
    assert "| sad | 30 | 0% | 100% |" in text


def test_only_kept_pictures_count_under_their_final_label() -> None:
    entries = [entry("happy", 1), entry("happy", 2, "duplicate"), entry("sad", 3)]
    relabelled = Entry("sad/4.png", "sad", 9, 9, "", details="{}", decision="relabel", new_label="happy")
    table = {row["class"]: row for row in balance.rows([*entries, relabelled])}
    assert table["happy"]["pictures"] == 2
    assert table["all"]["pictures"] == 3


def test_look_alikes_are_counted() -> None:
    entries = [entry("happy", n, alike=7 if n < 4 else 0) for n in range(10)]
    row = balance.rows(entries)[0]
    assert row["alike"] == 0.4
    assert row["largest alike"] == 4


def test_an_empty_view_has_a_report(tmp_path: Path) -> None:
    assert balance.write([entry("happy", 1, "broken")], tmp_path / balance.NAME) == []
    assert "| all | 0 |" in (tmp_path / balance.NAME).read_text()
