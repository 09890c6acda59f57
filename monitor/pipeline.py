"""One synchronous step: a frame in, a result out. No camera, display, file or clock of its own.

``step`` reads top to bottom: find → track → choose → read → smooth → judge.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.driver_state import DriverState
from monitor.core.labels import EMOTIONS, UNKNOWN
from monitor.core.types import Event, Face, Frame, Result
from monitor.driver.judge import Driver, EyeReader
from monitor.expression.episodes import Episodes
from monitor.expression.gate import LabelGate
from monitor.expression.smoother import Smoother
from monitor.faces.crop import crop
from monitor.faces.detector import Detector
from monitor.faces.finder import Finder
from monitor.faces.follower import Follower, Reader
from monitor.faces.places import Proposer
from monitor.faces.quality import light_for, quality, usable
from monitor.faces.tracker import Track, Tracker
from monitor.networks.emotion import EmotionNet
from monitor.settings.config import Config

UNIFORM = np.full(len(EMOTIONS), 1 / len(EMOTIONS), dtype=np.float32)


PASSING_S = 3.0
"""Two faces that touch hide each other for a moment, in which they are not read; who stays together is read again."""


@dataclass(slots=True)
class _Reading:
    """What is remembered of one face's expression."""

    smoother: Smoother
    gate: LabelGate
    read_at: float = -np.inf
    put_off: float | None = None
    touching: float | None = None
    quality: float = 0.0
    refused: bool = False
    mirrored: bool = False
    raw: NDArray[np.float32] | None = None
    last_raw_t: float = field(default=-np.inf)


