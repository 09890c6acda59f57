"""Keeping identities: which of this frame's boxes is which of the faces we know.

Cost of a pairing is the distance of the centres in face sizes plus half the log ratio of the
sizes; the cheapest pairs are taken first. Unlike IoU it still works at 8 frames per second, when
boxes of one walking face no longer overlap. All spans are seconds.
"""

from __future__ import annotations

import math
from collections.abc import Set
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.types import Box, Detections, Image, Keypoints
from monitor.faces.crop import CropSpec, crop
from monitor.faces.detector import iou
from monitor.faces.finder import SURE, Search
from monitor.faces.oneeuro import OneEuro
from monitor.faces.quality import visibility
from monitor.settings.config import TrackConfig

START_SCORE = 0.5
"""A weaker hit may continue a track but not start one."""
GATE_GROWTH = 1.0
"""Growth of the gate per second unseen: a person walks about one face size a second."""
OVERLAP = 0.15
"""IoU of two faces beyond which they are taken to hide each other."""
TWINS = 0.5
"""IoU of two followed boxes beyond which they are one face."""
THUMB = CropSpec(side=16, margin=0.0, shift_y=0.0)
THUMB_EVERY_S = 0.3
"""A look is refreshed this often: it costs as much as a reading and is only needed when faces part."""
SPEED_MEMORY_S = 0.3
"""Time constant of the velocity estimate that predicts a face between searches."""
MISSED_S = 0.3
"""A followed face out of sight for longer (than a hand passes before it) must come back as newcomers come: beyond
doubt, or seen repeatedly; then it is the same one again."""
MAX_COAST_S = 0.4
"""A prediction is carried no further than this; then the face is expected where it was."""


@dataclass(slots=True)
class Track:
    """One followed face; id 0 until it is confirmed."""

    box: NDArray[np.float64]
    last: float
    hits: list[float]
    filter: OneEuro
    id: int = 0
    seen: bool = True
    misses: int = 0
    hidden: bool = False
    velocity: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    thumb: NDArray[np.float32] | None = None
    thumb_at: float = -math.inf
    rivals: set[int] = field(default_factory=set)
    keypoints: Keypoints | None = None
    pose: NDArray[np.float64] | None = None
    pose_filter: OneEuro = field(default_factory=lambda: OneEuro(min_cutoff=1.0, beta=0.02))

    def predicted(self, t: float) -> Box:
        """Where the face is expected at time ``t``."""
        ahead = min(max(0.0, t - self.last), MAX_COAST_S)
        # As numbers: asked for several times a frame, and NumPy takes twenty times as long for so few.
        (vx, vy), (x1, y1, x2, y2) = self.velocity.tolist(), self.box.tolist()
        dx, dy = vx * ahead, vy * ahead
        return x1 + dx, y1 + dy, x2 + dx, y2 + dy

    def see(self, keypoints: Keypoints | None, t: float) -> None:
        """Takes what the keypoint network saw; the pose is steadied."""
        self.keypoints = keypoints
        if keypoints is None:
            self.pose = None
            return
        if self.pose is None:
            self.pose_filter = OneEuro(min_cutoff=1.0, beta=0.02)
        self.pose = self.pose_filter(keypoints.pose.astype(np.float64), t)

    @property
    def visible(self) -> float:
        """0..1, quality of the view; see ``quality.visibility``."""
        return visibility(self.pose, self.keypoints)

    @property
    def size(self) -> float:
        """Larger side in pixels, at least 1."""
        return float(max(self.box[2] - self.box[0], self.box[3] - self.box[1], 1.0))


def pairing_cost(a: Box | NDArray[np.float64], b: Box | NDArray[np.float64]) -> float:
    """Centre distance over mean size plus 0.5·|log size ratio|; 0 for equal boxes."""
    size_a, size_b = (max(v[2] - v[0], v[3] - v[1], 1e-6) for v in (a, b))
    dx, dy = ((a[0] + a[2]) - (b[0] + b[2])) / 2, ((a[1] + a[3]) - (b[1] + b[3])) / 2
    return math.hypot(dx, dy) / ((size_a + size_b) / 2) + 0.5 * abs(math.log(size_a / size_b))


