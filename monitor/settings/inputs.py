"""Settings of the source."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.settings.fields import choice, flag, integer, number, text


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """The source of the pictures."""

    width: int = integer(640, 0, 7680, "requested camera width; 0 = the camera's default", "px")
    height: int = integer(480, 0, 4320, "requested camera height; 0 = the camera's default", "px")
    fps: float = number(30.0, 0, 240, "requested camera rate; 0 = the camera's default", "Hz")
    fourcc: str = text(
        "MJPG", "requested camera pixel format, set before the size; empty = the camera's default", advanced=True
    )
    folder_fps: float = number(10.0, 0.1, 240, "rate assumed for a folder of images", "Hz", advanced=True)
    sequence: bool = flag(
        "treat the images of a folder as frames of one film; false = unrelated photographs, each with its own face ids",
        default=False,
    )
    recursive: bool = flag("also read the folders below a folder of photographs", default=False, advanced=True)
    pace: str = choice(
        "auto",
        ("auto", "always", "never"),
        "play files at their true speed; auto = only while a window shows them",
        advanced=True,
    )
    loop: str = choice(
        "auto",
        ("auto", "always", "never"),
        "restart files at their end; auto = only the demo in a window",
        advanced=True,
    )
    open_timeout_s: float = number(10.0, 0.5, 120, "longest wait for a camera or stream to open", "s", advanced=True)
    stall_s: float = number(5.0, 0.5, 120, "reopen a camera that has sent no frame for this long", "s", advanced=True)
    frozen_s: float = number(
        5.0, 0, 600, "ignore a camera that has sent identical pictures for this long; 0 = never", "s", advanced=True
    )
    poll_s: float = number(
        0.0,
        0,
        3600,
        "fetch a picture from an http(s) address this often; 0 = the address is a stream",
        "s",
        advanced=True,
    )
    transport: str = choice(
        "auto", ("auto", "tcp", "udp"), "transport of RTSP streams; auto = TCP, then UDP", advanced=True
    )
    reader: str = choice(
        "auto",
        ("auto", "opencv", "ffmpeg"),
        "decoder of video files; auto = OpenCV, and the ffmpeg program where OpenCV shows black pictures",
        advanced=True,
    )
    threads: int = integer(
        0, 0, 64, "decoder threads of a file or stream; 0 = one per core, with several cameras one", advanced=True
    )
    rotate: str = choice(
        "auto",
        ("auto", "0", "90", "180", "270"),
        "turn pictures clockwise by these degrees; auto = as the file states; a camera: by its first faces",
    )
    flip: str = choice(
        "none", ("none", "horizontal", "vertical"), "mirror pictures left to right or top to bottom", advanced=True
    )
    buffer_s: float = number(
        0.0,
        0,
        30,
        "longest wait for a frame that arrived early, for streams that arrive in bursts (not MJPEG); HLS always has 2",
        "s",
        advanced=True,
    )
    wait: bool = flag("wait without limit for a camera that is missing or disconnected", default=False)
