"""Recipes: what is wrong in one is one line."""

from __future__ import annotations

import pytest

from monitor.errors import ConfigError
from train import recipe


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["network.channels=8-x"], "must be numbers joined by -"),
        (["network.channels=8-16", "network.blocks=1"], "one entry per stage"),
        (["small_epochs=40"], "small_epochs must be below epochs"),
        (["rate=fast"], "rate must be a number"),
        (["task=landmarks", "contrast=40"], "contrast is for the task expression"),
        (["task=landmarks", "teachers=runs/first"], "teachers is for the task expression"),
        (["task=eyes", "batch=128", "jitter.regions=64"], "jitter.regions must be at least batch=128"),
    ],
)
def test_a_wrong_recipe_is_one_line(overrides: list[str], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        recipe.load("quick", overrides)


def test_an_unknown_recipe_names_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"there are .*quick"):
        recipe.load("quik", [])
