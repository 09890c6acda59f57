"""``emotion-monitor completion``: prints a completion script for a shell."""

from __future__ import annotations

from monitor.cli.parser import build_parser
from monitor.core.errors import EXIT_OK, ConfigError


def command(shell: str) -> int:
    """Prints a static script, which completes without starting Python.

    Raises:
        ConfigError: shtab is not installed.
    """
    try:
        import shtab
    except ImportError:
        raise ConfigError("completion: needs shtab; run: pip install 'emotion-monitor[completion]'") from None
    parser = build_parser()
    for command in parser.commands.values():
        for action in command._actions:
            if action.dest in ("sources", "source", "config", "record", "table", "events", "labels", "file"):
                setattr(action, "complete", shtab.FILE)  # noqa: B010
            elif action.dest == "out":
                setattr(action, "complete", shtab.DIRECTORY)  # noqa: B010
    print(shtab.complete(parser, shell))
    return EXIT_OK
