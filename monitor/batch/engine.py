"""Runs a batch on Dask, in local processes or on an existing cluster."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import importlib.util
import logging
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monitor.batch import work
from monitor.batch.closing import closing
from monitor.batch.items import Item
from monitor.batch.work import Job, Plan
from monitor.core.errors import ConfigError, DiskError, SourceError

if TYPE_CHECKING:
    from distributed import Client, Future

log = logging.getLogger("monitor")

WORKER_MB = 400.0
"""Memory planned for one worker; it needs 150 MB for small pictures (docs/results/archives.md)."""
MEMORY = {"MALLOC_ARENA_MAX": 1, "MALLOC_TRIM_THRESHOLD_": 1 << 26, "MALLOC_MMAP_THRESHOLD_": 1 << 26}
"""glibc settings of local workers. With one heap per thread a worker grew by 100 MB over its first files. Dask's own
threshold of 64 kB returns the memory of a picture to the system and requests it again for each frame."""
WINDOW = 4
"""Recordings submitted at a time per worker: enough to keep all busy, few enough for archives of 100,000 recordings."""
CHECK_S = 5.0
"""Interval in seconds at which dead local workers are replaced."""
CONNECT_S = 10.0
"""Longest wait for an answer of the scheduler, in seconds."""
RETRIES = 3
"""Number of retries of a task after its worker died."""


class SchedulerLost(Exception):
    """The scheduler was lost with a task."""


GONE = ("lost", "cancelled")
"""States of a task that a restarted scheduler does not know."""
BROKEN = (OSError, asyncio.CancelledError, concurrent.futures.CancelledError)
"""Errors when a result is fetched while the connection to the scheduler breaks; Dask raises either of the two."""
RESTART_S, POLL_S = 60.0, 0.2
"""Longest wait for a restarted scheduler, and the interval between two checks, in seconds."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """The machines or processes of a batch.

    Attributes:
        scheduler: Address of a running scheduler; empty = processes on this machine.
        workers: Local processes; 0 = one per core, as far as memory allows.
        dashboard: Port of Dask's own dashboard on loopback; 0 = none.
    """

    scheduler: str = ""
    workers: int = 0
    dashboard: int = 0


def local_workers(cores: int, free_mb: float) -> int:
    """Worker processes that this machine can hold."""
    return max(1, min(cores, int(free_mb * 0.8 / WORKER_MB)))


@contextlib.contextmanager
def connected(cluster: Cluster) -> Iterator[Client]:
    """A client of the cluster; local workers end with it.

    Raises:
        ConfigError: Dask is not installed, or the scheduler does not answer.
    """
    try:
        import dask
        import psutil
        from distributed import Client, LocalCluster
    except ImportError:
        raise ConfigError("batch needs Dask; run: pip install 'emotion-monitor[batch]'") from None
    dask.config.set(
        {
            "distributed.scheduler.allowed-failures": RETRIES,
            "distributed.comm.timeouts.connect": f"{CONNECT_S}s",
            "distributed.nanny.pre-spawn-environ": MEMORY,
            # Dask's profiler stops each worker a hundred times a second and keeps its samples, for the dashboard alone.
            "distributed.worker.profile.enabled": bool(cluster.dashboard),
        }
    )
    if cluster.scheduler:
        try:
            client = Client(cluster.scheduler, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"--scheduler {cluster.scheduler}: does not answer ({error}); start one with: dask scheduler"
            ) from None
        with client:
            yield client
        return
    free_mb = psutil.virtual_memory().available / 1e6
    count = cluster.workers or local_workers(len(os.sched_getaffinity(0)), free_mb)
    if cluster.dashboard and importlib.util.find_spec("bokeh") is None:
        raise ConfigError("--dashboard needs bokeh; run: pip install bokeh")
    dashboard = f"127.0.0.1:{cluster.dashboard}"
    logging.getLogger("tornado").setLevel(logging.CRITICAL)  # it prints tracebacks of workers that end late
    with (
        closing(LocalCluster(
            n_workers=count, threads_per_worker=1, processes=True, memory_limit=f"{WORKER_MB * 2:.0f}MB",
            dashboard_address=dashboard, host="127.0.0.1", silence_logs=logging.ERROR,
        )) as processes,
        closing(Client(processes, set_as_default=False)) as client,
    ):  # fmt: skip
        # Dask's nanny gives up when its worker cannot be restarted in time, as on a busy machine; this starts another.
        processes.adapt(minimum=count, maximum=count, interval=f"{CHECK_S:.0f}s")
        yield client


def run(job: Job, items: list[Item], done: set[str], client: Client, tell: Callable[[dict[str, Any]], None]) -> None:
    """Reads all recordings.

    Args:
        job: Parameters shared by all tasks.
        items: The recordings.
        done: Keys of recordings that are already in the dataset.
        client: Dask's client.
        tell: Called with the row of each recording; for a recording that was already done the row has only its name and
            ``status`` "skipped".

    Raises:
        DiskError: The dataset's disk is full or fails.
        SourceError: The scheduler was lost and did not come back.
    """
    from distributed import as_completed

    waiting = deque(items)
    planned: dict[Future, Item] = {}
    finishing: dict[Future, Plan] = {}
    queue = as_completed([], loop=client.loop)

    def refill() -> None:
        room = WINDOW * _workers(client) - len(planned) - len(finishing)
        for _ in range(min(room, len(waiting))):
            item = waiting.popleft()
            if not item.is_utf8:
                tell(_row(job, work.refused(job, item)))
                continue
            future = client.submit(work.prepare, job, item, pure=False, retries=RETRIES)
            planned[future] = item
            queue.add(future)

    refill()
    while planned or finishing:
        future = next(queue)
        value, error = _fetched(future)
        if isinstance(error, SchedulerLost):
            _await_scheduler(client)
            lost = finishing.pop(future, None)
            if lost is not None:
                done.discard(lost.key)
            waiting.append(lost.item if lost is not None else planned.pop(future))
        elif future in planned:
            item = planned.pop(future)
            plan = value if error is None else _killed(job, item, error)
            last = _next_step(job, plan, done, client, tell)
            if last is not None:
                finishing[last] = plan
                queue.add(last)
        else:
            item = finishing.pop(future).item
            tell(_row(job, value) if error is None else _killed(job, item, error).failed or {})
        refill()


def _workers(client: Client) -> int:
    """Number of workers, at least 1; 1 while the scheduler is away."""
    try:
        return max(1, len(client.scheduler_info(n_workers=-1)["workers"]))
    except OSError:
        return 1


def _fetched(future: Future) -> tuple[Any, BaseException | None]:
    """The result of a finished task and its error; ``SchedulerLost`` if the scheduler was lost with it."""
    try:
        error = None if future.status in GONE else future.exception()
        if future.status not in GONE:
            return (future.result(), None) if error is None else (None, error)
    except BROKEN:
        pass
    return None, SchedulerLost("the scheduler does not know this task")


def _await_scheduler(client: Client) -> None:
    """Waits until Dask has connected to a restarted scheduler, which has lost all tasks.

    Raises:
        SourceError: It does not come back.
    """
    until = time.monotonic() + RESTART_S
    while client.status != "running":
        if client.status == "closed" or time.monotonic() > until:
            raise SourceError(
                "the Dask scheduler was lost; start it again, then run the same command again: it skips what is done"
            )
        time.sleep(POLL_S)


def _next_step(
    job: Job, plan: Plan, done: set[str], client: Client, tell: Callable[[dict[str, Any]], None]
) -> Future | None:
    """Submits the tasks of a plan; None if nothing is left to do."""
    if plan.failed is not None:
        future = client.submit(work.finish, job, plan, plan.failed, pure=False, retries=RETRIES)
    elif plan.key in done:
        tell({"status": "skipped", "name": plan.item.name})
        return None
    elif len(plan.parts) == 1:
        future = client.submit(work.whole, job, plan, pure=False, retries=RETRIES)
    else:
        parts = [
            client.submit(work.read_span, job, plan, number, pure=False, retries=RETRIES)
            for number in range(len(plan.parts))
        ]
        future = client.submit(work.finish, job, plan, *parts, pure=False, retries=RETRIES)
    done.add(plan.key)  # a second recording of the same content is not read again
    return future


def _row(job: Job, row: dict[str, Any]) -> dict[str, Any]:
    """The row of a recording, unless the disk is full."""
    if row["status"] == work.NO_DISK:
        raise DiskError(
            f"--out {job.out}: cannot be written: {row['reason']}; free space, then run the same command again"
        )
    return row


def _killed(job: Job, item: Item, error: BaseException) -> Plan:
    """The plan of a recording whose worker died too often (memory, a crash in a codec); the batch continues with the
    others."""
    return work.failed_plan(job, item, RuntimeError(f"the worker died {RETRIES} times: {error}"))
