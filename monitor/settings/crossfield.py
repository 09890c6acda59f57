"""Settings that are fine each by itself and cannot be together, or name nothing that can be used."""

from __future__ import annotations

import itertools
import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.settings.config import Config, DriverConfig


def contradictions(config: Config, at: Callable[..., str]) -> list[str]:
    """All of them, a line each.

    Args:
        config: The settings.
        at: Where the last of some keys was given, such as "config.yaml:14".
    """
    problems = []
    if config.detect.method == "yunet" and not config.detect.yunet_model:
        problems.append(
            f"{at('detect.method')}: detect.yunet_model must name a YuNet .onnx file when detect.method is yunet"
        )
    for key, name in _models(config).items():
        if not name.strip() or _is_folder(name):
            off = "; to switch following off set detect.follow=false" if key == "follow.model" else ""
            problems.append(f"{at(key)}: {key} must name a model file (got {name[:40]!r}){off}")
    if config.driver.enabled and not config.detect.follow:
        where = at("driver.enabled", "detect.follow")
        problems.append(f"{where}: driver.enabled needs detect.follow, which finds the eyes; set detect.follow to true")
    if config.follow.keep > config.follow.start:
        where = at("follow.start", "follow.keep")
        problems.append(f"{where}: follow.keep must be at most follow.start (got {config.follow.keep:g})")
    if config.track.forget_s < config.track.lost_s:
        where = at("track.lost_s", "track.forget_s")
        problems.append(f"{where}: track.forget_s must be at least track.lost_s (got {config.track.forget_s:g})")
    problems += _rising(config.driver, at)
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", config.mqtt.name):
        problems.append(
            f"{at('mqtt.name')}: mqtt.name must be 1 to 64 letters, digits, - or _ (got {config.mqtt.name[:40]})"
        )
    if config.mqtt.host and config.mqtt.password_file and not config.mqtt.user:
        problems.append(f"{at('mqtt.password_file')}: mqtt.password_file needs mqtt.user")
    try:
        if config.alerts.command and not "".join(shlex.split(config.alerts.command)[:1]).strip():
            where = at("alerts.command")
            problems.append(f"{where}: alerts.command must begin with a program (got {config.alerts.command[:40]!r})")
    except ValueError as error:
        problems.append(
            f"{at('alerts.command')}: alerts.command is not a command line: {error} (got {config.alerts.command[:40]})"
        )
    if config.source.fourcc and len(config.source.fourcc) != 4:
        problems.append(
            f"{at('source.fourcc')}: source.fourcc must have four letters or be empty (got {config.source.fourcc})"
        )
    return problems


def _models(config: Config) -> dict[str, str]:
    """What names the models in use, by key."""
    named = {"emotion.model": config.emotion.model}
    if config.detect.follow:
        named["follow.model"] = config.follow.model
    if config.detect.follow and config.detect.proposals:
        named["detect.proposals"] = config.detect.proposals
    if config.driver.enabled:
        named["driver.model"] = config.driver.model
    return named


def _is_folder(name: str) -> bool:
    """Whether a name is that of a folder, or of a user that there is not. What is wrong with a file is told by whoever
    reads it."""
    try:
        return os.path.isdir(Path(name).expanduser())
    except RuntimeError:
        return True


RISING = (
    ("closed", "opened"), ("long_blink_s", "closure_s", "microsleep_s", "sleep_s", "unresponsive_s"),
    ("perclos_warn", "perclos_drowsy"), ("yawn_open", "yawn_peak"),
    ("away_notice_s", "away_warn_s", "away_alarm_s"), ("anger_notice_s", "anger_warn_s", "anger_alarm_s"),
)  # fmt: skip
"""Settings of ``driver`` that must not fall from one to the next."""


def _rising(driver: DriverConfig, at: Callable[..., str]) -> list[str]:
    """Problems of levels that are out of order."""
    problems = []
    for names in RISING:
        for low, high in itertools.pairwise(names):
            got = getattr(driver, high)
            if getattr(driver, low) > got:
                where = at(f"driver.{low}", f"driver.{high}")
                problems.append(f"{where}: driver.{high} must be at least driver.{low} (got {got:g})")
    return problems