class Tracker:
    """Turns each frame's detections into faces with stable ids, numbered from 1 in order of confirmation."""

    def __init__(self, config: TrackConfig, sure: float = 0.0) -> None:
        """Starts without faces.

        Args:
            config: Settings.
            sure: Presence that a look must reach to count towards an id; doubtful ones only keep a place.
        """
        self._config = config
        self._sure = sure
        self._tracks: list[Track] = []
        self._next_id = 1
        self._last_t: float | None = None
        self._confirm_s = config.confirm_s

    def forget(self, t: float) -> None:
        """Forgets faces last seen longer ago than ``forget_s``; call before ``expected``.

        Whoever is there after a gap without pictures (a lost camera, a machine that slept) may be somebody else, and
        a look at the old place cannot tell.
        """
        self._tracks = [track for track in self._tracks if t - track.last <= self._config.forget_s]

    def expected(self, t: float) -> list[Box]:
        """Boxes worth searching around at ``t``, tentative and briefly unseen faces included."""
        return [track.predicted(t) for track in self._tracks]

    def missed(self, t: float) -> frozenset[int]:
        """Indices of the expected faces that are out of sight."""
        return frozenset(i for i, track in enumerate(self._tracks) if _is_out(track, t))

    def update(self, search: Search, t: float, image: Image) -> list[Track]:
        """Takes one frame's search.

        Args:
            search: What was found and followed; its indices are those of ``expected``.
            t: Frame time in seconds.
            image: The frame, for the thumbnails that tell two crossing faces apart.

        Returns:
            Confirmed faces that are in view (seen within ``lost_s``), oldest first.
        """
        # Sights must be able to follow one another, however far pictures are apart.
        step = t - self._last_t if self._last_t is not None else 0.0
        self._confirm_s = max(self._config.confirm_s, min(1.5 * step, self._config.forget_s))
        self._last_t = t
        for i, track in enumerate(self._tracks):
            if i in search.looked:
                track.seen = False
                track.misses += 1
        followed = self._without_twins(search.followed, t)
        for i, keypoints in followed.items():
            self._hit(self._tracks[i], np.array(keypoints.box), t, keypoints)
        found, marked = _usable(search, image)
        pairs = self._pair(found, t, followed.keys())
        taken = {j for _, j in pairs}
        for i, j in pairs:
            self._hit(self._tracks[i], found.boxes[j].astype(np.float64), t, marked[j])
        for j in range(len(found)):
            if j not in taken and found.scores[j] >= START_SCORE:
                self._start(found.boxes[j].astype(np.float64), t, marked[j])
        self._give_ids(t)
        self._tracks = [track for track in self._tracks if self._alive(track, t)]
        self._settle_overlaps(image, t)
        return [track for track in self._tracks if track.id and t - track.last <= self._config.lost_s]

    def _without_twins(self, followed: dict[int, Keypoints], t: float) -> dict[int, Keypoints]:
        """Leaves one face to one track: where two have come to follow the same, the better placed keeps it."""
        kept: dict[int, Keypoints] = {}
        order = sorted(
            followed,
            key=lambda i: (not self._tracks[i].id, pairing_cost(self._tracks[i].predicted(t), followed[i].box)),
        )
        for i in order:
            place = np.array(followed[i].box)
            if all(iou(place, np.array(other.box)) <= TWINS for other in kept.values()):
                kept[i] = followed[i]
        return kept

    def known_ids(self) -> frozenset[int]:
        """Ids that are not forgotten, out of view ones included."""
        return frozenset(track.id for track in self._tracks if track.id)

    def _pair(self, found: Detections, t: float, done: Set[int]) -> list[tuple[int, int]]:
        candidates = []
        for i, track in enumerate(self._tracks):
            if i in done or (_is_out(track, t) and track.keypoints is not None):
                continue
            gate = self._gate(track, t)
            expected = track.predicted(t)
            for j in range(len(found)):
                cost = pairing_cost(expected, found.boxes[j].astype(np.float64))
                # Confirmed faces choose before tentative ones: a ghost must not steal an identity.
                if cost <= gate:
                    candidates.append((track.id == 0, cost, i, j))
        pairs: list[tuple[int, int]] = []
        used_i: set[int] = set()
        used_j: set[int] = set()
        for _, _, i, j in sorted(candidates):
            if i not in used_i and j not in used_j:
                used_i.add(i)
                used_j.add(j)
                pairs.append((i, j))
        return sorted(pairs)

    def _hit(self, track: Track, box: NDArray[np.float64], t: float, keypoints: Keypoints | None) -> None:
        dt = t - track.last
        before = (track.box[:2] + track.box[2:]) / 2
        if dt > self._config.lost_s:  # what it did before it was lost says nothing of now
            track.filter, track.velocity = _box_filter(), np.zeros(2)
            track.pose = None
            before = (box[:2] + box[2:]) / 2
        track.box = track.filter(box, t, unit=track.size)
        if dt > 0:
            speed = ((track.box[:2] + track.box[2:]) / 2 - before) / dt
            weight = 1 - math.exp(-dt / SPEED_MEMORY_S)
            track.velocity = track.velocity + weight * (speed - track.velocity)
        track.last, track.seen, track.misses = t, True, 0
        track.see(keypoints, t)
        if not track.id and (keypoints is None or keypoints.presence >= self._sure):
            track.hits = [h for h in track.hits if t - h <= self._confirm_s] + [t]

    def _give_ids(self, t: float) -> None:
        """Gives faces that were seen often enough an id: that of a followed one lost near there, or a new one.

        Nearest pairs first, as everywhere; a lost face to which somebody not yet seen often enough is nearer waits
        for that one.
        """
        new = [track for track in self._tracks if not track.id]
        ready = [track for track in new if track.last == t and len(track.hits) >= self._config.confirm_hits]
        lost = [track for track in self._tracks if track.id and track.keypoints is not None and _is_out(track, t)]
        pairs = sorted(
            (pairing_cost(former.predicted(t), track.box), n, m)
            for n, track in enumerate(new)
            for m, former in enumerate(lost)
            if track.keypoints is not None
        )
        settled: set[int] = set()
        for cost, n, m in pairs:
            track, former = new[n], lost[m]
            if cost > self._gate(former, t) or id(track) in settled or id(former) in settled:
                continue
            settled |= {id(track), id(former)}
            if any(track is other for other in ready):
                track.id, track.thumb = former.id, former.thumb
                former.id, former.last = 0, -math.inf  # gone with this frame
        for track in ready:
            if not track.id:
                track.id = self._next_id
                self._next_id += 1

    def _gate(self, track: Track, t: float) -> float:
        return self._config.gate * (1 + GATE_GROWTH * max(0.0, t - track.last))

    def _start(self, box: NDArray[np.float64], t: float, keypoints: Keypoints | None) -> None:
        # None of 6,518 windows without a face looked like that: a second sight would add nothing but delay.
        sights = self._config.confirm_hits if keypoints is not None and keypoints.presence >= SURE else 1
        track = Track(box=box, last=t, hits=[t] * sights, filter=_box_filter())
        track.filter(box, t)
        track.see(keypoints, t)
        self._tracks.append(track)

    def _alive(self, track: Track, t: float) -> bool:
        unseen = t - track.last
        return unseen <= (self._config.forget_s if track.id else self._confirm_s)

    def _settle_overlaps(self, image: Image, t: float) -> None:
        """Freezes faces that hide each other; when they part, checks by thumbnail who is who."""
        confirmed = [track for track in self._tracks if track.id]
        touching = {
            (a.id, b.id)
            for n, a in enumerate(confirmed)
            for b in confirmed[n + 1 :]
            if iou(np.array(a.predicted(t)), np.array(b.predicted(t))) > OVERLAP
        }
        by_id = {track.id: track for track in confirmed}
        for a_id, b_id in touching:
            by_id[a_id].rivals.add(b_id)
            by_id[b_id].rivals.add(a_id)
        for track in confirmed:
            track.hidden = any(track.id in pair for pair in touching)
        for track in confirmed:
            if not track.rivals or track.hidden or not track.seen or track.last != t:
                continue
            thumb = _thumbnail(image, track.box)
            for rival_id in sorted(track.rivals):
                rival = by_id.get(rival_id)
                if rival is None:
                    track.rivals.discard(rival_id)
                elif not rival.hidden and rival.seen and rival.last == t:
                    _swap_if_mistaken(track, rival, thumb, _thumbnail(image, rival.box))
                    track.rivals.discard(rival_id)
                    rival.rivals.discard(track.id)
        if len(confirmed) < 2:  # nobody to be mistaken for
            return
        for track in confirmed:
            fresh = track.seen and track.last == t and not track.hidden and not track.rivals
            if fresh and t - track.thumb_at >= THUMB_EVERY_S:
                thumb = _thumbnail(image, track.box)
                track.thumb = thumb if track.thumb is None else 0.7 * track.thumb + 0.3 * thumb
                track.thumb_at = t


