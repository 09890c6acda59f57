"""Runs with several cameras: shared parts, independence, and the files on disk."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from monitor.cli import main as cli
from monitor.outputs.logs import retention
from monitor.outputs.logs.reading import Session
from monitor.run import camera as camera_module
from monitor.run.assembly import build
from monitor.settings.config import Config
from tests.run.stories import EchoPipeline

FRAMES = 12


def told(folder: Path, name: str = "summary.json") -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / name).read_text())
    return content


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "faces.csv").open() as handle:
        return list(csv.DictReader(handle))


def run(folder: Path, *argv: str, code: int = 0) -> dict[str, Any]:
    flags = ["--headless", "-q", "--max-frames", str(FRAMES), "--out", str(folder)]
    assert cli.main([*argv, *flags]) == code
    return dict(told(folder)["cameras"])


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, demo_clip: Path) -> Path:
    """A run of the demo and of a clip."""
    folder = tmp_path_factory.mktemp("pair") / "session"
    run(folder, "demo", str(demo_clip), "--record", "--report")
    return folder


def test_each_camera_has_its_part_of_one_folder(pair: Path) -> None:
    assert told(pair, "metadata.json")["cameras"] == ["demo", "demo-2"]
    for name in ("demo", "demo-2"):
        part = pair / name
        assert len({row["frame"] for row in rows(part)}) == FRAMES
        assert {path.name for path in part.iterdir()} >= {"events.jsonl", "metadata.json", "summary.json"}
        assert list(part.glob("video.*"))
    assert told(pair / "demo-2", "metadata.json")["source"]["kind"] == "video"


def test_the_summary_tells_how_each_camera_ended(pair: Path) -> None:
    cameras = told(pair)["cameras"]
    assert [(c["state"], c["exit_code"], c["frames"]) for c in cameras.values()] == [("ended", 0, FRAMES)] * 2


def test_a_session_reads_all_cameras_or_one(pair: Path) -> None:
    session = Session.open(pair)
    assert list(session.cameras) == ["demo", "demo-2"]
    assert len(session.faces) == sum(len(one.faces) for one in session.cameras.values())
    assert len(set(session.faces["session"])) == 2
    assert {event["session"] for event in session.events} <= set(session.faces["session"])
    assert session.damaged == {"faces.csv": 0, "events.jsonl": 0}


def test_the_report_shows_every_camera(pair: Path, tmp_path: Path) -> None:
    written = (pair / "report.html").read_text()
    assert f"{pair.name}/demo-2" in written
    assert cli.main(["report", str(pair), "--out", str(tmp_path / "r.html")]) == 0
    assert (tmp_path / "r.html").read_text().count("<h1 class='part'>") == 2


def test_score_asks_for_one_camera(pair: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "l.csv").write_text("file,start_s,end_s,what\na,0,1,neutral\n")
    assert cli.main(["score", str(pair), str(tmp_path / "l.csv")]) == 2
    assert "holds 2 cameras; give the folder of one, such as" in capsys.readouterr().err
    assert cli.main(["score", str(pair / "demo-2"), str(tmp_path / "l.csv")]) == 0


def test_retention_deletes_the_folders_of_all_cameras(pair: Path, tmp_path: Path) -> None:
    root = tmp_path / "sessions"
    run_folder = root / "20260101T000000_demo-demo-2"
    for source in pair.rglob("*"):
        target = run_folder / source.relative_to(pair)
        if source.is_file() and source.name != "report.html":
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    (run_folder / "demo" / "notes.txt").write_text("mine")
    (stored,) = retention.sessions(root)
    total = sum(path.stat().st_size for path in run_folder.rglob("*") if path.is_file())
    assert stored.size == total - len("mine")
    assert retention.delete(stored, root)
    assert [path.name for path in run_folder.rglob("*")] == ["demo", "notes.txt"]


def test_a_camera_that_cannot_be_opened_leaves_the_others_alone(
    tmp_path: Path, demo_clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = tmp_path / "bad.mp4"
    damaged.write_bytes(b"\0" * 5000)
    cameras = run(tmp_path / "s", str(damaged), str(demo_clip), code=3)
    assert cameras["bad"]["state"] == "not opened"
    assert "bad.mp4" in cameras["bad"]["error"]
    assert (cameras["demo"]["state"], cameras["demo"]["frames"]) == ("ended", FRAMES)
    lines = [line for line in capsys.readouterr().err.splitlines() if "error:" in line]
    assert len(lines) == 1
    assert lines[0].startswith("error: bad: ")


def test_if_no_camera_opens_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["/dev/video97", "/dev/video98", "--headless", "--out", str(tmp_path / "s")]) == 3
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[1] for line in lines] == ["video97", "video98"]
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("also", ["nowhere.mp4", "nowhere.jpg"])
def test_a_name_that_does_not_exist_is_refused_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], also: str
) -> None:
    assert cli.main(["demo", also, "--headless", "--out", str(tmp_path / "s")]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(f"{also}: no such file or folder")
    assert not (tmp_path / "s").exists()


def test_a_photograph_among_cameras_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import cv2

    from monitor.capture import demo

    cv2.imwrite(str(tmp_path / "a.png"), demo.render(2))
    assert cli.main(["demo", str(tmp_path / "a.png"), "--headless", "--out", str(tmp_path / "s")]) == 3
    assert "is a photograph or a folder; several cameras must be cameras or videos" in capsys.readouterr().err


def test_a_camera_that_fails_is_completed_while_the_others_continue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def built(config: Config, networks: Any) -> Any:
        return EchoPipeline(range(1000)) if config.detect.min_face == 77 else build(config, networks)

    monkeypatch.setattr(EchoPipeline, "finish", lambda self: [], raising=False)
    monkeypatch.setattr(camera_module, "build", built)
    text = "cameras:\n  good: {source: demo}\n  bad: {source: demo, settings: {detect: {min_face: 77}}}\n"
    (tmp_path / "c.yaml").write_text(text)
    cameras = run(tmp_path / "s", "--config", str(tmp_path / "c.yaml"), code=1)
    assert (cameras["good"]["state"], cameras["good"]["frames"]) == ("ended", FRAMES)
    assert (cameras["bad"]["state"], cameras["bad"]["exit_code"]) == ("failed", 1)
    assert "20 frames in a row failed" in cameras["bad"]["error"]
    assert (tmp_path / "s" / "bad" / "summary.json").exists()
