"""Local ISO-8601 timestamps for every log."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache


def iso_time(wall: float) -> str:
    """Local ISO-8601 time with milliseconds and UTC offset.

    Args:
        wall: Seconds since the epoch.
    """
    second, micros = divmod(round(wall * 1e6), 1_000_000)
    until_seconds, offset = iso_second(second)
    return f"{until_seconds}.{micros // 1000:03d}{offset}"


@lru_cache(maxsize=2)  # the time zone lookup takes longer than the rest of a row
def iso_second(second: int) -> tuple[str, str]:
    """The text before and after the decimals of a whole second since the epoch."""
    text = datetime.fromtimestamp(second).astimezone().isoformat(timespec="seconds")
    return text[:19], text[19:]
