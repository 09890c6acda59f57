"""The shared clips under bad light, noise, compression, tilt and glare: found, told as not to be judged, or missed.

python -m benchmarks.degraded ../shared/videos [--minutes 3] [--out FOLDER] [--only NAME …] [--clips NAME …]

Each frame is degraded before the program sees it; each clip's evidence is then repeated like in ``benchmarks.drives``.
A labelled closure or yawn is *found* (an event overlaps it), *told* (``cannot_judge`` was reported in it or at most
``TOLD_S`` after its end, or is going on), a closure also *off road* (reported as ``distraction``), or *missed*.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.degradations import DEGRADED, Degradation
from benchmarks.drives import AWAKE, LABELLED, logged_evidence, looped, spans
from emotion_monitor import Monitor
from monitor.capture.source import Source
from monitor.cli import intervals, score
from monitor.cli.intervals import Interval
from monitor.core.driver_state import ATTENTIVE
from monitor.core.types import Event, Frame
from monitor.driver.evidence import Evidence
from monitor.driver.state import DriverMonitor
from monitor.outputs.logs.evidence import NAME, EvidenceSink
from monitor.settings import config as configuration
from monitor.settings.config import Config

TOLD_S = 8.0
"""``cannot_judge`` must be reported this soon."""
SHUT_S = 1.0
"""Eyes that have been shut for this long are not attentive."""


class Degraded:
    """A source whose frames are degraded; see ``Source``."""

    live = False

    def __init__(self, source: Source, how: Degradation) -> None:
        self._source, self._how = source, how
        self._rng = np.random.default_rng(1)
        self.name, self.fps, self.frames = source.name, source.fps, source.frames

    def read(self) -> Frame | None:
        """The next frame, degraded."""
        frame = self._source.read()
        if frame is None:
            return None
        image = self._how(frame.image, self._rng)
        image.setflags(write=False)
        return replace(frame, image=image)

    def close(self) -> None:
        """Closes the source."""
        self._source.close()

    def facts(self) -> dict[str, Any]:
        """Facts of the source."""
        return self._source.facts()


@dataclass
class Tally:
    """Counts of one degradation over all clips.

    Attributes:
        closures, yawns: Labelled ones.
        found, told, off_road, missed: Closures by outcome.
        yawns_found, yawns_told: Yawns by outcome.
        false_closures, false_microsleeps, false_yawns: Events that no label explains.
        attentive_s: Seconds called attentive after ``SHUT_S`` of a labelled closure.
        unknown: Share of the rows with unknown eyes.
        worst_fatigue: Highest level of fatigue in the drives of awake people.
        hours: Length of the drives.
    """

    closures: int = 0
    found: int = 0
    told: int = 0
    off_road: int = 0
    missed: int = 0
    yawns: int = 0
    yawns_found: int = 0
    yawns_told: int = 0
    false_closures: int = 0
    false_microsleeps: int = 0
    false_yawns: int = 0
    attentive_s: float = 0.0
    unknown: float = 0.0
    worst_fatigue: int = 0
    hours: float = 0.0

    def add(self, evidence: list[Evidence], truth: list[Interval], config: Config, *, awake: bool) -> None:
        """Judges a drive and counts it."""
        monitor, events = DriverMonitor(config.driver, itertools.count(1)), list[Event]()
        shut = [i for i in truth if i.what == "eyes_closed" and i.end - i.start >= 1.0]
        last = evidence[0].t
        for seen in evidence:
            state, more = monitor.update(seen)
            events += more
            step, last = min(0.5, seen.t - last), seen.t
            if state.attention == ATTENTIVE and any(i.start + SHUT_S + 0.3 <= seen.t <= i.end - 0.3 for i in shut):
                self.attentive_s += step
        events += monitor.finish()
        blind = spans(events, "cannot_judge", 1)[0]
        closed, micro, yawned = (spans(events, *w)[0] for w in (("eyes_closed", 1), ("eyes_closed", 2), ("yawn", 1)))
        looks_down = spans(events, "distraction", 1)[0]
        yawns = [i for i in truth if i.what == "yawn"]
        for label in shut:
            self.closures += 1
            found = any(_touch(e, label) for e in closed)
            told = any(_touch(e, Interval(label.start, label.end + TOLD_S, "")) for e in blind)
            self.found += found
            self.told += told and not found
            down = any(_touch(e, label) for e in looks_down)
            self.off_road += down and not (found or told)
            self.missed += not (found or told or down)
        for label in yawns:
            self.yawns += 1
            found = any(_touch(e, label) for e in yawned)
            self.yawns_found += found
            self.yawns_told += not found and any(_touch(e, label) for e in blind)
        explained = [i for i in truth if i.what.startswith("eyes_closed")]
        self.false_closures += sum(not any(_touch(e, i) for i in explained) for e in closed)
        self.false_microsleeps += sum(not any(_touch(e, i) for i in explained) for e in micro)
        self.false_yawns += sum(not any(_touch(e, i) for i in yawns) for e in yawned)
        hours = (evidence[-1].t - evidence[0].t) / 3600
        share = sum(e.eyes is None for e in evidence) / len(evidence)
        self.unknown = (self.unknown * self.hours + share * hours) / (self.hours + hours)
        self.hours += hours
        if awake:
            self.worst_fatigue = max([self.worst_fatigue, *(e.level for e in events if e.kind == "fatigue")])

    def row(self, name: str) -> str:
        """A row of the table."""
        cells = [
            name, f"{self.hours:.2f}", f"{self.found}/{self.closures}", self.told, self.off_road, self.missed,
            self.false_closures, self.false_microsleeps, f"{self.yawns_found}/{self.yawns}", self.yawns_told,
            self.false_yawns, f"{self.attentive_s:.1f}", f"{self.unknown:.3f}", self.worst_fatigue,
        ]  # fmt: skip
        return "| " + " | ".join(str(cell) for cell in cells) + " |"


HEAD = (
    "degradation", "hours", "closures found", "told", "off road", "missed", "false closures", "false microsleeps",
    "yawns found", "told", "false yawns", "attentive with shut eyes, s", "eyes unknown", "worst fatigue, awake",
)  # fmt: skip


def _touch(a: Interval, b: Interval) -> bool:
    return a.start <= b.end + score.SLACK_S and b.start <= a.end + score.SLACK_S


def evidence_of(clip: Path, how: Degradation, config: Config, folder: Path) -> list[Evidence]:
    """A degraded clip's evidence; kept in ``folder`` and read from there the next time."""
    if not (folder / NAME).exists():
        from monitor.run.arguments import open_source

        folder.mkdir(parents=True, exist_ok=True)
        sink = EvidenceSink(folder / NAME, "degraded")
        with Monitor(config=config) as monitor:
            for result in monitor.watch(Degraded(open_source(str(clip)), how)):
                sink.handle(result)
        sink.close(())
    return logged_evidence(folder)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--only", nargs="*", default=[], help="names of degradations")
    parser.add_argument("--clips", nargs="*", default=[*LABELLED, *AWAKE], help="names of clips")
    parser.add_argument("--out", type=Path, help="keep the evidence in this folder and reuse what exists")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change one setting")
    args = parser.parse_args()
    config, _ = configuration.load(None, args.set, "driver")
    with (args.folder / "intervals.csv").open() as handle:
        names = sorted({row["file"] for row in csv.DictReader(handle)})
    labels = {name: intervals.read_labels(args.folder / "intervals.csv", name) for name in names}
    print("| " + " | ".join(HEAD) + " |\n|" + "---|" * len(HEAD))
    with tempfile.TemporaryDirectory() as temporary:
        out = args.out or Path(temporary)
        for number, (name, how) in enumerate(DEGRADED.items()):
            if args.only and name not in args.only:
                continue
            tally = Tally()
            for clip in args.clips:
                seen = evidence_of(args.folder / clip, how, config, out / str(number) / clip)
                if seen:
                    tally.add(*looped([(clip, seen)], args.minutes * 60, labels), config, awake=clip in AWAKE)
            print(tally.row(name), flush=True)


if __name__ == "__main__":
    main()
