"""Parses small, untrusted YAML texts, with limits on size and depth and one error line for each fault."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import yaml
from yaml.composer import Composer

from monitor.core.errors import ConfigError

MAX_BYTES = 64_000
"""Larger settings files are refused: a complete one has 13 kB, and parsing a megabyte takes 10 s."""
MAX_DEPTH = 12
"""Deepest nesting of a settings file; a deeper one would exhaust the parser's stack."""


def read_text(path: Path) -> str:
    """Reads a small UTF-8 text file.

    Raises:
        ConfigError: The file is missing, unreadable, too large or not UTF-8; one line with the fix.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ConfigError(f"{path}: is not a file; check the path, or give another with --config")
        with path.open("rb") as handle:
            data = handle.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; check the path, or give another with --config") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{path}: is over {MAX_BYTES // 1000} kB; a settings file is far smaller")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path.name}:{line}: is not UTF-8 text; save the file as UTF-8") from None


class _Bounded(Composer):
    """Composes nodes; refuses deep nesting, anchors and aliases before descending into them."""

    text_name = ""
    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[attr-defined]
        line = f"{self.text_name}:{event.start_mark.line + 1}" if event.start_mark else self.text_name
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise ConfigError(f"{line}: anchors and aliases are not allowed; write the value out")
        if not isinstance(event, yaml.CollectionStartEvent):
            return super().compose_node(parent, index)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ConfigError(f"{line}: is nested more than {MAX_DEPTH} deep")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


class _Plain(_Bounded, yaml.SafeLoader):
    """PyYAML's own parser, which gives the most precise errors."""


PARSERS: list[Any] = [_Plain]
"""Parsers, tried in turn; the errors of the last one are reported."""

try:
    from yaml.cyaml import CParser  # type: ignore[attr-defined]
except ImportError:  # PyYAML built without libyaml
    pass
else:

    class _Quick(_Bounded, CParser, yaml.resolver.Resolver):
        """libyaml's parser; it saves 19 ms of each start."""

        def __init__(self, content: str) -> None:
            CParser.__init__(self, content)
            Composer.__init__(self)
            yaml.resolver.Resolver.__init__(self)

    PARSERS.insert(0, _Quick)


def compose(content: str, name: str) -> yaml.Node | None:
    """Parses YAML to nodes, which keep their line numbers; anchors are refused (they allow YAML bombs).

    Args:
        content: The text.
        name: The file's name in errors.

    Returns:
        The root node, None for an empty text.

    Raises:
        ConfigError: It is not YAML, is nested too deep or has anchors.
    """
    for parser in PARSERS[:-1]:
        try:
            return _single_node(parser, content, name)
        except yaml.YAMLError:
            continue  # the last parser reports it
    try:
        return _single_node(PARSERS[-1], content, name)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f"{name}:{mark.line + 1}" if mark else name
        hint = "; indent with spaces, not tabs" if "\\t" in str(error.problem) else ""
        raise ConfigError(f"{at}: is not valid YAML: {error.problem or error.context}{hint}") from None
    except yaml.YAMLError as error:
        first = str(error).splitlines()[0]
        raise ConfigError(f"{name}: is not valid YAML: {first}") from None


def is_empty(node: yaml.Node) -> bool:
    """Whether a node is empty: no value, ``~`` or ``null``."""
    return isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")


def _single_node(parser: Any, content: str, name: str) -> yaml.Node | None:
    loader = parser(content)
    loader.text_name = name
    try:
        node: yaml.Node | None = loader.get_single_node()
    finally:
        loader.dispose()
    return node
