"""Closes Dask's local cluster."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from typing import Any

log = logging.getLogger("monitor")


@contextlib.contextmanager
def closing(part: Any) -> Iterator[Any]:
    """Closes a part of the local cluster; one that does not end in time, as on a busy machine, ends with this process.

    By then every recording is written, so that this is no failure of the batch.
    """
    try:
        yield part
    finally:
        try:
            part.close()
        except (TimeoutError, asyncio.TimeoutError):  # two classes in Python 3.10
            log.debug("Dask did not end in time", exc_info=True)
