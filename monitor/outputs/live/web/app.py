"""The ASGI application: routes of the live page, its JSON API, the picture stream and metrics."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs

import anyio
import anyio.to_thread
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from monitor.outputs.live.web import metrics, openapi
from monitor.outputs.live.web.access import ACTION_HEADER, secured
from monitor.outputs.live.web.guard import Guard
from monitor.outputs.live.web.site import CameraView, Site, full_state, overview
from monitor.outputs.live.web.streams import messages, pictures

STATIC = Path(__file__).with_name("static")
STALE_S = 30.0
"""Seconds without a new frame after which ``/healthz`` answers 503."""
MAX_BODY = 4096
"""Largest body of a request in bytes."""


def build(site: Site) -> Starlette:
    """The application."""
    routes = [
        Route("/", _index),
        Route("/login", _login, methods=["GET", "POST"]),
        Route("/picture.mjpg", _mjpeg),
        Route("/picture.jpg", _jpeg),
        Route("/api/cameras", _cameras),
        Route("/api/state", _state),
        Route("/api/events", _events),
        Route("/api/stream", _stream),
        Route("/api/palette", _palette),
        Route("/api/sessions", _sessions),
        Route("/api/actions/{action}", _action, methods=["POST"]),
        Route("/sessions/{name}/report", _report),
        Route("/openapi.json", _openapi),
        Route("/metrics", _metrics),
        Route("/healthz", _health),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    app = Starlette(
        routes=routes,
        middleware=[Middleware(Guard, access=site.access)],
        exception_handlers={HTTPException: _refused},
    )
    app.state.site = site
    app.state.registry = metrics.registry_for(site)
    return app


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


def _camera(request: Request) -> CameraView:
    """The camera that the request names with ``?camera=``, else the first one.

    Raises:
        HTTPException: There is no such camera.
    """
    camera = _site(request).camera(request.query_params.get("camera", ""))
    if camera is None:
        raise HTTPException(404, "no such camera; see /api/cameras")
    return camera


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)


async def _index(request: Request) -> Response:
    return HTMLResponse((STATIC / "index.html").read_text(encoding="utf-8"))


async def _login(request: Request) -> Response:
    access, page = _site(request).access, (STATIC / "login.html").read_text(encoding="utf-8")
    if request.method == "GET":
        return HTMLResponse(page.replace("{reason}", ""))
    body = await _body(request)
    if body is None:
        return JSONResponse({"error": f"the body is larger than {MAX_BODY} bytes"}, 413)
    given = parse_qs(body.decode("utf-8", "replace")).get("token", [""])[0]
    reason = access.login(given.strip())
    if reason:
        return HTMLResponse(page.replace("{reason}", reason), 429 if "too many" in reason else 403)
    response = RedirectResponse("/", 303)
    response.set_cookie(access.cookie, access.session(), httponly=True, samesite="strict", path="/")
    return response


async def _body(request: Request) -> bytes | None:
    """The body, or None if it is too large."""
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > MAX_BODY:
            return None
    return bytes(parts)


async def _cameras(request: Request) -> Response:
    return JSONResponse(overview(_site(request)))


async def _state(request: Request) -> Response:
    return JSONResponse(full_state(_camera(request)))


async def _events(request: Request) -> Response:
    text = request.query_params.get("after", "0")
    if not (text.isascii() and text.isdecimal() and len(text) <= 12):
        return JSONResponse({"error": f"after must be a whole number, 0 or more (got {text[:40]})"}, 400)
    return JSONResponse(_camera(request).hub.events_after(int(text)))


async def _stream(request: Request) -> Response:
    return _Watched(_site(request), "stream", messages(_site(request), _camera(request)), "text/event-stream")


async def _mjpeg(request: Request) -> Response:
    site, picture = _site(request), _camera(request).picture
    if picture is None:
        return _no_picture()
    kind = "multipart/x-mixed-replace; boundary=frame"
    return _Watched(site, "picture", pictures(site, picture), kind)


class _Watched(StreamingResponse):
    """A stream that counts as one viewer of ``kind`` from before its first byte to its end; refused beyond the limit.

    Counted in ``__call__``: if streams were counted at their first part, all viewers who arrive at the same moment
    would be accepted.
    """

    def __init__(self, site: Site, kind: str, content: AsyncIterator[bytes], media_type: str) -> None:
        super().__init__(content, media_type=media_type)
        self._site, self._kind = site, kind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the stream, or 503."""
        site, kind = self._site, self._kind
        if site.watching[kind] >= site.max_viewers:
            full = JSONResponse({"error": f"already {site.max_viewers} viewers (web.viewers)"}, 503)
            await full(scope, receive, send)
            return
        site.watching[kind] += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            site.watching[kind] -= 1


async def _jpeg(request: Request) -> Response:
    picture = _camera(request).picture
    if picture is None:
        return _no_picture()
    jpeg = await anyio.to_thread.run_sync(picture.jpeg)
    return Response(jpeg, media_type="image/jpeg") if jpeg else JSONResponse({"error": "no frame yet"}, 503)


def _no_picture() -> Response:
    return JSONResponse({"error": "the picture is off here; web.picture=on shows it"}, 403)


async def _palette(request: Request) -> Response:
    return JSONResponse(_site(request).palette)


async def _sessions(request: Request) -> Response:
    return JSONResponse(await anyio.to_thread.run_sync(_site(request).sessions.listed))


async def _report(request: Request) -> Response:
    html = await anyio.to_thread.run_sync(_site(request).sessions.report, request.path_params["name"])
    if html is None:
        return JSONResponse({"error": "no such session or dataset; see /api/sessions"}, 404)
    # The report contains its script and style; the sandbox keeps it from loading anything else.
    inline = "style-src 'unsafe-inline'; script-src 'unsafe-inline'"
    policy = f"sandbox allow-scripts; default-src 'none'; img-src data:; {inline}"
    return secured(HTMLResponse(html), Content_Security_Policy=policy)


async def _action(request: Request) -> Response:
    if request.headers.get(ACTION_HEADER) != "1":
        return JSONResponse({"error": f"actions need the header {ACTION_HEADER}: 1"}, 403)
    action, camera = request.path_params["action"], _camera(request)
    if camera.over() or not camera.controls.ask(action):
        return JSONResponse({"error": f"{action[:40]}: cannot be done now"}, 409)
    return JSONResponse({"accepted": action}, 202)


async def _openapi(request: Request) -> Response:
    return JSONResponse(openapi.DESCRIPTION)


async def _metrics(request: Request) -> Response:
    registry: CollectorRegistry = request.app.state.registry
    return Response(metrics.rendered(registry), media_type=metrics.CONTENT_TYPE)


async def _health(request: Request) -> Response:
    """200 while any camera delivers frames, so that a failed camera does not cause a restart of the others."""
    cameras = list(_site(request).cameras.values())
    ages = {camera.name: camera.hub.age_s() for camera in cameras}
    youngest = min((age for age in ages.values() if age is not None), default=None)
    fine = youngest is not None and youngest <= STALE_S
    content: dict[str, object] = {"status": "ok" if fine else "no frames", "last_frame_s": _rounded(youngest)}
    if "" not in ages:
        content["cameras"] = {name: {"last_frame_s": _rounded(age)} for name, age in ages.items()}
    return JSONResponse(content, 200 if fine else 503)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
