"""The attribution page with author, licence and source of every picture, which most licences require."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from html import escape
from pathlib import Path

from monitor.system.wholefile import whole
from train.collect.record import NAME, Record
from train.collect.rows import Origin
from train.system import resources

PAGE = "attribution.html"
NAMES = {
    "cc0": "CC0", "pdm": "Public domain", "by": "CC BY", "by-sa": "CC BY-SA", "by-nc": "CC BY-NC", "by-nd": "CC BY-ND",
    "by-nc-sa": "CC BY-NC-SA", "by-nc-nd": "CC BY-NC-ND",
}  # fmt: skip
HEAD = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Attribution</title><style>
body { font: 14px system-ui, sans-serif; margin: 1rem } td { padding: 2px 8px; vertical-align: top }
</style></head><body><h1>Attribution</h1><p>Every picture was scaled down and written anew as JPEG.</p><table>
<tr><th>file</th><th>title</th><th>author</th><th>licence</th><th>source</th></tr>
"""
FOOT = "</table></body></html>\n"


def write(origins: Iterable[Origin], path: Path) -> int:
    """Writes the page.

    Args:
        origins: Pictures with their origins, one row each.
        path: The file.

    Returns:
        The number of pictures.

    Raises:
        ConfigError: It cannot be written.
    """
    count = 0
    with resources.writing(path), whole(path) as part, part.open("w", encoding="utf-8") as file:
        file.write(HEAD)
        for origin in origins:
            file.write(_row(origin))
            count += 1
        file.write(FOOT)
    return count


def carry_over(collection: Path, kept: Collection[str], view: Path) -> int:
    """Writes the page of a cleaned view, if the set was collected.

    Args:
        collection: Folder of the set.
        kept: Paths below it that the view holds.
        view: Folder of the view.

    Returns:
        The number of pictures; 0 if the set has no record of origins.

    Raises:
        ConfigError: The record or the page cannot be used.
    """
    if not (collection / NAME).exists():
        return 0
    record = Record(collection / NAME)
    try:
        return write(_among(record.origins(), kept), view / PAGE)
    finally:
        record.close()


def _among(origins: Iterable[Origin], kept: Collection[str]) -> Iterator[Origin]:
    return (origin for origin in origins if origin.path in kept)


def _row(origin: Origin) -> str:
    licence = NAMES.get(origin.licence, origin.licence or "unknown")
    source = origin.page or origin.url
    return (
        f"<tr><td>{escape(origin.path)}</td><td>{escape(origin.title)}</td>"
        f"<td>{escape(origin.author) or 'unknown'}</td><td>{_link(origin.licence_url, licence)}</td>"
        f"<td>{_link(source, origin.provider)}</td></tr>\n"
    )


def _link(address: str, text: str) -> str:
    """A link, or the text alone if the address is not a web address."""
    if not address.startswith(("http://", "https://")):
        return escape(text)
    return f'<a href="{escape(address)}" rel="nofollow noopener">{escape(text)}</a>'
