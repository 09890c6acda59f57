"""Keeps identities: assigns the faces found in each frame to known faces. All durations are in seconds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

from monitor.core.boxes import iou, is_in_frame
from monitor.core.types import Box, Image, Keypoints
from monitor.faces.admission import CERTAIN
from monitor.faces.crossings import settle_crossings
from monitor.faces.pairing import cheapest_pairs, pairing_cost
from monitor.faces.search import Expected, Search, Sighting
from monitor.faces.track import Track, Trajectory
from monitor.settings.config import TrackConfig

START_SCORE = 0.5
"""Lowest score of a sighting that may start a track; weaker sightings can only continue one."""
GATE_GROWTH = 1.0
"""Growth of the gate for each second out of sight: a person walks about one face size per second."""
TWINS = 0.5
"""Two followed boxes with an IoU above this show the same face."""


class Tracker:
    """Turns each frame's sightings into faces with stable ids, numbered from 1 in the order of confirmation.

    The cost of pairing a track with a sighting is ``pairing_cost``; the cheapest pairs are taken first.
    """

    def __init__(self, config: TrackConfig, sure: float = 0.0) -> None:
        """Starts without faces.

        Args:
            config: Settings.
            sure: Lowest presence, 0..1, of a sighting that counts towards confirmation; others only continue the track.
        """
        self._config = config
        self._sure = sure
        self._tracks: list[Track] = []
        self._ids, self._keys = itertools.count(1), itertools.count()
        self._last_t: float | None = None
        self._confirm_s = config.confirm_s

    def forget(self, t: float) -> None:
        """Forgets faces that were last seen more than ``track.forget_s`` ago; call before ``expected``.

        After a gap without pictures (a lost camera, a suspended machine) another person may be in the same place, which
        following alone cannot detect.
        """
        self._tracks = [track for track in self._tracks if t - track.last <= self._config.forget_s]

    def expected(self, t: float) -> list[Expected]:
        """All known faces, including unconfirmed and briefly unseen ones, with their expected boxes at ``t``
        seconds."""
        return [Expected(track.key, track.predicted(t), track.path.is_missed(t)) for track in self._tracks]

    def known_ids(self) -> frozenset[int]:
        """Ids that are not forgotten, including those of faces out of view."""
        return frozenset(track.id for track in self._tracks if track.id)

    def update(self, search: Search, t: float, image: Image) -> list[Track]:
        """Updates the tracks with the search of one frame.

        Args:
            search: The faces found and followed.
            t: Frame time in seconds.
            image: The frame, for the appearances that distinguish two crossing faces.

        Returns:
            Confirmed faces in view (seen within ``track.lost_s``), oldest first.
        """
        self._adapt_to_rate(t)
        for track in self._tracks:
            if track.key in search.looked:
                track.path.miss()
        followed = self._without_twins(search.followed, t)
        for track, keypoints in followed:
            self._hit(track, keypoints.box, keypoints, t)
        height, width = image.shape[:2]
        found = [sighting for sighting in search.found if is_in_frame(sighting.box, width, height)]
        pairs = self._pairs(found, {track.key for track, _ in followed}, t)
        for track, sighting in pairs:
            self._hit(track, sighting.box, sighting.keypoints, t)
        taken = {id(sighting) for _, sighting in pairs}
        for sighting in found:
            if id(sighting) not in taken and sighting.score >= START_SCORE:
                self._start(sighting, t)
        self._confirm(t)
        self._tracks = [track for track in self._tracks if self._is_alive(track, t)]
        settle_crossings([track for track in self._tracks if track.id], image, t)
        return [track for track in self._tracks if track.id and t - track.last <= self._config.lost_s]

    def _adapt_to_rate(self, t: float) -> None:
        """Lengthens the time for confirmation with slow sources, so that it always spans two frames."""
        step = t - self._last_t if self._last_t is not None else 0.0
        self._confirm_s = max(self._config.confirm_s, min(1.5 * step, self._config.forget_s))
        self._last_t = t

    def _without_twins(self, followed: dict[int, Keypoints], t: float) -> list[tuple[Track, Keypoints]]:
        """The followed faces, each with one track. When two tracks follow the same face, a confirmed track wins over an
        unconfirmed one, then the nearer one wins."""
        tracks = [(track, followed[track.key]) for track in self._tracks if track.key in followed]
        tracks.sort(key=lambda pair: (not pair[0].id, pairing_cost(pair[0].predicted(t), pair[1].box)))
        kept: list[tuple[Track, Keypoints]] = []
        for track, keypoints in tracks:
            if all(iou(keypoints.box, other.box) <= TWINS for _, other in kept):
                kept.append((track, keypoints))
        return kept

    def _pairs(self, found: Iterable[Sighting], done: set[int], t: float) -> list[tuple[Track, Sighting]]:
        """Pairs tracks with sightings, confirmed tracks first, so that a false detection cannot take over an
        identity."""
        searching = [
            track for track in self._tracks
            if track.key not in done and not (track.path.is_missed(t) and track.keypoints is not None)
        ]  # fmt: skip
        costs = (
            ((float(track.id == 0), pairing_cost(track.predicted(t), sighting.box)), track, sighting)
            for track in searching
            for sighting in found
        )
        return cheapest_pairs(c for c in costs if c[0][1] <= self._gate(c[1], t))

    def _hit(self, track: Track, box: Box, keypoints: Keypoints | None, t: float) -> None:
        """Continues a track with a sighting."""
        track.path.move(box, keypoints, t, anew=t - track.last > self._config.lost_s)
        if not track.id and (keypoints is None or keypoints.presence >= self._sure):
            track.hits = [hit for hit in track.hits if t - hit <= self._confirm_s] + [t]

    def _start(self, sighting: Sighting, t: float) -> None:
        """Starts a track; a face with high presence is confirmed at once."""
        certain = sighting.keypoints is not None and sighting.keypoints.presence >= CERTAIN
        hits = [t] * (self._config.confirm_hits if certain else 1)
        path = Trajectory.start(sighting.box, sighting.keypoints, t)
        self._tracks.append(Track(next(self._keys), path, hits))

    def _confirm(self, t: float) -> None:
        """Gives an id to faces that were seen often enough: the id of a missed face nearby, or a new one.

        If the track nearest to a missed face has not been seen often enough yet, the missed face is kept for that
        track.
        """
        new = [track for track in self._tracks if not track.id]
        ready = {track.key for track in new if track.last == t and len(track.hits) >= self._config.confirm_hits}
        missed = [t_ for t_ in self._tracks if t_.id and t_.keypoints is not None and t_.path.is_missed(t)]
        costs = (
            ((pairing_cost(former.predicted(t), track.box),), track, former)
            for track in new
            if track.keypoints is not None
            for former in missed
        )
        for track, former in cheapest_pairs(c for c in costs if c[0][0] <= self._gate(c[2], t)):
            if track.key in ready:
                track.id, track.appearance = former.id, former.appearance
                former.id, former.path.last = 0, -math.inf  # removed with this frame
        for track in new:
            if track.key in ready and not track.id:
                track.id = next(self._ids)

    def _gate(self, track: Track, t: float) -> float:
        """The largest pairing cost at which a sighting may be this face."""
        return self._config.gate * (1 + GATE_GROWTH * max(0.0, t - track.last))

    def _is_alive(self, track: Track, t: float) -> bool:
        return t - track.last <= (self._config.forget_s if track.id else self._confirm_s)
