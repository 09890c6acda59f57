"""The review page in a browser: keep, drop and relabel by keyboard, saved in the manifest."""

from __future__ import annotations

import json
import shutil
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from train.clean import review
from train.clean.manifest import NAME, Entry, Manifest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

FINDINGS = (
    Entry("happy/1.png", "happy", 60, 60, "a", "conflict", "one picture under happy, sad", 1.0, "sad/1.png",
          details='{"group": 1}'),
    Entry("sad/1.png", "sad", 60, 60, "a", "conflict", "one picture under happy, sad", 1.0, "happy/1.png",
          details='{"group": 1}'),
    Entry("happy/2.png", "happy", 60, 60, "b", "drawing", "looks like a drawing", 0.9),
    Entry("happy/3.png", "happy", 60, 60, "c", "wrong label", "looks like sad, not happy", 0.8, "", "sad"),
    Entry("sad/4.png", "sad", 60, 60, "d"),
)  # fmt: skip


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of a running review server and its record."""
    for n, entry in enumerate(FINDINGS):
        path = tmp_path / "set" / entry.path
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.full((60, 60, 3), (40 * n, 120, 200 - 30 * n), np.uint8))
    record = Manifest(tmp_path / NAME)
    record.replace(FINDINGS)
    record.close()
    ready = threading.Event()
    servers: list[review.ReviewServer] = []

    def work() -> None:  # SQLite wants one thread for one connection
        servers.append(review.ReviewServer(tmp_path / "set", Manifest(tmp_path / NAME)))
        ready.set()
        servers[0].serve_forever()

    thread = threading.Thread(target=work)
    thread.start()
    ready.wait()
    yield f"http://127.0.0.1:{servers[0].server_port}", tmp_path / NAME
    servers[0].shutdown()
    thread.join()
    servers[0].server_close()


def post(url: str, body: dict[str, str], **headers: str) -> int:
    headers.setdefault("Content-Type", "application/json")
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_decision_on_the_page_is_saved(served: tuple[str, Path]) -> None:
    url, record = served
    with urllib.request.urlopen(url) as answer:
        text = answer.read().decode()
    assert "conflict: 2" in text
    with urllib.request.urlopen(f"{url}/picture/happy/2.png") as answer:
        assert answer.read().startswith(b"\x89PNG")
    assert post(f"{url}/decide", {"path": "happy/2.png", "decision": "keep", "label": ""}) == 200
    assert post(f"{url}/decide", {"path": "happy/2.png", "decision": "sell", "label": ""}) == 400
    assert post(f"{url}/decide", {"path": "x", "decision": "keep", "label": ""}) == 400
    good = {"path": "sad/4.png", "decision": "keep", "label": ""}
    assert post(f"{url}/decide", good, **{"Content-Type": "text/plain"}) == 400
    assert post(f"{url}/decide", good, Host="evil.example") == 403
    decided = {entry.path: entry.decision for entry in Manifest(record).entries() if entry.decision}
    assert decided == {"happy/2.png": "keep"}


def test_nothing_outside_of_the_set_is_served(served: tuple[str, Path]) -> None:
    url, _ = served
    for path in ("/picture/../clean.sqlite", "/picture/%2e%2e/clean.sqlite", "/etc/passwd"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(url + path)


@pytest.mark.slow  # a browser starts
@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (apt install chromium)")
def test_decisions_by_keyboard_are_saved_and_shown_again(served: tuple[str, Path], tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    url, record = served
    with playwright.sync_playwright() as api:
        browser = api.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 900, "height": 700})
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(url)
        assert page.locator("figure").count() == 4
        assert page.locator(".group figure").count() == 2
        page.wait_for_function("[...document.images].every(image => image.naturalWidth === 60)")

        def press(path: str, key: str, shown: str) -> None:
            page.locator(f'figure[data-path="{path}"]').focus()
            page.keyboard.press(key)
            page.wait_for_function(
                "([path, shown]) => [...document.querySelectorAll('figure')].find(card => card.dataset.path === path)"
                ".querySelector('.decision').textContent === shown",
                arg=[path, shown],
            )

        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.activeElement.dataset.path") == "happy/2.png"
        press("happy/2.png", "d", "drop")
        assert page.evaluate("document.activeElement.dataset.path") == "happy/1.png"
        press("happy/1.png", "k", "keep")
        press("sad/1.png", "d", "drop")
        press("happy/3.png", "2", "relabel sad")
        page.screenshot(path=str(tmp_path / "review.png"), full_page=True)
        press("sad/1.png", "u", "")
        page.reload()
        page.wait_for_selector('figure[data-path="happy/2.png"].drop')
        assert page.locator("figure.keep").count() == 1
        assert faults == []
        browser.close()
    decided = {
        entry.path: (entry.decision, entry.final_label) for entry in Manifest(record).entries() if entry.decision
    }
    assert decided == {
        "happy/2.png": ("drop", "happy"),
        "happy/1.png": ("keep", "happy"),
        "happy/3.png": ("relabel", "sad"),
    }
