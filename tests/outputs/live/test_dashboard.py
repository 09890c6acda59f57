from __future__ import annotations

import io

from rich.console import Console

from monitor.outputs.live.dashboard import Dashboard, summary_table
from monitor.outputs.logs.stats import StatsSink
from tests.fakes import face, result


def text(renderable: object, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(renderable)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_the_live_view_shows_faces_rates_and_memory() -> None:
    stats, console = StatsSink(), Console(file=io.StringIO(), width=120, force_terminal=True)
    shown = result(1.0, [face(1, "happy"), face(2, "unknown")], dropped=3)
    stats.handle(shown)
    with Dashboard(console, "clip.mp4", 100, "sessions/x") as view:
        view.update(shown, stats)
        got = text(view._render(), 120)
    for expected in ("happy 90%", "unknown", "3 dropped", "MB", "1/100 frames", "sessions/x"):
        assert expected in got


def test_a_recording_is_shown() -> None:
    stats, console = StatsSink(), Console(file=io.StringIO(), width=140)
    shown, filming = result(1.0), [False]
    stats.handle(shown)
    with Dashboard(console, "0", 0, "x", lambda: filming[0]) as view:
        view.update(shown, stats)
        assert "REC" not in text(view._render(), 140)
        filming[0] = True
        assert "REC" in text(view._render(), 140)


def test_nobody_in_view_and_very_many_are_shown() -> None:
    stats, console = StatsSink(), Console(file=io.StringIO(), width=120)
    for faces in ([], [face(n) for n in range(1, 30)]):
        shown = result(1.0, faces)
        stats.handle(shown)
        with Dashboard(console, "0", 0, "x") as view:
            view.update(shown, stats)
            got = text(view._render(), 120)
        assert ("nobody in view" in got) == (not faces)
    assert "and 21 more" in got


def test_the_summary_fits_eighty_columns_and_names_seconds_and_share() -> None:
    stats = StatsSink()
    for n in range(101):
        stats.handle(result(n / 10, [face(1, "happy" if n < 51 else "sad"), face(2, "neutral")]))
    got = text(summary_table(stats, 10.0), 80)
    assert "50%" in got
    assert all(len(line) <= 80 for line in got.splitlines())
    assert "nobody" in text(summary_table(StatsSink(), 1.0))


def test_photographs_are_summed_up_by_what_each_shows() -> None:
    stats = StatsSink()
    stats.handle(result(0.0, [face(1, "happy")]))
    shown = " ".join(text(summary_table(stats, 0.1), 80).split())
    assert "1 frame in" in shown
    assert "1 0.0 s happy - -" in shown
