"""Closing Dask's local cluster."""

from __future__ import annotations

import asyncio

import pytest

from monitor.batch.closing import closing


class Slow:
    """A cluster whose workers do not end in time."""

    closed = 0

    def close(self) -> None:
        self.closed += 1
        raise asyncio.TimeoutError


def test_workers_that_end_late_are_no_failure_of_a_batch() -> None:
    slow = Slow()
    with closing(slow) as cluster:
        assert cluster is slow
    assert slow.closed == 1


def test_a_failure_of_the_batch_is_reported_also_if_workers_end_late() -> None:
    slow = Slow()
    with pytest.raises(KeyError), closing(slow):
        raise KeyError
    assert slow.closed == 1
