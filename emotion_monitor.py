"""Emotion Monitor: the facial expressions of a picture, a film or a camera in three lines; see ``monitor.api``."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from monitor.api import Event as Event
    from monitor.api import Face as Face
    from monitor.api import Monitor as Monitor
    from monitor.api import Result as Result
    from monitor.api import Session as Session
    from monitor.api import Table as Table
    from monitor.api import UserError as UserError
    from monitor.api import load_config as load_config
    from monitor.api import open_source as open_source

__all__ = ["Event", "Face", "Monitor", "Result", "Session", "Table", "UserError", "load_config", "open_source"]


def _own_package() -> None:
    """Makes ``monitor`` the package beside this file, even where a script of that name comes first on ``sys.path``."""
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "monitor")
    file = os.path.join(folder, "__init__.py")
    loaded = sys.modules.get("monitor")
    if loaded is not None and getattr(loaded, "__file__", None) == file:
        return
    for name in [name for name in sys.modules if name == "monitor" or name.startswith("monitor.")]:
        del sys.modules[name]
    spec = importlib.util.spec_from_file_location("monitor", file, submodule_search_locations=[folder])
    if spec is None or spec.loader is None:
        raise ImportError(f"{file}: not found; emotion_monitor.py belongs beside the package monitor")
    package = importlib.util.module_from_spec(spec)
    sys.modules["monitor"] = package
    spec.loader.exec_module(package)


_own_package()


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("monitor.api"), name)  # on first use: loads OpenCV and NumPy


def __dir__() -> list[str]:
    return __all__
