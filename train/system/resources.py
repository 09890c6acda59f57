"""Whether memory and disk will suffice, asked before the work starts, not at epoch 40."""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monitor.core.errors import ConfigError

SPARE = 100e6
"""Bytes of disk that are left to the rest of the machine."""
MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")


def free_memory() -> float | None:
    """Bytes this process may still take: what the system has, or what its container is allowed; None = unknown."""
    limits = [v for v in (_system_memory(), _container_memory()) if v is not None]
    return min(limits, default=None)


def _system_memory() -> float | None:
    try:
        for line in MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return float(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None  # no Linux


def _container_memory() -> float | None:
    try:
        return float((CGROUP / "memory.max").read_text()) - float((CGROUP / "memory.current").read_text())
    except (OSError, ValueError):  # no cgroup v2, or "max": no limit
        return None


def free_disk(folder: Path) -> float:
    """Bytes free where ``folder`` is, or will be made."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return float(shutil.disk_usage(folder).free)


def require(what: str, memory: float = 0.0, disk: float = 0.0, at: Path = Path()) -> None:
    """Checks an estimate against what is free.

    Args:
        what: What is about to be done, for the message.
        memory: Bytes of memory it needs besides what the process has already.
        disk: Bytes it will write.
        at: Folder it writes into; it need not exist yet.

    Raises:
        ConfigError: One of them will not suffice; the line has both figures and the way out.
    """
    there = free_memory()
    if there is not None and memory > there:
        raise ConfigError(
            f"{what}: needs about {memory / 1e6:,.0f} MB of memory, {max(0.0, there) / 1e6:,.0f} MB are free; "
            "close other programs, or take less data or a smaller batch"
        )
    if disk > 0 and disk + SPARE > (room := free_disk(at)):
        raise ConfigError(
            f"{what}: needs about {disk / 1e6:,.0f} MB of disk at {at.absolute()}, {room / 1e6:,.0f} MB are free "
            f"({SPARE / 1e6:.0f} MB are left alone); free some or give another --out"
        )


def brief(error: BaseException) -> str:
    """An error's first line, without the array that some of them end with."""
    return str(error).strip().partition("\n")[0][:120] or type(error).__name__


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns a failing write into one line that names the file.

    Raises:
        ConfigError: The system refused (disk full, no permission, a folder in the way).
    """
    try:
        yield
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror or error}") from None


def make_folder(path: Path) -> None:
    """Makes a folder before the work whose results go there: better refused now than in two minutes.

    Raises:
        ConfigError: It cannot be made or written.
    """
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)
        if not os.access(path, os.W_OK):
            raise PermissionError(13, "Permission denied")


M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
"""Of mallopt(3)."""


def keep_memory() -> None:
    """Keeps memory that was freed instead of giving it back to the system, where the C library is glibc.

    Each step of a training frees all its feature maps and takes them anew; mapped and cleared by the system each time,
    they cost a twentieth of the shipped network's steps and a third of the teacher's (docs/experiments.csv).
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return  # another C library: only slower
    for option, value in ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, 2**31 - 1), (M_TOP_PAD, 64 << 20)):
        mallopt(option, value)


TRAINING, PER_MAP = 360e6, 3.2
"""Memory of a training besides data and network: a fixed part, mostly XLA's, and a multiple of the feature
maps of a batch. Measured at 48 px with 24-48-96-160 channels at batch 48 and 512, 32-64-128-256 at 256
(414, 861 and 699 MB; the estimate says 407, 864 and 700)."""
CHECKPOINT = 4 * 4 * 2
"""Bytes of disk for each weight: weights, their averages and two moments in float32, old and new file at once."""


COPIES = 5
"""Of each weight: the network's, their average, two moments of the optimiser, the gradient. Those of a million are in
``TRAINING``, which was measured with such a network."""


def require_training(maps: int, batch: int, parameters: int, run: Path) -> None:
    """Checks that a training will have room, before its first step.

    Args:
        maps: Numbers in the feature maps of one crop.
        batch: Crops in a step.
        parameters: Weights of the network.
        run: Folder of the run.

    Raises:
        ConfigError: Memory or disk will not suffice.
    """
    memory = TRAINING + PER_MAP * maps * batch * 4 + COPIES * 4 * max(0, parameters - 1_000_000)
    require(f"{run}: training at batch {batch}", memory=memory, disk=CHECKPOINT * parameters + 1e6, at=run)
