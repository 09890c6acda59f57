"""The picture that all viewers share."""

from __future__ import annotations

import cv2
import numpy as np

from monitor.core.types import Image, Result
from monitor.outputs.live.web.picture import MAX_WIDTH, SharedPicture
from tests.fakes import picture, result


def test_viewers_of_one_frame_share_one_drawing() -> None:
    newest, drawn = [result(0.0)], []

    def draw(result: Result) -> Image:
        drawn.append(result)
        return result.frame.image

    shared = SharedPicture(lambda: newest[-1], draw)
    first = shared.jpeg()
    assert (shared.jpeg(), len(drawn)) == (first, 1)
    newest.append(result(1.0, index=1))
    shared.jpeg()
    assert drawn == newest


def test_a_large_picture_is_shrunk_and_a_small_one_is_not() -> None:
    for width, height, shown in ((1920, 1080, (540, MAX_WIDTH)), (641, 480, (480, 641))):
        shared = SharedPicture(lambda: result(0.0), lambda _, size=(width, height): picture(*size))  # type: ignore[misc]
        image = cv2.imdecode(np.frombuffer(shared.jpeg(), np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        assert image.shape[:2] == shown
