"""The name of the processor, for reports of speed."""

from __future__ import annotations

import os
import platform
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
INT8 = (
    ("amx_int8", "AMX"), ("avx512_vnni", "AVX512-VNNI"), ("avx_vnni", "AVX-VNNI"), ("avx512bw", "AVX512BW"),
    ("avx2", "AVX2"), ("asimddp", "dot product"), ("asimd", "NEON"), ("neon", "NEON"),
)  # fmt: skip
"""Instructions for int8 networks as the kernel names them, and their common names; the best come first."""


def processor(cpuinfo: Path = CPUINFO) -> str:
    """The processor's name, family and model, its best int8 instructions and the number of usable cores.

    Virtual machines hide the exact name, but not family and model.

    Args:
        cpuinfo: The kernel's description of the processors.

    Examples:
        >>> processor()  # doctest: +SKIP
        'AMD EPYC (family 25 model 17, AVX512-VNNI), 2 cores'
    """
    facts: dict[str, str] = {}
    try:
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            facts.setdefault(key.strip().lower(), value.strip())
    except OSError:  # no Linux
        pass
    name = facts.get("model name") or platform.processor() or platform.machine()
    flags = (facts.get("flags") or facts.get("features") or "").split()
    details = [f"family {facts['cpu family']} model {facts.get('model', '?')}"] if "cpu family" in facts else []
    details += [shown for flag, shown in INT8 if flag in flags][:1]
    inside = f" ({', '.join(details)})" if details else ""
    return f"{name}{inside}, {_cores()} cores"


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
