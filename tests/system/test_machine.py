from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.system import machine

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"), reason="needs glibc")
def test_however_many_threads_there_are_they_share_two_heaps() -> None:
    # glibc's own account of its heaps (malloc_info) has one <heap> for each.
    code = """
import ctypes, sys, threading
from monitor.system.machine import share_heaps
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
        own = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}  # Dask sets some
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, env=own)
        return done.stdout.count("<heap nr")

    assert heaps(1) <= 2 < heaps(0)


def test_another_c_library_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert not machine.share_heaps()


@pytest.mark.skipif(not machine.SMAPS.exists(), reason="needs Linux")
def test_pages_only_importing_needed_are_given_back_and_everything_still_works() -> None:
    code = """
import cv2, numpy as np
from monitor.networks.card import find_model
from monitor.networks.emotion import EmotionNet
from monitor.system.machine import give_back_start_pages, rss_mb
crop = np.random.default_rng(0).integers(0, 256, (48, 48)).astype(np.uint8)
net = EmotionNet(find_model("emotion.tflite"))
before = net.logits(crop), cv2.GaussianBlur(crop, (5, 5), 1.0), rss_mb()
given, after = give_back_start_pages(), rss_mb()
assert (net.logits(crop) == before[0]).all()
assert (cv2.GaussianBlur(crop, (5, 5), 1.0) == before[1]).all()
print(given, before[2] - after)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 0, done.stderr
    given, freed = done.stdout.split()
    assert int(given) > 20
    assert float(freed) > 8


def test_without_a_list_of_mappings_nothing_is_given_back(tmp_path: Path) -> None:
    assert machine.give_back_start_pages(tmp_path / "smaps") == 0
