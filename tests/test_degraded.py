"""Degraded pictures: each keeps what it must, and each outcome is counted once."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from benchmarks.degradations import DEGRADED
from benchmarks.degraded import HEAD, Degraded, Tally
from monitor.capture.demo import DemoSource
from monitor.cli.intervals import Interval
from monitor.driver.evidence import Evidence
from monitor.settings.config import Config
from tests.driver.stories import awake


@pytest.mark.parametrize("name", list(DEGRADED))
def test_a_degraded_demo_frame_is_a_picture(name: str) -> None:
    plain = DemoSource().read()
    frame = Degraded(DemoSource(), DEGRADED[name]).read()
    assert plain is not None
    assert frame is not None
    assert frame.image.dtype == np.uint8
    assert frame.image.ndim == 3
    assert not frame.image.flags.writeable
    assert np.array_equal(frame.image, plain.image) == (name == "as filmed")


def drive(eyes: float | None) -> list[Evidence]:
    """Half a minute at 10 Hz; from 10 s on for 9 s the eyes are ``eyes``."""
    rows = []
    for n in itertools.takewhile(lambda n: n < 300, itertools.count()):
        t = n / 10
        told = awake(t) | ({"eyes": eyes} if 10 <= t < 19 else {"eyes": 0.95})
        rows.append(Evidence(t, 1.7e9 + t, **told))  # type: ignore[arg-type]
    return rows


@pytest.mark.parametrize(("eyes", "outcome"), [(0.02, "found"), (None, "told"), (0.95, "missed")])
def test_a_closure_is_found_told_or_missed(eyes: float | None, outcome: str) -> None:
    tally = Tally()
    tally.add(drive(eyes), [Interval(10, 19, "eyes_closed")], Config(), awake=False)
    counts = {name: getattr(tally, name) for name in ("found", "told", "missed")}
    assert counts == {name: int(name == outcome) for name in counts}
    assert (tally.attentive_s > 5) == (outcome == "missed")
    assert tally.row("x").count("|") == len(HEAD) + 1
