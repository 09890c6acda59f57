"""Arguments of the Python API: sources, pictures and settings as a caller gives them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import TypeAlias

import numpy as np

from monitor.capture.choose import open_wanted
from monitor.capture.kinds import kind_of
from monitor.capture.names import revealed
from monitor.capture.picture import read_picture
from monitor.capture.source import Source
from monitor.core.errors import SourceError, UserError
from monitor.core.types import Image
from monitor.settings import config as configuration
from monitor.settings.config import Config

Named: TypeAlias = str | PathLike[str] | int
"""A source by its name: a camera's number, a device, a file, a folder of pictures, a URL, ``picamera`` or ``demo``."""


def load_config(
    path: str | PathLike[str] | None = None, *, profile: str = "", settings: Mapping[str, object] | None = None
) -> Config:
    """Reads settings. Nothing is read from the current folder unless ``path`` names it.

    Args:
        path: A settings file (YAML); None = the built-in defaults.
        profile: ``"driver"``, ``"demo"`` or a profile of the settings file; "" = none.
        settings: Dotted keys and values that win over file and profile.

    Raises:
        ConfigError: All problems found, one line each, with the key and the fix.

    Examples:
        >>> from emotion_monitor import load_config
        >>> load_config(settings={"detect.min_face": 60}).detect.min_face
        60
    """
    overrides = [f"{key}={_written(value)}" for key, value in (settings or {}).items()]
    with _without_flags():
        name = None if path is None else str(path)
        return configuration.load(name, overrides, profile, default_file=None)[0]


def open_source(source: Named, config: Config | None = None) -> Source:
    """Opens a camera, a file, a folder of pictures, a stream or the demo.

    Args:
        source: Its name; ``@FILE`` and ``${NAME}`` are replaced as on the command line.
        config: Settings of the camera; None = the defaults.

    Returns:
        The source: ``read()`` gives frames, ``close()`` releases it.

    Raises:
        SourceError: It cannot be opened.

    Examples:
        >>> from emotion_monitor import open_source
        >>> source = open_source("demo")
        >>> source.read().image.shape
        (480, 640, 3)
        >>> source.close()
    """
    return opened(source, config if config is not None else Config())[0]


def opened(source: Named, config: Config) -> tuple[Source, str]:
    """Opens a source.

    Returns:
        The source, and the name under which it can be opened again.

    Raises:
        SourceError: It cannot be opened.
    """
    with _without_flags():
        wanted = revealed(str(source))
        kind_of(wanted)
        return open_wanted(wanted, config, lambda status: None, watched=False)


def picture(path: Path) -> Image:
    """A picture file as (H, W, 3) uint8 BGR.

    Raises:
        SourceError: It is missing, is no picture or is damaged.
    """
    with _without_flags():
        kind = kind_of(str(path))
    if kind != "image":
        raise SourceError(f"{path}: is not a picture but a {kind}; use Monitor.watch")
    pixels = read_picture(path)
    if pixels is None:
        raise SourceError(f"{path}: cannot be read as a picture; it may be damaged")
    return pixels


def checked(image: object) -> Image:
    """An array as (H, W, 3) uint8 BGR that cannot be written to.

    Raises:
        TypeError, ValueError: It is no such array.
    """
    if not isinstance(image, np.ndarray):
        raise TypeError(f"image must be a path or a NumPy array in BGR order, got {type(image).__name__}")
    if image.dtype != np.uint8:
        raise TypeError(f"image must have the type uint8, got {image.dtype}")
    if image.ndim not in (2, 3) or 0 in image.shape or (image.ndim == 3 and image.shape[2] not in (1, 3)):
        raise ValueError(f"image must have the shape (H, W, 3) or (H, W), got {image.shape}")
    planes = image[:, :, None] if image.ndim == 2 else image
    pixels = np.ascontiguousarray(np.broadcast_to(planes, (*planes.shape[:2], 3))).view()
    pixels.setflags(write=False)
    return pixels


def _written(value: object) -> str:
    """A setting's value in the notation of the command line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return np.format_float_positional(value, trim="0")
    return str(value)


@contextlib.contextmanager
def _without_flags() -> Iterator[None]:
    """Rewords errors for callers of the API, who have no command line."""
    try:
        yield
    except UserError as error:
        raise type(error)(*map(_reworded, error.lines)) from None


def _reworded(line: str) -> str:
    for flag, instead in (("--source ", ""), ("--set", "settings"), ("--profile", "profile")):
        if line.startswith(flag):
            return instead + line[len(flag) :]
    return line
