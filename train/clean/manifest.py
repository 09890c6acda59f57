"""The record of a cleaning in SQLite: one row per picture with its finding and a person's decision."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from monitor.core.errors import ConfigError
from train.system import database

NAME = "clean.sqlite"
"""File of the record in the folder of results."""
GOOD = "good"
KINDS = (
    "broken", "animated", "tiny", "flat", "drawing", "no face", "leak", "conflict", "duplicate", "several faces",
    "hidden face", "cut face", "wrong label",
)  # fmt: skip
"""Faults in the order of the checks; a picture gets the first that applies."""
DECISIONS = ("keep", "drop", "relabel")
SCHEMA = """
create table if not exists pictures (
    path text primary key, label text not null, width integer, height integer, sha256 text,
    kind text not null default 'good', reason text not null default 'no fault found', score real not null default 0,
    other text not null default '', suggestion text not null default '',
    decision text not null default '', new_label text not null default '', details text not null default '{}'
)"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One picture of the set.

    Attributes:
        path: Path below the set's folder.
        label: Name of its class folder.
        width: Width in pixels, 0 if it cannot be decoded.
        height: Height in pixels.
        sha256: Of the file.
        kind: ``GOOD`` or one of ``KINDS``.
        reason: Why, in words.
        score: 0..1, how certain the fault is.
        other: Path of the picture it duplicates or conflicts with.
        suggestion: Label suggested for a wrong one.
        decision: A person's decision, one of ``DECISIONS``; empty = none.
        new_label: Label of the decision "relabel".
        details: Measured values, as JSON: ``box`` and ``keypoints`` of the face in shares of the picture, ``yaw``,
            ``pitch`` and ``roll`` in degrees, ``presence``, ``quality``, ``person`` and ``drawing`` 0..1, ``size`` in
            pixels, ``light`` in gray levels, ``sharpness``, and the numbers of its ``group`` of duplicates and of its
            group of look-``alike`` pictures.
    """

    path: str
    label: str
    width: int
    height: int
    sha256: str
    kind: str = GOOD
    reason: str = "no fault found"
    score: float = 0.0
    other: str = ""
    suggestion: str = ""
    decision: str = ""
    new_label: str = ""
    details: str = "{}"

    @property
    def kept(self) -> bool:
        """Whether the cleaned view holds the picture."""
        return self.decision in ("keep", "relabel") or (self.decision == "" and self.kind == GOOD)

    @property
    def final_label(self) -> str:
        """The label in the cleaned view."""
        return self.new_label if self.decision == "relabel" and self.new_label else self.label


class Manifest:
    """Reads and writes the record; decisions survive a new cleaning."""

    def __init__(self, path: Path) -> None:
        """Opens or creates the record.

        Raises:
            ConfigError: The file is not such a record or cannot be written.
        """
        self._path = path
        self._db = database.opened(path, SCHEMA, "emotion-train clean")
        columns = [row[1] for row in self._db.execute("pragma table_info(pictures)")]
        if "details" not in columns:  # a record of an earlier version
            with database.writing(self._db, path) as db:
                db.execute("alter table pictures add column details text not null default '{}'")

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    def replace(self, entries: Iterable[Entry]) -> None:
        """Replaces all rows by new findings; decisions on pictures that still exist are preserved.

        Raises:
            ConfigError: The record cannot be written.
        """
        decided = {entry.path: entry for entry in self.entries() if entry.decision}
        rows = []
        for entry in entries:
            old = decided.get(entry.path, entry)
            rows.append(astuple(replace(entry, decision=old.decision, new_label=old.new_label)))
        with database.writing(self._db, self._path) as db:
            db.execute("delete from pictures")
            db.executemany(f"insert into pictures values ({','.join('?' * 13)})", rows)

    def entries(self) -> list[Entry]:
        """All rows, sorted by path."""
        with closing(self._db.execute("select * from pictures order by path")) as cursor:
            return [Entry(*row) for row in cursor]

    def decide(self, path: str, decision: str, new_label: str = "") -> None:
        """Records a person's decision on a picture; an empty one removes the decision.

        Raises:
            ConfigError: There is no such picture or decision, or "relabel" lacks a label of the set.
        """
        if decision not in ("", *DECISIONS):
            raise ConfigError(f"decision must be one of {', '.join(DECISIONS)} (got {decision})")
        if decision == "relabel" and new_label not in self.labels():
            raise ConfigError(f"relabel: must name one of {', '.join(self.labels())} (got {new_label})")
        with database.writing(self._db, self._path) as db:
            changed = db.execute(
                "update pictures set decision = ?, new_label = ? where path = ?", (decision, new_label, path)
            )
        if not changed.rowcount:
            raise ConfigError(f"{path}: is not in {self._path}")

    def labels(self) -> Sequence[str]:
        """The classes of the set."""
        return [row[0] for row in self._db.execute("select distinct label from pictures order by label")]
