"""Heads turned further than the camera saw them: the labels must go where the picture goes."""

from __future__ import annotations

import re
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.errors import ConfigError
from monitor.networks.keypoints import POINTS, SWAP
from tests.train.conftest import drawn_face, origins
from train.data.faceset import BOX, FaceSet, Pictures
from train.engine.augment import Augment, Jitter
from train.engine.recipe import Recipe
from train.tasks.keypoints.headshape import Shape, fitted, rotation
from train.tasks.keypoints.regions import WITH_TURNED, Regions
from train.tasks.keypoints.training import KeypointTraining
from train.tasks.keypoints.turning import DRIVERS, LEAST, MOST, NOD, openness, turned, with_turned

SIZE = 24.0
"""Pixels between the irises of the drawn heads."""


def solid() -> np.ndarray:
    """The drawn face in three dimensions, in distances of its irises: eyes behind, the nose in front."""
    _, points = drawn_face(80, 60, SIZE / 0.4)
    flat = (points[: len(POINTS)] - points[: len(POINTS)].mean(axis=0)) / SIZE
    depth = np.array([-0.6 if name == "nose" else -0.2 if "lip" in name else 0.1 for name in POINTS])
    return np.column_stack([flat, depth - depth.mean()])


def seen(pose: np.ndarray, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """(19, 2) points of the solid face at a pose; its box is 1.2 eye distances to each side at any."""
    rng = np.random.default_rng(seed)
    size, middle = rng.uniform(20, 50), rng.uniform(60, 100, 2)
    flat = size * solid() @ rotation(*(float(v) for v in pose))[:2].T + middle
    flat += rng.normal(0, noise * size, flat.shape)
    half = size * np.array([1.2, 1.5])
    return np.concatenate([flat, [middle - half, middle + half]]).astype(np.float32)


def poses(count: int, far: float = 40.0) -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.column_stack([rng.uniform(-far, far, count), rng.uniform(-15, 15, count), rng.uniform(-20, 20, count)])


@pytest.fixture(scope="module")
def shape() -> Shape:
    own = poses(60)
    return fitted(np.stack([seen(p, seed=n) for n, p in enumerate(own)]), own.astype(np.float32))


@pytest.fixture(scope="module")
def heads() -> FaceSet:
    """Twelve drawn heads that look ahead, and sixty sets of points, some of them turned."""
    own = np.concatenate([np.zeros((12, 3)), poses(60)]).astype(np.float32)
    drawn = [drawn_face(80, 60, SIZE / 0.4) for _ in range(12)]
    points = [p for _, p in drawn] + [seen(p, seed=n) for n, p in enumerate(own[12:])]
    images = [i for i, _ in drawn] + [np.full((160, 160), 90, np.uint8)] * 60
    split = np.array(["train"] * 60 + ["validation"] * 12)
    return FaceSet(
        Pictures.pack(images), np.arange(72), np.stack(points), own, np.full((72, 3), 0.3, np.float32),
        np.array(["faces"] * 12 + ["driver"] * 60), split, origins(72),
        np.array([[0, 0, 0, 40.0], [1, 0, 0, 40.0]], np.float32), np.array(["train", "validation"]),
        np.array([True, True]), "drawn",
    )  # fmt: skip


def test_the_face_that_many_views_show_is_found_again(shape: Shape) -> None:
    true = solid()
    assert np.abs(shape.points - true).max() < 0.02
    assert np.allclose(shape.points[list(SWAP)] * [-1, 1, 1], shape.points)
    for yaw in (-30.0, 0.0, 30.0):
        assert shape.edges(yaw) == pytest.approx([-1.2, 1.2], abs=0.02)


def test_small_errors_of_the_points_hardly_change_it() -> None:
    own = poses(300)
    found = fitted(np.stack([seen(p, 0.04, n) for n, p in enumerate(own)]), own.astype(np.float32))
    assert np.abs(found.points - solid()).max() < 0.05


@pytest.mark.parametrize("way", [(0, 0, 0), (20, 0, 0), (0, 15, 0)])
def test_heads_that_all_look_one_way_give_no_depth(way: tuple[float, float, float]) -> None:
    ahead = np.array([way] * 20, np.float32)
    with pytest.raises(ConfigError, match="heads_turned: the heads' poses differ too little"):
        fitted(np.stack([seen(p, seed=n) for n, p in enumerate(ahead)]), ahead)


@given(st.floats(-25, 25), st.floats(-20, 20), st.floats(-20, 20), st.floats(-40, 40), st.floats(-NOD, NOD))
def test_points_move_as_the_solid_face_does(yaw: float, pitch: float, roll: float, by: float, nod: float) -> None:
    own = Shape(solid(), np.array([-1.2, 0, 0, 0]))
    before = seen(np.array([yaw, pitch, roll]), seed=3)
    image = np.full((24, 24), 90, np.uint8)  # the face may lie beyond it
    _, after = turned(image, before, np.array([yaw, pitch, roll], np.float32), own, by=by, nod=nod)
    wanted = seen(np.array([yaw + by, pitch + nod, roll]), seed=3)
    moved, true = (p[: len(POINTS)] - p[: len(POINTS)].mean(axis=0) for p in (after, wanted))
    assert np.abs(moved - true).max() < 0.01
    assert after[BOX + 1, 0] - after[BOX, 0] == pytest.approx(before[BOX + 1, 0] - before[BOX, 0], abs=0.05)
    ends = [POINTS.index("brow"), POINTS.index("chin")]
    upright = [seen(np.array([yaw + by, pitch + more, 0]), seed=3)[ends, 1] for more in (0, nod)]
    longer = np.diff(upright[1] - upright[0])[0]  # the box ends where forehead and chin do
    assert after[BOX + 1, 1] - after[BOX, 1] == pytest.approx(before[BOX + 1, 1] - before[BOX, 1] + longer, abs=0.05)


@pytest.mark.parametrize("roll", [-18.0, 0.0, 18.0])
def test_the_box_moves_along_the_tilted_head_and_by_its_edges(roll: float) -> None:
    own = Shape(solid(), np.array([-1.2, 0.5, 0, 0]))
    pose = np.array([0, 0, roll], np.float32)
    before = seen(pose, seed=3)
    _, after = turned(np.full((24, 24), 90, np.uint8), before, pose, own, by=30.0)
    size = float(np.linalg.norm(np.diff(before[[POINTS.index("r_iris"), POINTS.index("l_iris")]], axis=0)))
    moved = after[: len(POINTS)].mean(axis=0) - before[: len(POINTS)].mean(axis=0)
    assert np.abs(moved[1]) > 0.03 * size or roll == 0
    edges = [size * 0.5, size * 0.5]  # left: -1.2 + 0.5 at 30 degrees; right: 1.2 + 0.5
    for corner, edge in zip((BOX, BOX + 1), edges, strict=True):
        assert after[corner] - before[corner] == pytest.approx([moved[0] + edge, moved[1]], abs=0.05)


def dotted(points: np.ndarray) -> np.ndarray:
    """A gray picture with a soft dark dot at each point."""
    y, x = np.mgrid[0:176, 0:176].astype(np.float64) + 0.5
    dots = [np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * 1.2**2)) for px, py in points]
    return np.asarray(200 - 160 * np.max(dots, axis=0), np.uint8)


