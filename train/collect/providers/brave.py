"""Brave's image search: https://api.search.brave.com/res/v1/images/search, with a key."""

from __future__ import annotations

from urllib.parse import urlencode

from train.collect.client import Client, Request
from train.collect.providers.base import Hit, Page, Query, Service, key

KEY = "BRAVE_API_KEY"
MOST = 200
"""Results of one search; there are no further pages."""
INTERVAL_S = 1.1
LANGUAGES = {"ja": "jp", "zh": "zh-hans", "pt": "pt-br", "no": "nb"}
"""Its own names of languages."""


class Brave(Service):
    """Searches the web's pictures; their licences are unknown."""

    name, base = "brave", "https://api.search.brave.com"
    states_licences, crawled = False, True

    def __init__(self, client: Client, base: str = "") -> None:
        """Args: the client, and another address of the service.

        Raises:
            ConfigError: ``BRAVE_API_KEY`` is not set.
        """
        super().__init__(client, base)
        self._key = key(KEY, "https://api-dashboard.search.brave.com")
        client.pace.slow(Request(self._base).host, INTERVAL_S)

    def page(self, query: Query, cursor: str) -> Page:
        """See ``Provider``."""
        asked = {
            "q": query.text, "count": str(MOST), "country": "ALL", "safesearch": "strict", "spellcheck": "false",
            "search_lang": LANGUAGES.get(query.language, query.language),
        }  # fmt: skip
        headers = {"X-Subscription-Token": self._key, "Accept": "application/json"}
        found = self._client.json(Request(f"{self._base}/res/v1/images/search?{urlencode(asked)}", headers))
        hits = []
        for entry in found.get("results") or []:
            url = (entry.get("properties") or {}).get("url")
            if url:
                hits.append(Hit(str(url), str(entry.get("url") or ""), str(entry.get("title") or "")))
        return Page(hits)
