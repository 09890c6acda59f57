"""The rules of sites for crawlers (robots.txt, RFC 9309)."""

from __future__ import annotations

import threading
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser

from train.collect.client import Client, Request
from train.collect.errors import Failed, Refused

NAME = "emotion-monitor"
"""The user agent name that rules can address."""
MOST_BYTES = 500_000
LONGEST_DELAY_S = 30.0
"""Longest ``Crawl-delay`` in seconds that is obeyed."""


class Robots:
    """Reads each site's rules once and checks addresses against them; used by several threads."""

    def __init__(self, client: Client) -> None:
        """Args: the client."""
        self._client = client
        self._known: dict[str, RobotFileParser] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def allows(self, url: str) -> bool:
        """Whether the site of an address allows it to be fetched.

        Without rules (a status of 4xx) everything is allowed.

        Raises:
            Failed: The rules could not be fetched, so nothing may be fetched from the site for now.
            Refused: The rules can never be fetched.
        """
        try:
            site = "://".join(urlsplit(url)[:2])
        except ValueError:
            raise Refused("not an address") from None
        with self._lock:
            own = self._locks.setdefault(site, threading.Lock())
        with own:
            if site not in self._known:
                self._known[site] = self._rules(site)
        return self._known[site].can_fetch(NAME, url)

    def _rules(self, site: str) -> RobotFileParser:
        rules = RobotFileParser()
        request = Request(f"{site}/robots.txt")
        try:
            rules.parse(self._client.text(request, MOST_BYTES).decode("utf-8", "replace").splitlines())
        except Refused as error:
            if not error.status:
                raise Refused(f"robots.txt: {error}") from None
            if error.status >= 500:
                raise Failed(f"robots.txt: {error}") from None
            rules.parse([])
        delay = rules.crawl_delay(NAME)
        if delay is not None:
            self._client.pace.slow(request.host, min(float(delay), LONGEST_DELAY_S))
        return rules
