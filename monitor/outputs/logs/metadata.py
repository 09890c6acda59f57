"""``metadata.json``: source, machine, settings and models of a run."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, NamedTuple

import cv2
import numpy as np

from monitor import __version__
from monitor.settings import reader as settings
from monitor.settings.config import Config
from monitor.system.versions import installed

NOTE = "Labels name the expression a face shows, not what the person feels."


class RunFacts(NamedTuple):
    """The parts of a run.

    Attributes:
        config: The resolved settings.
        config_from: Origin of the settings.
        source: ``Source.facts()``.
        detector: Name of the detector.
        runtime: Name and version of the TFLite runtime.
        cards: Model cards (dataclasses) by their key in the file, such as model, keypoints, eyes; None = not loaded.
    """

    config: Config
    config_from: str
    source: Mapping[str, Any]
    detector: str
    runtime: str
    cards: Mapping[str, Any]


def metadata(facts: RunFacts, session: str, started: datetime) -> dict[str, Any]:
    """The content of ``metadata.json``.

    Args:
        facts: The parts of the run.
        session: Name of the session.
        started: Local time of its start.
    """
    return {
        "session": session,
        "started": started.astimezone().isoformat(timespec="milliseconds"),
        "program": {"name": "emotion-monitor", "version": __version__},
        "versions": versions(facts.runtime),
        "source": dict(facts.source),
        "detector": facts.detector,
        **{name: None if card is None else asdict(card) for name, card in facts.cards.items()},
        "config_from": facts.config_from,
        "config": settings.as_dict(facts.config),
        "note": NOTE,
    }


def versions(runtime: str) -> dict[str, str]:
    """Versions of the interpreter, the system and the libraries.

    Args:
        runtime: Name and version of the TFLite runtime.
    """
    system = os.uname()  # platform.platform() would start a process for the same answer
    return {
        "python": platform.python_version(), "machine": system.machine,
        "platform": f"{system.sysname}-{system.release}-{system.machine}-with-{''.join(platform.libc_ver())}",
        "opencv": cv2.__version__, "numpy": np.__version__, "tflite_runtime": runtime,
        "rich": installed("rich"), "pyyaml": installed("pyyaml"),
    }  # fmt: skip
