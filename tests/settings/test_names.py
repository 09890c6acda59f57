"""Settings that hold several names of a fixed list."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.core.errors import ConfigError
from monitor.settings.config import Config, load
from monitor.settings.reader import load as read
from monitor.settings.reader import to_yaml


@pytest.mark.parametrize("written", ["[angry, sad]", "angry, sad", "angry,sad,angry", '["angry", sad]'])
def test_a_list_may_be_written_in_yaml_or_with_commas(written: str, tmp_path: Path) -> None:
    assert load(None, [f"alerts.expression={written}"])[0].alerts.expression == ("angry", "sad")
    (tmp_path / "c.yaml").write_text(f"alerts:\n  expression: {written}\n")
    assert load(str(tmp_path / "c.yaml"), [])[0].alerts.expression == ("angry", "sad")


def test_a_list_may_be_empty_or_have_a_line_for_each_name(tmp_path: Path) -> None:
    assert load(None, ["alerts.expression="])[0].alerts.expression == ()
    (tmp_path / "c.yaml").write_text("alerts:\n  expression:\n  - sad\n  - fear\n")
    assert load(str(tmp_path / "c.yaml"), [])[0].alerts.expression == ("sad", "fear")


@pytest.mark.parametrize("written", ["angri", "[angry, angri]", "[angry, [sad]]", "{angry: 1}", "3"])
def test_a_wrong_name_gives_one_line_that_names_the_right_ones(written: str, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(f"alerts:\n  expression: {written}\n")
    with pytest.raises(ConfigError) as error:
        load(str(tmp_path / "c.yaml"), [])
    assert str(error.value).startswith("c.yaml:2: alerts.expression must be a ")
    assert "\n" not in str(error.value)


def test_a_list_survives_being_written(tmp_path: Path) -> None:
    config = load(None, ["alerts.expression=[angry, sad]"])[0]
    (tmp_path / "c.yaml").write_text(to_yaml(config))
    assert read(Config, tmp_path / "c.yaml") == config
