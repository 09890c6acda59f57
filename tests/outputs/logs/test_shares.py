"""How a drive's time divides: each frame vouches for the time before it, a pause for nothing."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path

import pytest

from monitor.core.driver_state import DriverState
from monitor.driver.evidence import Evidence
from monitor.driver.state import DriverMonitor
from monitor.outputs.logs.drive import DriveSink
from monitor.outputs.logs.shares import Shares
from monitor.outputs.logs.stats import StatsSink
from monitor.settings.config import DriverConfig
from tests.fakes import result


def state(**changes: object) -> DriverState:
    """A driver who looks ahead with open eyes, but for ``changes``."""
    monitor = DriverMonitor(DriverConfig(), iter(range(9)))
    seen, _ = monitor.update(Evidence(0.0, 0.0, 1, True, True, 0.9, 0.0, (0, 0, 0), 0.0, 0.0))
    return dataclasses.replace(seen, attention="attentive", **changes)  # type: ignore[arg-type]


def test_a_pause_counts_as_unknown_time() -> None:
    shares = Shares(longest_gap_s=1.0)
    assert [shares.see(t, "attentive") for t in (10.0, 10.5, 11.4, 71.4, 71.9)] == pytest.approx([0, 0.5, 0.9, 0, 0.5])
    assert dict(shares.seconds) == pytest.approx({"attentive": 1.9, "cannot judge": 60.0})


def test_the_first_frame_after_a_time_without_pictures_vouches_for_nothing() -> None:
    shares = Shares(longest_gap_s=1.0)
    shares.see(10.0, "attentive")
    shares.pass_blind(10.9)  # not long enough
    shares.pass_blind(12.0)
    assert shares.see(12.4, "attentive") == 0
    assert shares.see(12.9, "attentive") == pytest.approx(0.5)
    assert dict(shares.seconds) == pytest.approx({"attentive": 0.5, "cannot judge": 2.4})


def test_a_drive_at_an_uneven_rate_is_weighed_by_time(tmp_path: Path) -> None:
    """A second at 20 Hz with a fatigue of 10, two at 2 Hz with 40 of which one has eyes, then a stall of ten."""
    drive, stats = DriveSink(tmp_path / "drive.csv", "S"), StatsSink()
    story = [(n / 20, state(fatigue=10.0)) for n in range(21)]
    story += [(1 + n / 2, state(fatigue=40.0, eyes=0.9 if n <= 2 else None)) for n in range(1, 5)]
    story += [(13.0, state(fatigue=40.0))]
    for t, one in story:
        for sink in (drive, stats):
            sink.handle(result(t, driver=one))
    for sink in (drive, stats):
        sink.close([])
    with (tmp_path / "drive.csv").open() as handle:
        (row,) = csv.DictReader(handle)
    assert float(row["seconds"]) == pytest.approx(13.0)
    assert float(row["attentive"]) == pytest.approx(3 / 13, abs=0.001)
    assert float(row["cannot_judge"]) == pytest.approx(10 / 13, abs=0.001)
    assert float(row["fatigue_mean"]) == pytest.approx((1 * 10 + 2 * 40) / 3, abs=0.1)
    told = stats.summary(1.0)["driver"]
    assert told["eyes_judged"] == pytest.approx(2 / 13, abs=0.001)
