"""Renders the report: HTML with embedded style, script and data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from monitor.core.labels import UNKNOWN
from monitor.outputs.drawing.palette import hexes
from monitor.outputs.logs.camerafolders import camera_folders
from monitor.outputs.report.digest import MAX_PEOPLE, Episode, Person
from monitor.outputs.report.html import dot, facts, legend, length, row, section, share_bar, table
from monitor.outputs.report.load import Loaded, load
from monitor.outputs.report.thumbnails import wall

MAX_EPISODES = 400
"""Most rows in the table of episodes; the longest are kept."""
CITE = (
    "Cite the program by name and version and the model by the version above. State that labels are readings of "
    "facial expressions by a small neural network, with the model card's figures."
)
CAUTION = (
    "A face shows an expression, not a feeling. A scowl often means concentration; a smile can be polite. A reading is "
    "a probability from one network: it does not measure what a person feels, and it is no basis for decisions about "
    "people. Short sessions, side light, masks and turned heads make readings less reliable; see the share of unknown."
)
HINT = "Drag to zoom, double-click to reset. Stacked probabilities, averaged over equal spans of time."
Charts = list[dict[str, Any]]


def render(folders: Sequence[Path], *, thumbnails: bool = False) -> str:
    """The report of one session, or the comparison of several.

    Args:
        folders: Session folders; the folder of a run with several cameras stands for all its cameras.
        thumbnails: Show pictures of the longest held expressions, from each session's own recording.

    Returns:
        One HTML page that needs no other file and no network.

    Raises:
        ConfigError: A folder is not a session, or thumbnails are requested and a session has no recording.
    """
    folders = [part for folder in folders for part in camera_folders(folder) or [folder]]
    sessions = [load(folder) for folder in folders]
    walls = [wall(folder, session) if thumbnails else "" for folder, session in zip(folders, sessions, strict=True)]
    title = sessions[0].name if len(sessions) == 1 else f"{len(sessions)} sessions"
    body = [_header(title, sessions)]
    if len(sessions) > 1:
        body.append(_comparison(sessions))
    charts: Charts = []
    for session, pictures in zip(sessions, walls, strict=True):
        if len(sessions) > 1:
            body.append(f"<h1 class='part'>{escape(session.name)}</h1>")
        body += [*_session(session, charts), pictures]
    body += [section("Limits of a reading", f"<p>{CAUTION}</p>"), section("How to cite", f"<p>{CITE}</p>")]
    return document(title, body, charts)


def document(title: str, body: Sequence[str], charts: Sequence[dict[str, Any]]) -> str:
    """The whole page around its sections.

    Args:
        title: Title, not escaped.
        body: Sections as HTML.
        charts: Timelines for ``static/report.js``.
    """
    data = json.dumps({"charts": list(charts)})
    return _DOCUMENT.format(
        title=escape(title), css=_asset("uPlot.min.css") + _asset("report.css"), body="\n".join(body),
        data=data.replace("<", "\\u003c"), library=_asset("uPlot.iife.min.js"), script=_asset("report.js"),
    )  # fmt: skip


_DOCUMENT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Emotion Monitor: {title}</title><style>{css}</style></head>
<body>{body}
<script type="application/json" id="data">{data}</script><script>{library}</script><script>{script}</script>
</body></html>
"""


def _asset(name: str) -> str:
    return (resources.files("monitor.outputs.report") / "static" / name).read_text(encoding="utf-8")


def _header(title: str, sessions: Sequence[Loaded]) -> str:
    entries = [
        ("Recorded", length(sum(s.duration_s for s in sessions))),
        ("Face ids", str(sum(len(s.people) for s in sessions))),
        ("Frames", f"{sum(s.frames for s in sessions):,}"), ("Source", ", ".join(sorted({s.source for s in sessions}))),
        ("Started", ", ".join(s.started[:16].replace("T", " ") for s in sessions[:3])),
        ("Model", ", ".join(sorted({s.model for s in sessions}))),
    ]  # fmt: skip
    return f"<header><h1>{escape(title)}</h1>{facts(entries)}{legend(_labels(sessions))}</header>"


def _labels(sessions: Sequence[Loaded]) -> tuple[str, ...]:
    """The labels of all sessions, which may come from several models."""
    return tuple(dict.fromkeys(label for session in sessions for label in session.labels))


