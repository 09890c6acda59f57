"""Makes the pictures of the docs from the real program: ``python -m benchmarks.screenshots`` (``make screenshots``).

Needs the extras web and test (playwright) and Debian's Chromium. Shows the demo only: no picture of a real person.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any, Literal

import cv2
from rich.console import Console

from emotion_monitor import Monitor
from monitor.capture import demo
from monitor.core.types import Image
from monitor.outputs.drawing.canvas import Detail
from monitor.outputs.drawing.chrome import KEYS, Status, dressed
from monitor.outputs.drawing.history import History
from monitor.outputs.live.dashboard import Dashboard, Shown
from monitor.outputs.logs.stats import StatsSink

OUT = Path("docs/images")
FRAMES_PER_S, SECONDS, START_S, WIDTH = 10, 9.0, 3.0, 480
WEBP_QUALITY = 85
PAGES: tuple[tuple[str, int, int, Literal["dark", "light"]], ...] = (
    ("web", 1280, 860, "light"), ("web-phone", 390, 844, "dark"),
)  # fmt: skip
WINDOW_S = 17.0
"""Second of the demo that the window's pictures show: two people, and a ribbon for each."""
DRIVER_S = 6.0
"""The same of the driver's picture: one person."""
READY_MS = 60_000
LEAST_FPS, PATIENCE_S = 20.0, 600.0
"""The page's picture is taken once the program runs at this rate, which a busy machine reaches late; longest wait."""
PAGE_S = (12.1, 12.9)
"""Seconds of the demo, which repeats, that the page's pictures show: two people with steady readings."""


def animation(path: Path) -> None:
    """The demo as an animated WebP."""
    frames, due = [], START_S
    with Monitor() as monitor:
        for result in monitor.watch("demo"):
            t = result.frame.t
            if t > START_S + SECONDS:
                break
            picture = monitor.annotate(result)
            if t < due:
                continue
            due += 1 / FRAMES_PER_S
            height = round(picture.shape[0] * WIDTH / picture.shape[1])
            frames.append(cv2.resize(picture, (WIDTH, height), interpolation=cv2.INTER_AREA))
    moving = cv2.Animation()
    moving.frames, moving.durations = frames, [1000 // FRAMES_PER_S] * len(frames)
    if not cv2.imwriteanimation(str(path), moving, [cv2.IMWRITE_WEBP_QUALITY, WEBP_QUALITY]):
        raise SystemExit(f"{path}: could not be written")
    print(f"{path}: {len(frames)} frames, {path.stat().st_size / 1e6:.2f} MB")


def windows() -> None:
    """The window: calm, full, its help, and a driver."""
    shown: tuple[tuple[str, float, tuple[Detail, ...]], ...] = (
        ("default", WINDOW_S, ("calm", "full")), ("driver", DRIVER_S, ("calm",)),
    )  # fmt: skip
    for profile, seconds, details in shown:
        with Monitor(profile=profile) as monitor:
            for result in monitor.watch("demo"):
                picture = monitor.annotate(result)
                if result.frame.t >= seconds:
                    break
            for detail in details:
                name = f"window-{detail if profile == 'default' else profile}"
                picture = monitor.annotate(result, detail)
                _write(OUT / f"{name}.png", picture)
            if profile == "default":
                _write(OUT / "window-keys.png", dressed(picture, Status(keys=KEYS, recording=True)))


def terminal() -> None:
    """The live view of a terminal with 80 columns."""
    console = Console(
        file=io.StringIO(), width=80, height=24, record=True, force_terminal=True, color_system="truecolor"
    )
    history, stats = History(), StatsSink()
    view = Dashboard(console, Shown("demo", round(demo.LENGTH_S * demo.FPS), "sessions/20261201T120000_demo"), history)
    with Monitor() as monitor:
        for result in monitor.watch("demo"):
            history.handle(result)
            stats.handle(result)
            view.update(result, stats)
            if result.frame.t >= WINDOW_S:
                break
    console.print(view.view(80, 24))
    console.save_svg(str(OUT / "terminal.svg"), title="emotion-monitor demo --headless")
    print(OUT / "terminal.svg")


def _write(path: Path, picture: Image) -> None:
    if not cv2.imwrite(str(path), picture, [cv2.IMWRITE_PNG_COMPRESSION, 9]):
        raise SystemExit(f"{path}: could not be written")
    print(path)


def pages(folder: Path) -> None:
    """The live page, and the report of the session that it showed."""
    from playwright.sync_api import sync_playwright

    session = folder / "demo"
    argv = [sys.executable, "-m", "monitor", "demo", "--headless", "--web", "0", "--out", str(session)]
    run = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True)
    assert run.stderr is not None
    found = (re.search(r"http://[\d.]+:\d+", line) for line in run.stderr)
    address = next(match[0] for match in found if match)
    with sync_playwright() as api:
        browser = api.chromium.launch(executable_path=_chromium(), args=["--no-sandbox"])
        for name, width, height, scheme in PAGES:
            page = browser.new_page(
                viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
            )
            page.goto(address)
            page.wait_for_selector(".face .pill", timeout=READY_MS)
            _await_scene(address)
            _save(page, OUT / f"{name}.png")
        run.terminate()
        run.wait(20)
        subprocess.run([sys.executable, "-m", "monitor", "report", str(session)], check=True)
        page = browser.new_page(viewport={"width": 1120, "height": 900})
        page.goto((session / "report.html").as_uri())
        page.wait_for_timeout(1500)
        _save(page, OUT / "report.png")
        browser.close()


def _await_scene(address: str) -> None:
    """Waits until the program runs at full rate and the demo is at ``PAGE_S``.

    Raises:
        SystemExit: The machine is too busy for ``PATIENCE_S`` seconds.
    """
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with urllib.request.urlopen(f"{address}/api/state", timeout=PATIENCE_S) as answer:
            state = json.load(answer)
        if state["fps"] >= LEAST_FPS and PAGE_S[0] <= state["seconds"] % demo.LENGTH_S <= PAGE_S[1]:
            return
        time.sleep(0.2)
    raise SystemExit(f"the page stayed below {LEAST_FPS:.0f} fps for {PATIENCE_S:.0f} s: this machine is too busy")


def _chromium() -> str:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise SystemExit("chromium is missing; run: sudo apt install chromium")
    return path


def _save(page: Any, path: Path) -> None:
    page.screenshot(path=str(path))
    print(path)


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    terminal()  # first, as it shows the memory of this process
    animation(OUT / "demo.webp")
    windows()
    with tempfile.TemporaryDirectory() as scratch:
        pages(Path(scratch))
