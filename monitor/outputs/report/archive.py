"""The report of a dataset: shares per recording and group, outliers, quality, failures."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from monitor.core.errors import ConfigError
from monitor.core.labels import EMOTIONS, UNKNOWN
from monitor.outputs.report.html import facts, legend, length, row, section, share_bar, table
from monitor.outputs.report.page import CAUTION, document

LABELS = (*EMOTIONS, UNKNOWN)
HEADS = ("Length", "Share of each expression", "Most", "Unknown", "Quality")
MAX_ROWS = 2000
"""Most recordings in the table; the longest are shown."""
MAX_FAILED = 500
MAX_OUTLIERS = 30
OUTLIER = 3.5
"""Modified z-score from which a share is an outlier (Iglewicz and Hoaglin 1993)."""
Video = dict[str, Any]


def render_dataset(folder: Path) -> str:
    """The report of one dataset.

    Raises:
        ConfigError: The dataset holds no recording.
    """
    files = sorted((folder / "videos").glob("*.parquet"))
    videos = [video for path in files for video in pq.ParquetFile(path).read().to_pylist()]
    if not videos:
        raise ConfigError(f"{folder}: holds no recording yet; run: emotion-monitor batch PATH --out {folder}")
    good = [video for video in videos if video["status"] == "ok"]
    read = [video for video in good if video["share_neutral"] is not None]
    body = [_header(folder, videos, good), *_groups(read), _recordings(read), _outliers(read), _failed(videos)]
    body.append(section("Limits of a reading", f"<p>{CAUTION}</p>"))
    return document(folder.name, body, [])


def _header(folder: Path, videos: Sequence[Video], good: Sequence[Video]) -> str:
    entries = [
        ("Recordings", f"{len(good):,}"), ("Failed", f"{len(videos) - len(good):,}"),
        ("Length", length(sum(video["duration_s"] or 0 for video in good))),
        ("Frames read", f"{sum(video['frames'] or 0 for video in good):,}"),
        ("Face ids", f"{sum(video['faces'] or 0 for video in good):,}"),
        ("Without a face", f"{sum(not video['faces'] for video in good):,}"),
    ]  # fmt: skip
    return f"<header><h1>{escape(folder.name)}</h1>{facts(entries)}{legend(EMOTIONS)}</header>"


def _shares(videos: Sequence[Video]) -> dict[str, float]:
    """Mean shares, each recording weighted by its frames with a face."""
    weights = np.array([video["frames_with_face"] for video in videos], np.float64)
    total = weights.sum()
    if not total:
        return dict.fromkeys(LABELS, 0.0)
    return {name: float((weights * [video[f"share_{name}"] for video in videos]).sum() / total) for name in LABELS}


def _groups(videos: Sequence[Video]) -> list[str]:
    """One table for each column of the list of recordings with few distinct values."""
    columns: dict[str, dict[str, list[Video]]] = defaultdict(lambda: defaultdict(list))
    for video in videos:
        for column, value in json.loads(video["group"] or "{}").items():
            columns[column][value].append(video)
    return [
        section(
            f"By {column}",
            table([column, "Recordings", *HEADS], [_row(v, m, f"{len(m):,}") for v, m in sorted(values.items())]),
        )
        for column, values in columns.items()
        if 2 <= len(values) <= 40
    ]


def _recordings(videos: Sequence[Video]) -> str:
    kept = sorted(sorted(videos, key=lambda v: -(v["duration_s"] or 0))[:MAX_ROWS], key=lambda v: str(v["name"]))
    note = f"<p>The {len(kept):,} longest of {len(videos):,}.</p>" if len(kept) < len(videos) else ""
    rows = [_row(Path(video["name"]).name, [video]) for video in kept]
    return section("Recordings", note, table(["Recording", *HEADS], rows))


def _row(name: str, videos: Sequence[Video], *more: str) -> str:
    shares = _shares(videos)
    top = max(EMOTIONS, key=lambda label: shares[label])
    quality = float(np.mean([video["quality"] for video in videos]))
    return row(
        escape(name), *more, length(sum(video["duration_s"] or 0 for video in videos)), share_bar(shares),
        f"{top} {shares[top]:.0%}", f"{shares[UNKNOWN]:.0%}", f"{quality:.2f}",
    )  # fmt: skip


def _outliers(videos: Sequence[Video]) -> str:
    """Recordings whose share of a label lies far from the median of all recordings."""
    found: list[tuple[float, str, str, float, float]] = []
    for name in LABELS:
        values = np.array([video[f"share_{name}"] for video in videos], np.float64)
        if len(values) < 8:
            continue
        median = float(np.median(values))
        spread = max(float(np.median(np.abs(values - median))), 0.01)
        for video, score in zip(videos, 0.6745 * (values - median) / spread, strict=True):
            if abs(score) > OUTLIER:
                found.append((abs(float(score)), Path(video["name"]).name, name, video[f"share_{name}"], median))
    if not found:
        return ""
    worst = sorted(found, reverse=True)[:MAX_OUTLIERS]
    rows = [row(escape(w), f"{n} {share:.0%}", f"{median:.0%}", f"{score:.1f}") for score, w, n, share, median in worst]
    words = "<p>Shares far from the median of all recordings.</p>"
    return section("Outliers", words, table(["Recording", "Share", "Median", "Modified z-score"], rows))


def _failed(videos: Sequence[Video]) -> str:
    failed = [video for video in videos if video["status"] != "ok"][:MAX_FAILED]
    if not failed:
        return ""
    rows = [row(escape(Path(v["name"]).name), escape(str(v["reason"])), escape(str(v["trace"]))) for v in failed]
    return section("Could not be read", table(["Recording", "Reason", "Trace"], rows))
