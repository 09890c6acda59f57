"""Scale by calculation and simulation: an archive on a cluster, from measured costs.

    python -m benchmarks.scale
    python -m benchmarks.scale --ms 1.16 --mbit 1.5 --nodes 5

The simulation gives recordings of random length to the cores of all nodes in their order, as Dask does; recordings over
fifteen minutes are cut into spans. Nodes fail at random times; what their workers were reading is read again. Costs of
a frame, a file and a task are measured figures (docs/results/archives.md); prices, bit rates and failures are
assumptions and can be changed.
"""

from __future__ import annotations

import argparse
import heapq
import math
import random
from dataclasses import dataclass

SPAN_S = 600.0
OVERLAP_S = 10.0
"""Defaults of ``batch``."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster.

    Attributes:
        nodes: Number of nodes.
        cores: Cores of a node; one worker each.
        failures: Failures of a node in 1,000 hours.
        back_s: Seconds until a failed node works again.
    """

    nodes: int
    cores: int
    failures: float
    back_s: float = 300.0


@dataclass(frozen=True, slots=True)
class Costs:
    """Measured costs.

    Attributes:
        frame_ms: CPU milliseconds of a frame of the file.
        file_ms: CPU milliseconds of a file besides its frames.
        fps: Frames a second of a recording.
    """

    frame_ms: float
    file_ms: float
    fps: float

    def seconds(self, length: float) -> float:
        """CPU seconds for a span of this length in seconds."""
        return (length * self.fps * self.frame_ms + self.file_ms) / 1e3


def spans(count: int, mean_s: float, spread: float, seed: int) -> list[float]:
    """Lengths in seconds of all spans of recordings with log-normal lengths."""
    rng = random.Random(seed)
    lengths: list[float] = []
    for _ in range(count):
        whole = mean_s * rng.lognormvariate(-(spread**2) / 2, spread)
        parts = math.ceil(whole / SPAN_S) if whole > 1.5 * SPAN_S else 1
        lengths += [whole / parts + (OVERLAP_S if n else 0.0) for n in range(parts)]
    return lengths


def simulate(lengths: list[float], costs: Costs, cluster: Cluster, seed: int) -> tuple[float, float, int]:
    """Plays the batch.

    Returns:
        Seconds until the last span is read, CPU seconds spent, and number of spans read twice.
    """
    rng = random.Random(seed)
    rate = cluster.failures / 1000 / 3600
    down = [rng.expovariate(rate) if rate else math.inf for _ in range(cluster.nodes)]
    free = [(0.0, core) for core in range(cluster.nodes * cluster.cores)]
    heapq.heapify(free)
    waiting = [costs.seconds(length) for length in reversed(lengths)]
    spent, end, again = 0.0, 0.0, 0
    while waiting:
        now, core = heapq.heappop(free)
        node = core // cluster.cores
        if down[node] <= now:
            down[node] = now + cluster.back_s + rng.expovariate(rate)
            heapq.heappush(free, (now + cluster.back_s, core))
            continue
        work = waiting.pop()
        if now + work > down[node]:  # lost with the node
            spent += down[node] - now
            again += 1
            waiting.append(work)
            heapq.heappush(free, (down[node], core))
            continue
        spent += work
        end = max(end, now + work)
        heapq.heappush(free, (now + work, core))
    return end, spent, again


def main() -> None:
    """Prints the table and the rates by which other parts are loaded."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--recordings", type=int, default=100_000)
    parser.add_argument("--minutes", type=float, default=10.0, help="mean length")
    parser.add_argument("--spread", type=float, default=0.5, help="standard deviation of the logarithm of the length")
    parser.add_argument("--fps", type=float, default=30.0, help="frames a second of the recordings")
    parser.add_argument("--rows", type=float, default=1.0, help="rows of the table per frame of the recording")
    parser.add_argument("--ms", type=float, default=4.64, help="CPU ms of a frame")
    parser.add_argument("--file-ms", type=float, default=70.0, help="CPU ms of a file besides its frames")
    parser.add_argument("--task-ms", type=float, default=1.25, help="CPU ms of a task in Dask's scheduler and client")
    parser.add_argument("--mbit", type=float, default=5.0, help="megabits a second of the recordings")
    parser.add_argument("--row-bytes", type=float, default=73.0, help="bytes of a row in Parquet")
    parser.add_argument("--nodes", default="1,5,20,100")
    parser.add_argument("--cores", type=int, default=32, help="cores of a node")
    parser.add_argument("--price", type=float, default=1.5, help="price of a node and hour; an assumption")
    parser.add_argument("--failures", type=float, default=2.0, help="failures of a node in 1,000 hours; an assumption")
    args = parser.parse_args()
    lengths = spans(args.recordings, args.minutes * 60, args.spread, 1)
    costs = Costs(args.ms, args.file_ms, args.fps)
    seconds = sum(lengths)
    tasks = args.recordings + len(lengths)
    read = seconds * args.mbit / 8e6
    written = seconds * args.fps * args.rows * args.row_bytes / 1e9
    print(
        f"{args.recordings:,} recordings, {seconds / 3600:,.0f} hours, {read:.1f} TB to read, {written:.0f} GB "
        f"of Parquet in {3 * args.recordings:,} files\n"
    )
    print("| nodes | cores | hours | node hours | money | read GB/s | tasks/s | scheduler's core | spans lost |")
    print("|---|---|---|---|---|---|---|---|---|")
    for nodes in (int(n) for n in args.nodes.split(",")):
        end, _, again = simulate(lengths, costs, Cluster(nodes, args.cores, args.failures), nodes)
        hours, rate = end / 3600, tasks / end
        print(
            f"| {nodes} | {nodes * args.cores} | {hours:,.1f} | {hours * nodes:,.0f} | "
            f"{hours * nodes * args.price:,.0f} | {read * 1e3 / end:.2f} | {rate:.1f} | "
            f"{rate * args.task_ms / 1e3:.1%} | {again} |"
        )


if __name__ == "__main__":
    main()
