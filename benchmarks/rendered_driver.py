"""Drives of a drawn driver through the whole program: pictures in, events out, with exact truth.

python -m benchmarks.rendered_driver [--minutes 32] [--only NAME …] [--set KEY=VALUE]

The scripts of ``synthetic_script`` move lids, gaze, mouth, head and hand of the demo's heads; ``rendered_head`` draws
them, light and camera noise are added, and detector, networks and judgement see the pictures only.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from benchmarks.degradations import DEGRADED
from benchmarks.rendered_head import HEIGHT, WIDTH, Painter, Person
from benchmarks.synthetic_conditions import CONDITIONS
from benchmarks.synthetic_driver import HEAD, Tally, asked, print_head
from benchmarks.synthetic_script import Act, Body, Rng, Script
from emotion_monitor import Monitor
from monitor.core.types import Event, Frame, Image
from monitor.settings.config import Config

DRIVE_S = 120.0
"""Length of one drive in seconds; each has another driver."""
RATE = 10.0
"""Frames a second."""
GRAIN, GRAINS = 3.0, 7
"""Standard deviation of the camera's noise in gray levels, and number of noise pictures, which follow one another."""


@dataclass(frozen=True, slots=True)
class Scene:
    """How one condition is drawn.

    Attributes:
        script: The condition of ``synthetic_conditions`` whose script is played.
        wears: "", "mask" or "sunglasses".
        light: A degradation of ``degradations``.
    """

    script: str
    wears: str = ""
    light: str = "as filmed"


SCENES = {
    "awake": Scene("awake"),
    "talk": Scene("talk"),
    "glances down": Scene("glances down"),
    "sleepy": Scene("sleepy"),
    "sleepy, head sinks": Scene("sleepy, head sinks"),
    "yawns": Scene("yawns"),
    "yawns behind a hand": Scene("yawns behind a hand"),
    "sleepy, hand before the mouth": Scene("sleepy, hand before the mouth"),
    "awake, mask": Scene("awake", "mask"),
    "sleepy, mask": Scene("sleepy", "mask"),
    "awake, sunglasses": Scene("awake", "sunglasses"),
    "head sinks, sunglasses": Scene("sunglasses, head sinks", "sunglasses"),
    "awake, light × 0.3": Scene("awake", light="light × 0.3"),
    "sleepy, light × 0.3": Scene("sleepy", light="light × 0.3"),
    "sleepy, noise, sigma 25": Scene("sleepy", light="noise, sigma 25"),
    "sleepy, infra-red-like": Scene("sleepy", light="gray, infra-red-like"),
}
"""Conditions by name."""


class Drawn:
    """A drawn driver as a source; see ``Source``."""

    live = False
    name = "rendered"
    fps = RATE

    def __init__(self, scene: Scene, seconds: float, rng: Rng) -> None:
        script: Script = CONDITIONS[scene.script][0]
        self.acts: list[Act] = script.play(seconds, rng)
        person = Person(
            int(rng.integers(2)), int(rng.integers(170, 235)), float(rng.uniform(260, 380)),
            float(rng.uniform(215, 245)), scene.wears, float(rng.uniform(0.8, 1.0)),
        )  # fmt: skip
        self._painter, self._rng = Painter(person), rng
        self._light: Callable[[Image, Rng], Image] = DEGRADED[scene.light]
        self._grain = np.rint(rng.normal(0, GRAIN, (GRAINS, HEIGHT, WIDTH, 3))).astype(np.int16)
        self._drift = rng.uniform(0, 6, 3)
        self._index, self.frames = 0, round(seconds * RATE)
        self._going: list[Act] = []
        self._coming = list(self.acts)

    def body(self, t: float) -> Body:
        """The driver's body at a second; times must rise."""
        while self._coming and self._coming[0].start <= t:
            self._going.append(self._coming.pop(0))
        self._going = [act for act in self._going if t <= act.start + act.length]
        body = Body()
        for act in self._going:
            body = act.move(t - act.start, body)
        return body

    def read(self) -> Frame | None:
        """The next picture."""
        if self._index >= self.frames:
            return None
        t = self._index / RATE
        body, drift = self.body(t), self._drift
        yaw, pitch = 2 * math.sin(0.13 * t + drift[0]), 1.5 * math.sin(0.19 * t + drift[1])
        moved = Body(body.lids, body.gaze, body.mouth, body.yaw + yaw, body.pitch + pitch, body.happy, body.hand)
        picture = self._painter.paint(moved, 2 * math.sin(0.11 * t + drift[2]))
        noisy = cv2.add(picture, self._grain[self._index % GRAINS], dtype=cv2.CV_8U).astype(np.uint8, copy=False)
        image = np.ascontiguousarray(self._light(noisy, self._rng))
        image.setflags(write=False)
        frame = Frame(self._index, round(t, 6), 1.7e9 + t, image, self.name)
        self._index += 1
        return frame

    def close(self) -> None:
        """Nothing is held open."""

    def facts(self) -> dict[str, Any]:
        """Size and rate."""
        return {"kind": "rendered", "width": WIDTH, "height": HEIGHT, "fps": RATE}


def drive(scene: Scene, seconds: float, config: Config, rng: Rng) -> tuple[list[Act], list[Event], float]:
    """One drive: what the driver did, the events, and the share of frames in which the face was found."""
    source, events = Drawn(scene, seconds, rng), list[Event]()
    found = frames = 0
    with Monitor(config=config) as monitor:
        for result in monitor.watch(source):
            events += result.events
            found += bool(result.faces)
            frames += 1
    return source.acts, events, found / max(1, frames)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=32.0, help="minutes of all conditions together")
    args, config, chosen = asked(parser, SCENES)
    count = max(1, round(args.minutes * 60 / DRIVE_S / len(chosen)))
    print_head((*HEAD, "face found"))
    start = time.process_time()
    for name, scene in chosen.items():
        tally, shares = Tally(), []
        for n in range(count):
            rng = np.random.default_rng([list(SCENES).index(name), n])
            acts, events, share = drive(scene, DRIVE_S, config, rng)
            tally.add(acts, events, DRIVE_S)
            shares.append(share)
        print(f"{tally.row(name)} {np.mean(shares):.3f} |", flush=True)
    print(f"\n{time.process_time() - start:.0f} s of CPU")


if __name__ == "__main__":
    main()
