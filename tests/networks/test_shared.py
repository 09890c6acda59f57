"""Networks that several threads share."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest

from monitor.capture.demo import DemoSource
from monitor.networks.load import Shelf, load
from monitor.pipeline import Pipeline
from monitor.run.assembly import build
from monitor.settings.config import Config


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads take turns as often as possible."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def test_pipelines_on_several_threads_read_as_one_does_alone(hasty: None) -> None:
    config, shelf, source = Config(), Shelf(), DemoSource()
    frames = [frame for _ in range(70) if (frame := source.read()) is not None][20:]

    def read(pipeline: Pipeline) -> list[object]:
        return [(f.label, f.probs.tobytes(), f.box) for frame in frames for f in pipeline.step(frame).faces]

    alone = read(build(config, load(config)))
    answers: list[list[object]] = []
    pipelines = [build(config, load(config, shelf)) for _ in range(3)]
    threads = [threading.Thread(target=lambda p=pipeline: answers.append(read(p))) for pipeline in pipelines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(alone) > 30
    assert answers == [alone, alone, alone]
