"""The record of a collection in SQLite: every search with its position, every picture with its origin and outcome."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from operator import attrgetter
from pathlib import Path

from train.collect.providers.base import Hit, Page, Query
from train.collect.rows import (
    DUPLICATE,
    EXHAUSTED,
    FAILED,
    FETCHED,
    FOUND,
    OPEN,
    REFUSED,
    Origin,
    Outcome,
    Picture,
    Search,
)
from train.system import database

NAME = "collect.sqlite"
"""File of the record in the folder of the collection."""
MOST_RUNS = 3
"""Number of runs that try a failed picture."""
KILLED = "runs were killed while it was read"
LICENCE = "licence "
"""Prefix of the reason for a picture with an unwanted licence."""
SCHEMA = """
create table if not exists searches (
    id integer primary key, label text not null, provider text not null, query text not null, language text not null,
    cursor text not null default '', found integer not null default 0, state text not null default 'open',
    unique (label, provider, query)
);
create table if not exists pictures (
    id integer primary key, label text not null, provider text not null, query text not null, rank integer not null,
    url text not null, page text not null, title text not null, author text not null, licence text not null,
    licence_url text not null, path text not null default '', sha256 text not null default '',
    bytes integer not null default 0, width integer not null default 0, height integer not null default 0,
    time real not null default 0, status text not null default 'found', reason text not null default '',
    runs integer not null default 0, unique (label, url)
);
create index if not exists by_status on pictures (label, status, id);
create index if not exists by_digest on pictures (label, sha256)
"""


HIT, OUTCOME = (attrgetter(*(field.name for field in fields(kind))) for kind in (Hit, Outcome))
"""Values of their fields; ``dataclasses.astuple`` copies them deeply, which takes twenty times as long."""


class Record:
    """Reads and writes the record; one process at a time, one thread."""

    def __init__(self, path: Path) -> None:
        """Opens or creates the record.

        Raises:
            ConfigError: The file is not such a record, cannot be written, or another run uses it.
        """
        self._path = path
        self._db = database.opened(path, SCHEMA, "emotion-train collect", alone=True)

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    def searches(self, provider: str, queries: Sequence[Query]) -> list[Search]:
        """The searches of a service for phrases; new ones are added."""
        keys = [(query.label, provider, query.text, query.language) for query in queries]
        with database.writing(self._db, self._path) as db:
            db.executemany("insert or ignore into searches (label, provider, query, language) values (?,?,?,?)", keys)
        found = []
        for query, own in zip(queries, keys, strict=True):
            row = self._db.execute(
                "select id, cursor, found, state from searches where (label, provider, query) = (?,?,?)", own[:3]
            ).fetchone()
            found.append(Search(row[0], provider, query, row[1], row[2], row[3]))
        return found

    def add(self, search: Search, page: Page, refusal: Sequence[str]) -> tuple[Search, int]:
        """Adds a page of results and moves its search on, in one transaction.

        Args:
            search: The search.
            page: Its next page.
            refusal: For each hit the reason not to fetch it; "" = none.

        Returns:
            The search as it is now, and the number of pictures that were not known yet.
        """
        query = search.query
        rows = [
            (query.label, search.provider, query.text, search.found + rank, *HIT(hit),
             REFUSED if why else FOUND, why)
            for rank, (hit, why) in enumerate(zip(page.hits, refusal, strict=True), 1)
        ]  # fmt: skip
        names = ", ".join(field.name for field in fields(Hit))
        state, found = OPEN if page.cursor else EXHAUSTED, search.found + len(rows)
        with database.writing(self._db, self._path) as db:
            before = db.total_changes
            db.executemany(
                f"insert or ignore into pictures (label, provider, query, rank, {names}, status, reason) "
                f"values ({','.join('?' * (6 + len(fields(Hit))))})",
                rows,
            )
            new = db.total_changes - before
            db.execute(
                "update searches set cursor = ?, found = ?, state = ? where id = ?",
                (page.cursor, found, state, search.id),
            )
        return Search(search.id, search.provider, query, page.cursor, found, state), new

    def exhaust(self, search: Search) -> None:
        """Ends a search whose further pages repeat known pictures."""
        with database.writing(self._db, self._path) as db:
            db.execute("update searches set state = ? where id = ?", (EXHAUSTED, search.id))

    def reopen(self, wanted: Sequence[str], exempt: Sequence[str]) -> None:
        """Prepares a run: failed pictures of earlier runs are tried again, and licences are judged by this run's
        choice.

        Args:
            wanted: Accepted licences; empty = any.
            exempt: Names of providers whose pictures need none.
        """
        accepted = f"licence in ({_marks(wanted)}) or provider in ({_marks(exempt)})" if wanted else "true"
        given = (*wanted, *exempt) if wanted else ()
        with database.writing(self._db, self._path) as db:
            db.execute("update pictures set status = ? where status = ? and runs < ?", (FOUND, FAILED, MOST_RUNS))
            db.execute(
                f"update pictures set status = ?, reason = '' where status = ? and reason like ? and ({accepted})",
                (FOUND, REFUSED, f"{LICENCE}%", *given),
            )
            db.execute(
                f"update pictures set status = ?, reason = ? || coalesce(nullif(licence, ''), 'unknown') "
                f"where status = ? and not ({accepted})",
                (REFUSED, LICENCE, FOUND, *given),
            )

    def suspect(self, numbers: Sequence[int]) -> None:
        """Counts a run that was killed while it fetched these pictures; after ``MOST_RUNS`` of them they have failed.

        A picture that crashes the decoder would otherwise end every run.
        """
        with database.writing(self._db, self._path) as db:
            db.executemany(
                "update pictures set runs = runs + 1, reason = case when runs + 1 < ? then '' else ? end, "
                "status = case when runs + 1 < ? then status else ? end where id = ? and status = ?",
                [(MOST_RUNS, KILLED, MOST_RUNS, FAILED, number, FOUND) for number in numbers],
            )

    def pending(self, label: str, providers: Sequence[str], most: int) -> list[Picture]:
        """The next pictures of a class to fetch from the given providers, in the order in which they were found."""
        rows = self._db.execute(
            "select id, label, provider, url from pictures where label = ? and status = ? "
            f"and provider in ({_marks(providers)}) order by id limit ?",
            (label, FOUND, *providers, most),
        )
        return [Picture(*row) for row in rows]

    def settle(self, picture: Picture, outcome: Outcome, time: float) -> str:
        """Records the outcome of a picture; a file that the class already has becomes a duplicate.

        Returns:
            The status as recorded.
        """
        if outcome.status == FETCHED:
            same = self._db.execute(
                "select path from pictures where label = ? and sha256 = ? and status = ? and id != ?",
                (picture.label, outcome.sha256, FETCHED, picture.id),
            ).fetchone()
            if same:
                outcome = Outcome(DUPLICATE, f"the same file as {same[0]}", "", outcome.sha256, outcome.bytes)
        with database.writing(self._db, self._path) as db:
            db.execute(
                "update pictures set status = ?, reason = ?, path = ?, sha256 = ?, bytes = ?, width = ?, height = ?, "
                "time = ?, runs = runs + 1 where id = ?",
                (*OUTCOME(outcome), time, picture.id),
            )
        return outcome.status

    def counts(self, label: str) -> dict[str, int]:
        """Pictures of a class by status."""
        rows = self._db.execute("select status, count(*) from pictures where label = ? group by status", (label,))
        return {str(status): int(count) for status, count in rows}

    def origins(self) -> Iterator[Origin]:
        """Origins of all stored pictures, by path."""
        names = ", ".join(field.name for field in fields(Origin))
        for row in self._db.execute(f"select {names} from pictures where status = ? order by path", (FETCHED,)):
            yield Origin(*row)


def _marks(values: Sequence[str]) -> str:
    return ",".join("?" * len(values))
