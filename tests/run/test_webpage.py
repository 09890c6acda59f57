"""The web page of a run: the port is bound before anything is written, actions run on the main thread."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("uvicorn", reason="needs the extra web")

from monitor.cli.main import main
from monitor.core.errors import ConfigError
from monitor.core.incidents import Incidents
from monitor.core.labels import EMOTIONS
from monitor.outputs.drawing.annotator import Annotator
from monitor.outputs.live.web.server import listen
from monitor.run import webpage
from monitor.settings.config import Config, DisplayConfig, OutputConfig, WebConfig
from tests.fakes import face, result

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
READY_S = 60.0


class Served:
    """A run of the demo, or of other sources, with its page."""

    def __init__(self, folder: Path, address: str, *sources: str) -> None:
        self.folder = folder
        argv = [*(sources or ["demo"]), "--headless", "--web", address, "--out", str(folder), "--max-seconds", "300"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "monitor", *argv], cwd=ROOT, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if match := re.search(r"web page: http://([\d.]+):(\d+)(?: \(token: (\S+)\))?", line):
                self.url, self.token = f"http://127.0.0.1:{match[2]}", match[3] or ""
                return
        raise AssertionError("the page was not announced")

    def get(self, path: str, method: str = "GET", **headers: str) -> Any:
        request = urllib.request.Request(self.url + path, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())

    def wait(self, path: str, done: Any) -> Any:
        until = time.monotonic() + READY_S
        while time.monotonic() < until:
            content = self.get(path)
            if done(content):
                return content
            time.sleep(0.1)
        raise AssertionError(f"{path}: {content}")

    def end(self) -> int:
        self.process.terminate()
        return self.process.wait(20)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One run for all tests of this file."""
    run = Served(tmp_path_factory.mktemp("web") / "session", "0")
    yield run
    assert run.end() == 0


@pytest.mark.slow
def test_readings_follow_the_demo(served: Served) -> None:
    state = served.wait("/api/state", lambda state: state["faces"])
    assert state["source"] == "demo"
    assert abs(sum(state["faces"][0]["probs"].values()) - 1) < 0.01


def test_the_recording_is_switched_by_a_viewer(served: Served) -> None:
    served.get("/api/actions/record", "POST", **{"X-Emotion-Monitor": "1"})
    served.wait("/api/state", lambda state: state["run"]["recording"])
    served.get("/api/actions/record", "POST", **{"X-Emotion-Monitor": "1"})
    served.wait("/api/state", lambda state: not state["run"]["recording"])


def test_a_snapshot_is_saved_in_the_session(served: Served) -> None:
    served.get("/api/actions/snapshot", "POST", **{"X-Emotion-Monitor": "1"})
    until = time.monotonic() + READY_S
    while not list(served.folder.glob("snapshot*.png")) and time.monotonic() < until:
        time.sleep(0.05)
    assert list(served.folder.glob("snapshot*.png"))


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (apt install chromium)")
def test_a_browser_shows_picture_faces_and_events(served: Served) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with playwright.sync_playwright() as api:
        browser = api.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for width in (1280, 390):
            page = browser.new_page(viewport={"width": width, "height": 844})
            faults: list[str] = []
            page.on("pageerror", lambda error, faults=faults: faults.append(str(error)))
            page.goto(served.url)
            page.wait_for_selector(".face .pill", timeout=30_000)
            _until(page, "document.getElementById('live').naturalWidth > 0")
            page.wait_for_selector("#events li", timeout=30_000)
            before = page.locator("#stats").text_content()
            _until(page, f"document.getElementById('stats').textContent !== {json.dumps(before)}")
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
            page.click("#blur")
            page.wait_for_selector("#blur[aria-pressed=true]", timeout=30_000)
            page.click("#blur")
            page.wait_for_selector("#blur[aria-pressed=false]", timeout=30_000)
            assert faults == []
            page.close()
        browser.close()


def _until(page: Any, condition: str) -> None:
    """Waits for a condition in a page; the page's own policy forbids the browser's way, which is eval."""
    until = time.monotonic() + READY_S
    while not page.evaluate(condition):
        assert time.monotonic() < until, condition
        page.wait_for_timeout(50)


