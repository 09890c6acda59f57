"""Errors a user can cause, each with the exit code it ends the program with."""

from __future__ import annotations

import errno

EXIT_OK = 0
EXIT_UNEXPECTED = 1
EXIT_CONFIG = 2
EXIT_SOURCE = 3
EXIT_MODEL = 4


class UserError(Exception):
    """Something the user can mend. Each argument is one line saying what, where and how.

    Attributes:
        exit_code: What the process exits with when this error ends it.
    """

    exit_code = EXIT_UNEXPECTED

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class ConfigError(UserError):
    """A setting, a flag or an output path cannot be used."""

    exit_code = EXIT_CONFIG


class DiskError(UserError):
    """The disk is full or fails: not a matter of settings, and a supervisor may try again."""

    exit_code = EXIT_UNEXPECTED

    FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
    """Errors of the disk, as opposed to a path that is wrong."""

    @classmethod
    def kind(cls, error: OSError, of_many: bool = False) -> type[UserError]:
        """What a refused write is: the disk's fault, or a setting's.

        Args:
            error: Why it was refused.
            of_many: Whether it was in the folder of all sessions, where even a missing permission may mend itself: that
                of a stick which is not there yet.
        """
        faults = (*cls.FAULTS, errno.EACCES) if of_many else cls.FAULTS
        return cls if error.errno in faults else ConfigError


class SourceError(UserError):
    """The camera, file or stream cannot be opened or gave no picture."""

    exit_code = EXIT_SOURCE


class SetupError(UserError):
    """A package that a source needs is missing or does not fit: waiting for the camera would not mend it."""

    exit_code = EXIT_SOURCE


class ModelError(UserError):
    """A model, its card or the TFLite runtime cannot be used."""

    exit_code = EXIT_MODEL
