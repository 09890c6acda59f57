"""Wrong pictures of OpenCV: old memory instead of the video's pictures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from monitor.capture.checked import CheckedDecoder
from monitor.core.types import Image
from tests.fakes import picture

FPS = 25.0
STILL = picture(64, 48)
"""A picture in old memory, which by chance is nearly the first of the video."""


class Scripted:
    """Shows a picture for each frame number from a start on."""

    name = "scripted"

    def __init__(self, show: Callable[[int], Image], start_s: float = 0.0, count: int = 500) -> None:
        self._show, self._count = show, count
        self._number = round(start_s * FPS + 0.49) - 1

    def grab(self) -> bool:
        self._number += 1
        return self._number < self._count

    def retrieve(self) -> Image | None:
        return self._show(self._number)

    def stated_s(self) -> float:
        return self._number / FPS

    def close(self) -> None:
        pass


def moving(number: int) -> Image:
    """The true pictures: one bright row wanders down slowly."""
    image = STILL.copy()
    image[number // 3 % 40] = 255
    return image


def decoded(show: Callable[[int], Image], true: Callable[[int], Image]) -> tuple[list[bool], int]:
    """Whether each frame of ten seconds is the true one, and how often ffmpeg was started."""
    starts = []

    def through_ffmpeg(start_s: float) -> Scripted:
        starts.append(start_s)
        return Scripted(true, start_s)

    decoder = CheckedDecoder(Scripted(show), through_ffmpeg, 1 / FPS, "clip")
    right = []
    for number in range(250):
        assert decoder.grab()
        image = decoder.retrieve()
        assert image is not None
        right.append(bool(np.array_equal(image, true(number))))
    return right, len(starts)


def test_old_memory_that_resembles_the_first_picture_is_found_when_the_video_moves_on() -> None:
    right, starts = decoded(lambda _: STILL, moving)
    assert all(right[round(0.6 * FPS) :])
    assert starts <= 4


def test_a_still_video_is_not_decoded_again_and_again() -> None:
    right, starts = decoded(lambda _: STILL, lambda _: STILL)
    assert all(right)
    assert starts <= 7


def test_old_memory_unlike_the_video_is_replaced_from_the_first_picture_on() -> None:
    right, _ = decoded(lambda _: np.full_like(STILL, 90) + np.arange(64, dtype=np.uint8)[None, :, None], moving)
    assert all(right)
