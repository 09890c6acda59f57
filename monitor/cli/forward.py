"""``emotion-monitor train``: forwards to the separate program ``emotion-train``."""

from __future__ import annotations

import importlib.util
import runpy
import sys

from monitor.core.errors import EXIT_OK, ModelError
from monitor.run import shutdown as stopper


def train(arguments: list[str]) -> int:
    """Runs the training program with ``arguments``; returns its exit code.

    Raises:
        ModelError: The training program or TensorFlow is not installed.
    """
    asks_for_help = not arguments or "-h" in arguments or "--help" in arguments
    missing = next((name for name in ("train", "tensorflow") if importlib.util.find_spec(name) is None), "")
    if missing and not (missing == "tensorflow" and asks_for_help):
        raise ModelError(
            f"train: {missing} is not installed; run: pip install 'emotion-monitor[train]' (in a checkout: make test)"
        )
    stopper.remove()  # training handles Ctrl-C itself
    sys.argv = ["emotion-train", *arguments]
    try:
        runpy.run_module("train", run_name="__main__")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return EXIT_OK
