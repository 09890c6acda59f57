"""Middleware that checks every request before a route sees it and adds the security headers to every answer."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.outputs.live.web.access import HEADERS, Access

OPEN = ("/login", "/healthz", "/static/style.css")
"""Paths that need no login: the login page itself, and the health check of a container."""


class Guard:
    """Refuses foreign hosts and origins, and requires the login.

    Args:
        app: The protected application.
        access: The checks.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        refused = self._refused(connection)

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await (refused or self._app)(scope, receive, secured)

    def _refused(self, connection: HTTPConnection) -> Response | None:
        reason = self._access.refusal(connection)
        if reason:
            return JSONResponse({"error": reason}, 403)
        if connection.url.path in OPEN or self._access.allowed(connection):
            return None
        if connection.url.path == "/":
            return RedirectResponse("/login", 303)
        return JSONResponse({"error": "log in first: /login, or send Authorization: Bearer TOKEN"}, 401)
