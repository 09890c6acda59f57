"""Errors of a recording."""

from __future__ import annotations


class VideoError(RuntimeError):
    """No video can be written; the message is one line."""


class EncoderDied(VideoError):
    """The encoder ended unexpectedly; another one can continue in a new file."""
