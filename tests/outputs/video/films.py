"""Short recordings for the tests of videos."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from monitor.core.types import Result
from monitor.outputs.drawing.annotator import Annotator
from monitor.outputs.drawing.canvas import Canvas
from monitor.outputs.video.blur import Blur
from monitor.outputs.video.recorder import Target
from monitor.outputs.video.video import VideoSink
from monitor.settings.config import DisplayConfig, OutputConfig
from tests.fakes import face, result


def canvas() -> Canvas:
    return Canvas(lambda: Annotator(DisplayConfig()))


def sink(folder: Path, fps: float = 20.0, **config: object) -> VideoSink:
    def path(suffix: str) -> Path:
        return folder / f"video{len(list(folder.glob('video*')))}{suffix}"

    config = {"video_codec": "mp4v"} | config
    made = VideoSink(Target(path, fps), OutputConfig(**config), canvas())  # type: ignore[arg-type]
    made.switch(on=True)
    return made


def film(video: VideoSink, times: Sequence[float], size: tuple[int, int] = (160, 120)) -> None:
    for n, t in enumerate(times):
        image = np.full((size[1], size[0], 3), 40 + n % 100, np.uint8)
        video.handle(result(t, [face(1, box=(20, 20, 60, 60))], image=image))


def length(path: Path) -> float:
    capture = cv2.VideoCapture(str(path))
    count = 0
    while capture.read()[0]:
        count += 1
    return count / float(capture.get(cv2.CAP_PROP_FPS))


def live_sink(folder: Path, blur: str = "none") -> VideoSink:
    config = OutputConfig(blur=blur, video_codec="mp4v")
    made = VideoSink(Target(lambda suffix: folder / f"live{suffix}", 20.0, live=True), config, canvas())
    made.switch(on=True)
    return made


def blurred(blur: Blur, results: list[Result]) -> list[Result]:
    """All results after blurring."""
    out = [ready for got in results for ready in blur.push(got)]
    return out + blur.drain()


def changed(before: Result, after: Result, x: int, y: int) -> bool:
    part = (slice(y - 5, y + 5), slice(x - 5, x + 5))
    return not np.array_equal(before.frame.image[part], after.frame.image[part])
