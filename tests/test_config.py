from __future__ import annotations

from pathlib import Path

import pytest

from monitor import config
from monitor.errors import ConfigError

ROOT = Path(__file__).resolve().parents[1]


def test_the_shipped_file_says_exactly_what_the_program_does_without_it() -> None:
    assert (ROOT / "config.yaml").read_text() == config.shipped_text()
    assert config.load(str(ROOT / "config.yaml"), [])[0] == config.Config()


def test_a_config_in_the_working_folder_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert config.load(None, [])[1] == "built-in defaults"
    (tmp_path / "config.yaml").write_text("detect:\n  min_face: 99\n")
    got, origin = config.load(None, [])
    assert got.detect.min_face == 99
    assert origin == "config.yaml"


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("detect.method=yunet", "detect.yunet_model must name"),
        ("track.forget_s=0.5", "track.forget_s must be at least track.lost_s"),
        ("source.fourcc=MJ", "source.fourcc must have four letters"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(setting: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        config.load(None, [setting])
