"""Photographs from the command line: a table, a line each, or JSON."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import pytest

from monitor.capture import demo
from monitor.cli import main as cli
from monitor.cli.photographs import PhotographSink, line, table
from monitor.core.labels import EMOTIONS
from monitor.outputs.logs.retention import OURS
from tests.fakes import face, result


def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, *argv: str) -> tuple[int, str, str]:
    code = cli.main([*argv, "--headless", "--out", str(tmp_path / "s")])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photos" / "one.png"
    path.parent.mkdir()
    cv2.imwrite(str(path), demo.render(4))
    return path


def test_one_photograph_is_a_table_of_its_faces(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, photo: Path
) -> None:
    code, out, _ = run(capsys, tmp_path, str(photo))
    head, columns, row = out.splitlines()
    assert code == 0
    assert head == "one.png, 640x480: 1 face"
    assert columns.split()[:9] == ["face", "expression", *EMOTIONS]
    assert row.split()[1] in EMOTIONS


def test_a_folder_gives_one_line_a_picture_with_its_name(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, photo: Path
) -> None:
    cv2.imwrite(str(photo.with_name("two.jpg")), demo.render(0) * 0)
    (photo.parent / "broken.png").write_bytes(b"x")
    code, out, err = run(capsys, tmp_path, str(photo.parent))
    assert code == 0
    first, second = out.splitlines()
    assert first.startswith("one.png: ")
    assert second == "two.jpg: no face"
    assert "broken.png: cannot be read as a picture" in err
    assert "2 pictures read, 1 files skipped" in err
    assert "appeared" not in err  # events of faces say nothing about photographs


def test_json_is_one_object_a_picture(capsys: pytest.CaptureFixture[str], tmp_path: Path, photo: Path) -> None:
    code, out, _ = run(capsys, tmp_path, str(photo), str(photo), "--json")
    first, second = map(json.loads, out.splitlines())
    assert code == 0
    assert first["file"] == second["file"] == str(photo)
    (found,) = first["faces"]
    assert found["expression"] in EMOTIONS
    assert sum(found["distribution"].values()) == pytest.approx(1, abs=0.001)
    assert len(found["box"]) == 4


def test_recursive_reads_the_folders_below(capsys: pytest.CaptureFixture[str], tmp_path: Path, photo: Path) -> None:
    assert run(capsys, tmp_path, str(tmp_path / "photos"), "--recursive")[1].startswith("one.png: ")
    assert run(capsys, tmp_path, str(tmp_path), "--recursive")[1].startswith("photos/one.png: ")


def test_record_writes_an_annotated_copy_of_each_photograph(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, photo: Path
) -> None:
    (photo.parent / "x").mkdir()
    cv2.imwrite(str(photo.parent / "x" / "one.png"), demo.render(0) * 0)
    assert run(capsys, tmp_path, str(photo.parent), "--recursive", "--record")[0] == 0
    copies = sorted(path.name for path in (tmp_path / "s").glob("copy-*"))
    assert copies == ["copy-one.jpg", "copy-x_one.jpg"]
    drawn, plain = cv2.imread(str(tmp_path / "s" / "copy-one.jpg")), cv2.imread(str(photo))
    assert drawn is not None
    assert plain is not None
    assert drawn.shape == plain.shape
    assert (cv2.absdiff(drawn, plain).max(axis=2) > 60).mean() > 0.005
    assert all(OURS.fullmatch(name) for name in copies)  # purge deletes them with the session
    assert not list((tmp_path / "s").glob("video*"))


def test_copies_have_their_own_folder_and_are_always_blurred(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, photo: Path
) -> None:
    for _ in range(2):
        assert run(capsys, tmp_path, str(photo), "--record", str(tmp_path / "out"))[0] == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["copy-one-2.jpg", "copy-one.jpg"]
    code, _, err = run(capsys, tmp_path, str(photo), "--record", "--blur")
    assert (code, "copies of photographs are not blurred" in err) == (2, True)
    code, _, err = run(capsys, tmp_path, str(photo), "--record", "/proc/copies")
    assert (code, err) == (
        2,
        "error: --record /proc/copies: cannot be written: No such file or directory; give another folder\n",
    )
    code, _, err = run(capsys, tmp_path, str(photo), "--record", str(photo))
    assert (code, "is not a folder" in err) == (2, True)


def test_json_of_a_video_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path, demo_clip: Path) -> None:
    code, _, err = run(capsys, tmp_path, str(demo_clip), "--json")
    assert (code, "--json: is for photographs" in err) == (2, True)


def test_faces_that_cannot_be_read_have_no_distribution() -> None:
    shown = result(0.0, [face(1, "happy"), face(2, "unknown", known=False)])
    assert line(shown).endswith(": happy 90%, unknown")
    assert table(shown).splitlines()[3].split()[:3] == ["2", "unknown", "-"]


def test_a_reader_that_stops_reading_ends_the_printing_but_not_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with ``| head``: the files are still written to the end, without an error line."""

    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(sys, "stdout", Closed())
    sink = PhotographSink(many=True, as_json=False)
    sink.handle(result(0.0, [face(1)]))
    sink.handle(result(1.0, [face(1)]))
    assert not isinstance(sys.stdout, Closed)
    sys.stdout.close()


@pytest.mark.parametrize(("encoding", "shown"), [("utf-8", "\\udcff Ж"), ("latin-1", "\\udcff \\u0416")])
def test_a_name_that_cannot_be_printed_is_escaped(encoding: str, shown: str) -> None:
    """A name that is not UTF-8, and a terminal that knows few characters."""
    out = io.TextIOWrapper(io.BytesIO(), encoding)
    strange = result(0.0)
    strange = replace(strange, frame=replace(strange.frame, file="\udcff Ж.jpg"))
    PhotographSink(many=True, as_json=False, out=out).handle(strange)
    PhotographSink(many=True, as_json=True, out=out).handle(strange)
    out.seek(0)
    text, content = out.read().splitlines()
    assert text == f"{shown}.jpg: no face"
    assert json.loads(content)["file"] == "\udcff Ж.jpg"
