"""Licences of pictures: one short code each, independent of the names that services use."""

from __future__ import annotations

import re

from monitor.core.errors import ConfigError

CODES = ("cc0", "pdm", "by", "by-sa", "by-nc", "by-nd", "by-nc-sa", "by-nc-nd")
"""Creative Commons's codes; ``pdm`` is the public domain mark."""
FREE = ("cc0", "pdm", "by", "by-sa")
"""Licences that allow any use, with attribution or none."""
ANY = "any"
"""Accepts every picture, including those of unknown licence."""


def code(text: str) -> str:
    """The code of a licence's name, code or address; "" if it is none of ``CODES``.

    ``CC BY-SA 4.0``, ``cc-by-sa-4.0`` and ``https://creativecommons.org/licenses/by-sa/4.0/`` are all ``by-sa``.
    """
    words = re.sub(r"[\s_]+", "-", text.strip().lower())
    if re.search(r"cc-?0|publicdomain/zero|(cc|commons)-zero", words):
        return "cc0"
    if re.search(r"^pdm?(-|$)|public-?domain", words):
        return "pdm"
    found = re.search(r"(?:^|cc-|licenses/)(by(?:-nc)?(?:-(?:sa|nd))?)(?:[-/]\d|/|$)", words)
    return found[1] if found else ""


def wanted(text: str) -> tuple[str, ...]:
    """The codes of ``--licences``; empty = any.

    Raises:
        ConfigError: One of them is not a code.
    """
    names = tuple(name.strip().lower() for name in text.split(",") if name.strip())
    if names == (ANY,):
        return ()
    for name in names or ("",):
        if name not in CODES:
            raise ConfigError(f"--licences: must be {ANY}, or some of {', '.join(CODES)}, with commas (got {name})")
    return names
