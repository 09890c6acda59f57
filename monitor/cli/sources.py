"""The sources named on the command line."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from monitor.capture.kinds import PHOTOGRAPHS, kind_of
from monitor.capture.names import joined, local, shown, warn_of_password
from monitor.core.errors import ConfigError, SourceError
from monitor.settings import cameras
from monitor.settings.cameras import CameraConfig
from monitor.settings.config import Config


def wanted(args: argparse.Namespace) -> str | None:
    """The single source that the user named, as an argument or with --source; None = none.

    Ends with exit code 2 and one line when several are named, or if a word looks like a flag or setting.
    """
    named = _named(args)
    if len(named) > 1:
        args.parser.error(f"{shown(named[1])} is the second source; name one")
    return named[0] if named else None


def chosen(
    args: argparse.Namespace, config: Config, configured: Sequence[CameraConfig]
) -> tuple[str | None, tuple[CameraConfig, ...]]:
    """The source of a run, or its cameras.

    Several photographs and folders of them are one source. Any other sources, if there are several, are cameras with
    the same settings. Sources on the command line replace the cameras of the settings file.

    Args:
        args: The command line.
        config: The settings outside of ``cameras``.
        configured: The cameras of the settings file.

    Raises:
        SourceError: One of several does not exist.
        ConfigError: There are too many.
    """
    named = _named(args)
    if not named:
        return None, tuple(configured)
    if len(named) == 1:
        return named[0], ()
    if _are_photographs(named):
        return joined(named), ()
    if len(named) > cameras.MOST:
        raise ConfigError(
            f"{len(named)} sources are named, a run takes at most {cameras.MOST}; "
            "for an archive use: emotion-monitor batch"
        )
    names = camera_names(named)
    several = [CameraConfig(name, source, config) for name, source in zip(names, named, strict=True)]
    return None, tuple(cameras.named(several, config))


def camera_names(sources: Sequence[str]) -> list[str]:
    """A name for each source, from its file, device or address; equal names are numbered."""
    names: list[str] = []
    for source in sources:
        name = first = _camera_name(source)
        number = 1
        while name in names:
            number += 1
            name = f"{first}-{number}"
        names.append(name)
    return names


def _camera_name(source: str) -> str:
    text = shown(local(source))
    if re.fullmatch(r"\d{1,3}", text):
        return f"camera{text}"
    if "://" in text:
        try:
            url = urlsplit(text)
        except ValueError:  # malformed; its opening says so
            return "stream"
        text = url.path.strip("/").replace("/", "-") or (url.hostname or "stream").replace(".", "-")
    stem = os.path.splitext(os.path.basename(text.rstrip("/")))[0]
    return re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-_")[:24].rstrip("-_") or "camera"


def _are_photographs(named: Sequence[str]) -> bool:
    """Whether several sources are photographs or folders of them.

    Raises:
        SourceError: A file or folder does not exist; one line each.
    """
    kinds: list[str] = []
    problems: list[str] = []
    for name in named:
        is_hidden = name.startswith("@") or "${" in name or ("://" in name and not name.lower().startswith("file://"))
        try:
            kinds.append("" if is_hidden else kind_of(name))
        except SourceError as error:
            problems += error.lines
    if problems:
        raise SourceError(*problems)
    return all(kind in PHOTOGRAPHS for kind in kinds)


def _named(args: argparse.Namespace) -> list[str]:
    named: list[str] = [*args.sources, *args.source]
    for word in named:
        warn_of_password(word)
        if "://" in word or os.path.lexists(word):
            continue
        if f"--{word}" in args.parser.options():
            args.parser.error(f"{word} is not a source; did you mean --{word}?")
        key, equals, _ = word.partition("=")
        if equals and "." in key and "/" not in key:
            args.parser.error(f"{word} is not a source; did you mean --set {word}?")
    return named
