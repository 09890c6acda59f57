"""``emotion-monitor config``: prints the effective settings, or the reference of all settings."""

from __future__ import annotations

import argparse

from monitor.core.errors import EXIT_OK
from monitor.settings import cameras, writer
from monitor.settings import config as configuration


def command(args: argparse.Namespace) -> int:
    """Prints commented YAML, or Markdown with ``--reference``.

    Raises:
        ConfigError: The settings cannot be used.
    """
    if args.reference:
        print(configuration.reference(), end="")
        return EXIT_OK
    config, _, several = cameras.load(args.config, args.set, args.profile)
    if config == configuration.Config():
        print(configuration.shipped_text(advanced=args.all), end="")
    else:
        print(writer.to_yaml(config, advanced=args.all), end="")
    if several:
        print("\n" + cameras.as_yaml(args.config), end="")
    return EXIT_OK