def _comparison(sessions: Sequence[Loaded]) -> str:
    rows, labels = [], _labels(sessions)
    for session in sessions:
        shares = session.shares()
        cells = [f"{shares.get(name, 0.0):.0%}" for name in (*labels, UNKNOWN)]
        rows.append(row(escape(session.name), length(session.duration_s), *cells, share_bar(shares)))
    heads = ["Session", "Length", *labels, UNKNOWN, "Shares"]
    return section("Comparison: shares of the time with a face", table(heads, rows))


def _session(session: Loaded, charts: Charts) -> list[str]:
    held = [e for e in session.episodes if e.kind == "emotion"]
    driver = [e for e in session.episodes if e.kind != "emotion" and e.face and session.driver]
    machine = [e for e in session.episodes if e.kind != "emotion" and e not in driver]
    parts = [_people(session), *(_timeline(person, session.labels, charts) for person in session.people[:MAX_PEOPLE])]
    if session.driver:
        parts += [_driver(session), _episodes("Driver events", driver, session.labels)]
    parts.append(_episodes("Held expressions", held, session.labels))
    if machine:
        parts.append(_episodes("Camera, disk and clock", machine, session.labels))
    parts.append(_quality(session))
    return parts


def _people(session: Loaded) -> str:
    if not session.people:
        return section("People", "<p>No face was logged.</p>")
    rows = []
    for person in session.people:
        top = max(person.shares, key=lambda name: person.shares[name])
        rows.append(
            row(
                str(person.id), f"{length(person.start)}–{length(person.end)}", length(person.in_view_s),
                share_bar(person.shares), f"{escape(top)} {person.shares[top]:.0%}", f"{person.shares[UNKNOWN]:.0%}",
                f"{person.quality:.2f}",
            )
        )  # fmt: skip
    heads = ["Id", "From–to", "In view", "Share of each expression", "Most", "Unknown", "Quality"]
    return section("People", table(heads, rows))


def _timeline(person: Person, labels: tuple[str, ...], charts: Charts) -> str:
    probs = [[None if np.isnan(v) else round(float(v), 3) for v in column] for column in person.probs.T]
    inks = hexes(labels)
    colors = [inks[name] for name in labels]
    times = [round(float(v), 2) for v in person.t]
    charts.append({"labels": list(labels), "colors": colors, "t": times, "probs": probs})
    chart = f"<div class='chart' id='chart{len(charts) - 1}'></div>"
    return section(f"Person {person.id}", chart, f"<p class='hint'>{HINT}</p>")


def _driver(session: Loaded) -> str:
    attention = session.driver.get("attention", {})
    judged = session.driver.get("eyes_judged")
    words = "" if judged is None else f"<p>The eyes could be judged in {float(judged):.0%} of the time.</p>"
    return section("Driver", facts([(str(name), f"{float(share):.0%}") for name, share in attention.items()]), words)


def _episodes(title: str, found: Sequence[Episode], labels: tuple[str, ...]) -> str:
    if not found:
        return section(title, "<p>None.</p>")
    kept = sorted(sorted(found, key=lambda e: -(e.duration_s or 0))[:MAX_EPISODES], key=lambda e: e.start)
    rows = [
        row(
            length(e.start), dot(e.name, labels) + escape(e.name), str(e.face or ""),
            "" if e.duration_s is None else f"{e.duration_s:.1f} s", str(e.level or ""),
            f"<span class='details'>{escape(e.details)}</span>", kind=f"l{e.level}",
        )
        for e in kept
    ]  # fmt: skip
    more = f"<p>The {len(kept)} longest of {len(found)}.</p>" if len(kept) < len(found) else ""
    return section(title, more, table(["Start", "Event", "Person", "Lasted", "Level", "Details"], rows))


def _quality(session: Loaded) -> str:
    entries = [
        ("Frames", f"{session.frames:,}"), ("Frames with a face", f"{session.frames_with_face:,}"),
        ("Dropped", f"{session.dropped:,}"), ("Time unknown", f"{session.shares()[UNKNOWN]:.0%}"),
        ("Gaps", str(sum(person.gaps for person in session.people))), ("Damaged lines", str(session.damaged)),
    ]  # fmt: skip
    return section("Data quality", facts(entries))
