"""Drives of ten minutes and more, composed of the shared clips, judged and scored against their labels.

python -m benchmarks.drives ../shared/videos [--rows 5hz] [--minutes 10] [--out FOLDER]

Each clip is run once in driver mode and logged. A drive repeats the rows of a clip and its labels, so that windows of
a minute and the calibration fill up; half a second without rows separates the repetitions. "mixed" joins the clips of
awake drivers, one minute each, like drivers who change seats.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import tempfile
from dataclasses import replace
from pathlib import Path

from monitor.cli import intervals, score
from monitor.cli.intervals import Interval
from monitor.core.types import Event
from monitor.driver.evidence import Evidence
from monitor.driver.state import DriverMonitor
from monitor.outputs.logs.evidence import read_evidence
from monitor.outputs.logs.reader import Damage
from monitor.run import app
from monitor.settings import config as configuration
from monitor.settings.config import Config

AWAKE = ("drv_ndu_awake.mp4", "drv_vinay_driver.mp4", "munb_2.avi", "munb_4.avi", "fer_woman2.mp4", "lp_d6.mp4",
         "lp_d18.mp4", "lp_d3.mp4", "pyfeat_single_face.mp4", "incluit_3.mp4", "hm_tiktok.mp4", "hm_xzy2.mp4",
         "dagan.mp4", "esh_tired.mp4", "push_blink4.mp4")  # fmt: skip
LABELLED = ("lp_d14.mp4", "pyfeat_WolfgangLanger_Pexels.mp4", "munb_3.avi")
PAUSE_S = 0.5


def evidence_of(clip: Path, config: Config, folder: Path) -> list[Evidence]:
    """Logs a clip in driver mode and reads its evidence back."""
    out = folder / clip.name
    app.run(app.Options(str(clip), headless=True, out=str(out), quiet=True), config, "benchmark")
    return logged_evidence(out)


def logged_evidence(session: Path) -> list[Evidence]:
    """The evidence of one session."""
    return [evidence for _, evidence in read_evidence(session, Damage())]


def looped(
    parts: list[tuple[str, list[Evidence]]], seconds: float, labels: dict[str, list[Interval]]
) -> tuple[list[Evidence], list[Interval]]:
    """Repeats the parts in turn for ``seconds`` seconds, with their labels."""
    made: list[Evidence] = []
    truth: list[Interval] = []
    start = 0.0
    for number, (name, part) in enumerate(itertools.cycle(parts)):
        if start >= seconds:
            break
        shift = start - part[0].t
        made += [
            replace(e, t=e.t + shift, wall=1.7e9 + e.t + shift, face=e.face and e.face + 100 * number) for e in part
        ]
        truth += [Interval(i.start + shift, i.end + shift, i.what) for i in labels.get(name, [])]
        start = made[-1].t + PAUSE_S
    return made, truth


def judged(evidence: list[Evidence], config: Config) -> list[Event]:
    """The events of a drive."""
    monitor = DriverMonitor(config.driver, itertools.count(1))
    events = [event for e in evidence for event in monitor.update(e)[1]]
    return events + monitor.finish()


def spans(events: list[Event], kind: str, level: int) -> tuple[list[Interval], list[float]]:
    """The events of a kind that reached a level, and the times at which they did."""
    found, alerts = [], []
    for one in dict.fromkeys(e.id for e in events if e.kind == kind):
        mine = [e for e in events if e.id == one]
        reached = [e.t for e in mine if e.level >= level]
        if reached:
            end = mine[-1]
            found.append(Interval(end.t - float(end.data["duration_s"]), end.t, kind))
            alerts.append(reached[0])
    return found, alerts


def row_of(name: str, evidence: list[Evidence], truth: list[Interval], config: Config) -> dict[str, object]:
    """The figures of one drive."""
    events = judged(evidence, config)
    hours = (evidence[-1].t - evidence[0].t) / 3600
    shut = [i for i in truth if i.what == "eyes_closed" and i.end - i.start >= 1.0]
    yawns = [i for i in truth if i.what == "yawn"]
    found = score.score(*spans(events, "eyes_closed", 1), shut, hours)
    micro = score.score(*spans(events, "eyes_closed", 2), shut, hours)
    yawned = score.score(*spans(events, "yawn", 1), yawns, hours)
    blind = sum(e.eyes is None for e in evidence) / len(evidence)
    return {
        "drive": name, "minutes": round(hours * 60, 1), "rows": len(evidence),
        "closures": f"{found.found}/{found.labelled}", "false_closures": found.events - found.right,
        "microsleeps": f"{micro.found}/{micro.labelled}", "false_microsleeps": micro.events - micro.right,
        "delay_s": round(sum(micro.delays) / len(micro.delays), 2) if micro.delays else None,
        "yawns": f"{yawned.found}/{yawned.labelled}", "false_yawns": yawned.events - yawned.right,
        "distraction": len(spans(events, "distraction", 1)[0]), "away": len(spans(events, "away", 1)[0]),
        "anger_like": len(spans(events, "anger_like", 1)[0]),
        "cannot_judge": len(spans(events, "cannot_judge", 1)[0]),
        "worst_fatigue": max((e.level for e in events if e.kind == "fatigue"), default=0),
        "eyes_unknown": round(blind, 3),
    }  # fmt: skip


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", default="every", choices=("every", "10hz", "5hz"))
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change one setting")
    parser.add_argument("--every", type=int, default=1, help="judge every EVERY-th row only, as at a lower frame rate")
    parser.add_argument("--out", type=Path, help="keep the sessions in this folder and reuse those that exist")
    args = parser.parse_args()
    config, _ = configuration.load(None, [f"output.rows={args.rows}", *args.set], "driver")
    with (args.folder / "intervals.csv").open() as handle:
        names = sorted({row["file"] for row in csv.DictReader(handle)})
    labels = {name: intervals.read_labels(args.folder / "intervals.csv", name) for name in names}
    with tempfile.TemporaryDirectory() as temporary:
        out = args.out or Path(temporary)
        logs: dict[str, list[Evidence]] = {}
        for name in (*LABELLED, *AWAKE):
            if (out / name / "evidence.csv").exists():
                logs[name] = logged_evidence(out / name)
            else:
                logs[name] = evidence_of(args.folder / name, config, out)
    logs = {name: log[:: args.every] for name, log in logs.items()}
    rows = [row_of(name, *looped([(name, log)], args.minutes * 60, labels), config) for name, log in logs.items()]
    minute = [(name, looped([(name, logs[name])], 60, {})[0]) for name in AWAKE[:4]]
    rows.append(row_of("mixed awake drivers", *looped(minute, args.minutes * 60, {}), config))
    columns = list(rows[0])
    print("| " + " | ".join(columns) + " |\n|" + "---|" * len(columns))
    for row in rows:
        print("| " + " | ".join("-" if row[c] is None else str(row[c]) for c in columns) + " |")
    hours = sum(float(str(r["minutes"])) for r in rows) / 60
    total = sum(int(str(r["false_microsleeps"])) for r in rows)
    print(f"\n{hours:.2f} hours; {total} false microsleeps, {total / hours:.1f} per hour")
    print(json.dumps({"rows": args.rows, "every": args.every, "set": args.set}))


if __name__ == "__main__":
    main()
