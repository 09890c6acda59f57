"""What this process uses of the machine."""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path


def rss_mb() -> float:
    """Resident memory of this process in MB (10^6 bytes); the peak where the system tells no current value."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 1e6
    except (OSError, IndexError, ValueError):
        return peak_rss_mb()


def peak_rss_mb() -> float:
    """Largest resident memory of this process so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def cpu_seconds() -> float:
    """CPU time of all threads of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def asleep_s() -> float:
    """Seconds that this machine has been suspended since it started; 0 where the system does not tell.

    The monotonic clock, which frames are stamped with, stands still meanwhile and the wall clock does not.
    """
    boot = getattr(time, "CLOCK_BOOTTIME", None)  # Linux
    return max(0.0, time.clock_gettime(boot) - time.monotonic()) if boot is not None else 0.0


M_ARENA_MAX = -8
"""Parameter of glibc's ``mallopt``, from malloc.h."""


def share_heaps(most: int = 2) -> bool:
    """Lets all threads share so many heaps of glibc; call it before they start.

    Each thread gets a heap of its own else, in which frames that came and went leave holes the others cannot use:
    with two the peak of a headless run is 1 to 6 MB lower, and no stage waits for the other measurably
    (docs/PERFORMANCE.md).

    Returns:
        Whether it was done; other C libraries have one heap, or a setting of their own.
    """
    import ctypes

    try:
        return bool(ctypes.CDLL(None).mallopt(M_ARENA_MAX, most))
    except (OSError, AttributeError, TypeError):  # no glibc: macOS, musl, Windows
        return False


MADV_DONTNEED = 4
"""From Linux's mman-common.h, the same on all its architectures but Alpha."""
SMAPS = Path("/proc/self/smaps")


def give_back_start_pages(smaps: Path = SMAPS) -> int:
    """Unmaps the pages of libraries that only importing them needed; call it once, when that is done.

    Loading OpenCV, NumPy and the runtime touches 28 MB of their files: tables of symbols, initialisers, Qt's code in a
    run without a window. They stay in the system's cache and come back one by one when they are needed after all. Only
    mappings that are read-only and hold nothing of this process's own (no relocated, no written page) are touched.

    Returns:
        Number of mappings given back; 0 where the system has no such list.
    """
    import ctypes

    try:
        lines = smaps.read_text().splitlines()
        madvise = ctypes.CDLL(None).madvise
    except (OSError, AttributeError, TypeError, UnicodeDecodeError):  # no Linux
        return 0
    madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    given, span = 0, None
    for line in lines:
        words = line.split()
        if not words[0].endswith(":"):  # a mapping begins; what follows is said of it
            low, high = (int(v, 16) for v in words[0].split("-"))
            of_a_file = len(words) > 5 and words[5].startswith("/") and words[1] in ("r-xp", "r--p")
            span = (low, high - low) if of_a_file else None
        elif words[0] == "Anonymous:" and words[1] == "0" and span is not None:
            given += madvise(*span, MADV_DONTNEED) == 0
    return given


THROTTLED = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")
"""Raspberry Pi firmware: bits 0 to 3 are under-voltage, capped frequency, throttled and soft temperature limit now."""
THERMAL = Path("/sys/class/thermal/thermal_zone0")
NEAR_LIMIT = 0.97
"""Share of the passive trip point (in degrees Celsius) from which a board without those bits counts as hot."""


def throttled(bits: Path = THROTTLED, zone: Path = THERMAL) -> bool:
    """Whether the board is slowed down by heat or under-voltage now; False where the system does not tell."""
    try:
        return bool(int(bits.read_text().strip(), 16) & 0xF)
    except (OSError, ValueError):
        pass
    try:
        trips = [
            int((zone / kind.name.replace("_type", "_temp")).read_text())
            for kind in sorted(zone.glob("trip_point_*_type"))
            if kind.read_text().strip() == "passive"
        ]
        return bool(trips) and int((zone / "temp").read_text()) >= NEAR_LIMIT * min(trips)
    except (OSError, ValueError):
        return False