@pytest.mark.parametrize(("yaw", "pitch", "roll", "by"), [(0, 0, 0, 35), (10, 8, -15, 25), (-5, -10, 12, -35)])
def test_points_keep_their_pixels(yaw: float, pitch: float, roll: float, by: float) -> None:
    pose = np.array([yaw, pitch, roll], np.float32)
    flat = 50 * solid() @ rotation(yaw, pitch, roll)[:2].T + 88
    corners = np.array([[28, 13], [148, 163]])
    points = np.concatenate([flat, corners]).astype(np.float32)
    wanted = [POINTS.index(name) for name in ("r_iris", "l_iris", "mouth_r", "mouth_l", "chin", "brow")]
    out, found = turned(dotted(points[wanted]), points, pose, Shape(solid(), np.array([-1.2, 0, 0, 0])), by=by)
    y, x = np.mgrid[0:176, 0:176].astype(np.float64) + 0.5
    off = []
    for px, py in found[wanted]:
        near = (x - px) ** 2 + (y - py) ** 2 < 5**2
        dark = np.clip(150.0 - out, 0, None) * near
        if dark.sum() > 200:  # the far side may be hidden
            off.append([(dark * x).sum() / dark.sum() - px, (dark * y).sum() / dark.sum() - py])
    assert len(off) >= 4
    assert np.abs(np.mean(off, axis=0)).max() < 0.3
    assert np.abs(off).max() < 0.9


def test_the_nose_hides_pixels_behind_it() -> None:
    _, points = drawn_face(80, 60, SIZE / 0.4)
    nose, eye = points[POINTS.index("nose")], points[POINTS.index("l_eye_in")]
    image = np.full((120, 160), 200, np.uint8)
    cv2.circle(image, (round(float(nose[0])), round(float(nose[1]))), 2, 20, -1)
    cv2.circle(image, (round(float(eye[0])), round(float(nose[1]))), 2, 255, -1)
    own = solid()
    own[POINTS.index("nose"), 2] = -1.2
    out, found = turned(image, points, np.zeros(3, np.float32), Shape(own, np.array([-1.2, 0, 0, 0])), by=-45.0)
    x, y = found[POINTS.index("nose")]
    assert out[int(y) - 1 : int(y) + 2, int(x) - 3 : int(x) + 4].min() < 90


