"""What can go wrong with a recording."""

from __future__ import annotations


class VideoError(RuntimeError):
    """No video can be written; carries one line."""


class EncoderDied(VideoError):
    """The encoder ended while it was needed; another one can go on in a new file."""
