"""Openverse, the search engine for openly licensed media: https://api.openverse.org/v1/."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from train.collect import licences
from train.collect.client import Client, Request
from train.collect.errors import Refused
from train.collect.providers.base import Hit, Page, Query, Service

PAGE, PAGE_WITH_TOKEN = 20, 50
"""Largest pages without and with a token."""
DEPTH = 240
"""Most results of one search."""
INTERVAL_S = 1.0


class Openverse(Service):
    """Searches Openverse; with ``OPENVERSE_CLIENT_ID`` and ``OPENVERSE_CLIENT_SECRET`` with larger pages and a higher
    rate.

    A registered application has both (``POST /v1/auth_tokens/register/``).
    """

    name, base = "openverse", "https://api.openverse.org"

    def __init__(self, client: Client, wanted: Sequence[str], base: str = "") -> None:
        """Args: the client, accepted licences (empty = any), and another address of the service."""
        super().__init__(client, base)
        self._wanted = wanted
        self._token: str | None = None
        client.pace.slow(Request(self._base).host, INTERVAL_S)

    def page(self, query: Query, cursor: str) -> Page:
        """See ``Provider``."""
        number = int(cursor or 1)
        headers = self._headers()
        size = PAGE_WITH_TOKEN if headers else PAGE
        asked = {"q": query.text, "page": str(number), "page_size": str(size)}
        if self._wanted:
            asked["license"] = ",".join(self._wanted)
        try:
            found = self._client.json(Request(f"{self._base}/v1/images/?{urlencode(asked)}", headers))
        except Refused as error:
            if number > 1 and error.status in (400, 401, 404):  # the service has no page beyond this one
                return Page([])
            raise
        hits = [_hit(entry) for entry in found.get("results") or [] if entry.get("url")]
        more = number < int(found.get("page_count") or 0) and number * size < DEPTH
        return Page(hits, str(number + 1) if more else "")

    def _headers(self) -> dict[str, str]:
        """The token's header, empty without an account."""
        if self._token is None:
            name, secret = (os.environ.get(f"OPENVERSE_CLIENT_{part}", "").strip() for part in ("ID", "SECRET"))
            self._token = ""
            if name and secret:
                form = {"client_id": name, "client_secret": secret, "grant_type": "client_credentials"}
                answer = self._client.json(Request(f"{self._base}/v1/auth_tokens/token/", form=form))
                self._token = str(answer.get("access_token", ""))
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}


def _hit(entry: dict[str, Any]) -> Hit:
    def text(key: str) -> str:
        return str(entry.get(key) or "")

    return Hit(
        text("url"), text("foreign_landing_url"), text("title"), text("creator"), licences.code(text("license")),
        text("license_url"),
    )  # fmt: skip
