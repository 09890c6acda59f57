"""SHA-256 without OpenSSL.

``hashlib`` loads libcrypto, which costs each start 10 ms and 3.5 MB of memory. CPython's own implementation is fast
enough for a model of one megabyte (4 ms). Its module is private; where it has another name, ``hashlib`` is used.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

NAMES = ("_sha2", "_sha256")
"""CPython's modules: from 3.12 on, and before."""


def find() -> Callable[[bytes], Any]:
    """The SHA-256 function of the first module in ``NAMES``, else of ``hashlib``."""
    for name in (*NAMES, "hashlib"):
        try:
            make: Callable[[bytes], Any] = importlib.import_module(name).sha256
        except (ImportError, AttributeError):
            continue
        return make
    raise ImportError("this Python has no SHA-256")


_sha256 = find()


def sha256(data: bytes) -> str:
    """The digest as 64 hexadecimal digits."""
    return str(_sha256(data).hexdigest())
