"""Settings of the window, the log, alerts, MQTT, CPU limits and the service."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.core.labels import EMOTIONS
from monitor.settings.fields import choice, flag, integer, names, number, text


@dataclass(frozen=True, slots=True)
class DisplayConfig:
    """The window and the overlay."""

    mirror: bool = flag("mirror the picture in the window and in annotated video (never text or logs)", default=False)
    overlay: bool = flag("draw labels, bars and timelines", default=True)
    detail: str = choice("calm", ("calm", "full"), "bars of each face: calm = the top three, full = all seven")
    burn_in: bool = flag(
        "show the red recording dot in recorded files, not only in the window", default=False, advanced=True
    )
    keypoints: bool = flag("draw the keypoints of followed faces", default=False, advanced=True)
    history_s: float = number(60.0, 5, 60, "time span of the timelines", "s", advanced=True)
    max_width: int = integer(1280, 160, 7680, "scale wider pictures down to this in the window", "px", advanced=True)
    max_height: int = integer(720, 120, 4320, "scale higher pictures down to this in the window", "px", advanced=True)


@dataclass(frozen=True, slots=True)
class OutputConfig:
    """Logs and recordings."""

    dir: str = text("sessions", "folder that holds the session folders")
    rows: str = choice("every", ("every", "10hz", "5hz", "1hz", "change"), "how often faces.csv gets rows")
    keypoints: bool = flag("add the 17 keypoints to faces.csv", default=False, advanced=True)
    flush_s: float = number(1.0, 0, 60, "longest time until rows are written to the file", "s", advanced=True)
    episode_update_s: float = number(5.0, 0.5, 600, "interval of updates of a lasting expression", "s", advanced=True)
    rotate_mb: float = number(
        200.0, 0, 100000, "live: start a new log file above this size; 0 = never", "MB", advanced=True
    )
    rotate_daily: bool = flag("live: start new log files every day", default=True, advanced=True)
    min_free_mb: float = number(
        200.0,
        0,
        1e6,
        "free disk space below which recording stops; below half of it fewer rows are written",
        "MB",
        advanced=True,
    )
    max_mb: float = number(0.0, 0, 1e8, "delete the oldest sessions and log parts above this total; 0 = never", "MB")
    keep_days: float = number(0.0, 0, 36500, "delete sessions and log parts older than this; 0 = never", "days")
    segment_s: float = number(300.0, 10, 86400, "length of one file of a recording", "s", advanced=True)
    blur: str = choice(
        "none", ("none", "faces", "picture"), "make faces, or the whole picture, unrecognisable in video"
    )
    video_codec: str = choice(
        "auto", ("auto", "h264", "avc1", "mp4v", "MJPG", "XVID"), "codec of recordings; auto = the first that works",
        advanced=True,
    )  # fmt: skip
    video_fps: float = number(
        0.0, 0, 120, "rate of the recorded video; 0 = the source's (1 to 120)", "Hz", advanced=True
    )
    clean: bool = flag("record the picture without the overlay", default=False, advanced=True)


@dataclass(frozen=True, slots=True)
class PerformanceConfig:
    """CPU limits of live runs."""

    max_cpu: float = number(0.0, 0, 8, "share of one core a live run may use; 0 = no limit; 0.6 suits a Raspberry Pi")
    target_fps: float = number(0.0, 0, 240, "most frames per second processed of a live source; 0 = all", "Hz")


@dataclass(frozen=True, slots=True)
class AlertsConfig:
    """Commands and sounds when an expression is held, and on a driver's events."""

    command: str = text(
        "", "command run at each start, rise and end of an event, without a shell; see docs/guides/driver.md"
    )
    expression: tuple[str, ...] = names(EMOTIONS, "expressions that trigger an alert when a face holds them")
    after_s: float = number(5.0, 0, 3600, "time an expression is held before its alert", "s")
    pause_s: float = number(
        30.0, 0, 86400, "pause before the same expression alerts again; doubles while it keeps coming back", "s",
        advanced=True,
    )  # fmt: skip
    sound: bool = flag("play a tone at each rise, through aplay, paplay, pw-play or afplay", default=False)
    min_level: int = integer(1, 1, 3, "lowest event level that triggers an alert", advanced=True)
    timeout_s: float = number(5.0, 0.1, 60, "longest run time of a command or sound", "s", advanced=True)


@dataclass(frozen=True, slots=True)
class MqttConfig:
    """Publishing state and events over MQTT; needs the extra mqtt (paho-mqtt)."""

    host: str = text("", "broker; empty = publish nothing")
    port: int = integer(1883, 1, 65535, "port of the broker")
    tls: bool = flag("encrypt the connection and verify the broker's certificate", default=False)
    ca_file: str = text("", "certificate that signed the broker's; empty = the system's certificates", advanced=True)
    user: str = text("", "user name; empty = none")
    password_file: str = text("", "file whose first line is the password; else EMOTION_MONITOR_MQTT_PASSWORD")
    name: str = text("emotion_monitor", "name of this device in topics and ids; letters, digits, - and _")
    discovery: bool = flag(
        "announce the sensors to Home Assistant (topic homeassistant/…)", default=True, advanced=True
    )


@dataclass(frozen=True, slots=True)
class ServiceConfig:
    """Running unattended."""

    health_file: str = text("", "JSON file that reports the state of the run every 5 s; empty = none")
    stuck_s: float = number(30.0, 5, 3600, "exit with code 1 when one frame takes longer than this", "s", advanced=True)
