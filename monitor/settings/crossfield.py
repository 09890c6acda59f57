"""Cross-field validation: settings that are valid alone but not together, and names that cannot be used."""

from __future__ import annotations

import itertools
import os
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

from monitor.core.labels import EMOTIONS
from monitor.settings.driver import DriverConfig
from monitor.settings.faces import EmotionConfig
from monitor.settings.fields import not_among
from monitor.settings.outputs import AlertsConfig, MqttConfig
from monitor.settings.schema import Config

Place = Callable[..., str]
"""Finds the place where the last of several keys was given, such as "config.yaml:14"."""

MIN_POLL_S = 0.05
"""Shortest interval between two requests to a camera."""
SEATS = ("auto", "left", "right")
"""Words of ``driver.seat``."""
NEAR_SEAT = "near:"
"""Prefix before the place of a driver's face, from which the seat is learnt."""
RISING = (
    ("closed", "opened"), ("long_blink_s", "closure_s", "microsleep_s", "sleep_s", "unresponsive_s"),
    ("perclos_warn", "perclos_drowsy"), ("yawn_open", "yawn_peak"),
    ("away_notice_s", "away_warn_s", "away_alarm_s"), ("anger_notice_s", "anger_warn_s", "anger_alarm_s"),
)  # fmt: skip
"""Settings of ``driver`` that must not decrease from one to the next."""


def conflicts(config: Config, place: Place) -> list[str]:
    """All conflicts between settings, one line each.

    Args:
        config: The settings.
        place: Finds the place where the last of several keys was given.
    """
    return [
        *_homes(config, place),
        *_detection(config, place),
        *_rising(config.driver, place),
        *_seat(config.driver, place),
        *_mqtt(config.mqtt, place),
        *_alerts(config.alerts, place),
        *_expressions(config, place),
        *_source(config, place),
    ]


def _homes(config: Config, place: Place) -> Iterator[str]:
    """Problems with paths that begin with ``~`` while no home folder is known."""
    paths = {
        "output.dir": config.output.dir, "service.health_file": config.service.health_file,
        "mqtt.password_file": config.mqtt.password_file, "mqtt.ca_file": config.mqtt.ca_file,
        "detect.yunet_model": config.detect.yunet_model,
    } | _models(config)  # fmt: skip
    for key, path in paths.items():
        if no_home(path):
            at = place(key)
            yield f"{at}: {key} begins with ~, but no home folder is known; write the full path (got {path[:40]})"


def no_home(path: str) -> bool:
    """Whether a path begins with ``~`` and the home folder is unknown."""
    try:
        Path(path).expanduser()
    except RuntimeError:
        return True
    return False


def _detection(config: Config, place: Place) -> Iterator[str]:
    detect, follow, track = config.detect, config.follow, config.track
    if detect.method == "yunet" and not detect.yunet_model:
        at = place("detect.method")
        yield f"{at}: detect.yunet_model must name a YuNet .onnx file when detect.method is yunet"
    for key, name in _models(config).items():
        if not name.strip() or (not no_home(name) and os.path.isdir(Path(name).expanduser())):
            off = "; to turn following off set detect.follow=false" if key == "follow.model" else ""
            yield f"{place(key)}: {key} must name a model file (got {name[:40]!r}){off}"
    if config.driver.enabled and not detect.follow:
        at = place("driver.enabled", "detect.follow")
        yield f"{at}: driver.enabled needs detect.follow, which locates the eyes; set detect.follow to true"
    if config.driver.enabled and detect.ignore_still:
        at = place("driver.enabled", "detect.ignore_still")
        yield f"{at}: detect.ignore_still would leave out a driver who sleeps; set it to false in driver mode"
    if config.driver.enabled and config.emotion.baseline != "off":
        at = place("driver.enabled", "emotion.baseline")
        yield f"{at}: emotion.baseline must be off in driver mode, which calibrates the driver by itself"
    if follow.keep > follow.start:
        yield f"{place('follow.start', 'follow.keep')}: follow.keep must be at most follow.start (got {follow.keep:g})"
    if track.forget_s < track.lost_s:
        at = place("track.lost_s", "track.forget_s")
        yield f"{at}: track.forget_s must be at least track.lost_s (got {track.forget_s:g})"


