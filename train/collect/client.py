"""HTTP requests with limits: checked addresses, bounded redirects, sizes and times, retries with back-off.

urllib3 is used directly: it reads a body piece by piece, lets the socket be opened by ``train.collect.guard``, and
reads no proxy from the environment, which would resolve names on its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode, urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, LocationParseError
from urllib3.response import BaseHTTPResponse

from train.collect.errors import Failed, Refused, Throttled
from train.collect.guard import Guard, PrivateAddress, manager
from train.collect.pace import Clock, Pace
from train.system import resources

T = TypeVar("T")

ATTEMPTS, BACKOFF_S = 4, 1.0
"""Attempts of one request, and the first pause in seconds; each further pause is twice as long."""
MOST_WAIT_S = 120.0
"""Longest ``Retry-After`` in seconds that is obeyed by waiting; after a longer one this run sends the host no more
requests."""
MOST_REDIRECTS = 5
CONNECT_S, READ_S, WHOLE_S = 10.0, 20.0, 120.0
"""Time limits in seconds: to connect, until the next byte, and for a whole answer."""
MOST_JSON = 10_000_000
CHUNK = 1 << 16
REDIRECTS = (301, 302, 303, 307, 308)
BUSY = (429, 503)
TEMPORARY = (408, 425, 429, 500, 502, 503, 504)


class _Again(Exception):
    """One attempt failed; the next may succeed."""

    def __init__(self, reason: str, wait_s: float | None = None, *, busy: bool = False) -> None:
        super().__init__(reason)
        self.wait_s, self.busy = wait_s, busy


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        url: http or https.
        headers: Further headers; they are not sent to another host after a redirect.
        form: Fields of a POST request; empty = GET.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """Name and port."""
        return urlsplit(self.url).netloc.lower()


class Client:
    """Sends requests; used by several threads."""

    def __init__(self, agent: str, guard: Guard, clock: Clock, pace: Pace) -> None:
        """Args: the User-Agent with a contact, the guard of addresses, the clock, and the pace per host."""
        self._agent, self._clock, self.pace = agent, clock, pace
        self._pools = manager(guard)

    def json(self, request: Request) -> Any:
        """The JSON document of a service's answer.

        Raises:
            Refused, Failed, Throttled: See the classes.
        """
        text = self.text(request, MOST_JSON)
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise Failed(f"{request.host} answers something other than JSON") from None

    def text(self, request: Request, most: int) -> bytes:
        """A whole answer of up to ``most`` bytes.

        Raises:
            Refused, Failed, Throttled: See the classes.
        """
        parts: list[bytes] = []

        def take(response: BaseHTTPResponse) -> bytes:
            parts.clear()
            self._read(response, most, parts.append)
            return b"".join(parts)

        return self._tried(request, take)

    def download(self, url: str, path: Path, most: int) -> None:
        """Writes a file of up to ``most`` bytes.

        Raises:
            Refused, Failed, Throttled: See the classes.
            ConfigError: The file cannot be written.
        """

        def take(response: BaseHTTPResponse) -> None:
            with resources.writing(path), path.open("wb") as file:

                def write(chunk: bytes) -> None:
                    file.write(chunk)

                self._read(response, most, write)

        self._tried(Request(url, {"Accept": "image/*"}), take)

    def _tried(self, request: Request, take: Callable[[BaseHTTPResponse], T]) -> T:
        """Repeats a request until it succeeds, is refused or the attempts are used up."""
        reason = ""
        for attempt in range(ATTEMPTS):
            try:
                return self._once(request, take)
            except _Again as again:
                reason = str(again)
                wait = BACKOFF_S * 2**attempt if again.wait_s is None else again.wait_s
                if wait > MOST_WAIT_S:
                    raise Throttled(f"{request.host} asks to wait {wait:,.0f} s") from None
                if again.busy:
                    self.pace.hold(request.host, wait)
                elif attempt < ATTEMPTS - 1:
                    self._clock.sleep(wait)
        raise Failed(f"{reason} ({ATTEMPTS} tries)")

    def _once(self, request: Request, take: Callable[[BaseHTTPResponse], T]) -> T:
        """One attempt, including its redirects."""
        for _ in range(MOST_REDIRECTS + 1):
            _check(request.url)
            self.pace.wait(request.host)
            response = self._sent(request)
            try:
                if response.status in REDIRECTS:
                    request = _redirected(request, response)
                    continue
                self._check_status(request, response)
                return take(response)
            except HTTPError as error:
                raise _Again(f"the answer breaks off: {resources.brief(error)}") from None
            finally:
                response.close()
        raise Refused(f"more than {MOST_REDIRECTS} redirects")

    def _sent(self, request: Request) -> BaseHTTPResponse:
        headers = {"User-Agent": self._agent, "Accept-Encoding": "identity", **request.headers}
        if request.form:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            return self._pools.request(
                "POST" if request.form else "GET", request.url, body=urlencode(request.form) or None, headers=headers,
                redirect=False, retries=False, preload_content=False,
                timeout=urllib3.Timeout(connect=CONNECT_S, read=READ_S),
            )  # fmt: skip
        except PrivateAddress as error:
            raise Refused(str(error)) from None
        except LocationParseError:
            raise Refused("not an address") from None
        except (HTTPError, OSError) as error:
            raise _Again(f"no connection: {resources.brief(error.__cause__ or error)}") from None

    def _check_status(self, request: Request, response: BaseHTTPResponse) -> None:
        status = response.status
        if status in TEMPORARY:
            wait = self._retry_after(response)
            raise _Again(f"{request.host} answers {status}", wait, busy=status in BUSY)
        if status != 200:
            raise Refused(f"{request.host} answers {status}", status)

    def _retry_after(self, response: BaseHTTPResponse) -> float | None:
        """Seconds of the header, which holds a number or a date; None without one."""
        text = response.headers.get("Retry-After", "").strip()
        if text.isdecimal():
            return float(text[:9])
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError):
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
        return max(0.0, moment.timestamp() - self._clock.wall())

    def _read(self, response: BaseHTTPResponse, most: int, write: Callable[[bytes], object]) -> None:
        stated = response.headers.get("Content-Length", "")
        if stated.isdecimal() and int(stated) > most:
            raise Refused(f"has {int(stated):,} bytes, at most {most:,} are read")
        count, began = 0, self._clock.now()
        for chunk in response.stream(CHUNK, decode_content=True):
            count += len(chunk)
            if count > most:
                raise Refused(f"has over {most:,} bytes")
            if self._clock.now() - began > WHOLE_S:
                raise _Again(f"takes over {WHOLE_S:.0f} s")
            write(chunk)


def _check(url: str) -> None:
    """Refuses addresses other than http and https, and those with a password."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        raise Refused("not an address") from None
    if parts.scheme not in ("http", "https") or not host:
        raise Refused("not an http or https address")
    if parts.username is not None:
        raise Refused("the address holds a user name")


def _redirected(request: Request, response: BaseHTTPResponse) -> Request:
    try:
        url = urljoin(request.url, response.headers.get("Location", ""))
        after = Request(url)
        same = (urlsplit(url).scheme, after.host) == (urlsplit(request.url).scheme, request.host)
    except ValueError:
        raise Refused("redirected to something that is not an address") from None
    return replace(after, headers=request.headers) if same else after
