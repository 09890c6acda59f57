"""Wikimedia Commons, through MediaWiki's search: https://commons.wikimedia.org/w/api.php."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

from train.collect import licences
from train.collect.client import Client, Request
from train.collect.errors import Failed, printable
from train.collect.providers.base import Hit, Page, Query, Service

PAGE = 50
WIDTH = 1280
"""Width in pixels of the fetched copy; one of the sizes that Wikimedia provides."""
INTERVAL_S = 1.0
LATER = ("maxlag", "ratelimited", "readonly")
"""Temporary errors."""


class Commons(Service):
    """Searches the photographs of Wikimedia Commons."""

    name, base = "commons", "https://commons.wikimedia.org"

    def __init__(self, client: Client, base: str = "") -> None:
        """Args: the client, and another address of the service."""
        super().__init__(client, base)
        client.pace.slow(Request(self._base).host, INTERVAL_S)

    def page(self, query: Query, cursor: str) -> Page:
        """See ``Provider``."""
        asked = {
            "action": "query", "format": "json", "formatversion": "2", "maxlag": "5", "generator": "search",
            "gsrsearch": f"filetype:bitmap {query.text}", "gsrnamespace": "6", "gsrlimit": str(PAGE),
            "prop": "imageinfo", "iiprop": "url|size|mime|extmetadata", "iiurlwidth": str(WIDTH),
            "iiextmetadatafilter": "License|LicenseShortName|LicenseUrl|Artist|ObjectName",
            **({str(k): str(v) for k, v in json.loads(cursor).items()} if cursor else {}),
        }  # fmt: skip
        found = self._client.json(Request(f"{self._base}/w/api.php?{urlencode(asked)}"))
        if "error" in found:
            told = found["error"]
            fault = f"{printable(told.get('code'))}: {printable(told.get('info'))}"
            raise Failed(f"it is busy ({fault})" if told.get("code") in LATER else f"it answers {fault}")
        pages = sorted((found.get("query") or {}).get("pages") or [], key=lambda page: page.get("index", 0))
        hits = [_hit(page) for page in pages if page.get("imageinfo")]
        return Page(hits, json.dumps(found["continue"]) if "continue" in found else "")


def _hit(page: Mapping[str, Any]) -> Hit:
    info = page["imageinfo"][0]
    more = info.get("extmetadata") or {}

    def text(key: str) -> str:
        return plain(str((more.get(key) or {}).get("value") or ""))

    licence = licences.code(text("License")) or licences.code(text("LicenseShortName"))
    return Hit(
        str(info.get("thumburl") or info.get("url") or ""), str(info.get("descriptionurl") or ""),
        text("ObjectName") or str(page.get("title", "")).removeprefix("File:"), text("Artist"), licence,
        text("LicenseUrl"),
    )  # fmt: skip


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def plain(html: str) -> str:
    """The text of a piece of HTML in one line, at most 200 characters."""
    parser = _Text()
    parser.feed(html[:5000])
    parser.close()
    return " ".join("".join(parser.parts).split())[:200]
