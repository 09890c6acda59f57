"""Whole runs on photographs."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import pytest

from emotion_monitor import Monitor
from monitor.capture import demo
from monitor.cli import main as cli
from monitor.run.assembly import for_photographs
from monitor.settings.config import Config, DetectConfig
from tests.crowd import group
from tests.fakes import frame


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "faces.csv").open() as handle:
        return list(csv.DictReader(handle))


def run(folder: Path, *argv: str) -> list[dict[str, str]]:
    assert cli.main(["--headless", "-q", "--out", str(folder), *argv]) == 0
    return rows(folder)


def test_a_folder_of_images_and_a_single_image(demo_clip: Path, tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for n in range(6):
        cv2.imwrite(str(pictures / f"{n:03}.png"), demo.render(5 + n / 10))
    (pictures / "003.png").write_bytes(b"damaged")
    table = run(tmp_path / "a", "--source", str(pictures))
    assert [row["video_time"] for row in table] == ["0.000", "0.100", "0.200", "0.400", "0.500"]
    assert table[-1]["emotion"] == "happy"
    (single,) = run(tmp_path / "b", "--source", str(pictures / "004.png"))
    assert (single["success"], single["emotion"]) == ("1", "happy")  # a person appears once in a picture


def test_pictures_of_a_folder_are_read_each_for_itself_unless_they_are_a_films(tmp_path: Path) -> None:
    """A happy face, an empty room, a surprised face in the same place: no reading may carry over to the next
    picture."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    happy, surprise, empty = demo.render(5.5), demo.render(7.8), demo.render(23.5)
    for name, picture in (("a", happy), ("b", empty), ("c", surprise), ("d, again", happy)):
        cv2.imwrite(str(pictures / f"{name}.png"), picture)
    alone = []
    for name in ("a", "b", "c", "d, again"):
        (row,) = run(tmp_path / name, "--source", str(pictures / f"{name}.png"))
        alone.append((row["success"], row["emotion"]))
    table = run(tmp_path / "s", "--source", str(pictures))
    assert [(row["success"], row["emotion"]) for row in table] == alone
    assert len(set(alone)) == 3
    assert [row["face_id"] for row in table if row["success"] == "1"] == ["1", "2", "3"]
    assert [row["file"] for row in table] == ["a.png", "b.png", "c.png", "d, again.png"]
    config = json.loads((tmp_path / "s" / "metadata.json").read_text())["config"]
    assert config["track"]["forget_s"] == 0, "what was in force is what is told"
    film = run(tmp_path / "f", "--source", str(pictures), "--set", "source.sequence=true")
    assert {row["face_id"] for row in film if row["success"] == "1"} == {"1"}


def test_each_picture_of_a_folder_has_its_row_whatever_the_rate_of_rows(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for n in range(4):
        cv2.imwrite(str(pictures / f"{n}.png"), demo.render(5.5))
    (pictures / "2.png").write_bytes(b"damaged")
    table = run(tmp_path / "s", "--source", str(pictures), "--set", "output.rows=1hz")
    assert [row["file"] for row in table] == ["0.png", "1.png", "3.png"]
    assert json.loads((tmp_path / "s" / "summary.json").read_text())["pictures_skipped"] == 1


def test_in_a_picture_of_many_no_face_waits_for_its_turn() -> None:
    """Four faces are read in a frame of a film, the others in the next one; a picture has no next one."""
    assert for_photographs(Config()).emotion.max_per_frame >= 64


def test_a_folder_of_damaged_pictures_is_no_clean_run(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (pictures / "a.png").write_bytes(b"damaged")
    assert cli.main(["--headless", "-q", "--source", str(pictures), "--out", str(tmp_path / "s")]) == 3


def test_photographs_show_no_drive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(3):
        cv2.imwrite(str(folder / f"{number}.png"), frame(0.0, number).image)
    given = ["--headless", "-q", "--profile", "driver", "--source", str(folder), "--out", str(tmp_path / "out")]
    assert cli.main(given) == 2
    assert "driver mode cannot judge unrelated photographs" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert cli.main(["check", "--profile", "driver", "--source", str(folder)]) == 2
    assert cli.main([*given[:4], "--source", str(folder / "0.png"), "--out", str(tmp_path / "out")]) == 2
    assert "0.png: driver mode cannot judge a photograph" in capsys.readouterr().err
    assert cli.main([*given, "--set", "source.sequence=true"]) == 0


def test_a_group_photograph_shows_everybody() -> None:
    """60 people: a film's budget of 12 proposals in each third of a search would end at 36."""
    with Monitor() as monitor:
        faces = monitor.read(group(10, 6))
    assert len(faces) == 60


def test_a_photograph_examines_more_places_and_settles_doubts_at_once() -> None:
    film, photograph = Config().detect, for_photographs(Config()).detect
    assert (film.second_look, photograph.second_look) == (False, True)
    assert photograph.most > 10 * film.most
    assert photograph.propose < film.propose
    given = Config(detect=DetectConfig(most=900, propose=0.05))
    assert (for_photographs(given).detect.most, for_photographs(given).detect.propose) == (900, 0.05)
