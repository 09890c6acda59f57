"""The report page: complete, self-contained, safe, and small."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from monitor.cli.main import main
from monitor.core.errors import ConfigError
from monitor.outputs.report.page import render
from tests.outputs.report.conftest import session

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


class _Links(HTMLParser):
    """Collects everything a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("src", "href")]


def test_the_page_is_self_contained(folder: Path) -> None:
    html = render([folder])
    links = _Links()
    links.feed(html)
    assert links.found == []
    assert len(html) < 1_500_000
    assert "happy 5" in html or "neutral 4" in html
    assert "expression, not a feeling" in html


def test_names_are_text_and_never_markup(tmp_path: Path) -> None:
    html = render([session(tmp_path / "a<script>alert(1)</script>")])
    assert "<script>alert" not in html
    assert "clip &lt;1&gt;.mp4" in html


def test_several_sessions_are_compared(tmp_path: Path) -> None:
    html = render([session(tmp_path / "one"), session(tmp_path / "two", 30)])
    assert "Comparison" in html
    assert html.count("class='chart'") == 2


def test_driver_events_have_their_own_table(tmp_path: Path) -> None:
    html = render([session(tmp_path / "drive", driver=True)])
    assert "Driver events" in html
    assert re.search(r"<tr class='l2'>.*fatigue", html)


def test_damaged_lines_are_counted(folder: Path) -> None:
    with (folder / "faces.csv").open("a") as handle:
        handle.write("torn,li")
    assert "<dt>Damaged lines</dt><dd>1</dd>" in render([folder])


def test_a_session_without_a_face_says_so(folder: Path) -> None:
    lines = (folder / "faces.csv").read_text().splitlines()
    (folder / "faces.csv").write_text(lines[0] + "\n")
    assert "No face was logged." in render([folder])


def test_a_folder_without_a_session_gives_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="session"):
        render([tmp_path])


def test_thumbnails_need_a_recording(folder: Path) -> None:
    with pytest.raises(ConfigError, match="holds no recording"):
        render([folder], thumbnails=True)


def test_the_command_writes_the_page_beside_the_session(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert main(["report", str(folder)]) == 0
    assert (folder / "report.html").read_text().startswith("<!doctype html>")
    assert main(["report", str(folder / "nowhere")]) == 2
    assert main(["report", str(folder), "--out", str(folder / "no" / "x.html")]) == 2


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (apt install chromium)")
def test_a_browser_draws_the_timeline(folder: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    (folder / "report.html").write_text(render([folder]))
    with playwright.sync_playwright() as api:
        browser = api.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto((folder / "report.html").as_uri())
        assert page.locator("#chart0 canvas").count() == 1
        drawn = page.evaluate(
            "() => { const c = document.querySelector('#chart0 canvas'), p = c.getContext('2d');"
            " const d = p.getImageData(c.width * 0.3, c.height * 0.5, 1, 1).data; return d[3]; }"
        )
        assert drawn > 0
        assert faults == []
        browser.close()
