"""The command: what it needs, what it tells, and that a kill costs nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.train.collect.site import Site
from train.clean.files import listed as listed_by_clean
from train.cli import main as cli
from train.collect import pace, queries
from train.collect.record import NAME, Record


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace.Pace.__init__, "__defaults__", (0.0,))


def listed(site: Site, tmp_path: Path, count: int) -> Path:
    (tmp_path / "joy.txt").write_text("\n".join(site.picture(n) for n in range(count)))
    (tmp_path / "queries.yaml").write_text("joy: [smiling person]\n")
    return tmp_path / "joy.txt"


def test_a_list_becomes_a_set(site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    source, out = listed(site, tmp_path, 5), tmp_path / "set"
    command = ["collect", str(out), "--from", str(source), "--queries", str(tmp_path / "queries.yaml"), "--per-class",
               "4", "--contact", "me@example.org", "--allow-private"]  # fmt: skip
    assert cli.main(command) == 2
    assert "states no licences; give --licences any" in caplog.text
    assert cli.main([*command, "--licences", "any"]) == 0
    assert "joy: 4 fetched, 1 found" in caplog.text
    assert len(list(out.glob("joy/*.jpg"))) == 4
    assert sorted(path.name for path in out.iterdir()) == ["attribution.html", "collect.sqlite", "joy"]
    assert [path.parent.name for path in listed_by_clean(out)] == ["joy"] * 4
    assert site.seen["/p/1.jpg"]["User-Agent"].startswith("emotion-monitor/")
    assert "(me@example.org)" in site.seen["/p/1.jpg"]["User-Agent"]


def test_without_leave_no_private_address_is_asked(
    site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source, out = listed(site, tmp_path, 3), tmp_path / "set"
    command = ["collect", str(out), "--from", str(source), "--queries", str(tmp_path / "queries.yaml"), "--licences",
               "any", "--contact", "me@example.org"]  # fmt: skip
    assert cli.main(command) == 3
    assert "no picture could be fetched" in caplog.text
    assert not site.count


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["--contact", " "], "--contact: give an e-mail address"), (["--contact", "a\nb"], "must be plain text"),
     (["--contact", "x@y", "--from", "bing"], "must be one of openverse, commons, brave, serpapi"),
     (["--contact", "x@y", "--classes", "joy"], "--classes joy: is not in"),
     (["--contact", "x@y", "--licences", "free"], "--licences: must be any"),
     (["--contact", "x@y", "--queries", "none.yaml"], "none.yaml: cannot be read")],
)  # fmt: skip
def test_a_wrong_command_gives_one_line(
    arguments: list[str], told: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert cli.main(["collect", str(tmp_path / "set"), *arguments]) == 2
    assert told in caplog.text
    assert not (tmp_path / "set").exists()


def test_a_local_folder_needs_neither_contact_nor_licence(site: Site, tmp_path: Path) -> None:
    from tests.train.collect.site import jpeg

    (tmp_path / "mine/joy").mkdir(parents=True)
    (tmp_path / "mine/joy/1.jpg").write_bytes(jpeg(1))
    (tmp_path / "mine/joy/2.jpg").write_bytes(b"not a picture")
    (tmp_path / "queries.yaml").write_text("joy: [x]\n")
    command = ["collect", str(tmp_path / "set"), "--from", str(tmp_path / "mine"), "--queries"]
    assert cli.main([*command, str(tmp_path / "queries.yaml")]) == 0
    assert len(list(tmp_path.glob("set/joy/*.jpg"))) == 1


@pytest.mark.slow  # starts the program twice
def test_a_killed_run_continues(site: Site, tmp_path: Path) -> None:
    source, out = listed(site, tmp_path, 12), tmp_path / "set"
    command = ["collect", str(out), "--from", str(source), "--queries", str(tmp_path / "queries.yaml"), "--licences",
               "any", "--contact", "me@example.org", "--allow-private", "--jobs", "2"]  # fmt: skip
    site.milestone = 7
    running = subprocess.Popen([sys.executable, "-m", "train", *command], stderr=subprocess.DEVNULL)
    assert site.reached.wait(60)
    running.send_signal(signal.SIGKILL)
    running.wait()
    before = site.count.copy()
    record = Record(out / NAME)
    settled = record.counts("joy").get("fetched", 0)
    record.close()
    assert 0 < settled < 12
    assert cli.main(command) == 0
    assert len(list(out.glob("joy/*.jpg"))) == 12
    assert not (out / ".parts").exists()
    again = sum(count > 1 for path, count in site.count.items() if path.startswith("/p/") and before[path])
    assert again <= 3  # at most what was in flight


def test_the_shipped_phrases_have_several_languages_for_each_expression() -> None:
    from monitor.core.labels import EMOTIONS

    found = queries.load(queries.SHIPPED)
    assert set(found) == set(EMOTIONS)
    for own in found.values():
        assert len(own) >= 15
        assert len({query.language for query in own}) >= 5
        assert len({query.text for query in own}) == len(own)
        assert [query.language for query in own[:3]] == ["en", "de", "fr"]


@pytest.mark.parametrize(
    ("text", "told"),
    [("[a]", "must hold classes"), ("happy: 3", r"happy\.en: must be a list of phrases"), ("a/b: [x]", "a class name"),
     ("happy: {en: []}", "must be a list"), ("happy: [", "is not valid YAML"), ("_x: [y]", "a class name")],
)  # fmt: skip
def test_phrases_that_cannot_be_used(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "q.yaml").write_text(text)
    with pytest.raises(Exception, match=told):
        queries.load(tmp_path / "q.yaml")
