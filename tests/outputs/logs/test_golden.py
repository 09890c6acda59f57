"""The tables of a scripted run, byte for byte: columns and formats only grow at the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from monitor.core.driver_state import ABSENT, ATTENTIVE, EYES_SHUT, FATIGUE_LEVELS, TURNED, UNJUDGED, DriverState
from monitor.core.labels import EMOTIONS, UNKNOWN
from monitor.core.types import Event, EyeReading, Face, Result
from monitor.driver.evidence import Evidence
from monitor.driver.state import DriverMonitor
from monitor.outputs.logs import isotime
from monitor.outputs.logs.columns import columns
from monitor.outputs.logs.drive import DriveSink
from monitor.outputs.logs.table import TableSink
from monitor.settings.config import DriverConfig, OutputConfig
from tests.fakes import face, keypoints_at, result

GOLDEN = Path(__file__).parent / "golden"
VARIANTS = {
    "plain": (False, False, False),
    "keypoints": (True, False, False),
    "driver": (False, True, False),
    "all": (True, True, True),
}


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    isotime.iso_second.cache_clear()
    yield
    monkeypatch.undo()
    time.tzset()
    isotime.iso_second.cache_clear()


def some_face(rng: np.random.Generator, number: int) -> Face:
    box = tuple(float(v) for v in np.sort(rng.uniform(-20, 620, 4).astype(np.float32)))
    probs = rng.dirichlet(np.ones(len(EMOTIONS))).astype(np.float32)
    known = bool(rng.random() > 0.2)
    label = EMOTIONS[int(probs.argmax())] if known and rng.random() > 0.2 else UNKNOWN
    looked, eyes = bool(rng.random() > 0.3), rng.uniform(0, 1, 4)
    keypoints = keypoints_at((box[0], box[1], box[2], box[3]))
    points = rng.uniform(-10, 650, keypoints.points.shape).astype(np.float32)
    openness = rng.uniform(0, 1, 3).astype(np.float32)
    return face(
        number, label, (box[0], box[1], box[2], box[3]),
        confidence=float(probs.max()), probs=probs, raw=rng.permutation(probs) if rng.random() > 0.5 else None,
        quality=float(rng.random()), seen=bool(rng.random() > 0.3), known=known,
        pose=(float(rng.normal(0, 20)), float(rng.normal(0, 10)), -0.04) if looked else None,
        keypoints=replace(keypoints, points=points, openness=openness) if looked else None,
        eyes=(EyeReading(eyes[0], eyes[1]), EyeReading(eyes[2], eyes[3])) if looked and rng.random() > 0.3 else None,
        covered=("", "lower", "", "upper", "both")[number % 5], still=number % 3 == 0,
    )  # fmt: skip


def some_state(rng: np.random.Generator, n: int) -> DriverState:
    """A driver's state, every logged field of it set here: the judging may change, the tables may not."""
    base, _ = DriverMonitor(DriverConfig(), iter(range(9))).update(Evidence(0.0, 0.0))
    return replace(
        base, face=n % 3, picture=n % 7 != 6, calibrated=min(1.0, n / 50),
        eyes=None if n % 5 == 4 else float(rng.random()), blinks_per_min=None if n % 2 else n / 3,
        perclos=None if n % 4 == 3 else n / 777, fatigue=n % 101 + 0.04,
        level=FATIGUE_LEVELS[n // 60 % len(FATIGUE_LEVELS)],
        attention=(ATTENTIVE, ATTENTIVE, TURNED, EYES_SHUT, ABSENT, UNJUDGED)[n // 8 % 6],
    )  # fmt: skip


def some_results(count: int) -> list[Result]:
    """Frames 0.4 s apart with a gap of half a minute, no face, one or several, and all but one with a driver."""
    rng = np.random.default_rng(7)
    files = ("1.jpg", 'a "b", c.jpg', "two\nlines.jpg", "späť, x.png")
    kinds = ("yawn", "eyes_closed", "away", "anger_like", "fatigue")
    found = []
    for n in range(count):
        t = 100.0 + 0.4 * n + (31.3 if n > count // 2 else 0.0)
        phases = ("start",) if n % 9 == 0 else ("update", "end") if n % 9 == 4 else ()
        events = tuple(Event(kinds[n % 5], phase, n, t, 1.8e9 + t, 2, 1) for phase in phases)
        faces = [some_face(rng, 1 + k) for k in range(n % 4)]
        state = None if n == 1 else some_state(rng, n)
        made = result(t, faces, index=3 * n, events=events, driver=state, latency_ms=n / 3)
        found.append(replace(made, frame=replace(made.frame, file=files[n % 4])))
    return found


@pytest.mark.parametrize("variant", VARIANTS)
def test_faces_csv_matches_the_golden_file(variant: str, tmp_path: Path) -> None:
    keypoints, driver, files = VARIANTS[variant]
    sink = TableSink(
        tmp_path / "faces.csv", "S-1", OutputConfig(), columns(keypoints=keypoints, driver=driver, files=files)
    )
    for made in some_results(24):
        sink.handle(made)
    sink.close([])
    assert (tmp_path / "faces.csv").read_bytes() == (GOLDEN / f"faces-{variant}.csv").read_bytes()


def test_drive_csv_matches_the_golden_file(tmp_path: Path) -> None:
    sink = DriveSink(tmp_path / "drive.csv", "S-1")
    for made in some_results(400):
        sink.handle(made)
    sink.close([])
    assert (tmp_path / "drive.csv").read_bytes() == (GOLDEN / "drive.csv").read_bytes()
