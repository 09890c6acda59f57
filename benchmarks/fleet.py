"""A fleet of cars at one broker: load test of a real mosquitto with synthetic devices and one collector.

    python -m benchmarks.fleet --devices 500,1000,2000 --seconds 30

Each device is an MQTT connection of its own that publishes the state of driver mode, as the monitor does: retained, at
most once a second, QoS 0, below ``emotion-monitor/<name>/state``. One collector subscribes to all states and writes
them as Parquet files of ``--flush`` seconds. CPU times of broker and collector are those of their processes, so they
hardly depend on other work on the machine; the latency from publishing to the collector does.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import resource
import selectors
import shutil
import socket
import subprocess
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import paho.mqtt.client as mqtt
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from paho.mqtt.enums import CallbackAPIVersion

from emotion_monitor import Monitor
from monitor.outputs.remote.state import MainFace, state_of
from monitor.system.processor import processor

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin:/opt/homebrew/sbin")
SETTLE_S = 3.0
"""Seconds between the last connection and the measurement."""
QUIET_S = 1.0
"""Seconds without a message after which all have arrived."""


def sample_state() -> dict[str, Any]:
    """The state that driver mode publishes for a frame of the demo."""
    with Monitor(profile="driver") as monitor:
        for result in monitor.watch("demo"):
            if result.frame.index >= 150 and result.faces:
                return state_of(result, MainFace().choose(result))
    raise SystemExit("the demo shows no face")


def devices(port: int, names: range, hz: float, state: dict[str, Any], pipe: Connection) -> None:
    """Publishes the states of many devices from one process, each over its own connection."""
    chooser = selectors.DefaultSelector()
    clients = []
    for n in names:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"car{n}")
        client.connect("127.0.0.1", port, keepalive=600)
        connection = client.socket()
        assert connection is not None
        chooser.register(connection.fileno(), selectors.EVENT_READ, client)
        clients.append((f"emotion-monitor/car{n}/state", client))
    _tend(chooser, 0.2)
    pipe.send("connected")
    end = time.monotonic() + pipe.recv()
    sent, due = 0, time.monotonic()
    rng = random.Random(names.start)
    gap = 1 / hz / len(clients)
    while time.monotonic() < end:
        topic, client = clients[sent % len(clients)]
        client.publish(topic, json.dumps(_varied(state, rng)), qos=0, retain=True)
        sent += 1
        due += gap
        _tend(chooser, max(0.0, due - time.monotonic()) if sent % 8 == 0 else 0.0)
    pipe.send(sent)
    for _, client in clients:
        client.disconnect()


def _varied(state: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """The state with random numbers, which compress worst, and the time of sending."""
    varied: dict[str, Any] = {"sent": time.time()}
    for key, value in state.items():
        if isinstance(value, dict):
            varied[key] = _varied(value, rng)
            varied[key].pop("sent")
        else:
            varied[key] = round(rng.random(), 3) if isinstance(value, float) else value
    return varied


def _tend(chooser: selectors.BaseSelector, seconds: float) -> None:
    """Waits, and reads what the broker sends."""
    for key, _ in chooser.select(seconds):
        key.data.loop_read()


def collector(port: int, folder: str, flush_s: float, pipe: Connection) -> None:
    """Writes all states as Parquet files; told to report, it sends their number, its CPU seconds and the latencies."""
    rows: list[tuple[float, str, bytes]] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="collector")
    client.on_message = lambda _c, _u, message: rows.append((time.time(), message.topic, bytes(message.payload)))
    client.connect("127.0.0.1", port)
    client.subscribe("emotion-monitor/+/state", qos=0)
    latency: list[float] = []
    files, start, flushed = 0, 0.0, time.monotonic()
    pipe.send("ready")
    while True:
        client.loop(0.1)
        told = pipe.recv() if pipe.poll() else ""
        if told == "start":
            rows.clear()
            latency, files, start, flushed = [], 0, time.process_time(), time.monotonic()
        if rows and time.monotonic() - flushed >= flush_s:
            part, rows[:] = list(rows), []
            latency += _write(part, Path(folder) / f"{files:05d}.parquet")
            files, flushed = files + 1, time.monotonic()
        if told == "report":
            while True:  # what is still on its way
                known = len(rows)
                until = time.monotonic() + QUIET_S
                while time.monotonic() < until:
                    client.loop(0.1)
                if len(rows) == known:
                    break
            latency += _write(rows, Path(folder) / f"{files:05d}.parquet") if rows else []
            files += bool(rows)
            pipe.send((files, time.process_time() - start, latency))


def _write(part: list[tuple[float, str, bytes]], path: Path) -> list[float]:
    """Writes one file; returns the seconds that each message took."""
    states = [json.loads(payload) for _, _, payload in part]
    latency = [at - state.pop("sent") for (at, _, _), state in zip(part, states, strict=True)]
    for (at, topic, _), state in zip(part, states, strict=True):
        state |= {"device": topic.split("/")[1], "time": at, "main_face": json.dumps(state["main_face"])}
    pq.write_table(pa.Table.from_pylist(states), path, compression="zstd")
    return latency


def measure(count: int, hz: float, seconds: float, flush_s: float, processes: int) -> str:
    """One row of the table."""
    state = sample_state()
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as name, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        lines = ["user root", "persistence false", f"listener {port} 127.0.0.1", "allow_anonymous true"]
        conf = Path(name) / "mosquitto.conf"
        conf.write_text("\n".join([*lines, "max_queued_messages 0", ""]))
        broker = subprocess.Popen([str(MOSQUITTO), "-c", str(conf)], stderr=subprocess.DEVNULL)
        time.sleep(1.0)
        theirs = psutil.Process(broker.pid)
        children: list[Any] = []
        try:
            box, pipe = context.Pipe()
            children.append(context.Process(target=collector, args=(port, name, flush_s, pipe), daemon=True))
            children[-1].start()
            box.recv()
            pipes = []
            for n in range(processes):
                ours, other = context.Pipe()
                names = range(n * count // processes, (n + 1) * count // processes)
                children.append(context.Process(target=devices, args=(port, names, hz, state, other), daemon=True))
                children[-1].start()
                pipes.append(ours)
            for ours in pipes:
                ours.recv()
            time.sleep(SETTLE_S)
            box.send("start")
            before = sum(theirs.cpu_times()[:2])
            for ours in pipes:
                ours.send(seconds)
            sent = sum(ours.recv() for ours in pipes)
            time.sleep(SETTLE_S)
            spent = sum(theirs.cpu_times()[:2]) - before
            memory = theirs.memory_info().rss / 1e6
            box.send("report")
            files, cpu, latency = box.recv()
        finally:
            for child in children:
                child.terminate()
            broker.terminate()
            broker.wait(10)
        size = sum(path.stat().st_size for path in Path(name).glob("*.parquet"))
    received = len(latency)
    middle, late = np.percentile(np.array(latency) * 1e3, [50, 95])
    payload = len(json.dumps(_varied(state, random.Random(0))))
    return (
        f"| {count} | {sent / seconds:.0f} | {received / sent:.1%} | {spent / received * 1e6:.0f} | "
        f"{spent / seconds:.1%} | {memory:.0f} | {cpu / received * 1e6:.0f} | {received / cpu:.0f} | {payload} | "
        f"{size / received:.0f} in {files} files | {middle:.0f} / {late:.0f} |"
    )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--devices", default="500,1000,2000", help="numbers of connections")
    parser.add_argument("--hz", type=float, default=1.0, help="states a second and device")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--flush", type=float, default=10.0, help="seconds of a Parquet file")
    parser.add_argument("--processes", type=int, default=2, help="processes that play devices")
    args = parser.parse_args()
    if MOSQUITTO is None:
        raise SystemExit("mosquitto is not installed; run: sudo apt install mosquitto")
    counts = [int(n) for n in args.devices.split(",")]
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, max(counts) + 1000), most))
    print(f"{processor()}; {args.hz:g} states a second and device, {args.seconds:g} s\n")
    print(
        "| devices | messages/s | received | broker µs a message | broker, share of a core | broker MB | "
        "collector µs a message | messages/s a collector can take | bytes of JSON | bytes of Parquet a message | "
        "latency p50 / p95 ms |"
    )
    print("|" + "---|" * 11)
    for count in counts:
        print(measure(count, args.hz, args.seconds, args.flush, args.processes), flush=True)


if __name__ == "__main__":
    main()