class Pipeline:
    """All state between frames; owned by one thread.

    Args:
        config: Settings.
        detector: Finds faces.
        emotion: Reads expressions; anything with ``card.crop`` and ``probabilities(crop)``.
        keypoints: Follows faces; None = they are searched again and again.
        clock: Seconds, for the timings only (no reading depends on it).
        eyes: Reads the driver's eyes; None = nobody is judged as a driver.
        proposals: Names places where newcomers may be; None = the detector searches everything.
    """

    def __init__(
        self,
        config: Config,
        detector: Detector,
        emotion: EmotionNet,
        keypoints: Reader | None = None,
        clock: Callable[[], float] = time.monotonic,
        eyes: EyeReader | None = None,
        proposals: Proposer | None = None,
    ) -> None:
        self._config = config.emotion
        follower = Follower(keypoints, config.follow) if keypoints is not None else None
        within = config.track.lost_s / 2
        self._finder = Finder(detector, config.detect, follower, config.follow.every_ms, proposals, within)
        self._tracker = Tracker(config.track, config.follow.start)
        self._emotion = emotion
        # Evened only after it was rated: how dark or flat the picture is must be seen first.
        self._cut = replace(emotion.card.crop, contrast=0.0)
        self._light = light_for(emotion.card.crop.contrast)
        ids = itertools.count(1)
        self._episodes = Episodes(config.output.episode_update_s, ids)
        self._driver = Driver(config, eyes, ids, usable) if eyes is not None else None
        self._readings: dict[int, _Reading] = {}
        self._clock = clock
        self._slower = 1.0
        self._puts_off = proposals is not None
        self._last_t = -np.inf

    def step(self, frame: Frame, dropped: int = 0, latency_from: float | None = None) -> Result:
        """Analyses one frame.

        Args:
            frame: The picture; frames come in order of time; after a step back nothing is read until it has caught up.
            dropped: Frames overwritten in the live mailbox so far, passed on into the result.
            latency_from: When the frame was grabbed on this pipeline's clock; None = now.

        Returns:
            Faces in view, events and timings.
        """
        started = self._clock()
        self._tracker.forget(frame.t)
        expected, missed = self._tracker.expected(frame.t), self._tracker.missed(frame.t)
        search = self._finder.search(frame.image, expected, frame.t, missed)
        found = self._clock()
        tracks = self._tracker.update(search, frame.t, frame.image)
        tracked = self._clock()
        for track in self._due(tracks, frame.t, search.full and self._puts_off):
            self._read(track, frame)
        read = self._clock()
        faces = tuple(self._judge(track, frame.t) for track in tracks)
        known = self._tracker.known_ids()
        events = self._episodes.update(faces, known, frame.t, frame.wall)
        for gone in set(self._readings) - known:
            del self._readings[gone]
        judged = self._clock()
        state = None
        if self._driver is not None:
            faces, state, more = self._driver.step(frame, faces)
            events += more
        done = self._clock()
        timings = {
            "find": (found - started) * 1e3,
            "track": (tracked - found) * 1e3,
            "read": (read - tracked) * 1e3,
            "judge": (judged - read) * 1e3,
        }
        if self._driver is not None:
            timings["driver"] = (done - judged) * 1e3
        latency = done - (started if latency_from is None else latency_from)
        return Result(frame, faces, tuple(events), timings, dropped, latency * 1e3, state)

    def blind(self, t: float, wall: float) -> tuple[DriverState | None, list[Event]]:
        """A live source gives no pictures at ``t`` seconds: what is to be said of the driver, where one is judged."""
        return self._driver.blind(t, wall) if self._driver is not None else (None, [])

    def finish(self) -> list[Event]:
        """Ends what is still open; call once after the last frame."""
        return self._episodes.finish() + (self._driver.finish() if self._driver else [])

    def set_effort(self, search: float, read: float, width: float) -> None:
        """Does less when the machine cannot keep up: factors on the intervals of searches and readings (at least 1)
        and on the width at which faces are searched (at most 1)."""
        self._finder.slowdown = max(1.0, search)
        self._finder.width = min(1.0, width)
        self._slower = max(1.0, read)

    def _due(self, tracks: list[Track], t: float, searched: bool) -> list[Track]:
        """Faces to read now: those waiting longest first, no more than the budget; nobody while two pass each
        other.

        A frame in which the proposal network searched has cost enough: what can wait for the next one does.
        """
        passed, self._last_t = t - self._last_t, t
        waiting = []
        every = self._config.every_ms * self._slower / 1000
        for track in tracks:
            reading = self._readings.get(track.id)
            if reading is None:
                reading = self._readings[track.id] = _Reading(Smoother(self._config.smooth_s), LabelGate(self._config))
            due = t - reading.read_at >= every * 0.95
            if due and searched and t - reading.read_at + passed < 1.5 * every:
                # Counted from now all the same, or readings would come more rarely.
                reading.put_off = t
                continue
            if not track.hidden:
                reading.touching = None
            elif reading.touching is None:
                reading.touching = t
            passing = reading.touching is not None and 0 <= t - reading.touching < PASSING_S
            if due and track.seen and not passing:
                waiting.append((reading.read_at, track.id, track))
        waiting.sort(key=lambda entry: entry[:2])
        return [track for _, _, track in waiting[: self._config.max_per_frame]]

    def _read(self, track: Track, frame: Frame) -> None:
        """Crops one face, rates the picture and, if it is good enough, reads the expression."""
        reading = self._readings[track.id]
        reading.read_at = frame.t if reading.put_off is None else reading.put_off
        reading.put_off = None
        box = track.predicted(frame.t)
        try:
            pixels = crop(frame.image, box, self._cut, float(track.pose[2]) if track.pose is not None else 0.0)
        except ValueError:  # expected outside the picture
            reading.quality, reading.refused = 0.0, True
            reading.gate.update(None, frame.t)
            return
        reading.quality = quality(pixels, box, track.pose, track.keypoints, self._light)
        reading.refused = reading.quality < self._config.min_quality
        if reading.refused:
            reading.gate.update(None, frame.t)
            return
        pixels = self._emotion.prepared(pixels)
        if reading.mirrored:
            pixels = cv2.flip(pixels, 1).astype(np.uint8, copy=False)
        # A face means the same both ways round, the network's errors differ: smoothed over time they average out.
        reading.mirrored = not reading.mirrored and self._config.mirror and self._config.smooth_s > 0
        raw = self._emotion.probabilities(pixels)
        reading.raw, reading.last_raw_t = raw, frame.t
        smoothed = reading.smoother.update(raw, frame.t, reading.quality)
        reading.gate.update(smoothed, frame.t)

    def _judge(self, track: Track, t: float) -> Face:
        reading = self._readings[track.id]
        probs = reading.smoother.value
        label = reading.gate.label
        # Unknown because nothing could be read for a while: what was read before says nothing of now.
        stale = label == UNKNOWN and reading.refused and t - reading.last_raw_t > self._config.hold_s
        known = probs is not None and not stale
        shown = probs if probs is not None and known else UNIFORM
        confidence = float(shown.max() if label == UNKNOWN else shown[EMOTIONS.index(label)])
        return Face(
            id=track.id,
            box=track.predicted(t),
            label=label,
            confidence=confidence,
            probs=shown,
            raw=reading.raw if reading.last_raw_t == t else None,
            quality=reading.quality,
            seen=track.seen,
            known=known,
            pose=None if track.pose is None else (float(track.pose[0]), float(track.pose[1]), float(track.pose[2])),
            keypoints=track.keypoints if track.last == t else None,
        )
