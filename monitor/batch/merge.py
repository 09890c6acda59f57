"""Joins the spans of one recording into one set of tables."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from monitor.batch.analyse import Part
from monitor.batch.spans import same_people

SEAM_S = 0.5
"""Seconds before the end of a span: an episode that ends within them was cut by the span and may continue."""


@dataclass(slots=True)
class Merged:
    """One recording's tables.

    Attributes:
        table: Column name to values.
        episodes: Joined events, in order of their start.
        frames: Frames analysed.
        frames_with_face: Frames with at least one face.
        duration_s: Time of the last frame.
        seconds: Time that the analysis of all spans took.
        crops: Saved crops, from name to JPEG bytes.
    """

    table: dict[str, list[Any]]
    episodes: list[dict[str, Any]]
    frames: int
    frames_with_face: int
    duration_s: float
    seconds: float
    crops: dict[str, bytes]


def merge(parts: Sequence[Part]) -> Merged:
    """Joins spans in order; ids and episodes continue across their boundaries."""
    first = parts[0]
    ids = {i: i for i in _ids(first)}
    names, taken = dict(ids), max(ids.values(), default=0)
    table = {name: list(values) for name, values in first.table.items()}
    episodes = [_renamed(e, names) for e in first.episodes]
    crops = dict(first.crops)
    for before, part in itertools.pairwise(parts):
        joined = same_people(before.tail, part.overlap)
        fresh: dict[int, int] = {}
        for i in sorted(_ids(part)):
            if i in joined and joined[i] in names:
                fresh[i] = names[joined[i]]
            else:
                taken += 1
                fresh[i] = taken
        names = fresh
        for name, values in part.table.items():
            table[name] += [names.get(v, v) for v in values] if name == "face_id" else values
        episodes = _joined(episodes, [_renamed(e, names) for e in part.episodes], part.span.start)
        crops |= {f"{part.span.index:03d}_{name}": jpeg for name, jpeg in part.crops.items()}
    for number, episode in enumerate(sorted(episodes, key=lambda e: (e["start"], e["kind"], e["face_id"])), 1):
        episode["id"] = number
    episodes.sort(key=lambda e: e["id"])
    return Merged(
        table, episodes, sum(p.frames for p in parts), sum(p.frames_with_face for p in parts),
        max(p.last_t for p in parts), sum(p.seconds for p in parts), crops,
    )  # fmt: skip


def _ids(part: Part) -> set[int]:
    seen = {int(v) for v in part.table["face_id"] if v is not None}
    return seen | {int(v) for v in part.overlap.face} | {e["face_id"] for e in part.episodes if e["face_id"]}


def _renamed(episode: dict[str, Any], names: dict[int, int]) -> dict[str, Any]:
    return episode | {"face_id": names.get(episode["face_id"], episode["face_id"])}


def _joined(earlier: list[dict[str, Any]], later: list[dict[str, Any]], seam: float) -> list[dict[str, Any]]:
    """Episodes of two spans; an episode that their boundary cut in two is joined."""
    cut = {_key(e): e for e in earlier if e["end"] is None or e["end"] >= seam - SEAM_S}
    for episode in later:
        whole = cut.get(_key(episode)) if episode["start"] < seam + SEAM_S else None
        if whole is None:
            earlier.append(episode)
            continue
        whole["end"] = episode["end"]
        whole["level"] = max(whole["level"], episode["level"])
        whole["data"] = {**whole["data"], **episode["data"]}
    return earlier


def _key(episode: dict[str, Any]) -> tuple[str, int, str]:
    return episode["kind"], episode["face_id"], str(episode["data"].get("label", ""))
