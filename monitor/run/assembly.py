"""Assembles networks and pipeline from settings; the only place that does so."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import cv2

from monitor.networks.load import Networks, load
from monitor.pipeline import Pipeline
from monitor.settings.config import Config

ALL_FACES = 1000
"""Readings per frame for photographs: a face cannot wait for the next picture, which shows other people."""
MOST, LEAST = 300, 0.1
"""Proposals per third of a photograph that are examined, and their lowest face probability. In a film, new faces
compete with faces that are already followed, and a missed one is found in the next frame."""


def build(config: Config, networks: Networks | None = None, clock: Callable[[], float] = time.monotonic) -> Pipeline:
    """Assembles a pipeline without any history: no known faces, no calibrated driver.

    Also sets OpenCV's thread count, which holds for the whole process, to ``detect.threads``.

    Args:
        config: Settings.
        networks: Already loaded networks; None loads them.
        clock: Seconds, for ``Result.timings_ms`` and ``Result.latency_ms`` only.

    Raises:
        UserError: A model or the detector cannot be used.
    """
    cv2.setNumThreads(config.detect.threads)
    return Pipeline(config, load(config) if networks is None else networks, clock)


def for_photographs(config: Config) -> Config:
    """Settings for unrelated pictures: each is searched completely, and nothing is carried over to the next one.

    One detection confirms a face. A face is forgotten before the next picture, together with its smoothing and its
    label; ids therefore never repeat. Every face of a picture is read, and every picture gets its rows in the table. No
    driver is judged: driver mode cannot judge a photograph.
    """
    detect = replace(
        config.detect, every_ms=0, empty_ms=0, motion=False, second_look=True,
        turned="never" if config.detect.turned == "never" else "always",
        most=max(MOST, config.detect.most), propose=min(LEAST, config.detect.propose),
    )  # fmt: skip
    return replace(
        config,
        track=replace(config.track, confirm_hits=1, lost_s=0.0, forget_s=0.0),
        detect=detect,
        emotion=replace(config.emotion, max_per_frame=ALL_FACES),
        output=replace(config.output, rows="every"),
        driver=replace(config.driver, enabled=False),
    )
