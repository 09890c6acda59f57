"""Joining spans into one recording."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from monitor.batch.analyse import Part
from monitor.batch.merge import merge
from monitor.batch.spans import Sightings, Span

NOBODY = Sightings(np.empty(0), np.empty(0, np.int64), np.empty((0, 4), np.float32))


def _box(t: float, number: int) -> Sightings:
    return Sightings(np.array([t]), np.array([number], np.int64), np.array([[0, 0, 90, 90]], np.float32))


def _part(index: int, start: float, end: float, number: int, episodes: list[dict[str, Any]]) -> Part:
    table: dict[str, list[Any]] = {
        "frame": [index * 10, index * 10 + 1],
        "face_id": [number, None],
        "emotion": ["happy", None],
        "quality": [1.0, None],
    }
    overlap = _box(start - 1, number) if index else NOBODY
    return Part(
        Span(index, max(0.0, start - 2), start, end),
        table,
        episodes,
        overlap,
        _box(end - 1, number),
        2,
        1,
        min(end, 99.0),
        1.0,
        {},
    )


def _held(number: int, start: float, end: float | None, label: str = "happy") -> dict[str, Any]:
    return {
        "id": 5,
        "kind": "emotion",
        "face_id": number,
        "start": start,
        "end": end,
        "level": 0,
        "data": {"label": label},
    }


def test_an_episode_over_a_seam_is_one_with_its_whole_length() -> None:
    first = _part(0, 0.0, 10.0, 3, [_held(3, 6.0, 9.9)])
    second = _part(1, 10.0, math.inf, 1, [_held(1, 8.1, 14.0)])
    merged = merge([first, second])
    (episode,) = merged.episodes
    assert (episode["start"], episode["end"], episode["face_id"]) == (6.0, 14.0, 3)
    assert merged.table["face_id"] == [3, None, 3, None]
    assert merged.frames == 4


def test_another_expression_at_the_seam_is_an_episode_of_its_own() -> None:
    first = _part(0, 0.0, 10.0, 3, [_held(3, 6.0, 9.9, "sad")])
    second = _part(1, 10.0, math.inf, 1, [_held(1, 10.0, 14.0)])
    assert [(e["id"], e["data"]["label"]) for e in merge([first, second]).episodes] == [(1, "sad"), (2, "happy")]


def test_strangers_of_later_spans_get_new_ids() -> None:
    first = _part(0, 0.0, 10.0, 3, [])
    second = _part(1, 10.0, math.inf, 1, [])
    second.overlap = Sightings(np.array([9.0]), np.array([1], np.int64), np.array([[400, 0, 500, 90]], np.float32))
    assert merge([first, second]).table["face_id"] == [3, None, 4, None]


def test_a_recording_shorter_than_its_container_states_keeps_its_length() -> None:
    """The last span then has no frame."""
    first = _part(0, 0.0, 10.0, 3, [])
    nothing: dict[str, list[Any]] = {name: [] for name in first.table}
    last = Part(Span(1, 8.0, 10.0, math.inf), nothing, [], NOBODY, NOBODY, 0, 0, 0.0, 1.0, {})
    assert merge([first, last]).duration_s == 10.0


def test_an_episode_long_after_the_seam_is_one_of_its_own() -> None:
    first = _part(0, 0.0, 10.0, 3, [_held(3, 6.0, 9.9)])
    second = _part(1, 10.0, math.inf, 1, [_held(1, 30.0, 34.0)])
    assert [(e["start"], e["end"]) for e in merge([first, second]).episodes] == [(6.0, 9.9), (30.0, 34.0)]
