"""Pictures for a report, taken on request from the session's own recording."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path

import cv2

from monitor.core.errors import ConfigError
from monitor.outputs.report.html import section
from monitor.outputs.report.load import Loaded

VIDEOS = (".mp4", ".mkv", ".avi")
MOST = 12
"""Most pictures per session."""
WIDTH = 220
"""Width of a picture in pixels."""


def wall(folder: Path, session: Loaded) -> str:
    """Pictures of the longest held expressions.

    Raises:
        ConfigError: The session has no recording.
    """
    videos = sorted(p for p in folder.iterdir() if p.stem.startswith("video") and p.suffix in VIDEOS)
    if not videos:
        raise ConfigError(f"--thumbnails: {folder} holds no recording; record with --record, or leave --thumbnails out")
    held = [episode for episode in session.episodes if episode.kind == "emotion" and episode.duration_s]
    longest = sorted(sorted(held, key=lambda e: -(e.duration_s or 0))[:MOST], key=lambda e: e.start)
    capture = cv2.VideoCapture(str(videos[0].absolute()), cv2.CAP_FFMPEG)
    parts = []
    for episode in longest:
        jpeg = _picture(capture, episode.start + (episode.duration_s or 0) / 2)
        if jpeg:
            source = base64.b64encode(jpeg).decode()
            words = f"{escape(episode.name)}, person {episode.face}, {episode.start:.0f} s"
            parts.append(
                f"<figure><img src='data:image/jpeg;base64,{source}' alt=''><figcaption>{words}</figcaption></figure>"
            )
    capture.release()
    return section("Pictures of held expressions", f"<div class='wall'>{''.join(parts)}</div>")


def _picture(capture: cv2.VideoCapture, seconds: float) -> bytes:
    capture.set(cv2.CAP_PROP_POS_MSEC, seconds * 1e3)
    fine, image = capture.read()
    if not fine or image is None:
        return b""
    height = max(1, round(image.shape[0] * WIDTH / image.shape[1]))
    small = cv2.resize(image, (WIDTH, height), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 75])[1].tobytes()