def _is_out(track: Track, t: float) -> bool:
    """Whether a face has been out of sight for longer than a moment, and not just for one frame of a slow source."""
    return not track.seen and track.misses > 1 and t - track.last > MISSED_S


def _swap_if_mistaken(a: Track, b: Track, thumb_a: NDArray[np.float32], thumb_b: NDArray[np.float32]) -> None:
    """Exchanges the places of two faces when their looks before the crossing fit better so."""
    if a.thumb is None or b.thumb is None:
        return
    straight = _difference(a.thumb, thumb_a) + _difference(b.thumb, thumb_b)
    crossed = _difference(a.thumb, thumb_b) + _difference(b.thumb, thumb_a)
    if crossed < 0.85 * straight:
        for name in ("box", "filter", "velocity", "last", "seen", "keypoints", "pose", "pose_filter"):
            mine, theirs = getattr(a, name), getattr(b, name)
            setattr(a, name, theirs)
            setattr(b, name, mine)


def _difference(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    return float(np.abs(a - b).mean())


def _thumbnail(image: Image, box: NDArray[np.float64]) -> NDArray[np.float32]:
    """(16, 16) float32 gray, mean 0 and deviation 1, so that light does not matter."""
    gray = cv2.GaussianBlur(crop(image, (box[0], box[1], box[2], box[3]), THUMB), (0, 0), 1.0).astype(np.float32)
    return np.asarray((gray - gray.mean()) / (gray.std() + 1.0), dtype=np.float32)


def _box_filter() -> OneEuro:
    return OneEuro(min_cutoff=0.5, beta=4.0)


def _usable(search: Search, image: Image) -> tuple[Detections, list[Keypoints | None]]:
    """Drops boxes that are not finite, have no area or whose centre lies outside the frame."""
    found = search.found
    keypoints: list[Keypoints | None] = list(search.keypoints) if search.keypoints else [None] * len(found)
    if not len(found):
        return found, keypoints
    b = found.boxes
    height, width = image.shape[:2]
    cx, cy = (b[:, 0] + b[:, 2]) / 2, (b[:, 1] + b[:, 3]) / 2
    good = np.isfinite(b).all(axis=1) & (b[:, 2] - b[:, 0] >= 1) & (b[:, 3] - b[:, 1] >= 1)
    good &= (cx >= 0) & (cx < width) & (cy >= 0) & (cy < height)
    return Detections(b[good], found.scores[good]), [mark for mark, keep in zip(keypoints, good, strict=True) if keep]
