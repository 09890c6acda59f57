"""A local folder with a folder per class."""

from __future__ import annotations

from pathlib import Path

from train.collect.providers.base import Hit, Page, Query

PAGE = 500
HIDDEN = (".", "_")


class Folder:
    """Pictures of this machine; they are copied through the same checks as those of the network."""

    searches, states_licences, crawled, local = False, True, False, True

    def __init__(self, path: Path) -> None:
        """Args: the folder."""
        self.name, self._path = f"folder:{path}", path

    def page(self, query: Query, cursor: str) -> Page:
        """See ``Provider``; the cursor is the number of files already read."""
        folder, start = self._path / query.label, int(cursor or 0)
        files = sorted(p for p in folder.glob("*") if p.is_file() and not p.name.startswith(HIDDEN))
        hits = [Hit(str(path.absolute()), title=path.name) for path in files[start : start + PAGE]]
        return Page(hits, str(start + PAGE) if start + PAGE < len(files) else "")
