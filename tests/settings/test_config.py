from __future__ import annotations

from pathlib import Path

import pytest

from monitor.core.errors import ConfigError
from monitor.settings import config
from monitor.settings import reader as settings

ROOT = Path(__file__).resolve().parents[2]


def test_the_shipped_file_equals_the_defaults() -> None:
    assert (ROOT / "config.yaml").read_text() == config.shipped_text()
    assert config.load(str(ROOT / "config.yaml"), [])[0] == config.Config()


def test_a_config_in_the_working_folder_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert config.load(None, [])[1] == "built-in defaults"
    (tmp_path / "config.yaml").write_text("detect:\n  min_face: 99\n")
    got, origin = config.load(None, [])
    assert got.detect.min_face == 99
    assert origin == "config.yaml"


def test_the_default_file_holds_the_public_settings_and_all_of_them_on_request(tmp_path: Path) -> None:
    public, everything = config.shipped_text(), config.shipped_text(advanced=True)
    shown = [line for line in public.partition("profiles:")[0].splitlines() if line.startswith("  ")]
    assert 30 <= len(shown) <= 37
    assert "scale_factor" not in public
    assert all(f"  {key.rpartition('.')[2]}:" in everything for key in settings.all_keys(config.Config))
    (tmp_path / "c.yaml").write_text(everything)
    assert config.load(str(tmp_path / "c.yaml"), [])[0] == config.Config()


def test_an_advanced_setting_that_was_changed_is_printed(tmp_path: Path) -> None:
    changed = config.load(None, ["detect.scale_factor=1.2"])[0]
    text = settings.to_yaml(changed, advanced=False)
    assert "scale_factor: 1.2" in text
    assert "neighbors" not in text
    (tmp_path / "c.yaml").write_text(text)
    assert config.load(str(tmp_path / "c.yaml"), [])[0] == changed


def test_the_reference_documents_every_setting() -> None:
    page = config.reference()
    for key in settings.all_keys(config.Config):
        assert page.count(f"`{key}`") == 1
    assert "| `detect.scale_factor` *(advanced)* | `1.15` | 1.02 to 2 | ratio between two searched face sizes |" in page


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("detect.method=yunet", "detect.yunet_model must name"),
        ("track.forget_s=0.5", "track.forget_s must be at least track.lost_s"),
        ("source.fourcc=MJ", "source.fourcc must have four letters"),
        ("emotion.model=", "emotion.model must name a model file"),
        ("follow.model=", "follow.model must name a model file .*set detect.follow=false"),
        ("emotion.model=.", "emotion.model must name a model file"),
        ("emotion.model=~nosuch/x", "emotion.model begins with ~, but no home folder is known"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(setting: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        config.load(None, [setting])


def test_a_file_adds_profiles_and_to_built_in_ones(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(
        "detect:\n  min_face: 50\nprofiles:\n  van:\n    detect: {min_face: 60}\n  demo:\n    display: {mirror: true}\n"
    )
    path = str(tmp_path / "c.yaml")
    assert config.load(path, [])[0].detect.min_face == 50
    assert config.load(path, [], "van")[0].detect.min_face == 60
    assert config.load(path, ["detect.min_face=70"], "van")[0].detect.min_face == 70
    assert config.load(path, [], "demo")[0].display.mirror
    assert config.load(path, [], "demo")[0].display.keypoints
    assert config.load(path, [], "driver")[0].driver.enabled


def test_a_setting_in_a_users_driver_profile_keeps_driver_mode_on(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    for text, rows in (("{output: {rows: 1hz}}", "1hz"), ("", None)):
        path.write_text(f"profiles:\n  driver: {text}\n")
        mine, built_in = (config.load(name, [], "driver")[0] for name in (str(path), None))
        assert mine.driver.enabled
        assert mine.output.rows == (rows or built_in.output.rows)


@pytest.mark.parametrize(
    ("text", "profile", "expected"),
    [
        ("", "dirver", "--profile: dirver is not a profile; there are default, driver, demo"),
        ("profiles:\n  van:\n    detect: {min_face: 5}\n", "", "c.yaml:3: detect.min_face must be between"),
        ("profiles:\n  van:\n    detekt: {}\n", "driver", "c.yaml:3: detekt is not a setting"),
        ("profiles: 3\n", "", "c.yaml:1: profiles must be a group"),
        ("profiles:\n  a: {}\n  a: {}\n", "", "c.yaml:3: profiles.a is given twice"),
    ],
)
def test_a_mistake_in_an_unused_profile_is_reported(tmp_path: Path, text: str, profile: str, expected: str) -> None:
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        config.load(str(tmp_path / "c.yaml"), [], profile)
    assert expected in "\n".join(caught.value.lines)


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("driver.sleep_s=1.2", "driver.sleep_s must be at least driver.microsleep_s"),
        ("driver.opened=0.1", "driver.opened must be at least driver.closed"),
        ("mqtt.name=a/b", "mqtt.name must be"),
        ("alerts.command=buzz 'now", "alerts.command is not a command line"),
    ],
)
def test_levels_out_of_order_and_unusable_names_are_refused(setting: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        config.load(None, [setting])


def test_contradicting_settings_are_reported_with_the_line_of_the_last(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("track:\n  # a comment\n  lost_s: 3\n  forget_s: 1\nsource:\n  fourcc: MJ\n")
    with pytest.raises(ConfigError) as caught:
        config.load(str(path), [])
    assert caught.value.lines == (
        "c.yaml:4: track.forget_s must be at least track.lost_s (got 1)",
        "c.yaml:6: source.fourcc must have four letters or be empty (got MJ)",
    )
    path.write_text("track:\n  lost_s: 3\n")
    with pytest.raises(ConfigError, match=r"^c\.yaml:2: track\.forget_s must be at least"):
        config.load(str(path), [])


@pytest.mark.parametrize("what", ["folder", "dangling link"])
def test_a_config_yaml_that_is_none_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").mkdir() if what == "folder" else (tmp_path / "config.yaml").symlink_to("/nowhere/c.yaml")
    with pytest.raises(ConfigError, match=r"config\.yaml: .*; check the path, or give another with --config"):
        config.load(None, [])


@pytest.mark.parametrize("text", ["alerts.command='  '", "alerts.command='\"\"'"])
def test_a_command_must_begin_with_a_program(text: str) -> None:
    with pytest.raises(ConfigError, match=r"alerts\.command must begin with a program"):
        config.load(None, [text])


def test_a_number_beyond_float_gives_one_line() -> None:
    with pytest.raises(ConfigError, match=r"track\.lost_s must be a number between"):
        config.load(None, ["track.lost_s=" + "9" * 400])


def test_a_text_of_two_lines_is_one_and_can_be_read_back(tmp_path: Path) -> None:
    loaded = config.load(None, ["alerts.command=a\nb"])[0]
    assert loaded.alerts.command == "a b"
    (tmp_path / "c.yaml").write_text(settings.to_yaml(loaded))
    assert config.load(str(tmp_path / "c.yaml"), [])[0] == loaded