@pytest.mark.slow
def test_off_loopback_the_token_is_printed_and_the_picture_is_off(tmp_path: Path) -> None:
    run = Served(tmp_path / "session", "0.0.0.0:0")
    try:
        assert len(run.token) >= 32
        with pytest.raises(urllib.error.HTTPError, match="401"):
            run.get("/api/state")
        state = run.get("/api/state", Authorization=f"Bearer {run.token}")
        assert state["run"]["picture"] is False
    finally:
        assert run.end() == 0


@pytest.mark.parametrize("address", ["", "x", "99999", "127.0.0.1", "host.invalid:80", "1.2.3.4:80"])
def test_an_address_that_cannot_be_used_gives_one_line(address: str) -> None:
    with pytest.raises(ConfigError, match=r"web\.listen"):
        listen(address)


def test_a_busy_port_ends_before_anything_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taken, _, port = listen("0")
    with taken:
        assert main(["demo", "--headless", "--web", str(port), "--out", str(tmp_path / "s")]) == 2
    assert f"web.listen {port}: cannot be used" in capsys.readouterr().err
    assert not (tmp_path / "s").exists()


def test_the_token_comes_from_a_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "token"
    path.write_text("short\n")
    with pytest.raises(ConfigError, match="at least 12"):
        webpage.WebPage(Config(web=WebConfig(listen="0", token_file=str(path))))
    with pytest.raises(ConfigError, match="cannot be read"):
        webpage.WebPage(Config(web=WebConfig(listen="0", token_file=str(tmp_path / "none"))))
    monkeypatch.setenv(webpage.TOKEN_VARIABLE, "a-long-enough-token")
    page = webpage.WebPage(Config(web=WebConfig(listen="0")))
    assert page._access.token == "a-long-enough-token"
    page.close()


@pytest.mark.parametrize(
    ("listen_on", "announced"),
    [("[::1]:0", r"http://\[::1\]:\d+"), ("localhost:0", r"http://localhost:\d+"), ("0", r"http://127\.0\.0\.1:\d+")],
)
def test_the_announced_address_is_the_one_that_is_served(listen_on: str, announced: str) -> None:
    try:
        page = webpage.WebPage(Config(web=WebConfig(listen=listen_on)))
    except ConfigError as error:
        pytest.skip(f"needs IPv6: {error}")
    assert re.fullmatch(announced, page._address)
    page.close()


def test_a_snapshot_saves_no_face_that_the_recording_must_hide(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    page = webpage.WebPage(Config(web=WebConfig(listen="0")))
    shown = result(0.0, (face(1),))
    canvas = SimpleNamespace(picture=lambda result: result.frame.image.copy(), annotator=Annotator(DisplayConfig()))
    for blur, saved in (("faces", 0), ("none", 1)):
        camera: Any = SimpleNamespace(
            config=Config(output=OutputConfig(blur=blur)), outputs=SimpleNamespace(canvas=canvas),
            session=SimpleNamespace(free_path=lambda name: tmp_path / name),
        )  # fmt: skip
        page._snapshot(shown, camera)
        assert len(list(tmp_path.glob("*.png"))) == saved
    assert "no snapshot: output.blur is on" in caplog.text
    page.close()


def test_the_blur_of_the_page_covers_the_whole_head() -> None:
    """A face box ends at the brows and the chin."""
    assert webpage._head((100.0, 100.0, 200.0, 200.0)) == (70.0, 70.0, 230.0, 230.0)


@pytest.mark.parametrize(
    ("setting", "address", "shown"),
    [("auto", "127.0.0.1:0", True), ("auto", "0.0.0.0:0", False), ("on", "0.0.0.0:0", True), ("off", "0", False)],
)
def test_the_picture_is_shown_on_loopback_only_unless_set(
    setting: str, address: str, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = webpage.WebPage(Config(web=WebConfig(listen=address, picture=setting)))
    monkeypatch.setattr(page, "_serve", lambda session: None)
    camera: Any = SimpleNamespace(outputs=SimpleNamespace(labels=EMOTIONS), config=Config(), name="", session=None)
    page.add(camera, Incidents(), live=True)
    assert (page._cameras[""].picture is not None) == shown
    page.close()
