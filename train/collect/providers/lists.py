"""Lists of addresses: plain text, CSV or JSON lines."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from monitor.core.errors import ConfigError
from train.collect import licences
from train.collect.providers.base import Hit, Page, Query

PAGE = 500
FIELDS = ("page", "title", "author", "licence", "licence_url")
SUFFIXES = (".txt", ".csv", ".jsonl")
LONGEST_LINE = 20_000


class UrlList:
    """A list of addresses.

    - ``happy.txt``: an address per line; the file's name is the class; lines that begin with # are left out.
    - ``.csv`` with a header, ``.jsonl`` with an object per line: ``url`` and ``label``; ``page``, ``title``,
      ``author``, ``licence`` (or ``license``) and ``licence_url`` if they are known.
    """

    searches, states_licences, crawled, local = False, True, True, False

    def __init__(self, path: Path) -> None:
        """Args: the file.

        Raises:
            ConfigError: Its name ends in none of ``SUFFIXES``, or a CSV lacks the columns.
        """
        if path.suffix.lower() not in SUFFIXES:
            raise ConfigError(f"--from {path}: a list must end in {', '.join(SUFFIXES)}")
        self.name, self._path = f"list:{path}", path
        self.states_licences = path.suffix.lower() != ".txt"
        self._reading: dict[str, tuple[int, Iterator[tuple[str, Hit]]]] = {}
        next(self._rows(), None)  # a wrong header is reported before the work

    def page(self, query: Query, cursor: str) -> Page:
        """See ``Provider``; the cursor is the number of rows already read."""
        start, hits = int(cursor or 0), []
        number, rows = self._reading.pop(query.label, (-1, self._rows()))
        if number != start:  # a resumed run
            rows, number = itertools.islice(self._rows(), start, None), start
        for label, hit in rows:
            number += 1
            if label == query.label:
                hits.append(hit)
            if len(hits) == PAGE:
                self._reading[query.label] = (number, rows)
                return Page(hits, str(number))
        return Page(hits)

    def _rows(self) -> Iterator[tuple[str, Hit]]:
        """Class and picture of each row.

        Raises:
            ConfigError: The file cannot be read, or a row is not valid; the message has its line.
        """
        kind = self._path.suffix.lower()
        try:
            with self._path.open(encoding="utf-8-sig", newline="" if kind == ".csv" else None) as file:
                if kind == ".csv":
                    yield from self._table(csv.DictReader(file))
                    return
                for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), ""), 1):
                    text = line.strip()
                    if text and kind == ".jsonl":
                        yield self._row(self._parsed(text, number), number)
                    elif text and not text.startswith("#"):
                        yield self._path.stem, Hit(text)
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise ConfigError(f"{self._path}: cannot be read: {error}") from None

    def _table(self, reader: csv.DictReader[str]) -> Iterator[tuple[str, Hit]]:
        if not {"url", "label"} <= set(reader.fieldnames or ()):
            raise ConfigError(f"{self._path}: its first line must name the columns url and label")
        for row in reader:
            yield self._row(row, reader.line_num)

    def _parsed(self, text: str, number: int) -> Mapping[str, Any]:
        try:
            row = json.loads(text)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise ConfigError(f"{self._path}:{number}: must be a JSON object with url and label")
        return row

    def _row(self, row: Mapping[str, Any], number: int) -> tuple[str, Hit]:
        url, label = (str(row.get(name) or "").strip() for name in ("url", "label"))
        if not url or not label:
            raise ConfigError(f"{self._path}:{number}: has no {'url' if label else 'label'}")
        page, title, author, licence, licence_url = (str(row.get(name) or "").strip() for name in FIELDS)
        named = licence or str(row.get("license") or "") or licence_url
        return label, Hit(url, page, title, author, licences.code(named), licence_url)
