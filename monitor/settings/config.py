"""The settings of the monitor: every key, its default, its range, its meaning.

These defaults are the shipped configuration; ``config.yaml`` shows them with their comments
(``emotion-monitor config`` prints the same text) and a test keeps the two equal.
"""

from __future__ import annotations

import os
import textwrap
from dataclasses import dataclass
from pathlib import Path

from monitor.core.errors import ConfigError
from monitor.settings import reader as settings
from monitor.settings.crossfield import contradictions
from monitor.settings.fields import choice, flag, integer, number, section, text

CASCADES = (
    "haarcascade_frontalface_default", "haarcascade_frontalface_alt",
    "haarcascade_frontalface_alt2", "haarcascade_frontalface_alt_tree",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """Where pictures come from."""

    width: int = integer(640, 0, 7680, "camera width to ask for; 0 = the camera's choice", "px")
    height: int = integer(480, 0, 4320, "camera height to ask for; 0 = the camera's choice", "px")
    fps: float = number(30.0, 0, 240, "camera rate to ask for; 0 = the camera's choice", "Hz")
    fourcc: str = text("MJPG", "camera pixel format, set before the size; empty = the camera's choice")
    folder_fps: float = number(10.0, 0.1, 240, "rate at which a folder of images is taken to be filmed", "Hz")
    sequence: bool = flag(
        False, "a folder's images follow one another like a film's; false = each is read for itself, faces get new ids"
    )
    pace: str = choice("auto", ("auto", "always", "never"), "play files at true speed; auto = when a window shows them")
    loop: str = choice("auto", ("auto", "always", "never"), "start files again at their end; auto = a window's demo")
    open_timeout_s: float = number(10.0, 0.5, 120, "give up opening a camera, or waiting for a stream, after", "s")
    stall_s: float = number(5.0, 0.5, 120, "no frame for this long: say so and open the camera again", "s")
    frozen_s: float = number(5.0, 0, 600, "the very same picture for this long counts as none; 0 = never", "s")
    wait: bool = flag(False, "wait for a camera that is absent or goes away for as long as it takes")


@dataclass(frozen=True, slots=True)
class DetectConfig:
    """Finding faces."""

    method: str = choice("haar", ("haar", "yunet"), "face detector")
    cascade: str = choice("haarcascade_frontalface_default", CASCADES, "Haar cascade of the opencv package")
    follow: bool = flag(True, "follow found faces with the keypoint network; off = search them again and again")
    profile: str = choice(
        "auto", ("auto", "always", "never"), "profile faces, both ways round; auto = while following and nobody is seen"
    )
    proposals: str = text(
        "proposals.tflite", "model that names places worth a look; empty = cascades search everything"
    )
    propose: float = number(0.3, 0.01, 0.99, "chance of a face from which a place is looked at")
    yunet_model: str = text("", "path of a YuNet .onnx file, for method yunet")
    width: int = integer(400, 160, 1280, "width at which cascades and YuNet search", "px")
    min_face: int = integer(
        40, 20, 400, "smallest face in a picture 640 px wide; for cascades below 38 raise width", "px"
    )
    scale_factor: float = number(1.15, 1.02, 2.0, "step between searched sizes")
    neighbors: int = integer(5, 1, 20, "overlapping hits that start a track; fewer only continue one")
    motion: bool = flag(True, "search what has changed since, and everything every 2 s; off = everything each time")
    every_ms: float = number(300.0, 0, 10000, "search the whole frame this often while faces are known", "ms")
    empty_ms: float = number(200.0, 0, 10000, "search the whole frame this often while nobody is in view", "ms")
    region_ms: float = number(60.0, 0, 10000, "search for faces that were just lost this often", "ms")
    threads: int = integer(1, 1, 16, "threads OpenCV and the proposals may use")


@dataclass(frozen=True, slots=True)
class FollowConfig:
    """Following faces with the keypoint network."""

    model: str = text("keypoints.tflite", "model file; a bare name is looked up in models/")
    every_ms: float = number(
        0.0, 0, 1000, "look at each known face this often, at least twice in track.lost_s; 0 = every frame", "ms"
    )
    start: float = number(0.8, 0, 1, "presence that a found box needs to become a face")
    keep: float = number(0.4, 0, 1, "presence below which a followed face is missed")
    threads: int = integer(1, 1, 16, "threads the network may use")


@dataclass(frozen=True, slots=True)
class TrackConfig:
    """Keeping identities."""

    confirm_hits: int = integer(2, 1, 20, "sights of a doubtful face before it gets an id; one beyond doubt needs one")
    confirm_s: float = number(0.5, 0.05, 5, "time those hits may take", "s")
    lost_s: float = number(0.8, 0.1, 10, "not seen for this long: no longer shown or logged", "s")
    forget_s: float = number(2.0, 0.2, 60, "not seen for this long: the id is gone for good", "s")
    gate: float = number(0.8, 0.1, 3, "largest mismatch of place and size that is still the same face")


@dataclass(frozen=True, slots=True)
class EmotionConfig:
    """Reading expressions."""

    model: str = text("emotion.tflite", "model file; a bare name is looked up in models/")
    threads: int = integer(1, 1, 16, "threads the network may use")
    max_per_frame: int = integer(4, 1, 64, "faces read per frame; more take turns")
    every_ms: float = number(100.0, 0, 5000, "read each face at most this often; 0 = every frame", "ms")
    smooth_s: float = number(0.35, 0, 10, "time constant of the probabilities; 0 = none", "s")
    mirror: bool = flag(
        True, "every second crop of a face is mirrored: smoothing averages both views; not if smooth_s is 0"
    )
    hold_s: float = number(0.25, 0, 10, "a new label must lead for this long before it is shown", "s")
    margin: float = number(0.08, 0, 1, "lead over the shown label that counts as leading")
    jump: float = number(0.4, 0, 1, "a lead this large changes the label at once")
    min_confidence: float = number(0.4, 0, 1, "below it the label is unknown")
    min_quality: float = number(0.15, 0, 1, "a picture below this quality is not read")


@dataclass(frozen=True, slots=True)
class DriverConfig:
    """Judging a driver: fatigue, absence, anger-like expression. Sources of the numbers: docs/DRIVER.md."""

    enabled: bool = flag(False, "judge the largest face as a driver's; needs following")
    model: str = text("eyes.tflite", "model file of the eyes; a bare name is looked up in models/")
    threads: int = integer(1, 1, 16, "threads the network may use")
    min_quality: float = number(0.35, 0, 1, "an eye seen worse than this is not judged")
    closed: float = number(0.2, 0, 1, "openness below which eyes are shut (80 % closed); open = 1")
    opened: float = number(0.4, 0, 1, "openness above which shut eyes are open again")
    long_blink_s: float = number(0.5, 0.1, 2, "a closure longer than this is no blink", "s")
    closure_s: float = number(1.0, 0.3, 5, "eyes shut for this long: reported, not yet a microsleep", "s")
    microsleep_s: float = number(1.5, 0.5, 10, "eyes shut for this long: microsleep", "s")
    sleep_s: float = number(3.0, 1, 20, "eyes shut for this long: sleep", "s")
    unresponsive_s: float = number(6.0, 2, 60, "eyes shut for this long: unresponsive", "s")
    perclos_s: float = number(60.0, 10, 600, "window of PERCLOS", "s")
    perclos_warn: float = number(0.10, 0.01, 1, "share of time with the eyes shut that is early fatigue")
    perclos_drowsy: float = number(0.15, 0.02, 1, "share that is drowsy")
    yawn_open: float = number(0.5, 0.1, 2, "inner lip distance over mouth width of a wide open mouth")
    yawn_peak: float = number(
        0.6, 0.1, 2, "what it must reach to be a yawn with narrowed eyes; 1.3 times that with open ones"
    )
    yawn_s: float = number(1.5, 0.5, 10, "a mouth wide open for this long is a yawn", "s")
    after_yawn_s: float = number(1.0, 0, 10, "eyes shut during a yawn and so long after it do not count", "s")
    turned_deg: float = number(35.0, 10, 90, "yaw off straight ahead that is turned away", "degrees")
    lowered_deg: float = number(28.0, 10, 90, "pitch off straight ahead that is turned away", "degrees")
    away_notice_s: float = number(3.0, 0.5, 60, "absent or turned away for this long: notice", "s")
    away_warn_s: float = number(5.0, 1, 120, "… warning", "s")
    away_alarm_s: float = number(11.0, 2, 300, "… alarm", "s")
    judge_s: float = number(8.0, 1, 60, "eyes that cannot be judged for this long are announced", "s")
    anger: float = number(0.45, 0.05, 1, "anger-like share above which it counts; raised by the resting face's own")
    anger_notice_s: float = number(2.0, 0.5, 60, "anger-like for this long: notice", "s")
    anger_warn_s: float = number(5.0, 1, 120, "… warning", "s")
    anger_alarm_s: float = number(10.0, 2, 300, "… alarm", "s")
    calibrate_s: float = number(
        60.0, 0, 600, "good time in which this driver's usual is learnt; 0 = only where ahead is, from 5 s on", "s"
    )
    memory_s: float = number(
        360.0,
        0,
        3600,
        "absence after which it is learnt anew and the seat is free; memory of where ahead is; 0 = all for good",
        "s",
    )
    update_s: float = number(5.0, 0.5, 600, "what goes on is reported again this often", "s")


@dataclass(frozen=True, slots=True)
class DisplayConfig:
    """The window."""

    mirror: bool = flag(False, "mirror the picture on screen and in annotated video (never text or logs)")
    overlay: bool = flag(True, "draw boxes, labels and bars")
    keypoints: bool = flag(False, "draw the keypoints of followed faces")
    history_s: float = number(6.0, 1, 60, "length of each face's history strip", "s")
    max_width: int = integer(1280, 160, 7680, "a wider picture is shrunk for the window", "px")
    max_height: int = integer(720, 120, 4320, "a higher picture is shrunk for the window", "px")


@dataclass(frozen=True, slots=True)
class OutputConfig:
    """What is written."""

    dir: str = text("sessions", "folder that session folders are made in")
    rows: str = choice("every", ("every", "10hz", "5hz", "1hz", "change"), "how often faces.csv gets rows")
    keypoints: bool = flag(False, "add the 17 keypoints to faces.csv")
    flush_s: float = number(1.0, 0, 60, "rows reach the file at least this often", "s")
    episode_update_s: float = number(5.0, 0.5, 600, "a lasting expression is reported again this often", "s")
    rotate_mb: float = number(200.0, 0, 100000, "live, a log over this size begins a new file; 0 = never", "MB")
    rotate_daily: bool = flag(True, "live, the logs begin new files every day")
    min_free_mb: float = number(
        200.0, 0, 1e6, "with less free disk recording stops, with half of it rows thin out", "MB"
    )
    max_mb: float = number(0.0, 0, 1e8, "delete the oldest sessions and parts above this total; 0 = never", "MB")
    keep_days: float = number(0.0, 0, 36500, "delete sessions and parts older than this; 0 = never", "days")
    segment_s: float = number(300.0, 10, 86400, "a recording begins a new file this often", "s")
    blur: str = choice("none", ("none", "faces", "picture"), "make faces, or all, unrecognisable in recordings")
    video_codec: str = choice(
        "auto", ("auto", "mp4v", "avc1", "MJPG", "XVID"), "video codec; auto tries mp4v, MJPG, XVID"
    )
    video_fps: float = number(0.0, 0, 120, "rate of the recorded video; 0 = the source's (1 to 120)", "Hz")
    clean: bool = flag(False, "record the plain picture, without the overlay")


@dataclass(frozen=True, slots=True)
class PerformanceConfig:
    """Holding the process within its share of the machine; for live sources."""

    max_cpu: float = number(0.0, 0, 8, "share of one core a live run may use; 0 = no limit; 0.6 leaves a Pi room")
    target_fps: float = number(
        0.0, 0, 240, "frames of a live source processed per second at most; 0 = as many as it gives"
    )


@dataclass(frozen=True, slots=True)
class AlertsConfig:
    """Acting on a driver's events; never in the way of the readings."""

    command: str = text("", "command run at each start, rise and end of an event, without a shell; see docs/DRIVER.md")
    sound: bool = flag(False, "a tone at each rise, where the system has a player (aplay, paplay, pw-play, afplay)")
    min_level: int = integer(1, 1, 3, "lowest level acted on")
    timeout_s: float = number(5.0, 0.1, 60, "a command or sound that takes longer is ended", "s")


@dataclass(frozen=True, slots=True)
class MqttConfig:
    """Publishing a driver's state and events; needs the extra mqtt (paho-mqtt)."""

    host: str = text("", "broker; empty = nothing is published")
    port: int = integer(1883, 1, 65535, "its port")
    tls: bool = flag(False, "encrypt, and check the broker's certificate")
    user: str = text("", "user name; empty = none")
    password_file: str = text("", "file whose first line is the password; else EMOTION_MONITOR_MQTT_PASSWORD")
    name: str = text("emotion_monitor", "name of this device in topics and ids; letters, digits, - and _")
    discovery: bool = flag(True, "announce the sensors to Home Assistant (topic homeassistant/…)")


@dataclass(frozen=True, slots=True)
class ServiceConfig:
    """Running unattended."""

    health_file: str = text("", "JSON file that says every 5 s how the run is doing; empty = none")
    stuck_s: float = number(30.0, 5, 3600, "a frame worked on for this long ends the run with exit code 1", "s")


@dataclass(frozen=True, slots=True)
class Config:
    """All settings."""

    source: SourceConfig = section(SourceConfig)
    detect: DetectConfig = section(DetectConfig)
    follow: FollowConfig = section(FollowConfig)
    track: TrackConfig = section(TrackConfig)
    emotion: EmotionConfig = section(EmotionConfig)
    driver: DriverConfig = section(DriverConfig)
    display: DisplayConfig = section(DisplayConfig)
    output: OutputConfig = section(OutputConfig)
    performance: PerformanceConfig = section(PerformanceConfig)
    alerts: AlertsConfig = section(AlertsConfig)
    mqtt: MqttConfig = section(MqttConfig)
    service: ServiceConfig = section(ServiceConfig)


DEFAULT_FILE = Path("config.yaml")


PROFILES = """\
profiles:                         # emotion-monitor --profile NAME; wins over the settings above, adds to a built-in one
  default: {}                     # the settings above as they are
  driver:                         # a driver's fatigue, absence and anger-like expression
    driver: {enabled: true}
    output: {rows: 5hz}
    performance: {max_cpu: 0.6, target_fps: 15}
  demo:                           # for showing around: points, slower words
    display: {keypoints: true, history_s: 10}
    emotion: {smooth_s: 0.5, hold_s: 0.4}
"""
"""The built-in profiles, as config.yaml shows them."""


def load(path: str | None, overrides: list[str], profile: str = "") -> tuple[Config, str]:
    """Reads the configuration: ``path``, else ./config.yaml where there is one, else the defaults.

    Args:
        path: A settings file.
        overrides: ``key.path=value`` texts that win.
        profile: Name of a profile, built in or of the file; empty = none.

    Returns:
        The configuration and where it came from.

    Raises:
        ConfigError: All problems found, one line each.
    """
    file = Path(path) if path else DEFAULT_FILE if os.path.lexists(DEFAULT_FILE) else None
    built_in = textwrap.dedent(PROFILES.split("\n", 1)[1])
    places: dict[str, str] = {}
    config, lines = settings.read(Config, file, overrides, profile, built_in, places)
    problems = [str(problem) for problem in lines]

    def at(*keys: str) -> str:
        """Where the last of the settings that contradict each other was given."""
        return next((places[key] for key in reversed(keys) if key in places), file.name if file else "--set")

    problems += contradictions(config, at)
    if problems:
        raise ConfigError(*problems)
    return config, str(file) if file else "built-in defaults"


def shipped_text() -> str:
    """The default configuration as a commented YAML file."""
    head = "# Emotion Monitor settings. These are the defaults; change what you need.\n"
    return (
        head
        + "# One key for one run: emotion-monitor --set detect.min_face=40\n\n"
        + settings.to_yaml(Config())
        + "\n"
        + PROFILES
    )
