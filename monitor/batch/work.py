"""The tasks that Dask's workers run: a whole recording, one span of it, and joining its spans."""

from __future__ import annotations

import errno
import hashlib
import os
import traceback
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2

from monitor.batch import spans
from monitor.batch.analyse import Part, Request, analyse
from monitor.batch.dataset import Dataset, Fingerprint, failure
from monitor.batch.fetch import local
from monitor.batch.items import Item, content_key
from monitor.batch.merge import merge
from monitor.core.errors import UserError
from monitor.system.machine import give_back_start_pages

DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Errors after which the dataset cannot be written, so that the batch ends."""
NO_DISK = "no disk"
"""Status of a recording that could not be written because of one of these errors."""


@dataclass(frozen=True, slots=True)
class Job:
    """The parameters that all tasks of a batch share.

    Attributes:
        out: The dataset's folder, reachable from every worker.
        request: Parameters of the analysis.
        fingerprint: Fingerprint of settings and model.
        span_s: Length of a span; 0 = recordings are never cut.
        overlap_s: Overlap of spans.
        csv: Whether CSV files are written, too.
        scratch: Folder for copies of remote recordings, None = the system's.
    """

    out: str
    request: Request
    fingerprint: Fingerprint
    span_s: float = 600.0
    overlap_s: float = 10.0
    csv: bool = False
    scratch: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The tasks for one recording.

    Attributes:
        item: The recording.
        key: Its key; empty if it could not be read.
        parts: Its spans; empty if nothing is left to do.
        failed: Its row if it could not be read, else None.
    """

    item: Item
    key: str
    parts: tuple[spans.Span, ...] = ()
    failed: dict[str, Any] | None = None


def prepare(job: Job, item: Item) -> Plan:
    """Hashes a recording and cuts it into spans."""
    _lighten()
    try:
        with local(item, job.scratch) as path:
            key = job.fingerprint.key(content_key(path))
            # A remote recording is not cut, because each span would copy it again.
            length = _length(path) if job.span_s and not item.remote else 0.0
            return Plan(item, key, tuple(spans.plan(length, job.span_s, job.overlap_s)))
    except (UserError, OSError) as error:
        return failed_plan(job, item, error)


@cache
def _lighten() -> None:
    """Releases 50 MB of library pages that only the imports needed, once per process."""
    give_back_start_pages()


def refused(job: Job, item: Item) -> dict[str, Any]:
    """Writes and returns the row of a recording whose name is not in UTF-8; see ``finish``."""
    error = UserError(f"{item.name}: the name is not in UTF-8; rename the file")
    plan = failed_plan(job, item, error)
    return finish(job, plan, plan.failed or {})


def failed_plan(job: Job, item: Item, error: Exception) -> Plan:
    """The plan of a recording that could not be read; its key comes from its name."""
    key = _name_key(job, item)
    return Plan(item, key, (), failure(key, item, _reason(error), _digest(error)))


def _name_key(job: Job, item: Item) -> str:
    return hashlib.sha256(f"{item.name} {job.fingerprint}".encode()).hexdigest()[:32]


def _length(path: Path) -> float:
    """Length in seconds as the container states it; 0 = not known."""
    capture = cv2.VideoCapture(str(path.absolute()), cv2.CAP_FFMPEG)
    try:
        fps, count = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
        return float(count / fps) if fps > 0.1 and 0 < count < 1e8 else 0.0
    finally:
        capture.release()


def read_span(job: Job, plan: Plan, number: int) -> Part | dict[str, Any]:
    """Analyses one span; returns a row that describes the failure if it cannot be read."""
    try:
        with local(plan.item, job.scratch) as path:
            return analyse(path, plan.parts[number], job.overlap_s, job.request)
    except Exception as error:  # one bad recording must not stop the others
        return failure(plan.key, plan.item, _reason(error), _digest(error))


def finish(job: Job, plan: Plan, *parts: Part | dict[str, Any]) -> dict[str, Any]:
    """Joins the spans and writes the recording.

    Returns:
        Its row. If the disk is full or cannot be written, only ``status`` ``NO_DISK`` and ``reason``: the batch must
        stop.
    """
    try:
        return _written(job, plan, parts)
    except OSError as error:
        if error.errno not in DISK:
            raise
        return {"status": NO_DISK, "reason": os.strerror(error.errno)}


def _written(job: Job, plan: Plan, parts: tuple[Part | dict[str, Any], ...]) -> dict[str, Any]:
    dataset = Dataset(Path(job.out))
    broken = next((part for part in parts if isinstance(part, dict)), None)
    if broken is not None:
        dataset.write_row(broken)
        return broken
    try:
        row = dataset.write(plan.key, plan.item, merge([p for p in parts if isinstance(p, Part)]), csv=job.csv)
        dataset.forget(_name_key(job, plan.item))  # an earlier attempt may have failed
        return row
    except OSError as error:
        if error.errno in DISK:
            raise
        row = failure(plan.key, plan.item, _reason(error), _digest(error))
        dataset.write_row(row)
        return row


def whole(job: Job, plan: Plan) -> dict[str, Any]:
    """Reads and writes a recording of one span in one task, so that its rows are not sent to another process."""
    return finish(job, plan, read_span(job, plan, 0))


def _reason(error: Exception) -> str:
    if isinstance(error, UserError):
        return error.lines[0]
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'the recording'}: cannot be read: {error.strerror}"
    return f"{type(error).__name__}: {error}"


def _digest(error: Exception) -> str:
    """A short hash of the code locations in the traceback, equal for the same fault in different recordings."""
    places = [
        f"{frame.filename.rpartition('/')[2]}:{frame.name}" for frame in traceback.extract_tb(error.__traceback__)
    ]
    return hashlib.sha256("\n".join([type(error).__name__, *places]).encode()).hexdigest()[:12]
