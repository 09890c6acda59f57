"""Versions of installed packages without ``importlib.metadata``, whose import costs 40 ms and 4 MB at each start."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable

UNKNOWN = "unknown"
_FOLDER = re.compile(r"(?P<name>.+?)-(?P<version>\d[^-]*)(-py[\d.]+)?\.(dist|egg)-info")


def installed(package: str, folders: Iterable[str] | None = None) -> str:
    """The version of an installed package, from the name of its ``.dist-info`` or ``.egg-info``.

    Args:
        package: Its name; case and ``-``, ``_``, ``.`` are equivalent (PyPA, "Names and normalization").
        folders: Folders to search, in this order; None = ``sys.path``.

    Returns:
        The version; ``UNKNOWN`` if the package is not installed there.

    Examples:
        >>> installed("pyyaml", ["/usr/lib/python3/dist-packages"])
        '6.0'
    """
    wanted = _normal(package)
    for folder in sys.path if folders is None else folders:
        try:
            names = os.listdir(folder or ".")
        except OSError:  # an archive or a missing folder
            continue
        for name in names:
            found = _FOLDER.fullmatch(name)
            if found and _normal(found["name"]) == wanted:
                return found["version"]
    return UNKNOWN


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
