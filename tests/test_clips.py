"""The monitor on real people; skips where the clips are not."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from benchmarks.clips import Row, figures, run_clip

pytestmark = pytest.mark.slow


def rows(clips: Path, name: str, tmp_path: Path) -> list[Row]:
    return run_clip(clips / name, tmp_path / "s", [])


def test_neutral_then_a_smile_for_one_face(clips: Path, tmp_path: Path) -> None:
    got = rows(clips, "pyfeat_single_face.mp4", tmp_path)
    by_frame = {int(r["frame"]): r for r in got}
    assert {r["face_id"] for r in got if r["success"] == "1"} == {"1"}
    assert {by_frame[n]["emotion"] for n in range(4, 17)} == {"neutral"}
    assert {by_frame[n]["emotion"] for n in range(32, 66)} == {"happy"}


def test_three_walkers_keep_three_ids(clips: Path, tmp_path: Path) -> None:
    got = rows(clips, "intel_prev_face-demographics-walking-and-pause.gif", tmp_path)
    assert {r["face_id"] for r in got if r["success"] == "1"} == {"1", "2", "3"}
    for face_id in ("1", "2", "3"):
        places = [float(r["x"]) for r in got if r["face_id"] == face_id]
        assert max(abs(a - b) for a, b in itertools.pairwise(places)) < 30


@pytest.mark.parametrize("name", ["pyfeat_no_face.mp4", "intel_bottle_noface.mp4"])
def test_clips_without_people_log_no_face(clips: Path, tmp_path: Path, name: str) -> None:
    f = figures(rows(clips, name, tmp_path))
    assert f.with_face <= 0.01 * f.frames


def test_the_shown_label_flickers_less_than_the_raw_one(clips: Path, tmp_path: Path) -> None:
    f = figures(rows(clips, "fer_woman2.mp4", tmp_path))
    assert f.shown_changes <= 0.3 * f.raw_changes
