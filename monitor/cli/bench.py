"""``emotion-monitor bench``: measures the cost of each stage on this machine."""

from __future__ import annotations

import argparse
import json
from typing import Any

from rich.table import Table

from monitor.capture.names import shown
from monitor.cli.measure import PI_3_SLOWER, PI_4_MS_PER_MMAC, PI_5_FASTER, report, run
from monitor.cli.sources import wanted
from monitor.core.errors import EXIT_OK
from monitor.settings import config as configuration
from monitor.system.terminal import wide_console


def command(args: argparse.Namespace) -> int:
    """Measures a source and prints a table or JSON.

    Raises:
        UserError: The settings, the source or a model cannot be used.
    """
    config, _ = configuration.load(args.config, args.set, args.profile)
    source = wanted(args) or "demo"
    found = report(run(source, config, args.seconds), shown(source))
    if args.json:
        print(json.dumps(found, indent=1))
        return EXIT_OK
    _print(found)
    return EXIT_OK


def _print(found: dict[str, Any]) -> None:
    console = wide_console()
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("stage", "mean", "p50", "p95", "share"):
        table.add_column(column, justify="left" if column == "stage" else "right")
    for stage, ms in found["stages"].items():
        table.add_row(stage, *(f"{ms[k]:.3f}" for k in ("mean", "p50", "p95")), f"{ms['share']:.0%}")
    cpu, decode = found["cpu_ms"], found["decode_ms"]
    table.add_row("all", *(f"{cpu[k]:.3f}" for k in ("mean", "p50", "p95")), "", style="bold")
    boards = ", ".join(
        f"{board} {ms:.0f} ms ({found['estimate_range'][board][0]:.0f} to {found['estimate_range'][board][1]:.0f})"
        for board, ms in found["estimates"].items()
    )
    console.print(
        f"{found['source']}, {found['width']}x{found['height']}, {found['faces_per_frame']} faces, "
        f"N = {found['frames']} frames: CPU ms per frame of the pipeline's thread"
    )
    console.print(found["processor"])
    console.print(table)
    console.print(f"decoding, not included: {decode['mean']:.2f} ms (p95 {decode['p95']:.2f})")
    console.print(
        f"fps possible on one core: {found['fps_possible']:.0f}; latency of a step p50 {cpu['p50']:.2f}, "
        f"p95 {cpu['p95']:.2f} ms; peak memory {found['peak_rss_mb']:.0f} MB including the frames held in memory"
    )
    console.print(f"at 15 fps this uses {found['core_at_15_fps']:.1%} of one core")
    console.print(f"estimate, not measured, per frame, with the spread of this measurement: {boards}")
    console.print(
        f"(this mean x {PI_4_MS_PER_MMAC} ms per MMAC on a Pi 4 / {found['mmac_ms']:.4f} here; a Pi 3 is taken as "
        f"{PI_3_SLOWER} times slower, a Pi 5 as {PI_5_FASTER} times faster)"
    )
