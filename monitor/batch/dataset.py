"""The Parquet dataset of a batch: faces, events and one summary per recording, each file written atomically.

Layout (schema version 1)::

    DATASET/_dataset.json                      schema version, settings, model
    DATASET/videos/<key>.parquet               one row about the recording, written last
    DATASET/faces/source=<key>/part-0.parquet  one row per face per frame
    DATASET/events/source=<key>/part-0.parquet one row per event, start to end
    DATASET/crops/<key>/…                      only with --keep-frames

``<key>`` is a hash of the recording's content, the settings and the model, so that a finished recording is recognised
under any name.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from monitor.batch import arrow
from monitor.batch.items import Item
from monitor.batch.merge import Merged
from monitor.core.errors import ConfigError, DiskError
from monitor.core.labels import EMOTIONS, UNKNOWN
from monitor.outputs.logs.columns import TEXTS
from monitor.settings.config import Config
from monitor.system.machine import alive
from monitor.system.wholefile import replace_text

SCHEMA_VERSION = 1
MARKER = "_dataset.json"
PART = re.compile(r"\..+\.(?:parquet|csv)(?:\.(?P<node>.+))?\.(?P<pid>\d+)", re.DOTALL)
"""Names of unfinished files: the final name, the machine and the process that writes it."""
WHOLE = ("frame", "face_id", "success", "still", "seen", "picture", "driver")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Everything that influences the results, except the content of the recording.

    Attributes:
        settings: Hash of all settings and of the sampling.
        model: Version of the expression model.
    """

    settings: str
    model: str

    def key(self, content: str) -> str:
        """The key of a recording with this content hash."""
        return hashlib.sha256(f"{content} {self.settings} {self.model}".encode()).hexdigest()[:32]


def fingerprint(config: Config, model: str, *more: object) -> Fingerprint:
    """The fingerprint of a batch; ``more`` holds further values that influence the results."""
    text = json.dumps([asdict(config), [str(m) for m in more]], sort_keys=True)
    return Fingerprint(hashlib.sha256(text.encode()).hexdigest()[:16], model)


class Dataset:
    """A dataset folder.

    Args:
        folder: The folder; created if it is missing.

    Raises:
        ConfigError: The folder holds something else, or a dataset of a newer schema.
        DiskError: The disk is full or read-only.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        marker = folder / MARKER
        try:
            if marker.exists():
                version = json.loads(marker.read_text(encoding="utf-8")).get("schema")
                if version != SCHEMA_VERSION:
                    raise ConfigError(
                        f"{marker}: has schema {version}, this version writes {SCHEMA_VERSION}; give another --out"
                    )
            elif folder.exists() and any(folder.iterdir()):
                raise ConfigError(
                    f"--out {folder}: holds other files and no {MARKER}; give an empty folder or a dataset"
                )
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DiskError.kind(error)(
                f"--out {folder}: cannot be used: {error.strerror}; give another folder"
            ) from None
        except ValueError as error:
            raise ConfigError(f"--out {folder}: cannot be used: {error}") from None

    def describe(self, config: Config, mark: Fingerprint) -> None:
        """Writes the marker with the settings of the latest batch."""
        content = {
            "schema": SCHEMA_VERSION,
            "model": mark.model,
            "settings_hash": mark.settings,
            "settings": asdict(config),
        }
        replace_text(self.folder / MARKER, json.dumps(content, indent=1) + "\n")

    def done(self) -> set[str]:
        """Keys of the recordings that were read to their end."""
        return {row["key"] for row in self.videos() if row["status"] == "ok"}

    def videos(self) -> Iterator[dict[str, Any]]:
        """The rows of all recordings, sorted by key. A damaged file is skipped, so that its recording is read again."""
        for path in sorted((self.folder / "videos").glob("*.parquet")):
            try:
                yield pq.ParquetFile(path).read().to_pylist()[0]
            except (pa.ArrowInvalid, OSError, IndexError):
                continue

    def write(self, key: str, item: Item, merged: Merged, *, csv: bool = False) -> dict[str, Any]:
        """Writes one recording; its row in ``videos`` is written last and marks it as done.

        Raises:
            OSError: The disk is full or fails.
        """
        faces, events = face_table(merged.table), event_table(merged.episodes)
        self._put(faces, f"faces/source={key}/part-0")
        self._put(events, f"events/source={key}/part-0")
        if csv:
            self._put(faces, f"csv/{key}-faces", csv=True)
            self._put(events, f"csv/{key}-events", csv=True)
        for name, jpeg in merged.crops.items():
            path = self.folder / "crops" / key / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(jpeg)
        row = summary(key, item, merged)
        self.write_row(row)
        return row

    def write_row(self, row: dict[str, Any]) -> None:
        """Writes a recording's row in ``videos``."""
        self._put(arrow.table([row], VIDEO_SCHEMA), f"videos/{row['key']}")

    def tidy(self) -> None:
        """Deletes the unfinished files of processes of this machine that were killed."""
        for path in self.folder.glob("**/.*"):
            owner = PART.fullmatch(path.name)
            if owner and owner["node"] in (None, platform.node()) and not alive(int(owner["pid"])):
                with contextlib.suppress(OSError):
                    path.unlink()

    def forget(self, key: str) -> None:
        """Deletes a recording's row, if there is one."""
        (self.folder / "videos" / f"{key}.parquet").unlink(missing_ok=True)

    def _put(self, table: pa.Table, name: str, *, csv: bool = False) -> None:
        path = self.folder / f"{name}.{'csv' if csv else 'parquet'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{platform.node()}.{os.getpid()}")
        try:
            if csv:
                pyarrow.csv.write_csv(table, part)
            else:
                pq.write_table(table, part, compression="zstd")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


