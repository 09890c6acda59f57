"""Handles overlapping faces: marks them as hidden and distinguishes them by their appearances when they part."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from monitor.core.boxes import iou
from monitor.core.types import Image
from monitor.faces.appearance import Appearance
from monitor.faces.track import Track

OVERLAP = 0.15
"""Two faces with an IoU above this count as hidden."""
REFRESH_S = 0.3
"""Seconds between two updates of an appearance: an update costs as much as a reading and is needed only when faces
part."""
CLEARLY = 0.85
"""Two tracks are exchanged if the difference of appearances after the exchange is below this share of the one before
it."""


def settle_crossings(tracks: Sequence[Track], image: Image, t: float) -> None:
    """Marks faces that overlap, corrects the tracks of faces that have parted and updates appearances.

    Args:
        tracks: Confirmed tracks.
        image: (H, W, 3) BGR or (H, W) gray frame.
        t: Frame time in seconds.
    """
    _mark_hidden(tracks, t)
    _tell_apart(tracks, image, t)
    if len(tracks) > 1:  # a single face cannot be confused
        _update_appearances(tracks, image, t)


def _mark_hidden(tracks: Sequence[Track], t: float) -> None:
    places = [track.predicted(t) for track in tracks]
    for track in tracks:
        track.hidden = False
    for (a, at_a), (b, at_b) in itertools.combinations(zip(tracks, places, strict=True), 2):
        if iou(at_a, at_b) > OVERLAP:
            a.hidden = b.hidden = True
            a.rivals.add(b.id)
            b.rivals.add(a.id)


def _tell_apart(tracks: Sequence[Track], image: Image, t: float) -> None:
    by_id = {track.id: track for track in tracks}
    for track in tracks:
        if not track.is_clear(t):
            continue
        for rival_id in sorted(track.rivals):
            rival = by_id.get(rival_id)
            if rival is None:
                track.rivals.discard(rival_id)
            elif rival.is_clear(t):
                _exchange_if_confused(track, rival, image, t)
                track.rivals.discard(rival_id)
                rival.rivals.discard(track.id)


def _exchange_if_confused(a: Track, b: Track, image: Image, t: float) -> None:
    """Exchanges the paths of two tracks whose faces were confused in the crossing."""
    if a.appearance is None or b.appearance is None:
        return
    now = Appearance.of(image, a.box, t), Appearance.of(image, b.box, t)
    if are_confused((a.appearance, b.appearance), now):
        a.path, b.path = b.path, a.path


def are_confused(before: tuple[Appearance, Appearance], now: tuple[Appearance, Appearance]) -> bool:
    """Whether each of two faces clearly looks like the other's earlier appearance."""
    straight = before[0].difference(now[0]) + before[1].difference(now[1])
    crossed = before[0].difference(now[1]) + before[1].difference(now[0])
    return crossed < CLEARLY * straight


def _update_appearances(tracks: Sequence[Track], image: Image, t: float) -> None:
    for track in tracks:
        known = track.appearance
        if not track.is_clear(t) or track.rivals or (known is not None and t - known.at < REFRESH_S):
            continue
        new = Appearance.of(image, track.box, t)
        track.appearance = new if known is None else known.updated(new)
