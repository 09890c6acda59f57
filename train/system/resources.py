"""Checks of memory and disk before long work starts."""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monitor.core.errors import ConfigError

SPARE = 100e6
"""Bytes of disk that stay free for other programs."""
MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")


def free_memory() -> float | None:
    """Bytes that this process may still allocate, by the system's and the container's limits; None = unknown."""
    limits = [v for v in (_system_memory(), _container_memory()) if v is not None]
    return min(limits, default=None)


def _system_memory() -> float | None:
    try:
        for line in MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return float(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None  # not Linux


def _container_memory() -> float | None:
    try:
        return float((CGROUP / "memory.max").read_text()) - float((CGROUP / "memory.current").read_text())
    except (OSError, ValueError):  # no cgroup v2, or "max", which means no limit
        return None


def free_disk(folder: Path) -> float:
    """Free bytes on the file system of ``folder``, which need not exist yet."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return float(shutil.disk_usage(folder).free)


def require(what: str, memory: float = 0.0, disk: float = 0.0, at: Path = Path()) -> None:
    """Checks an estimate against free memory and disk.

    Args:
        what: The work that needs them, for the message.
        memory: Bytes of memory it needs in addition to those already allocated.
        disk: Bytes it will write.
        at: Folder it writes to; it need not exist yet.

    Raises:
        ConfigError: One of them does not suffice; the line has both figures and a fix.
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
            f"({SPARE / 1e6:.0f} MB are kept free); free some or give another --out"
        )


def brief(error: BaseException) -> str:
    """The first line of an error's text, at most 120 characters."""
    return str(error).strip().partition("\n")[0][:120] or type(error).__name__


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns an OSError of a write into one line that names the file.

    Raises:
        ConfigError: The write failed (disk full, no permission, a folder of that name).
    """
    try:
        yield
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror or error}") from None


def make_folder(path: Path) -> None:
    """Creates a folder for results before the work starts.

    Raises:
        ConfigError: It cannot be created or written.
    """
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)
        if not os.access(path, os.W_OK):
            raise PermissionError(13, "Permission denied")


M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
"""Parameters of mallopt(3)."""


def keep_memory() -> None:
    """Makes glibc retain freed memory instead of returning it to the system.

    Each training step frees and allocates all feature maps. Mapping and clearing them each time takes 1/20 of the time
    of the shipped network's steps and 1/3 of the teacher's.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return  # another C library; training is only slower
    for option, value in ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, 2**31 - 1), (M_TOP_PAD, 64 << 20)):
        mallopt(option, value)


TRAINING, PER_MAP = 360e6, 3.2
"""Memory of a training in addition to data and network: a fixed number of bytes, mostly XLA's, and a multiple of the
feature maps of a batch. Measured at 48 px with 24-48-96-160 channels at batch 48 and 512, and 32-64-128-256 at 256:
414, 861 and 699 MB; the estimates are 407, 864 and 700."""
CHECKPOINT = 4 * 4 * 2
"""Bytes of disk for each weight: weight, average and two moments in float32, old and new file at the same time."""


COPIES = 5
"""Copies of each weight: the weight, its average, two moments of the optimiser and the gradient. Those of a million
weights are part of ``TRAINING``, which was measured with such a network."""


def require_training(maps: int, batch: int, parameters: int, run: Path) -> None:
    """Checks that memory and disk suffice for a training.

    Args:
        maps: Numbers in the feature maps of one crop.
        batch: Crops in a step.
        parameters: Weights of the network.
        run: Folder of the run.

    Raises:
        ConfigError: Memory or disk does not suffice.
    """
    memory = TRAINING + PER_MAP * maps * batch * 4 + COPIES * 4 * max(0, parameters - 1_000_000)
    require(f"{run}: training at batch {batch}", memory=memory, disk=CHECKPOINT * parameters + 1e6, at=run)
