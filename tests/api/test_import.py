"""Importing emotion_monitor: quick, nothing heavy, our own package; and the examples of its documentation."""

from __future__ import annotations

import doctest
import subprocess
import sys
import unittest
from pathlib import Path
from typing import Any

import pytest

import emotion_monitor
from monitor import api
from monitor.run import arguments, arrays

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("module", [api, arguments, arrays])
def test_the_examples_in_the_documentation_run(module: Any) -> None:
    examples = doctest.DocTestSuite(module)
    assert examples.countTestCases() >= 1
    outcome = examples.run(unittest.TestResult())
    assert outcome.wasSuccessful(), outcome.failures[0][1]


def python(code: str, folder: Path) -> str:
    """What a script prints that is started in a folder."""
    (folder / "notebook.py").write_text(code)
    done = subprocess.run(
        [sys.executable, str(folder / "notebook.py")], cwd=folder, capture_output=True, text=True, timeout=120,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_import_is_quick_and_loads_no_heavy_package(tmp_path: Path) -> None:
    """CPU time, best of five, as other processes may take the wall clock's."""
    heavy = ("numpy", "cv2", "rich", "tensorflow", "ai_edge_litert", "yaml")
    code = (
        "import sys, time\nstarted = time.process_time()\nimport emotion_monitor\n"
        "print(1e3 * (time.process_time() - started))\n"
        f"assert not [name for name in {heavy} if name in sys.modules]\n"
    )
    assert min(float(python(code, tmp_path)) for _ in range(5)) < 30


@pytest.mark.slow
def test_the_api_loads_neither_tensorflow_nor_rich(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom emotion_monitor import Monitor\nMonitor().analyze('demo', fps=0.2)\n"
        "print(sorted({'tensorflow', 'rich', 'keras', 'train', 'http.server'} & set(sys.modules)))"
    )
    assert python(code, tmp_path) == "[]"


@pytest.mark.slow
def test_scripts_called_monitor_and_train_beside_a_notebook_break_nothing(tmp_path: Path) -> None:
    (tmp_path / "monitor.py").write_text("raise SystemExit('the wrong monitor was imported')\n")
    (tmp_path / "train.py").write_text("raise SystemExit('the wrong train was imported')\n")
    code = "from emotion_monitor import Monitor\nprint(len(Monitor().analyze('demo', fps=0.2)))"
    assert int(python(code, tmp_path)) >= 5


def test_a_module_monitor_that_was_imported_before_keeps_working(tmp_path: Path) -> None:
    (tmp_path / "monitor.py").write_text("mine = True\n")
    code = "import monitor\nfrom emotion_monitor import load_config\nprint(load_config().detect.width, monitor.mine)"
    assert python(code, tmp_path) == "400 True"


def test_all_public_names_exist() -> None:
    assert dir(emotion_monitor) == sorted(emotion_monitor.__all__)
    for name in emotion_monitor.__all__:
        assert getattr(emotion_monitor, name) is getattr(api, name)
    with pytest.raises(AttributeError, match="has no attribute 'Watcher'"):
        emotion_monitor.Watcher  # noqa: B018
