"""The checker of the structure finds each kind of fault."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def check(folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, str(ROOT / "deploy/structure.py"), str(folder)], capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout + done.stderr


def package(folder: Path, **files: str) -> Path:
    """A package ``monitor`` of rooms with one module ``a`` each."""
    (folder / "monitor").mkdir()
    (folder / "monitor/__init__.py").write_text("")
    for room, text in files.items():
        (folder / f"monitor/{room}").mkdir()
        (folder / f"monitor/{room}/__init__.py").write_text("")
        (folder / f"monitor/{room}/a.py").write_text(text)
    return folder


def test_rooms_that_import_downwards_only_are_fine(tmp_path: Path) -> None:
    code, out = check(package(tmp_path, run="from monitor.core import a\n", core=""))
    assert (code, "run          -> core 1" in out) == (0, True), out


def test_a_circle_is_found_even_through_an_import_in_a_function(tmp_path: Path) -> None:
    code, out = check(
        package(tmp_path, run="import monitor.core.a\n", core="def f():\n    from monitor.run.a import x\n")
    )
    assert code == 1
    assert "monitor: import circle between rooms: monitor.core, monitor.run" in out
    assert "monitor: import circle between modules: monitor.core.a, monitor.run.a" in out


def test_a_long_file_and_a_crowded_package_are_found(tmp_path: Path) -> None:
    package(tmp_path, core="\n" * 251)
    for n in range(7):
        (tmp_path / f"monitor/m{n}.py").write_text("")
    code, out = check(tmp_path)
    assert code == 1
    assert "monitor/core/a.py: 251 lines, at most 250; split it" in out
    assert "monitor: 7 modules directly in it, at most 6" in out
