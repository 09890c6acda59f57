"""The file that names a user's classes and their pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from monitor.core.errors import ConfigError
from monitor.core.labels import fault_of
from monitor.outputs.logs.columns import columns
from train.data.importers import IMAGE_SUFFIXES

KEYS = ("classes", "folder", "terms")
HIDDEN = (".", "_")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a class.

    Attributes:
        path: The file.
        group: Name of the folder in the class folder that holds it, such as a person or a recording; "" = none.
    """

    path: Path
    group: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """The data of a training.

    Attributes:
        name: Name of the file without its suffix.
        classes: Pictures of each class, in the order of the file.
        terms: Origin and terms of the pictures, for the card.
    """

    name: str
    classes: Mapping[str, list[Picture]]
    terms: str


def load(path: Path) -> Order:
    """Reads the file; its paths are relative to its folder.

    Raises:
        ConfigError: It cannot be read, names no usable classes, or a folder holds no picture.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: is not valid YAML: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(found, dict) or ("classes" in found) == ("folder" in found):
        raise ConfigError(f"{path}: must hold either classes (name: folder) or folder (of class folders)")
    for key in found:
        if key not in KEYS:
            raise ConfigError(f"{path}: {key}: unknown; it may hold {', '.join(KEYS)}")
    classes = _classes(found, path)
    if fault := fault_of(list(classes)):
        raise ConfigError(f"{path}: classes: {fault}")
    columns(labels=tuple(classes))
    terms = str(found.get("terms") or "the maker's own pictures; their terms are not known to this program")
    return Order(path.stem, {label: _pictures(label, places, path) for label, places in classes.items()}, terms)


def of_folder(folder: Path) -> Order:
    """A folder of class folders, without a file that names them.

    Raises:
        ConfigError: It holds no class folder with a picture.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder}: is not a folder; give a folder of class folders or the .yaml file of the classes")
    places = _folders(folder)
    if not places:
        raise ConfigError(f"{folder}: holds no folders; it needs one for each class, such as {folder.name}/wink")
    return Order(folder.name, {label: _pictures(label, own, folder) for label, own in places.items()}, "")


def _folders(root: Path) -> dict[str, list[Path]]:
    return {d.name: [d] for d in sorted(root.iterdir()) if d.is_dir() and not d.name.startswith(HIDDEN)}


def _classes(found: dict[str, Any], path: Path) -> dict[str, list[Path]]:
    """The folders of each class."""
    if "folder" in found:
        root = path.parent / str(found["folder"])
        if not root.is_dir():
            raise ConfigError(f"{path}: folder: {root} is not a folder")
        return _folders(root)
    if not isinstance(found["classes"], dict):
        raise ConfigError(f"{path}: classes: must map names to folders, such as wink: pictures/wink")
    return {
        str(label): [path.parent / str(place) for place in (given if isinstance(given, list) else [given])]
        for label, given in found["classes"].items()
    }


def _pictures(label: str, places: list[Path], path: Path) -> list[Picture]:
    files: list[Picture] = []
    for place in places:
        if not place.is_dir():
            raise ConfigError(f"{path}: classes.{label}: {place} is not a folder")
        for file in sorted(place.rglob("*")):
            if file.suffix.lower() in IMAGE_SUFFIXES and not file.name.startswith(HIDDEN):
                inside = file.relative_to(place).parts
                files.append(Picture(file, inside[0] if len(inside) > 1 else ""))
    if not files:
        raise ConfigError(f"{path}: classes.{label}: no picture in {', '.join(map(str, places))}")
    return files