def _models(config: Config) -> dict[str, str]:
    """The model files in use, by the key that names them."""
    named = {"emotion.model": config.emotion.model}
    if config.emotion.covers:
        named["emotion.covers"] = config.emotion.covers
    if config.detect.follow:
        named["follow.model"] = config.follow.model
    if config.detect.follow and config.detect.proposals:
        named["detect.proposals"] = config.detect.proposals
    if config.driver.enabled:
        named["driver.model"] = config.driver.model
    return named


def _seat(driver: DriverConfig, place: Place) -> Iterator[str]:
    if driver.seat not in SEATS and region(driver.seat) is None and near(driver.seat) is None:
        yield (
            f"{place('driver.seat')}: driver.seat must be auto, left, right, near:x,y or x,y,w,h as shares of the "
            f"picture, such as 0.5,0,0.5,1 (got {driver.seat[:40]!r})"
        )


def region(text: str) -> tuple[float, float, float, float] | None:
    """The region x, y, w, h of ``driver.seat`` as shares of the picture, or None where the text is no region."""
    try:
        x, y, w, h = (float(part) for part in text.split(","))
    except ValueError:
        return None
    inside = 0 <= x < 1 and 0 <= y < 1 and w > 0 and h > 0 and x + w <= 1.001 and y + h <= 1.001
    return (x, y, w, h) if inside else None


def near(text: str) -> tuple[float, float] | None:
    """The place x, y of a ``driver.seat`` such as near:0.4,0.5, as shares of the picture, or None where it is none."""
    try:
        x, y = (float(part) for part in text.removeprefix(NEAR_SEAT).split(","))
    except ValueError:
        return None
    return (x, y) if text.startswith(NEAR_SEAT) and 0 <= x <= 1 and 0 <= y <= 1 else None


def _rising(driver: DriverConfig, place: Place) -> Iterator[str]:
    for names in RISING:
        for low, high in itertools.pairwise(names):
            got = getattr(driver, high)
            if getattr(driver, low) > got:
                at = place(f"driver.{low}", f"driver.{high}")
                yield f"{at}: driver.{high} must be at least driver.{low} (got {got:g})"


def _mqtt(mqtt: MqttConfig, place: Place) -> Iterator[str]:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", mqtt.name):
        yield f"{place('mqtt.name')}: mqtt.name must be 1 to 64 letters, digits, - or _ (got {mqtt.name[:40]})"
    if mqtt.host and mqtt.password_file and not mqtt.user:
        yield f"{place('mqtt.password_file')}: mqtt.password_file needs mqtt.user"
    if mqtt.ca_file and not mqtt.tls:
        yield f"{place('mqtt.ca_file')}: mqtt.ca_file needs mqtt.tls"


def _alerts(alerts: AlertsConfig, place: Place) -> Iterator[str]:
    at, got = place("alerts.command"), alerts.command[:40]
    try:
        if alerts.command and not "".join(shlex.split(alerts.command)[:1]).strip():
            yield f"{at}: alerts.command must begin with a program (got {got!r})"
    except ValueError as error:
        yield f"{at}: alerts.command is not a command line: {error} (got {got})"


def _expressions(config: Config, place: Place) -> Iterator[str]:
    """Problems with unknown labels; labels of another model are checked once it is loaded (``networks.load``)."""
    fault = not_among(EMOTIONS, config.alerts.expression)
    if fault and config.emotion.model == EmotionConfig().model:
        yield f"{place('alerts.expression')}: alerts.expression {fault}"


def _source(config: Config, place: Place) -> Iterator[str]:
    if 0 < config.source.poll_s < MIN_POLL_S:
        at = place("source.poll_s")
        yield f"{at}: source.poll_s must be 0 or at least {MIN_POLL_S:g} (got {config.source.poll_s:g})"
    fourcc = config.source.fourcc
    if fourcc and len(fourcc) != 4:
        yield f"{place('source.fourcc')}: source.fourcc must have four letters or be empty (got {fourcc})"