VIDEO_SCHEMA = pa.schema(
    [
        ("key", pa.string()), ("name", pa.string()), ("group", pa.string()), ("status", pa.string()),
        ("reason", pa.string()), ("trace", pa.string()), ("frames", pa.int64()), ("frames_with_face", pa.int64()),
        ("duration_s", pa.float64()), ("faces", pa.int64()), ("quality", pa.float64()),
        *((f"share_{name}", pa.float64()) for name in (*EMOTIONS, UNKNOWN)),
    ]
)  # fmt: skip


def summary(key: str, item: Item, merged: Merged) -> dict[str, Any]:
    """The row of one recording; shares refer to the rows with a face."""
    labels = [v for v in merged.table["emotion"] if v is not None]
    quality = [v for v in merged.table["quality"] if v is not None]
    ids = {v for v in merged.table["face_id"] if v is not None}
    shares = {f"share_{n}": labels.count(n) / len(labels) if labels else None for n in (*EMOTIONS, UNKNOWN)}
    return {
        "key": key, "name": item.name, "group": json.dumps(dict(item.group)), "status": "ok", "reason": "", "trace": "",
        "frames": merged.frames, "frames_with_face": merged.frames_with_face, "duration_s": merged.duration_s,
        "faces": len(ids), "quality": sum(quality) / len(quality) if quality else None, **shares,
    }  # fmt: skip


def failure(key: str, item: Item, reason: str, trace: str) -> dict[str, Any]:
    """The row of a recording that could not be read."""
    empty = dict.fromkeys(VIDEO_SCHEMA.names)
    return {**empty, "key": key, "name": item.name, "group": json.dumps(dict(item.group)), "status": "failed",
            "reason": reason, "trace": trace}  # fmt: skip


def face_table(columns: dict[str, list[Any]]) -> pa.Table:
    """The face rows with a fixed type for every column."""
    arrays = {}
    for name, values in columns.items():
        kind = pa.string() if name in TEXTS else pa.int64() if name in WHOLE else pa.float32()
        kind = pa.float64() if name == "video_time" else kind
        arrays[name] = arrow.column(values, kind)
    return pa.Table.from_arrays(list(arrays.values()), list(arrays))


EVENT_SCHEMA = pa.schema(
    [
        ("id", pa.int64()), ("kind", pa.string()), ("label", pa.string()), ("face_id", pa.int64()),
        ("start", pa.float64()), ("end", pa.float64()), ("duration_s", pa.float64()), ("level", pa.int64()),
        ("data", pa.string()),
    ]
)  # fmt: skip


def event_table(episodes: list[dict[str, Any]]) -> pa.Table:
    """The events, one row each."""
    rows = [
        {
            "id": e["id"], "kind": e["kind"], "label": str(e["data"].get("label", "")), "face_id": e["face_id"],
            "start": e["start"], "end": e["end"], "duration_s": None if e["end"] is None else e["end"] - e["start"],
            "level": e["level"], "data": json.dumps(e["data"], sort_keys=True, default=str),
        }
        for e in episodes
    ]  # fmt: skip
    return arrow.table(rows, EVENT_SCHEMA)
