from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from monitor.core.labels import EMOTIONS
from monitor.core.types import Face, Result
from monitor.outputs.drawing.history import History
from monitor.outputs.live.blocks import blocks_for
from monitor.outputs.live.dashboard import Dashboard, Shown, Wall, clock_text
from monitor.outputs.logs.stats import StatsSink
from tests.driver.stories import tell
from tests.fakes import Clock, distribution, face, result

NAMES = ("angry", "disgust", "fear", "happy", "sad", "surpr.", "neutral")


class Output(io.StringIO):
    """A terminal's output in a given encoding."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding


def console(width: int = 80, height: int = 24, colors: str | None = None, encoding: str = "utf-8") -> Console:
    return Console(
        file=Output(encoding), width=width, height=height, force_terminal=True, color_system=colors  # type: ignore[arg-type]
    )  # fmt: skip


def lines(
    screen: Console,
    results: Sequence[Result],
    frames: int = 0,
    clock: Clock | None = None,
    labels: tuple[str, ...] = EMOTIONS,
) -> list[str]:
    """What the view shows after some results, 0.04 s apart."""
    clock = clock or Clock()
    stats, history = StatsSink(), History()
    view = Dashboard(screen, Shown("clip.mp4", frames, "sessions/x", labels=labels), history, clock)
    for one in results:
        stats.handle(one)
        history.handle(one)
        view.update(one, stats)
        clock.advance(0.04)
    screen.print(view.view(screen.width, screen.height))
    return screen.file.getvalue().splitlines()  # type: ignore[attr-defined, no-any-return]


def minute(faces: Sequence[Face], count: int = 1500, **changes: Any) -> list[Result]:
    return [result(n / 25, faces, n, **changes) for n in range(count)]


def test_all_expressions_and_three_faces_with_their_last_minute_fit_eighty_by_twenty_four() -> None:
    state = tell(200, 10.0, lambda t: {"eyes": 0.02} if t >= 121 else {}).at(126)
    faces = [face(1, "happy"), face(2, "sad"), face(3, "unknown")]
    got = lines(console(), minute(faces, driver=state), frames=3000)
    assert len(got) <= 24
    assert max(map(len, got)) <= 80
    text = "\n".join(got)
    for expected in (*NAMES, "happy 90%", "sad 90%", "unknown", "ALARM: eyes shut 5 s", "50%", "1500 of 3000"):
        assert expected in text
    assert sum(line.count("█") + line.count("▇") >= 55 for line in got) >= 2  # the sparklines of those who are known


@pytest.mark.parametrize("width", [20, 30, 50, 60, 79])
def test_a_narrow_terminal_shows_the_top_expression_and_no_line_is_too_long(width: int) -> None:
    got = lines(console(width), minute([face(1, "happy")]), frames=3000)
    assert max(map(len, got)) <= width
    assert any("happy" in line for line in got)
    assert any(line.rstrip().endswith("left") for line in got) or width < 50
    assert not any("fps" in line and "…" in line for line in got), "rates that do not fit are left out"


@pytest.mark.parametrize("height", [10, 16, 24])
def test_many_faces_are_cut_to_the_terminals_height(height: int) -> None:
    got = lines(console(height=height), minute([face(n) for n in range(1, 30)], 3))
    assert len(got) <= max(height, 12)
    assert any(" more" in line for line in got)


def test_the_time_left_is_shown_within_the_first_second() -> None:
    clock = Clock()
    got = "\n".join(lines(console(), minute([], 10), frames=1000, clock=clock))
    assert "0:44 left" in got  # 990 frames, 9 in 0.4 s
    before = "\n".join(lines(console(), [], frames=1000))
    assert "waiting for the first frame" in before


def test_a_camera_has_no_time_left() -> None:
    assert not any("left" in line for line in lines(console(), minute([face(1)], 100)))


def test_own_labels_are_shown_whole_where_there_is_room() -> None:
    own = ("tongue out of the mouth", "wink", "plain")
    probs = np.array([0.8, 0.1, 0.1], np.float32)
    faces = [replace(face(), label=own[0], labels=own, probs=probs, raw=probs, confidence=0.8)]
    for width in (60, 110):
        text = "\n".join(got := lines(console(width), minute(faces, 30), labels=own))
        assert f"{own[0]} 80%" in text
        assert (got[3].split() == [*own[0].split(), "wink", "plain"]) == (width == 110), "a column for each label"
        assert max(map(len, got)) <= width
    narrow = lines(console(40), minute(faces, 30), labels=own)
    assert any("tongue out of. 80%" in line for line in narrow)
    assert max(map(len, narrow)) <= 40


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_covered_face_and_a_still_picture_are_named(width: int) -> None:
    faces = [face(1, "unknown", covered="lower"), face(2, "happy", covered="upper"), face(3, "sad", still=True)]
    got = lines(console(width), minute(faces, 100))
    notes = [match[1] for line in got if (match := re.fullmatch(r" {5}.*?  ?((mouth|eyes|still) \w+)", line))]
    assert notes == ["mouth covered", "eyes covered", "still picture"]
    assert max(map(len, got)) <= width


def test_an_empty_view_is_shown() -> None:
    assert "nobody in view" in "\n".join(lines(console(), minute([], 3)))


def test_a_recording_is_shown() -> None:
    filming = [False]
    view = Dashboard(console(), Shown("0", 0, "x", lambda: filming[0]), History())
    stats, shown = StatsSink(), result(1.0)
    stats.handle(shown)
    wall = Wall(console(), "x")
    wall.boards.append(view)
    with wall:
        view.update(shown, stats)
        for on in (False, True):
            filming[0] = on
            screen = console()
            screen.print(wall)
            assert ("REC" in screen.file.getvalue()) == on  # type: ignore[attr-defined]


def test_sixteen_colors_are_named_colors_and_more_are_the_palette() -> None:
    styles = blocks_for(console(colors="standard")).styles
    assert styles["happy"] == "bright_yellow"
    assert not {"red", "blue", "magenta", "white", "bright_black"} & set(styles.values()), (
        "too dark on black, or the background itself in some themes"
    )
    assert blocks_for(console(colors="256")).styles["happy"].startswith("#")
    screen = console(colors="standard")
    got = "\n".join(lines(screen, minute([face(1, "happy")], 10)))
    assert "\x1b[38;" not in got  # no 256 or true colors


def test_a_linux_console_and_ascii_get_characters_that_they_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "linux")
    shown = "".join(lines(console(), minute([face(1, "happy")], 100), frames=1000))
    assert set(shown) - set(map(chr, range(128))) <= set("▄█▌░·…")
    plain = "".join(lines(console(encoding="ascii"), minute([face(1, "happy")], 100), frames=1000))
    assert plain.isascii()


def test_the_sparkline_is_one_cell_a_second_high_where_it_is_sure() -> None:
    blocks = blocks_for(console())
    columns = np.zeros((240, 7), np.float32)
    columns[:120] = distribution("happy", 0.95)
    columns[120:180] = distribution("sad", 0.3)
    line = blocks.sparkline(columns, 60)
    assert line.plain == "█" * 30 + "▃" * 15 + " " * 15


def test_times_are_written_as_a_clock() -> None:
    assert [clock_text(seconds) for seconds in (0, 59.6, 61, 3600, 7325)] == [
        "0:00",
        "1:00",
        "1:01",
        "1:00:00",
        "2:02:05",
    ]


def test_several_cameras_stand_one_below_the_other() -> None:
    wall = Wall(console(), "sessions/x")
    for name in ("door", "cab"):
        view = Dashboard(console(), Shown("demo", 0, "sessions/x", camera=name), History())
        stats, shown = StatsSink(), result(1.0)
        stats.handle(shown)
        view.update(shown, stats)
        wall.boards.append(view)
    screen = console()
    screen.print(wall)
    out = screen.file.getvalue()  # type: ignore[attr-defined]
    assert out.index("door") < out.index("cab")
    assert out.count("sessions/x") == 1
