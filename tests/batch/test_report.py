"""The report of a dataset: shares per recording and group, outliers, quality, failures; on the page, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from monitor.batch.dataset import MARKER, VIDEO_SCHEMA, Dataset
from monitor.cli.main import main
from monitor.core.labels import EMOTIONS, UNKNOWN
from monitor.outputs.live.web.sessions import SessionList
from monitor.outputs.report.archive import render_dataset


def _row(number: int, group: dict[str, str], happy: float, frames: int = 100) -> dict[str, Any]:
    shares = {f"share_{name}": 0.0 for name in (*EMOTIONS, UNKNOWN)} | {
        "share_happy": happy,
        "share_neutral": 1 - happy,
    }
    known = {"key": f"{number:032d}", "name": f"/films/{number}.mp4", "group": json.dumps(group), "status": "ok",
             "reason": "", "trace": "", "frames": frames, "frames_with_face": frames, "duration_s": 4.0, "faces": 1,
             "quality": 0.8}  # fmt: skip
    return {**dict.fromkeys(VIDEO_SCHEMA.names), **known, **shares}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Ten recordings from two sites, the last of which smiles most, and one that could not be read."""
    dataset = Dataset(tmp_path / "archive")
    (tmp_path / "archive" / MARKER).write_text(json.dumps({"schema": 1}))
    for n in range(10):
        site = "north" if n < 5 else "south"
        happy = 0.9 if n == 9 else 0.1 if site == "north" else 0.2
        dataset.write_row(_row(n, {"site": site, "tape": str(n)}, happy, frames=300 if n == 9 else 100))
    broken = dict.fromkeys(VIDEO_SCHEMA.names)
    told = {"key": "f", "name": "/films/<b>.mp4", "group": "{}", "status": "failed", "reason": "it is a web page"}
    dataset.write_row({**broken, **told, "trace": "0123456789ab"})
    return tmp_path / "archive"


def _section(html: str, title: str) -> str:
    return html.partition(f"<h2>{title}</h2>")[2].partition("<h2>")[0]


def test_groups_weigh_recordings_by_their_frames_with_a_face(archive: Path) -> None:
    by_site = _section(render_dataset(archive), "By site")
    assert "neutral 90%" in by_site  # north: five recordings with 10 % happy
    # south: (4 * 100 * 0.2 + 300 * 0.9) / 700 = 0.5
    assert "happy 50%" in by_site or "neutral 50%" in by_site


def test_an_unusual_recording_is_an_outlier_and_no_other_is(archive: Path) -> None:
    outliers = _section(render_dataset(archive), "Outliers")
    assert "9.mp4" in outliers
    assert "happy 90%" in outliers
    assert all(f"{n}.mp4" not in outliers for n in range(9))


def test_what_could_not_be_read_is_told_with_its_reason(archive: Path) -> None:
    failed = _section(render_dataset(archive), "Could not be read")
    assert "&lt;b&gt;.mp4" in failed
    assert "it is a web page" in failed


def test_the_command_writes_the_page(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    assert main(["report", str(archive), "--out", str(out)]) == 0
    assert "<h2>By site</h2>" in out.read_text()


def test_the_web_page_lists_datasets_after_sessions_and_reports_them(archive: Path, tmp_path: Path) -> None:
    session = tmp_path / "20260101T100000_demo"
    session.mkdir()
    (session / "metadata.json").write_text(json.dumps({"source": "demo"}))
    empty = tmp_path / "empty"
    Dataset(empty)
    (empty / MARKER).write_text("{}")
    sessions = SessionList(tmp_path, tmp_path / "now")
    assert [(s["name"], s["dataset"], s["source"]) for s in sessions.listed()] == [
        ("20260101T100000_demo", False, "demo"),
        ("archive", True, "11 recordings"),
        ("empty", True, "0 recordings"),
    ]
    report = sessions.report("archive")
    assert report is not None
    assert "<h2>By site</h2>" in report
    assert sessions.report("empty") is None
    assert sessions.report("../archive") is None
