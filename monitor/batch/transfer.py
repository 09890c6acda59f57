"""The reasons of failed transfers from object stores and web servers."""

from __future__ import annotations

import os


def reason(error: BaseException) -> str:
    """The reason of a failed transfer in a few words; fsspec often reports only the URL, and the cause holds the
    reason."""
    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and cause not in chain:
        chain.append(cause)
    for known in reversed(chain):
        if status := getattr(known, "status", None):
            return f"the server answers {status} {getattr(known, 'message', '')}".strip()
        if isinstance(known, TimeoutError):
            return "no answer in time"
        if isinstance(known, OSError) and known.strerror:
            number = known.errno or 0  # asyncio puts the address into its own text
            return os.strerror(number) if number > 0 else known.strerror
    return "not found" if isinstance(error, FileNotFoundError) else " ".join(str(error).split())
