"""The interface of every source of pictures."""

from __future__ import annotations

from typing import Any, Protocol

from monitor.core.types import Frame


class Source(Protocol):
    """A source of frames.

    Attributes:
        name: Name in logs and folder names; never contains a password.
        live: Whether the source runs in real time, so that late frames are dropped; frames of files are never dropped.
        fps: Nominal rate in Hz, 0 when unknown.
        frames: Number of frames, 0 when unknown or endless.
    """

    name: str
    live: bool
    fps: float
    frames: int

    def read(self) -> Frame | None:
        """The next frame; None at the end, or if a live source delivered none in this call."""

    def close(self) -> None:
        """Releases the device or file; may be called more than once."""

    def facts(self) -> dict[str, Any]:
        """Properties of the source for metadata.json."""
