from __future__ import annotations

import contextlib
import os
import sys

from monitor.run import shutdown as stopper


def entry() -> None:
    """The process: signals first, then the command line, then the end.

    It ends without the interpreter's tidying up, in which a thread left behind in a camera driver or a
    signal in the last moment could still turn a clean run into a crash.
    """
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
    """Gives whoever started us with a stream closed (``2>&-``) one that takes everything.

    Also its number is taken: the next file opened would get it, and what a library writes to "standard error".
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w", encoding="utf-8", closefd=False))  # noqa: SIM115


if __name__ == "__main__":
    entry()
