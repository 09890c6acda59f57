"""Finds out why OpenCV cannot open a file as a video."""

from __future__ import annotations

import contextlib
from pathlib import Path

from monitor.capture import ffmpeg, mp4
from monitor.capture.magic import content_of
from monitor.capture.picture import refusal

UNKNOWN = "it may be damaged or of an unknown format"


def why_not_opened(path: Path | str) -> str:
    """The reason in a few words, with the fix if there is one."""
    if not isinstance(path, Path):
        return UNKNOWN
    if refused := refusal(path):
        return refused
    content = content_of(path)
    if not content.kind:
        return "the file is empty"
    if content.kind == "html":
        return "it is a web page"
    if mp4.lacks_index(path):
        return "its index (moov) is missing because the recording was cut off; repair it, for example with untrunc"
    if mp4.lacks_video(path) or _only_sound(path):
        return "it has no video stream, only sound"
    return UNKNOWN if content.kind == "video" else "it is not a video, or of an unknown format"


def _only_sound(path: Path) -> bool:
    """Whether ffmpeg finds sound in a file but no pictures."""
    import subprocess  # late: a headless start does not need it

    if not ffmpeg.available():
        return False
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        call = ["ffmpeg", "-hide_banner", "-nostdin", "-i", str(path.absolute())]
        told = subprocess.run(call, capture_output=True, timeout=10).stderr
        return b"Audio:" in told and b"Video:" not in told
    return False
