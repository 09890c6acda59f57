"""The page of a run with two cameras, in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("uvicorn", reason="needs the extra web")

from tests.run.test_webpage import Served, _until

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.slow  # a browser and a whole run


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    run = Served(tmp_path / "session", "0", "demo", "demo")
    yield run
    assert run.end() == 0


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (apt install chromium)")
def test_a_browser_shows_all_cameras_and_acts_on_the_chosen_one(served: Served) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with playwright.sync_playwright() as api:
        browser = api.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 844})
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(served.url)
        page.wait_for_selector("#cameras button:nth-child(2)", timeout=30_000)
        _until(page, "[...document.querySelectorAll('#cameras img')].every((img) => img.naturalWidth > 0)")
        page.wait_for_selector(".face .pill", timeout=30_000)
        page.click("#cameras button:nth-child(2)")
        page.wait_for_selector("#cameras button:nth-child(2)[aria-pressed=true]", timeout=30_000)
        _until(page, "document.getElementById('live').src.endsWith('camera=demo-2')")
        page.click("#record")
        served.wait("/api/state?camera=demo-2", lambda state: state["run"]["recording"])
        assert not served.get("/api/state?camera=demo")["run"]["recording"]
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert faults == []
        browser.close()
