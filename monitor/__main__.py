from __future__ import annotations

import contextlib
import gc
import os
import sys

from monitor.run import shutdown as stopper

GARBAGE_AFTER = 100_000
"""Number of new container objects after which the garbage collector searches for cycles. With Python's default of 700
it runs a hundred times during the imports, up to a tenth of the CPU time of a start."""


def entry() -> None:
    """Entry point of the process: installs the signal handlers, runs the command line and exits.

    It exits without the interpreter's finalization, in which a thread that hangs in a camera driver, or a late signal,
    could turn a clean run into a crash.
    """
    gc.set_threshold(GARBAGE_AFTER)
    stop = stopper.install()
    _open_streams()
    from monitor.cli.main import main

    try:
        code = main()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    stop.ignore()
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _open_streams() -> None:
    """Opens /dev/null in place of standard streams that are closed (``2>&-``).

    Otherwise the next opened file would get the free descriptor, and with it the output of libraries to stderr.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free descriptor, which is this one
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w", encoding="utf-8", closefd=False))  # noqa: SIM115


if __name__ == "__main__":
    entry()
