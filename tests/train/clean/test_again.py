"""The command ``clean`` on a set that has a record already: when it checks all pictures again."""

from __future__ import annotations

import argparse
import logging
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from train.clean.files import listed
from train.clean.manifest import Entry
from train.cli import clean as command
from train.cli import main as cli


def put(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((96, 96), 90, np.uint8))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("happy/1.png", "sad/1.png"):
        put(tmp_path / "set" / name)
    return tmp_path / "set"


class Checks:
    """Stands for the checks of a set; finds nothing, or leaks."""

    def __init__(self) -> None:
        self.against: list[list[str]] = []
        self.kind = "good"

    def __call__(self, folder: Path, args: argparse.Namespace) -> list[Entry]:
        self.against.append(args.against)
        plain = [Entry(str(path.relative_to(folder)), path.parent.name, 96, 96, path.name) for path in listed(folder)]
        return [replace(entry, kind=self.kind, reason="told to") for entry in plain]


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> Checks:
    found = Checks()
    monkeypatch.setattr(command, "_found", found)
    return found


def test_a_held_out_set_is_compared_although_there_is_a_record(folder: Path, checks: Checks, tmp_path: Path) -> None:
    for flags in ([], [], ["--against", str(tmp_path)], []):
        assert cli.main(["clean", str(folder), *flags]) == 0
    assert checks.against == [[], [str(tmp_path)]]


def test_a_missing_held_out_set_is_an_error(folder: Path, checks: Checks, caplog: pytest.LogCaptureFixture) -> None:
    assert cli.main(["clean", str(folder), "--against", "nowhere"]) == 2
    assert "error: --against nowhere: is not a folder" in caplog.text
    assert checks.against == []


def test_added_and_removed_pictures_renew_the_record(
    folder: Path, checks: Checks, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "train")
    assert cli.main(["clean", str(folder)]) == 0
    assert "check all again" not in caplog.text
    put(folder / "sad/2.png")
    (folder / "happy/1.png").rename(folder / "happy/2.png")
    assert cli.main(["clean", str(folder)]) == 0
    assert "2 pictures added and 1 taken away since the last check: check all again" in caplog.text
    assert len(checks.against) == 2


def test_leaks_are_not_forgotten_by_a_check_without_the_held_out_set(
    folder: Path, checks: Checks, caplog: pytest.LogCaptureFixture
) -> None:
    checks.kind = "leak"
    assert cli.main(["clean", str(folder)]) == 0
    assert cli.main(["clean", str(folder), "--again"]) == 2
    assert "holds pictures of a held-out set; give --against again" in caplog.text
