"""Access control of the web page: token login, host and origin checks, security headers.

On loopback no login is needed, but the ``Host`` header must name loopback. Otherwise a foreign page could reach the
monitor through a DNS name that resolves to 127.0.0.1 (DNS rebinding). On other addresses every request needs the token,
as a cookie (browsers) or as ``Authorization: Bearer`` (programs).
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import Response

COOKIE = "emotion_monitor"
"""Name of the login cookie; the port is appended, since cookies ignore ports."""
ACTION_HEADER = "x-emotion-monitor"
"""Header that actions require: a foreign page cannot send it without a CORS preflight, which is never granted."""
TOKEN_BYTES = 24
MAX_FAILURES = 5
"""Number of failed logins within ``FAILURE_S`` seconds after which all logins are refused for a while."""
FAILURE_S = 30.0
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Headers sent with every answer."""


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own loopback."""
    name = host.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class Access:
    """Checks requests.

    Args:
        host: Address the server listens on.
        port: Its port.
        token: The token; empty = none on loopback, a new random one on other addresses.
        clock: Monotonic seconds, for the pause after failed logins.

    Attributes:
        token: The effective token, empty if none is needed.
    """

    def __init__(self, host: str, port: int, token: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        self.loopback = is_loopback(host)
        self.token = token or ("" if self.loopback else secrets.token_urlsafe(TOKEN_BYTES))
        self.cookie = f"{COOKIE}_{port}"
        self._clock = clock
        self._failures: list[float] = []

    def refusal(self, request: HTTPConnection) -> str:
        """The reason why the request's host or origin is refused; empty if they are accepted."""
        origin = request.headers.get("origin")
        try:
            host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
            foreign = bool(origin) and urlsplit(origin or "").netloc != request.headers.get("host", "")
        except ValueError:
            return "the header Host or Origin is malformed"
        if self.loopback and not is_loopback(host):
            return "this address is served to loopback only; open http://127.0.0.1"
        return "requests from other sites are refused" if foreign else ""

    def allowed(self, request: HTTPConnection) -> bool:
        """Whether the request is logged in, or needs no login."""
        if not self.token:
            return True
        given = request.cookies.get(self.cookie, "")
        if given and hmac.compare_digest(given.encode(), self.session().encode()):
            return True
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self._same(bearer.strip())

    def session(self) -> str:
        """The value of the cookie, derived from the token so that the cookie does not contain the token itself."""
        return hmac.new(self.token.encode(), b"emotion-monitor session", hashlib.sha256).hexdigest()

    def login(self, given: str) -> str:
        """Checks a typed token.

        Returns:
            Empty if it is right, else the reason for the refusal.
        """
        now = self._clock()
        self._failures = [t for t in self._failures if now - t < FAILURE_S]
        if len(self._failures) >= MAX_FAILURES:
            return f"too many wrong tokens; wait {FAILURE_S:.0f} s"
        if self._same(given):
            return ""
        self._failures.append(now)
        return "wrong token"

    def _same(self, given: str) -> bool:
        return bool(self.token) and hmac.compare_digest(given.encode(), self.token.encode())


def secured(response: Response, **more: str) -> Response:
    """The response with the security headers; headers in ``more`` override them (underscores become hyphens)."""
    own = {name.replace("_", "-").lower() for name in more}
    for name, value in HEADERS.items():
        if name.lower() not in own:
            response.headers[name] = value
    for name, value in more.items():
        response.headers[name.replace("_", "-")] = value
    return response
