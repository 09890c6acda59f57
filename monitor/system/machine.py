"""Memory, CPU time, suspend and throttling of the machine, and glibc's memory settings."""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path


def rss_mb() -> float:
    """Resident memory of this process in MB (10^6 bytes); the peak on systems without /proc."""
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


def alive(process: int) -> bool:
    """Whether a process of this machine exists.

    Args:
        process: Its id.
    """
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def asleep_s() -> float:
    """Seconds that this machine has been suspended since its start; 0 on systems without CLOCK_BOOTTIME.

    The monotonic clock, which stamps the frames, stops during a suspend; the wall clock does not.
    """
    boot = getattr(time, "CLOCK_BOOTTIME", None)  # Linux
    return max(0.0, time.clock_gettime(boot) - time.monotonic()) if boot is not None else 0.0


M_ARENA_MAX = -8
"""Parameter of glibc's ``mallopt``, from malloc.h."""


def share_heaps(most: int = 2) -> bool:
    """Limits the number of glibc heaps (arenas); call it before threads start.

    By default each thread has its own heap, and memory freed in one is not available to the others. With two heaps the
    peak of a headless run is 1 to 6 MB lower, without a measurable delay.

    Args:
        most: Number of heaps.

    Returns:
        Whether the limit was set; other C libraries do not have it.
    """
    import ctypes

    try:
        return bool(ctypes.CDLL(None).mallopt(M_ARENA_MAX, most))
    except (OSError, AttributeError, TypeError):  # no glibc: macOS, musl, Windows
        return False


MADV_DONTNEED = 4
"""From Linux's mman-common.h, the same on all architectures except Alpha."""
SMAPS = Path("/proc/self/smaps")


def give_back_start_pages(smaps: Path = SMAPS) -> int:
    """Releases library pages that only the import needed; call it once, after the imports.

    Importing OpenCV, NumPy and the runtime touches 28 MB of their files: symbol tables, initialisers, Qt's code. The
    pages stay in the page cache and return on access. Only read-only file mappings without private pages are released.

    Args:
        smaps: List of the mappings of this process.

    Returns:
        Number of released mappings; 0 on systems without that list.
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
        if not words[0].endswith(":"):  # the first line of a mapping; its attributes follow
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
"""Share of the passive trip point (degrees Celsius) from which a board without firmware bits counts as hot."""


def throttled(bits: Path = THROTTLED, zone: Path = THERMAL) -> bool:
    """Whether heat or under-voltage slows the board down now; False on systems that do not report it."""
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
