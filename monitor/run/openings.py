"""Opens the sources of a run, each on its own thread, so that a camera that is missing does not delay the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from monitor.core.errors import UserError
from monitor.run.preparation import Opened, Planned, opened
from monitor.run.service import Service

LOOK_S = 0.05
"""Interval in seconds at which the main thread checks the openings."""


class Opening:
    """Opens the source of one camera.

    Args:
        plan: The camera.
        max_seconds: Seconds after which the wait for a missing camera (``source.wait``) ends; 0 = never.
        watched: Whether a window or the web page will show it.
        open_camera: Opens it.

    Attributes:
        plan: See above.
        patient: Whether it waits for a camera that is missing (``source.wait``).
        status: The reason for the wait, in words.
        done: Set when ``result`` or ``error`` is set.
        result: The open camera.
        error: The reason why it could not be opened.
    """

    def __init__(
        self, plan: Planned, max_seconds: float, *, watched: bool, open_camera: Callable[..., Opened] = opened
    ) -> None:
        self.plan, self.patient = plan, plan.config.source.wait
        self.status = ""
        self.done = threading.Event()
        self.result: Opened | None = None
        self.error: BaseException | None = None
        self._max_seconds, self._watched, self._open = max_seconds, watched, open_camera
        self._begun = time.monotonic()
        self._abandoned = threading.Event()
        threading.Thread(target=self._run, name=f"open-{plan.camera}", daemon=True).start()

    def abandon(self) -> None:
        """Ends the wait for a missing camera; a source that opens later is closed."""
        self._abandoned.set()

    def _run(self) -> None:
        try:
            found = self._open(self.plan, self._tell, watched=self._watched, until=self._is_over)
        except BaseException as error:  # raised or logged by the main thread
            self.error = error
        else:
            if self._abandoned.is_set():
                found.source.close()
            else:
                self.result = found
        self.done.set()

    def _tell(self, status: str) -> None:
        self.status = status

    def _is_over(self) -> bool:
        return self._abandoned.is_set() or 0 < self._max_seconds <= time.monotonic() - self._begun


def wait_for_first(
    openings: Sequence[Opening], service: Service, pause: Callable[[float], object] = time.sleep
) -> None:
    """Waits until at least one source is open and no other is being opened, except those that wait for their camera.

    The wait is reported to systemd.

    Raises:
        UserError: None could be opened; one line each.
    """
    while not _ready(openings):
        waiting = [opening for opening in openings if not opening.done.is_set()]
        status = "; ".join(opening.status for opening in waiting if opening.status)
        if any(opening.patient for opening in waiting):
            service.ready()  # the user asked to wait, so the unit counts as started
        service.alive()
        if service.due():
            service.report(status, {"state": "waiting"})
        pause(LOOK_S)
    errors = [opening.error for opening in openings if opening.error is not None]
    for error in errors:
        if not isinstance(error, UserError) or len(openings) == 1:
            _close(openings)
            raise error
    if len(errors) == len(openings):
        first = errors[0]
        assert isinstance(first, UserError)
        raise type(first)(*(line for opening in openings for line in lines_of(opening)))


def lines_of(opening: Opening) -> list[str]:
    """The lines of an opening's error, with the camera's name."""
    error = opening.error
    lines = error.lines if isinstance(error, UserError) else (f"{type(error).__name__}: {error}",)
    return [f"{opening.plan.camera}: {line}" for line in lines]


def _ready(openings: Sequence[Opening]) -> bool:
    done = [opening.done.is_set() for opening in openings]
    if all(done):
        return True
    is_open = any(opening.result is not None for opening in openings)
    return is_open and all(opening.patient or finished for opening, finished in zip(openings, done, strict=True))


def _close(openings: Sequence[Opening]) -> None:
    for opening in openings:
        opening.abandon()
        if opening.result is not None:
            opening.result.source.close()
