"""Errors a user can cause, each with its exit code."""

from __future__ import annotations

import errno

EXIT_OK = 0
EXIT_UNEXPECTED = 1
EXIT_CONFIG = 2
EXIT_SOURCE = 3
EXIT_MODEL = 4


class UserError(Exception):
    """An error the user can fix. Each argument is one line that names the place, the problem and the fix.

    Attributes:
        exit_code: Exit code of a process that ends with this error.
        lines: The lines.
    """

    exit_code = EXIT_UNEXPECTED

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class ConfigError(UserError):
    """A setting, a flag or an output path cannot be used."""

    exit_code = EXIT_CONFIG


class DiskError(UserError):
    """The disk is full or failing. The settings are valid, so a supervisor may try again."""

    exit_code = EXIT_UNEXPECTED

    FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
    """Error numbers of a disk fault, as opposed to a wrong path."""

    @classmethod
    def kind(cls, error: OSError, *, for_all_sessions: bool = False) -> type[UserError]:
        """Classifies a failed write: ``DiskError`` or ``ConfigError``.

        Args:
            error: The error.
            for_all_sessions: Whether the folder of all sessions was written to. There a missing permission is a disk
                fault, too: it may be the mount point of a USB stick that is not mounted yet.
        """
        faults = (*cls.FAULTS, errno.EACCES) if for_all_sessions else cls.FAULTS
        return cls if error.errno in faults else ConfigError


class SourceError(UserError):
    """The camera, file or stream cannot be opened or gives no frame."""

    exit_code = EXIT_SOURCE


class SetupError(UserError):
    """A package that a source needs is missing or of the wrong version; waiting for the camera does not help."""

    exit_code = EXIT_SOURCE


class ModelError(UserError):
    """A model, its card or the TFLite runtime cannot be used."""

    exit_code = EXIT_MODEL
