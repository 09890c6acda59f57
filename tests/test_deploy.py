"""The unit, the lock file and the installer, as far as a machine without systemd running can tell."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.run.shutdown import SHUTDOWN_S
from monitor.settings import config

ROOT = Path(__file__).resolve().parents[1]
UNIT = ROOT / "deploy/emotion-monitor.service"
MOST_EXPOSED = 15
"""``systemd-analyze security``: tenths of its 0 (closed) to 10 (open)."""


def analyze(*argv: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze (Debian: systemd)")
    return subprocess.run(["systemd-analyze", *argv], capture_output=True, text=True, timeout=60)


def setting(key: str) -> str:
    """A setting of the unit, as it stands there."""
    (value,) = re.findall(rf"^{key}=(.*)$", UNIT.read_text(), re.M)
    return str(value)


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/emotion-monitor/venv/bin/python", sys.executable))
    done = analyze("verify", str(copy))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_unit_is_hardened() -> None:
    done = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(UNIT))
    assert done.returncode == 0, done.stdout.splitlines()[-1]


def test_the_services_settings_are_settings() -> None:
    got, _ = config.load(str(ROOT / "deploy/service.yaml"), [])
    assert got.source.wait
    assert got.service.health_file.startswith("/run/emotion-monitor/")


def test_the_watchdog_waits_longer_than_the_program_needs_to_notice_itself() -> None:
    """Its own end closes the files; systemd's is SIGABRT in the middle of a row."""
    stuck_s = config.load(str(ROOT / "deploy/service.yaml"), [])[0].service.stuck_s
    watchdog_s = float(setting("WatchdogSec"))
    # The worker may get stuck right before the next feeding, which comes after half of the watchdog's time.
    assert watchdog_s > watchdog_s / 2 + stuck_s + SHUTDOWN_S
    assert float(setting("TimeoutStopSec")) > SHUTDOWN_S
    assert setting("RestartPreventExitStatus") == "2 4"


def test_no_core_dump_keeps_pictures() -> None:
    assert setting("LimitCORE") == "0"


def test_the_lock_pins_and_hashes_everything_the_program_needs() -> None:
    lock = (ROOT / "deploy/edge.lock").read_text()
    pinned = dict(re.findall(r"^([a-z0-9-]+)==([^ ]+) \\$", lock, re.M))
    needed = subprocess.run(
        [sys.executable, str(ROOT / "deploy/requirements.py"), "opencv-python-headless", "mqtt"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert {re.split(r"[<>=]", line)[0] for line in needed} <= set(pinned)
    assert "setuptools" in pinned
    entries = re.split(r"^(?=[a-z])", lock, flags=re.M)[1:]
    assert all("--hash=sha256:" in entry for entry in entries)
    assert pinned["opencv-python-headless"].startswith("4.")


def test_the_unit_lets_mqtt_wake_itself_and_knows_cameras_before_it_lets_them_in() -> None:
    unit = (ROOT / "deploy/emotion-monitor.service").read_text().splitlines()
    assert "IPAddressAllow=localhost" in unit
    assert "Wants=modprobe@videodev.service modprobe@mc.service" in unit


def test_the_installer_puts_the_program_on_the_path() -> None:
    script = (ROOT / "deploy/install-service.sh").read_text()
    assert 'ln -sf /opt/emotion-monitor/venv/bin/emotion-monitor "$root/usr/local/bin/emotion-monitor"' in script


def test_the_installer_takes_hashed_packages_and_fetches_nothing_to_build_with() -> None:
    script = (ROOT / "deploy/install-service.sh").read_text()
    installs = [line for line in script.splitlines() if '/pip" install' in line]
    assert len(installs) == 3
    assert all("--require-hashes" in line for line in installs[:2])
    assert {"--no-index", "--no-build-isolation", "--no-deps"} <= set(installs[2].split())


def test_what_a_csi_camera_needs_besides_is_pinned_and_hashed() -> None:
    lock = (ROOT / "deploy/picamera.lock").read_text()
    assert re.findall(r"^([a-z0-9-]+)==", lock, re.M) == ["simplejpeg"]
    assert lock.count("--hash=sha256:") > 10


def test_the_tests_of_the_emulated_pi_exist() -> None:
    named = re.findall(r'"(tests/[^"]+\.py)"', (ROOT / "deploy/arm64.py").read_text())
    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []
