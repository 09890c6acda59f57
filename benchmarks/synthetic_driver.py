"""Drives of a synthetic driver with exact truth: misses and false alarms an hour by condition.

python -m benchmarks.synthetic_driver [--hours 20] [--piece 3/8] [--only NAME …] [--set KEY=VALUE]

Scripts move lids, gaze, mouth and head (``synthetic_script``); a model of the camera turns them into evidence, with
noise whose quantiles were measured on the shared clips, as filmed and degraded. The judgement sees only the evidence;
no picture is rendered.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from benchmarks.drives import spans
from benchmarks.synthetic_camera import CAMERAS, Camera
from benchmarks.synthetic_conditions import CONDITIONS
from benchmarks.synthetic_script import Act, Body, Rng, Script
from monitor.cli.intervals import Interval
from monitor.core.evidence import Evidence
from monitor.core.types import Event
from monitor.driver.state import DriverMonitor
from monitor.settings import config as configuration
from monitor.settings.config import Config

T = TypeVar("T")
DRIVE_S = 600.0
"""Length of one drive in seconds; each has another driver."""
SLACK_S = 0.7
"""An event this far outside an interval still belongs to it."""
CLEAR_S = 0.3
"""A closure must be this much longer than a threshold before its level is demanded: slower frames see it shorter."""


KINDS = {
    "closure": ("eyes_closed", 1), "microsleep": ("eyes_closed", 2), "yawn": ("yawn", 1),
    "distraction": ("distraction", 1), "droop": ("head_droops", 2),
}  # fmt: skip
"""Sign and level behind each kind of truth."""


@dataclass
class Tally:
    """Counts of one condition.

    Attributes:
        hours: Length of its drives.
        found: Found and all by kind: closures of over 1 s, closures of over 1.5 s that were told as such, yawns, looks
            down of over 2 s, heads that hang for over 3 s.
        false: False events by kind; a microsleep counts among closures, too.
        fatigue: Highest level of fatigue of each drive.
        told: ``cannot_judge`` events.
        first_s: Seconds of the drive at which the first of them was told.
    """

    hours: float = 0.0
    found: dict[str, list[int]] = field(default_factory=lambda: {k: [0, 0] for k in KINDS})
    false: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    fatigue: list[int] = field(default_factory=list)
    told: int = 0
    first_s: float | None = None

    def add(self, acts: list[Act], events: list[Event], seconds: float) -> None:
        """Counts one drive."""
        self.hours += seconds / 3600
        truth = {kind: truth_of(acts, kind) for kind in KINDS}
        shut = [Interval(a.start + a.shut[0], a.start + a.shut[1], "") for a in acts if a.shut and a.what != "yawn"]
        excused = {
            "closure": [*shut, *truth["yawn"], *(_whole(a) for a in acts if a.what == "excused")],
            "microsleep": shut, "yawn": truth["yawn"],
            "distraction": [_whole(a) for a in acts if a.what in ("looking_down", "droop", "") or a.shut],
            "droop": truth["droop"],
        }  # fmt: skip
        for kind, (sign, level) in KINDS.items():
            found = spans(events, sign, level)[0]
            self.found[kind][0] += sum(any(_touch(e, i) for e in found) for i in truth[kind])
            self.found[kind][1] += len(truth[kind])
            self.false[kind] += sum(not any(_touch(e, i) for i in excused[kind]) for e in found)
        self.fatigue.append(max((e.level for e in events if e.kind == "fatigue"), default=0))
        blind = [e for e in events if e.kind == "cannot_judge" and e.phase == "start"]
        self.told += len(blind)
        if blind and self.first_s is None:
            self.first_s = blind[0].t

    def row(self, name: str) -> str:
        """A row of the table."""
        shares = ["-" if not n else f"{found}/{n}" for found, n in self.found.values()]
        rates = [f"{count / self.hours:.1f}" for count in self.false.values()]
        cells = [name, f"{self.hours:.2f}", *shares, *rates, f"{np.mean(self.fatigue):.1f} / {max(self.fatigue)}",
                 str(self.told), "-" if self.first_s is None else f"{self.first_s:.1f}"]  # fmt: skip
        return "| " + " | ".join(cells) + " |"


HEAD = ("condition", "hours", "closures", "microsleeps", "yawns", "distractions", "droops", "false closures/h",
        "false microsleeps/h", "false yawns/h", "false distractions/h", "false droops/h", "fatigue, mean / worst",
        "cannot_judge", "first, s")  # fmt: skip


def truth_of(acts: list[Act], kind: str) -> list[Interval]:
    """The intervals that must be found."""
    if kind in ("yawn", "droop"):
        return [_whole(a) for a in acts if a.what == kind]
    if kind == "distraction":
        return [_whole(a) for a in acts if a.what == "looking_down" and a.length >= 2.9]
    least = (1.0 if kind == "closure" else 1.5) + CLEAR_S
    shut = [Interval(a.start + a.shut[0], a.start + a.shut[1], "") for a in acts if a.shut and a.what == "eyes_closed"]
    return [i for i in shut if i.end - i.start >= least]


def _whole(act: Act) -> Interval:
    return Interval(act.start, act.start + act.length, act.what)


def _touch(a: Interval, b: Interval) -> bool:
    return a.start <= b.end + SLACK_S and b.start <= a.end + SLACK_S


def evidence_of(script: Script, camera: Camera, rate: float, rng: Rng) -> tuple[list[Act], list[Evidence]]:
    """One drive: what the driver did, and what the camera saw."""
    acts = script.play(DRIVE_S, rng)
    seen: list[Evidence] = []
    going: list[Act] = []
    coming = iter([*acts, None])
    after = next(coming)
    for index in range(int(DRIVE_S * rate)):
        t = index / rate
        while after is not None and after.start <= t:
            going.append(after)
            after = next(coming)
        going = [act for act in going if t <= act.start + act.length]
        body = Body()
        for act in going:
            body = act.move(t - act.start, body)
        seen.append(camera.see(t, body))
    return acts, seen


def drive(script: Script, camera: Camera, rate: float, config: Config, rng: Rng) -> tuple[list[Act], list[Event]]:
    """One drive: what the driver did, and the events."""
    acts, evidence = evidence_of(script, camera, rate, rng)
    monitor = DriverMonitor(config.driver, itertools.count(1))
    events = [event for seen in evidence for event in monitor.update(seen)[1]]
    return acts, events + monitor.finish()


def asked(
    parser: argparse.ArgumentParser, conditions: Mapping[str, T]
) -> tuple[argparse.Namespace, Config, dict[str, T]]:
    """The arguments, the settings of driver mode with ``--set``, and the conditions that ``--only`` leaves."""
    parser.add_argument("--only", nargs="*", default=[], help="names of conditions")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change one setting")
    args = parser.parse_args()
    config, _ = configuration.load(None, args.set, "driver")
    return args, config, {name: how for name, how in conditions.items() if not args.only or name in args.only}


def print_head(names: Sequence[str]) -> None:
    """Prints the head of a Markdown table."""
    print("| " + " | ".join(names) + " |\n|" + "---|" * len(names))


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=20.0, help="hours of all conditions together")
    parser.add_argument("--piece", default="1/1", metavar="N/OF", help="only this part of the drives, for CI")
    args, config, chosen = asked(parser, CONDITIONS)
    count = max(1, round(args.hours * 3600 / DRIVE_S / len(chosen)))
    number, pieces = (int(part) for part in args.piece.split("/"))
    print_head(HEAD)
    for index, (name, (script, camera, rate)) in enumerate(chosen.items()):
        tally = Tally()
        for n in range(count):
            if (index * count + n) % pieces == number - 1:
                rng = np.random.default_rng([list(CONDITIONS).index(name), n])
                tally.add(*drive(script, Camera(CAMERAS[camera], rng), rate, config, rng), DRIVE_S)
        if tally.hours:
            print(tally.row(name), flush=True)


if __name__ == "__main__":
    main()
