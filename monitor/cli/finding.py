"""One result of ``emotion-monitor check``."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from monitor.core.errors import EXIT_OK


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table.

    Attributes:
        what: The tested part.
        state: "ok", "note" (works, with a remark) or "fail".
        detail: The result, or the fix.
        exit_code: The command's exit code if this is its first failure.
    """

    what: str
    state: str
    detail: str
    exit_code: int = EXIT_OK


def mean_ms(call: Callable[[], object], times: int = 50) -> float:
    """Mean duration of a call in milliseconds."""
    started = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - started) / times * 1e3
