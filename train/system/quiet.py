"""Keeps TensorFlow's messages out of the output."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

STDERR = 2


@contextmanager
def native_stderr_hidden() -> Iterator[None]:
    """Hides the output of native code on standard error; it is shown if the block raises.

    TensorFlow's C++ code logs before its log level applies, straight to the file descriptor.
    """
    sys.stderr.flush()
    try:
        kept = os.dup(STDERR)
    except OSError:  # there is no standard error
        yield
        return
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), STDERR)
        try:
            yield
        except BaseException:
            os.dup2(kept, STDERR)
            caught.seek(0)
            os.write(kept, caught.read())
            raise
        finally:
            os.dup2(kept, STDERR)
            os.close(kept)


def load_tensorflow() -> None:
    """Imports TensorFlow without its start-up messages.

    Raises:
        ModuleNotFoundError: It is not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with native_stderr_hidden(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import tensorflow as tf

        tf.zeros(1)  # the first operation logs the devices
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