@pytest.mark.parametrize("by", [-40.0, -20.0, 20.0, 40.0])
def test_the_picture_moves_with_its_points(by: float) -> None:
    image, points = drawn_face(80, 60, SIZE / 0.4)
    out, found = turned(image, points, np.zeros(3, np.float32), Shape(solid(), np.array([-1.2, 0, 0, 0])), by=by)
    assert out.shape == image.shape
    assert out.dtype == np.uint8
    for name in ("r_iris", "l_iris"):  # the drawn irises are the darkest spots of the head
        x, y = found[POINTS.index(name)]
        assert out[int(y), int(x)] < 90
    nose = found[POINTS.index("nose"), 0] - found[[POINTS.index("r_iris"), POINTS.index("l_iris")], 0].mean()
    assert np.sign(nose) == -np.sign(by)  # a positive yaw is a turn to the left of the picture
    assert np.abs(out[:, :8].astype(int) - image[:, :8]).mean() < 12  # pixels far from the head do not move


def test_a_head_turned_by_zero_degrees_is_unchanged() -> None:
    image, points = drawn_face(80, 60, SIZE / 0.4)
    out, found = turned(image, points, np.zeros(3, np.float32), Shape(solid(), np.array([-1.2, 0, 0, 0])), by=0.0)
    assert np.array_equal(found, points)
    assert np.abs(out.astype(int) - image).mean() < 4  # drawn anew, noise is softened


def test_a_set_gets_copies_that_tell_their_pose_and_openness(heads: FaceSet) -> None:
    more = with_turned(heads, 20, seed=2)
    added = np.flatnonzero(more.source == "turned")
    assert len(more) == len(heads) + 20
    assert len(more.pictures) == len(heads.pictures) + 20
    assert (more.split[added] == "train").all()
    yaw = np.abs(more.pose[added, 0])
    assert (yaw >= LEAST - 0.01).all()
    assert (yaw <= MOST + 0.01).all()
    before = [heads.pose[list(heads.origin).index(o), 1] for o in more.origin[added]]
    nods = np.abs(more.pose[added, 1] - before)
    assert (nods <= NOD).all()
    assert nods.max() > NOD / 2
    row = int(added[3])
    assert np.allclose(more.openness[row], openness(more.points[row]))
    x, y = more.points[row, POINTS.index("l_iris")]
    assert more.pictures[int(more.picture[row])][int(y), int(x)] < 90
    again = with_turned(heads, 20, seed=2)
    assert np.array_equal(again.pictures.pixels, more.pictures.pixels)
    assert not np.array_equal(with_turned(heads, 20, seed=3).pose, more.pose)


def test_drivers_are_a_share_of_them_and_only_what_is_around_the_face_is_turned(heads: FaceSet) -> None:
    wide = [np.full((240, 320), 90, np.uint8) for _ in range(60)]
    wide[0][150:190, 200:240] = 30
    packed = Pictures.pack([*(heads.pictures[n] for n in range(12)), *wide])
    points = heads.points.copy()
    points[12:] += np.array([100, 60], np.float32)
    more = with_turned(replace(heads, pictures=packed, points=points), 20, seed=2)
    drivers = [o for o in more.origin[-20:] if int(re.findall(r"\d+", o)[0]) >= 12]
    assert len(drivers) == round(DRIVERS * 20)
    for row in range(len(more) - len(drivers), len(more)):
        height, width = more.pictures.shapes[int(more.picture[row])]
        eyes = more.points[row, [POINTS.index("r_iris"), POINTS.index("l_iris")]]
        assert (height, width) < (240, 320)
        assert (eyes > 0).all()
        assert (eyes < [width, height]).all()


def test_openness_is_the_reference_tables_ratio() -> None:
    _, points = drawn_face(80, 60, 60)
    assert openness(points) == pytest.approx([0.1 / 0.14, 0.1 / 0.14, 0.1 / 0.32], rel=1e-3)


def test_turned_heads_are_a_share_of_the_training_rows_only(heads: FaceSet) -> None:
    recipe = Recipe(task="keypoints", side=56, batch=16, heads_turned=8, jitter=Jitter(regions=320))
    task = KeypointTraining(heads, recipe)
    jobs = task.regions.epoch(np.random.default_rng(0))
    assert sum(name == "turned" for name, _ in jobs) == round(320 * WITH_TURNED["turned"])
    plain = Regions(heads, "train", Jitter(regions=320), Augment()).epoch(np.random.default_rng(0))
    assert not any(name == "turned" for name, _ in plain)
    assert len(task.check) == len(KeypointTraining(heads, Recipe(task="keypoints", side=56)).check)


def test_a_set_without_a_head_that_looks_ahead_says_so(heads: FaceSet) -> None:
    with pytest.raises(ConfigError, match="no heads that look ahead and could be turned; leave heads_turned out"):
        with_turned(replace(heads, source=np.full(len(heads), "fer")), 4, 1)
