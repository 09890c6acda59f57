"""Google's image search through SerpApi: https://serpapi.com/search.json?engine=google_images, with a key."""

from __future__ import annotations

from urllib.parse import urlencode

from train.collect.client import Client, Request
from train.collect.errors import Failed, Refused, printable
from train.collect.providers.base import Hit, Page, Query, Service, key

KEY = "SERPAPI_API_KEY"
NOTHING = "hasn't returned any results"
"""Part of its message after the last page."""
INTERVAL_S = 1.0


class SerpApi(Service):
    """Searches the web's pictures; their licences are unknown."""

    name, base = "serpapi", "https://serpapi.com"
    states_licences, crawled = False, True

    def __init__(self, client: Client, base: str = "") -> None:
        """Args: the client, and another address of the service.

        Raises:
            ConfigError: ``SERPAPI_API_KEY`` is not set.
        """
        super().__init__(client, base)
        self._key = key(KEY, "https://serpapi.com/manage-api-key")
        client.pace.slow(Request(self._base).host, INTERVAL_S)

    def page(self, query: Query, cursor: str) -> Page:
        """See ``Provider``."""
        number = int(cursor or 0)
        asked = {
            "engine": "google_images", "q": query.text, "hl": query.language, "ijn": str(number), "safe": "active",
            "api_key": self._key,
        }  # fmt: skip
        found = self._client.json(Request(f"{self._base}/search.json?{urlencode(asked)}"))
        if NOTHING in str(found.get("error", "")):
            return Page([])
        if "error" in found:
            raise Failed(f"it answers: {printable(found['error'])}")
        results = found.get("images_results")
        if not isinstance(results, list):
            raise Refused("its answer holds no images_results")
        hits = [
            Hit(str(entry["original"]), str(entry.get("link") or ""), str(entry.get("title") or ""),
                licence_url=str(entry.get("license_details_url") or ""))
            for entry in results if entry.get("original")
        ]  # fmt: skip
        return Page(hits, str(number + 1) if results else "")
