"""Which recordings a batch finds."""

from __future__ import annotations

import http.server
import socket
import tarfile
import threading
from pathlib import Path

import pytest

from monitor.batch.fetch import local
from monitor.batch.items import Item, content_key, find
from monitor.core.errors import ConfigError, SourceError


def _names(*inputs: object) -> list[str]:
    return [Path(item.name.replace("!", "/")).name for item in find([str(i) for i in inputs])]


def test_a_folder_gives_its_recordings_and_nothing_else(recordings: Path) -> None:
    assert _names(recordings) == ["broken.mp4", "copy of a.avi", "a.avi", "b.avi"]


def test_a_recording_named_twice_is_read_once(recordings: Path) -> None:
    assert _names(recordings / "day1" / "a.avi", recordings / "day1", recordings / "day1" / "*.avi") == [
        "a.avi",
        "b.avi",
    ]


def test_a_glob_reaches_into_folders(recordings: Path) -> None:
    assert _names(recordings / "**" / "b.*") == ["b.avi"]


def test_hidden_files_are_left_out(tmp_path: Path) -> None:
    (tmp_path / ".trash").mkdir()
    (tmp_path / ".trash" / "old.mp4").touch()
    (tmp_path / "new.mp4").touch()
    assert _names(tmp_path) == ["new.mp4"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.txt", "# comment\nday1/a.avi\n\nday1/b.avi\n"),
        ("list.csv", "path,site\nday1/a.avi,north\nday1/b.avi,south\n"),
        ("list.jsonl", '{"path": "day1/a.avi", "site": "north"}\n{"path": "day1/b.avi"}\n'),
    ],
)
def test_lists_are_relative_to_their_own_folder(recordings: Path, name: str, text: str) -> None:
    path = recordings / name
    path.write_text(text)
    try:
        assert _names(path) == ["a.avi", "b.avi"]
        if name == "list.csv":
            assert [dict(item.group) for item in find([str(path)])] == [{"site": "north"}, {"site": "south"}]
    finally:
        path.unlink()


def test_members_of_an_archive_are_recordings(recordings: Path, tmp_path: Path) -> None:
    archive = tmp_path / "week.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(recordings / "day1" / "a.avi", "inner/a.avi")
        tar.add(recordings / "notes.docx", "notes.docx")
    (item,) = find([str(archive)])
    assert item.name.endswith("week.tar.gz!inner/a.avi")
    with local(item) as path:
        assert content_key(path) == content_key(recordings / "day1" / "a.avi")
        kept = path
    assert not kept.exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [("nowhere.mp4", "no such file"), ("*.nothing", "names no recording"), ("odd://x/y", "install the fsspec package")],
)
def test_what_cannot_be_found_gives_one_line(
    given: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=words):
        find([given])


def test_a_damaged_archive_gives_one_line(tmp_path: Path) -> None:
    (tmp_path / "day.tar").write_bytes(b"junk")
    with pytest.raises(ConfigError) as caught:
        find([str(tmp_path / "day.tar")])
    assert str(caught.value) == f"{tmp_path}/day.tar: is not a readable tar archive: it is no archive or is cut off"


def test_a_list_with_an_empty_row_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("name\nx\n")
    with pytest.raises(ConfigError, match=r"list.csv:1: names no recording"):
        find([str(tmp_path / "list.csv")])


def test_a_memory_url_is_listed_and_fetched(recordings: Path) -> None:
    import fsspec

    system = fsspec.filesystem("memory")
    system.pipe("/bucket/x/a.avi", (recordings / "day1" / "a.avi").read_bytes())
    system.pipe("/bucket/x/readme.md", b"-")
    (item,) = find(["memory://bucket/x"])
    with local(item) as path:
        assert path.stat().st_size == (recordings / "day1" / "a.avi").stat().st_size
    system.rm("/bucket", recursive=True)
    with pytest.raises(SourceError, match="cannot be fetched: not found"), local(item):
        pass


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:{closed}/a.mp4", "cannot be fetched: Connection refused"),
        ("http://127.0.0.1:{server}/a.mp4", "cannot be fetched: the server answers 403 Forbidden"),
    ],
)
def test_a_web_server_that_cannot_be_used_is_named_with_the_reason(url: str, expected: str) -> None:
    pytest.importorskip("aiohttp")
    with socket.socket() as closed, http.server.HTTPServer(("127.0.0.1", 0), _Forbidding) as server:
        closed.bind(("127.0.0.1", 0))  # nothing listens here
        threading.Thread(target=server.serve_forever, daemon=True).start()
        item = Item(url.format(closed=closed.getsockname()[1], server=server.server_address[1]))
        with pytest.raises(SourceError) as caught, local(item):
            pass
        server.shutdown()
    assert str(caught.value) == f"{item.uri}: {expected}"


class _Forbidding(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Refuses."""
        self.send_error(403)

    do_HEAD = do_GET

    def log_message(self, *args: object) -> None:
        """Logs nothing."""


def test_the_key_depends_on_content_alone(recordings: Path) -> None:
    a, copy, b = (content_key(recordings / n) for n in ("day1/a.avi", "copy of a.avi", "day1/b.avi"))
    assert a == copy != b
