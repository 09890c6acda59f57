from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

from monitor import machine

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"), reason="needs glibc")
def test_however_many_threads_there_are_they_share_two_heaps() -> None:
    # glibc's own account of its heaps (malloc_info) has one <heap> for each.
    code = """
import ctypes, sys, threading
from monitor.machine import share_heaps
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.fopen.restype = ctypes.c_void_p, ctypes.c_void_p
assert not int(sys.argv[1]) or share_heaps()
all_here = threading.Barrier(8)
def work():
    libc.malloc(10_000)
    all_here.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
file = ctypes.c_void_p(libc.fopen(b"/dev/stdout", b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""

    def heaps(shared: int) -> int:
        command = [sys.executable, "-c", code, str(shared)]
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60).stdout.count("<heap nr")

    assert heaps(1) <= 2 < heaps(0)


def test_another_c_library_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert not machine.share_heaps()
