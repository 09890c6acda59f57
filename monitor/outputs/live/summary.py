"""The table at the end of a run."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from monitor.outputs.live.blocks import Blocks
from monitor.outputs.logs.stats import StatsSink

MOST_SUMMARY_FACES = 12
BAR_WIDTH = 12


def summary_table(stats: StatsSink, elapsed_s: float, blocks: Blocks) -> Group:
    """Seconds and share of each expression per face, episodes, and a driver's shares."""
    summary = stats.summary(elapsed_s)
    latency = summary["latency_ms"]
    title = (
        f"{summary['frames']} frame{'s' if summary['frames'] != 1 else ''} in {elapsed_s:.1f} s "
        f"({summary['fps']:.1f} fps), {summary['dropped']} dropped, "
        f"latency {latency['p50']:.1f} / {latency['p95']:.1f} ms (p50 / p95)"
    )
    driver = summary.get("driver")
    lines = [Text(f"driver: {shares_text(driver)}")] if driver else []
    episodes = ", ".join(f"{name} {n}" for name, n in summary["episodes"].items())
    held = Text(f"episodes: {episodes}" if episodes else "no expression was held")
    return Group(Text(title), _faces(stats, blocks), held, *lines)


def _faces(stats: StatsSink, blocks: Blocks) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("face", "in view", "expression", "seconds", "share"):
        table.add_column(name, justify="left" if name == "expression" else "right", no_wrap=True)
    table.add_column("")
    longest = sorted(stats.faces.items(), key=lambda entry: -entry[1].frames)[:MOST_SUMMARY_FACES]
    for face_id, face in sorted(longest):
        total = sum(face.seconds.values()) or 1.0
        lead = (str(face_id), f"{face.last - face.first:.1f} s")
        for name, seconds in sorted(face.seconds.items(), key=lambda entry: -entry[1]):
            bar = blocks.bar(seconds / total, BAR_WIDTH, blocks.styles[name])
            table.add_row(*lead, name, f"{seconds:.1f}", f"{seconds / total:.0%}", bar)
            lead = ("", "")
        if not face.seconds:  # a single picture has no duration
            table.add_row(*lead, face.label, "-", "-")
    if not stats.faces:
        table.add_row("-", "nobody")
    elif len(stats.faces) > len(longest):
        table.add_row("", f"and {len(stats.faces) - len(longest)} more in summary.json")
    return table


def shares_text(driver: dict[str, Any]) -> str:
    """A drive's shares and events in one line."""
    shares = ", ".join(f"{name} {share:.0%}" for name, share in driver["attention"].items())
    events = ", ".join(f"{kind} {n}" for kind, n in driver["events"].items() if kind != "calibrating")
    return f"{shares}; eyes judged {driver['eyes_judged']:.0%} of the time; {events or 'no events'}"
