"""Settings: every mistake is answered with file, line, key, value and the fix, all at once."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.errors import ConfigError
from monitor.settings import reader as settings
from monitor.settings.fields import choice, flag, integer, number, section, text


@dataclass(frozen=True)
class Inner:
    size: int = integer(40, 20, 400, "smallest face", "px")
    share: float = number(0.5, 0, 1, "a share")
    how: str = choice("haar", ("haar", "yunet"), "method")


@dataclass(frozen=True)
class Root:
    detect: Inner = section(Inner)
    on: bool = flag("switch", default=True)
    name: str = text("x", "name")


def load(tmp_path: Path, content: str | bytes, *overrides: str) -> Root:
    path = tmp_path / "config.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return settings.load(Root, path, list(overrides))


def lines(tmp_path: Path, content: str | bytes, *overrides: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, content, *overrides)
    assert caught.value.exit_code == 2
    assert all("\n" not in line for line in caught.value.lines)
    return caught.value.lines


def test_values_from_the_file_and_then_from_the_command_line(tmp_path: Path) -> None:
    got = load(tmp_path, "detect:\n  size: 60\n  share: 0.25\non: false\n", "detect.size=80", "name=hall")
    assert got == Root(Inner(size=80, share=0.25), on=False, name="hall")


def test_an_empty_file_means_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path, "") == Root()
    assert load(tmp_path, "detect:\n") == Root()


def test_out_of_range_names_file_line_key_bounds_and_value(tmp_path: Path) -> None:
    assert lines(tmp_path, "on: true\ndetect:\n  size: 5\n") == (
        "config.yaml:3: detect.size must be between 20 and 400 (got 5)",
    )


def test_an_unknown_key_suggests_the_nearest(tmp_path: Path) -> None:
    assert lines(tmp_path, "detect:\n  siez: 50\n") == (
        "config.yaml:2: detect.siez is not a setting; did you mean detect.size?",
    )


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    got = lines(tmp_path, "detect:\n  size: 5\n  how: harr\non: maybe\nnmae: y\n", "detect.share=7")
    assert len(got) == 5
    assert any("detect.how must be one of haar, yunet (got harr); did you mean haar?" in line for line in got)
    assert any("on must be true or false (got maybe)" in line for line in got)
    assert any("--set: detect.share must be between 0 and 1 (got 7)" in line for line in got)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("detect:\n\tsize: 5\n", "config.yaml:2: is not valid YAML"),
        ("detect: [1, 2]\n", "detect must be a group of settings"),
        ("detect:\n  size: [1]\n", "detect.size must be a single value"),
        ("a: &x 1\nb: *x\n", "anchors and aliases are not allowed"),
        ("on: true\non: false\n", "config.yaml:2: on is given twice; keep one"),
        (b"name: \xff\xfe\n", "config.yaml:1: is not UTF-8 text"),
        ("name: " + "y" * 64_001, "a settings file is far smaller"),
        ("name: " + "[" * 50, "nested more than"),
        ("detect:\n  size: 41.5\n", "must be a whole number"),
        ("detect:\n  share: .nan\n", "must be a number between 0 and 1 (got nan)"),
        ("? [a]\n: 1\n", "has a key that is not a plain word"),
        ("detect: 3\n", "must be a group of settings"),
        ("- on\n", "must be a group of settings"),
    ],
)
def test_odd_files_get_one_clear_line(tmp_path: Path, content: str | bytes, expected: str) -> None:
    assert any(expected in line for line in lines(tmp_path, content))


def test_a_missing_file_is_named() -> None:
    with pytest.raises(ConfigError, match="no such file"):
        settings.load(Root, Path("nowhere.yaml"))


def test_a_renamed_key_is_read_with_a_line_that_names_the_new_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("monitor").propagate = True
    path = tmp_path / "c.yaml"
    path.write_text("detect:\n  edge: 60\n")
    parsed = settings.read(Root, path, ["title=x y"], renamed={"detect.edge": "detect.size", "title": "name"})
    assert (parsed.problems, parsed.settings) == ([], Root(Inner(size=60), name="x y"))
    assert [record.getMessage().partition(";")[0] for record in caplog.records] == [
        "c.yaml:2: detect.edge is now detect.size", "--set: title is now name",
    ]  # fmt: skip
    path.write_text("detect:\n  edge: 60\n  size: 70\n")
    parsed = settings.read(Root, path, renamed={"detect.edge": "detect.size"})
    assert [str(problem) for problem in parsed.problems] == ["c.yaml:3: detect.size is given twice; keep one"]


def test_set_without_equals_is_explained() -> None:
    with pytest.raises(ConfigError, match=r"must look like key\.path=value"):
        settings.load(Root, None, ["detect.size"])


@pytest.mark.parametrize("typed", ["0123", "12:30", "2026_11_25", "on", "no", "1e3", "0x1F", "2026-11-25"])
def test_a_text_is_kept_as_typed_whatever_yaml_makes_of_it(tmp_path: Path, typed: str) -> None:
    assert load(tmp_path, f"name: {typed}\n").name == typed
    got = load(tmp_path, "", f"name={typed}")
    assert got.name == typed
    assert load(tmp_path, settings.to_yaml(got)) == got


@pytest.mark.parametrize("typed", ["1:30", "0:45.5"])
def test_a_sexagesimal_time_is_not_a_number(tmp_path: Path, typed: str) -> None:
    for written in ((f"detect: {{size: {typed}}}\n",), ("", f"detect.share={typed}")):
        with pytest.raises(ConfigError, match=rf"must be a (whole )?number.*{typed}"):
            load(tmp_path, *written)


def test_printed_settings_are_read_back(tmp_path: Path) -> None:
    changed = Root(Inner(size=77, share=0.125, how="yunet"), on=False, name="a: b # c")
    assert load(tmp_path, settings.to_yaml(changed)) == changed


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_crash(tmp_path_factory: pytest.TempPathFactory, content: str) -> None:
    problems: tuple[str, ...] = ()
    try:
        load(tmp_path_factory.mktemp("fuzz"), content.encode("utf-8", "surrogatepass"))
    except ConfigError as error:
        problems = error.lines
    assert all("\n" not in line for line in problems)


@given(st.integers(-1000, 1000))
def test_exactly_the_stated_range_is_accepted(value: int) -> None:
    try:
        assert settings.load(Root, None, [f"detect.size={value}"]).detect.size == value
        accepted = True
    except ConfigError:
        accepted = False
    assert accepted == (20 <= value <= 400)


@dataclass(frozen=True)
class Worded:
    word: str = text("", "a word")


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("runs #2", "runs #2"), ("#x", "#x"), ("!x", "!x"), ("/usr/bin/buzz # loud", "/usr/bin/buzz # loud"),
        ('sh -c "echo a: b"', 'sh -c "echo a: b"'), ("[a", "[a"), ("{a: b}", "{a: b}"), ("- a", "- a"),
        ("0123", "0123"), ("'quoted # text'", "quoted # text"), ('"a b"', "a b"), ("", ""), (" spaced ", "spaced"),
        ("on", "on"),
    ],
)  # fmt: skip
def test_a_text_given_as_a_flag_is_kept_as_typed(typed: str, read: str) -> None:
    assert settings.load(Worded, None, [f"word={typed}"]).word == read
