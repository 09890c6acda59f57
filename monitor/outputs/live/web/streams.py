"""Endless answers: server-sent events with readings, and pictures as MJPEG."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator

import anyio
import anyio.to_thread

from monitor.outputs.live.web.picture import SharedPicture
from monitor.outputs.live.web.site import CameraView, Site

STATE_S = 0.2
"""Shortest time in seconds between two readings sent to the page."""
KEEP_ALIVE_S = 10.0
"""Interval in seconds at which the state is repeated without a new frame, so that a closed connection is noticed."""


async def messages(site: Site, camera: CameraView) -> AsyncIterator[bytes]:
    """Server-sent events: ``state`` after each new frame, ``log`` for each event."""
    frame = number = -1
    sent = time.monotonic()
    while not site.closing:
        if camera.hub.last_event != number:
            fresh = camera.hub.events_after(max(number, 0))
            number = camera.hub.last_event
            if fresh:
                yield _message("log", json.dumps(fresh))
        if camera.hub.frames != frame or time.monotonic() - sent > KEEP_ALIVE_S:
            sent = time.monotonic()
            frame, state = site.shared_state(camera)
            yield _message("state", state)
        await anyio.sleep(STATE_S)


def _message(name: str, content: str) -> bytes:
    return f"event: {name}\ndata: {content}\n\n".encode()


async def pictures(site: Site, picture: SharedPicture) -> AsyncIterator[bytes]:
    """JPEG frames at the viewer's own rate: each is made only after the viewer has received the last one."""
    number = None
    while not site.closing:
        started = time.monotonic()
        if picture.number != number:
            number = picture.number
            jpeg = await anyio.to_thread.run_sync(picture.jpeg)
            if jpeg:
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                yield head.encode() + jpeg + b"\r\n"
        await anyio.sleep(max(0.01, 1 / site.fps - (time.monotonic() - started)))
