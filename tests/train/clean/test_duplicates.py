"""Versions of one photograph are found, however they were cut, mirrored or marked; two photographs are not one."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.capture import demo_art
from monitor.core.types import Image
from monitor.networks.card import find_model
from monitor.networks.keypoints import SWAP, KeypointNet
from train.clean import aligned, alike, duplicates
from train.clean.faces import NOTHING, Face, Faces
from train.reports.predict import FaceFinder

SIDE = 120


def photograph(seed: int) -> Image:
    """A textured picture that no other seed resembles."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (9, 9)).astype(np.uint8)
    rough = cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    fine = cv2.GaussianBlur(rng.normal(0, 40, (SIDE, SIDE)).astype(np.float32), (0, 0), 1.5)
    return np.asarray(np.clip(0.6 * rough + 50 + 2 * fine, 0, 255), np.uint8)


def face(turn: float = 0.0, left: float = 0.0, top: float = 0.0, width: float = 1.0) -> Face:
    """A face in the middle of the uncut picture, seen in a part of it."""
    points = aligned.SHAPE * np.float32(0.14)
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    points = points @ np.array([[c, s], [-s, c]], np.float32) + np.float32(0.5)
    seen = (points - np.array((left, top), np.float32)) / np.float32(width)
    return Face(1, np.zeros((48, 48), np.uint8), points=seen.astype(np.float32), presence=0.9)


def mirrored(one: Face) -> Face:
    points: NDArray[np.float32] = one.points[list(SWAP)] * np.array((-1, 1), np.float32) + np.array((1, 0), np.float32)  # type: ignore[index]
    return replace(one, points=points)


def cut(image: Image) -> tuple[Image, Face]:
    """The left upper 84 % of a picture."""
    size = round(0.84 * SIDE)
    return np.ascontiguousarray(image[4 : 4 + size, 2 : 2 + size]), face(0, 2 / SIDE, 4 / SIDE, size / SIDE)


def watermarked(image: Image) -> Image:
    layer = image.copy()
    cv2.putText(layer, "STOCK", (4, 108), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 255, 2)
    return cv2.addWeighted(image, 0.5, layer, 0.5, 0).astype(np.uint8)


def test_each_kind_of_version_joins_its_original() -> None:
    images = [photograph(n) for n in range(12)]
    faces = [face() for _ in images]
    small, small_face = cut(images[1])
    flipped = np.ascontiguousarray(images[2][:, ::-1])
    versions = [(watermarked(images[0]), face()), (small, small_face), (flipped, mirrored(face()))]
    soft = cv2.GaussianBlur(images[3], (0, 0), 1.0).astype(np.uint8)
    versions.append((cv2.resize(soft, (80, 80)).astype(np.uint8), face()))
    found = duplicates.groups(
        images + [image for image, _ in versions], [str(n) for n in range(16)], faces + [own for _, own in versions]
    )
    assert found == [[0, 12], [1, 13], [2, 14], [3, 15]]


def test_equal_files_and_pictures_without_a_face_are_compared_as_a_whole() -> None:
    images = [photograph(n) for n in range(8)]
    copies = [images[2], cv2.GaussianBlur(images[5], (0, 0), 1.2).astype(np.uint8)]
    digests = [*(str(n) for n in range(8)), "2", "9"]
    assert duplicates.groups(images + copies, digests, [NOTHING] * 10) == [[2, 8], [5, 9]]


@pytest.mark.parametrize("turn", [-12.0, 9.0])
def test_a_turned_photograph_agrees_with_its_original(turn: float) -> None:
    image = photograph(4)
    matrix = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), -turn, 1.0)
    turned = cv2.warpAffine(image, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REFLECT).astype(np.uint8)
    one, other = aligned.align(image, face()), aligned.align(turned, face(turn))
    assert one is not None
    assert other is not None
    assert duplicates.one_photograph(aligned.agreement(one, other), duplicates.SAME)
    different = aligned.align(photograph(5), face())
    assert different is not None
    assert not duplicates.one_photograph(aligned.agreement(one, different), duplicates.FRAMED)


def test_faces_drawn_in_one_style_are_no_versions_of_each_other() -> None:
    """The demo's faces are averages over many people; blurred, those of one expression share their fine detail."""
    faces = Faces(KeypointNet(find_model("keypoints.tflite")), FaceFinder())
    drawn = [cv2.GaussianBlur(one, (0, 0), 1.0).astype(np.uint8) for one in demo_art.faces().reshape(-1, 112, 112)]
    softer = cv2.GaussianBlur(drawn[9], (0, 0), 1.5).astype(np.uint8)
    images = [*drawn, softer]
    found = duplicates.groups(images, [str(n) for n in range(len(images))], [faces.find(image) for image in images])
    assert found == [[9, 14]]


def test_pictures_that_hardly_overlap_are_not_compared() -> None:
    blank = np.zeros((aligned.SIDE, aligned.SIDE), np.uint8)
    corner = blank.copy()
    corner[:16, :16] = 255
    one = aligned.align(photograph(1), face())
    assert one is not None
    assert aligned.agreement(one, replace(one, mask=corner)) == aligned.NONE
    assert aligned.align(photograph(1), NOTHING) is None


def test_frames_of_one_video_look_alike_and_other_people_do_not() -> None:
    first = photograph(1)
    frame = np.clip(first.astype(np.float32) + np.random.default_rng(0).normal(0, 6, first.shape), 0, 255)
    images = [first, frame.astype(np.uint8), photograph(2), first]
    numbers = alike.groups(images, [face()] * 4, ["a", "a", "a", "b"])
    assert numbers[0] == numbers[1] > 0
    assert numbers[2] == numbers[3] == 0
