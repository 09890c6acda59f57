"""The search phrases by class and language, from a YAML file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from monitor.core.errors import ConfigError
from train.collect.providers.base import Query

SHIPPED = Path(__file__).with_name("queries.yaml")
LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{0,39}")
"""Class names, which become folders."""


def load(path: Path, labels: Sequence[str] = ()) -> dict[str, list[Query]]:
    """The phrases of each class, in turn by language.

    Args:
        path: The file: ``class: {language: [phrase, …]}``, or ``class: [phrase, …]`` in English.
        labels: Classes to take; empty = all of the file.

    Raises:
        ConfigError: The file cannot be read, is not of that form, or lacks one of the classes.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: is not valid YAML: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(found, dict) or not found:
        raise ConfigError(f"{path}: must hold classes with phrases, such as happy: {{en: [smiling person]}}")
    queries = {str(label): _queries(str(label), phrases, path) for label, phrases in found.items()}
    for label in labels:
        if label not in queries:
            raise ConfigError(f"--classes {label}: is not in {path}; it has {', '.join(queries)}")
    return {label: queries[label] for label in labels or queries}


def _queries(label: str, phrases: Any, path: Path) -> list[Query]:
    if not LABEL.fullmatch(label):
        raise ConfigError(f"{path}: {label}: a class name holds letters, digits, spaces and - (at most 40)")
    languages = phrases if isinstance(phrases, dict) else {"en": phrases}
    lists = []
    for language, texts in languages.items():
        good = isinstance(texts, list) and texts and all(isinstance(text, str) and text.strip() for text in texts)
        if not good:
            raise ConfigError(f"{path}: {label}.{language}: must be a list of phrases (got {texts!r:.60})")
        lists.append([Query(label, text.strip(), str(language)) for text in texts])
    longest = max(map(len, lists), default=0)
    # The first phrase of every language comes before the second of any.
    return [own[n] for n in range(longest) for own in lists if n < len(own)]
