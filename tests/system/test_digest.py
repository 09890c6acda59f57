from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.system import digest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("data", [b"", b"TFL3" * 1000, bytes(range(256))])
def test_it_is_sha256(data: bytes) -> None:
    assert digest.sha256(data) == hashlib.sha256(data).hexdigest()


def test_without_a_module_of_its_own_python_still_has_openssl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digest, "NAMES", ())
    assert digest.find() is hashlib.sha256


def test_a_run_does_without_openssl() -> None:
    code = "import sys, monitor.run.app, monitor.cli.main; print('hashlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.stdout.strip() == "False"
