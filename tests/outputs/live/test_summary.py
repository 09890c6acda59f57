from __future__ import annotations

import io

from rich.console import Console

from monitor.outputs.live.blocks import blocks_for
from monitor.outputs.live.summary import summary_table
from monitor.outputs.logs.stats import StatsSink
from tests.fakes import face, result


def text(stats: StatsSink, elapsed_s: float, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(summary_table(stats, elapsed_s, blocks_for(console)))
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_the_summary_fits_eighty_columns_and_names_seconds_and_share() -> None:
    stats = StatsSink()
    for n in range(101):
        stats.handle(result(n / 10, [face(1, "happy" if n < 51 else "sad"), face(2, "neutral")]))
    got = text(stats, 10.0)
    assert "50%" in got
    assert all(len(line) <= 80 for line in got.splitlines())
    assert "nobody" in text(StatsSink(), 1.0)


def test_photographs_are_summed_up_by_what_each_shows() -> None:
    stats = StatsSink()
    stats.handle(result(0.0, [face(1, "happy")]))
    shown = " ".join(text(stats, 0.1).split())
    assert "1 frame in" in shown
    assert "1 0.0 s happy - -" in shown
