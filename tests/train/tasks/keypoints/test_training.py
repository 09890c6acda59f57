"""The keypoint network's data and training, small: drawn faces with known points."""

from __future__ import annotations

import gzip
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.errors import ConfigError
from monitor.faces.crop import crop, evened
from monitor.networks.keypoints import POINTS, SWAP, KeypointNet
from tests.train.conftest import drawn_face
from train.cli import main as cli
from train.data import faceset, keypoints
from train.data.faceset import BOX, FaceSet, Pictures, face_squares
from train.engine.augment import Augment, Jitter
from train.engine.recipe import Network, Recipe
from train.tasks.keypoints.figures import points_off
from train.tasks.keypoints.placement import SPEC, Placement
from train.tasks.keypoints.regions import Regions
from train.tasks.keypoints.training import Answers, KeypointTraining, check_regions, figures, stacked


def test_pictures_of_any_size_come_back_as_they_were() -> None:
    images = [np.arange(h * w, dtype=np.uint8).reshape(h, w) for h, w in ((3, 5), (1, 1), (7, 2))]
    packed = Pictures.pack(images)
    assert len(packed) == 3
    for n, image in enumerate(images):
        assert np.array_equal(packed[n], image)


def test_the_undisturbed_region_equals_the_apps_crop(faces: FaceSet) -> None:
    regions = Regions(faces, "train", Jitter(), Augment())
    for row in (1, 2, 3):
        cx, cy, side = (float(v) for v in faces.squares()[row])
        region = regions.region(row, Placement(np.zeros(2)), None)
        app = crop(faces.pictures[row], (cx - side / 2, cy - side / 2, cx + side / 2, cy + side / 2), SPEC)
        # The app cuts whole pixels, the training does not: half a pixel of edges differs, no more.
        assert np.abs(evened(region.image, SPEC.contrast).astype(int) - app).mean() < 6


def test_a_stretched_face_keeps_its_points_and_its_box_is_wider_than_high(faces: FaceSet) -> None:
    regions = Regions(faces, "train", Jitter(), Augment())
    plain, wide = (regions.region(1, Placement(np.zeros(2), stretch=s), None) for s in (1.0, 1.2))
    assert np.ptp(wide.points[:, 0]) == pytest.approx(1.2 * np.ptp(plain.points[:, 0]), rel=1e-3)
    assert np.ptp(wide.points[:, 1]) == pytest.approx(np.ptp(plain.points[:, 1]) / 1.2, rel=1e-3)
    assert wide.head[3:] == pytest.approx(plain.head[3:] / 1.44)
    x, y = wide.points[POINTS.index("l_iris")] * SPEC.side / 2 + SPEC.side / 2
    assert wide.image[int(y), int(x)] < 120


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 79), st.floats(-0.2, 0.2), st.floats(0.7, 1.4), st.floats(-40, 40), st.booleans())
def test_the_points_move_with_the_picture(
    faces: FaceSet, row: int, shift: float, size: float, turn: float, mirror: bool
) -> None:
    regions = Regions(faces, "train", Jitter(), Augment())
    region = regions.region(row, Placement(np.array([shift, -shift]), size, turn, mirror), None)
    places = region.points * SPEC.side / 2 + SPEC.side / 2
    for name in ("r_iris", "l_iris"):  # the drawn irises are the darkest spots
        x, y = places[POINTS.index(name)]
        if 3 < x < SPEC.side - 3 and 3 < y < SPEC.side - 3:
            assert region.image[int(y), int(x)] < 120
    right, left = places[POINTS.index("r_iris")], places[POINTS.index("l_iris")]
    assert np.degrees(np.arctan2(left[1] - right[1], left[0] - right[0])) == pytest.approx(turn, abs=1)
    assert region.head[2] * 45 == pytest.approx(turn, abs=1e-3)


def test_mirrored_twice_a_face_is_itself() -> None:
    assert [SWAP[SWAP[n]] for n in range(len(SWAP))] == list(range(len(SWAP)))


def test_a_square_is_the_haar_box_of_the_mesh(faces: FaceSet) -> None:
    squares = face_squares(faces.points)
    low, high = faces.points[:, BOX], faces.points[:, BOX + 1]
    assert np.allclose(squares[:, 2], (high - low)[:, 1] / 1.092, atol=0.01)


def test_an_epoch_is_the_same_for_the_same_seed_and_has_faces_and_none(faces: FaceSet) -> None:
    recipe = Recipe(task="keypoints", side=56, batch=16, jitter=Jitter(regions=64))
    task = KeypointTraining(faces, recipe)
    a, b = list(task.batches(0, 56)), list(task.batches(0, 56))
    assert len(a) == task.steps == 4
    for one, two in zip(a, b, strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(one, two, strict=True))
    presence = np.concatenate([batch[1] for batch in a])
    assert 0.4 < presence.mean() < 0.9
    assert a[0][0].shape == (16, 56, 56, 1)
    assert abs(a[0][0]).max() <= 1


def test_figures_of_perfect_answers_are_perfect(faces: FaceSet) -> None:
    _, *truth = stacked(check_regions(faces, "validation", 40))
    true = Answers.of(truth)
    report = figures(replace(true, presence=(true.presence - 0.5) * 9), true)
    assert report["error"] == 0
    assert report["found"] == 1
    assert report["false"] == 0
    assert report["yaw_error"] == 0
    assert points_off(true.points[:3] + np.float32(0.1), true.points[:3]).min() > 0


def test_it_learns_is_exported_and_runs_in_the_app(
    faces: FaceSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    faceset.save(faces, Path("runs/keypoints.npz"))
    assert len(keypoints.load(Path("runs/keypoints.npz"))) == 80
    monkeypatch.setattr("train.tasks.keypoints.training.CHECKED", 60)
    monkeypatch.setattr("train.engine.convert.LARGEST_DRIFT", 0.05)  # a network this raw rounds badly
    monkeypatch.setattr("train.engine.convert.LEAST_AGREEMENT", 0.8)
    tiny = Recipe(
        task="keypoints", side=56, small_epochs=0, epochs=4, batch=16, rate=0.004, ema=0.9, balance=0.0,
        network=Network("8-16-16-16", "0-0-0-0", 0.0), augment=Augment(erase=0, blur=0), jitter=Jitter(regions=320),
    )  # fmt: skip
    from monitor.settings import reader as yaml

    Path("tiny.yaml").write_text(yaml.to_yaml(tiny))
    assert cli.main(["fit", "--task", "keypoints", "--recipe", "tiny.yaml", "--out", "runs/tiny"]) == 0
    history = json.loads(Path("runs/tiny/history.json").read_text())
    assert history[-1]["loss"] < history[0]["loss"]
    assert history[-1]["error"] < history[0]["error"]
    assert cli.main(["export", "--run", "runs/tiny", "--out", "m/keypoints.tflite"]) == 0
    net = KeypointNet(Path("m/keypoints.tflite"))
    assert net.card.labels == POINTS
    capsys.readouterr()
    assert cli.main(["evaluate", "--model", "m/keypoints.tflite", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["frontal_n"] == 20
    assert report["false_n"] == 20


def test_wrong_input_gives_one_line(tmp_path: Path, faces: FaceSet, caplog: pytest.LogCaptureFixture) -> None:
    assert cli.main(["prepare", "--task", "keypoints", "--data", str(tmp_path)]) != 0
    assert "holds no folder landmarks/" in caplog.text
    (tmp_path / "x.npz").write_bytes(b"no")
    with pytest.raises(ConfigError, match="is not a prepared set of keypoints"):
        keypoints.load(tmp_path / "x.npz")
    with pytest.raises(ConfigError, match="side must be 56"):
        KeypointTraining(faces, Recipe(task="keypoints"))
    assert cli.main(["fit", "--task", "keypoints", "--recipe", "quick"]) != 0
    assert "trains expression" in caplog.text


def test_the_reference_tables_and_their_zips_are_read(tmp_path: Path, faces: FaceSet) -> None:
    """The layout of the shared data, generated: two heads, two driver frames, three FER crops, some parts."""
    (tmp_path / "landmarks").mkdir()
    names = [f"{p}_{axis}" for p in POINTS for axis in "xy"]
    head = ["x", "y", "w", "h", "score", "yaw", "pitch", "roll", "eye_r", "eye_l", "mouth", *names]

    def cells(points: np.ndarray) -> str:
        low, high = points[BOX], points[BOX + 1]
        values = [*low, *(high - low), 0.9, 1, 2, 3, 0.3, 0.3, 0.1, *points[:BOX].ravel()]
        return ",".join(f"{float(v):.2f}" for v in values)

    def png(image: np.ndarray) -> bytes:
        return bytes(cv2.imencode(".png", image)[1])

    image, points = drawn_face(80, 60, 60)
    with zipfile.ZipFile(tmp_path / "faces.zip", "w") as z:
        z.writestr("faces/00000.jpg", png(image))
        z.writestr("faces/00001.jpg", png(cv2.flip(image, 0)))
        z.writestr("faces/00002.jpg", b"torn")
    with gzip.open(tmp_path / "landmarks/faces.csv.gz", "wt") as f:
        f.write(f"file,face,{','.join(head)}\n00000.jpg,0,{cells(points)}\n")
    with zipfile.ZipFile(tmp_path / "yawn.zip", "w") as z:
        z.writestr("yawn/driver_frames/yawn/g001_1.jpg", png(cv2.resize(image, (640, 480))))
        z.writestr("yawn/mouths/open/1.png", png(image[:40, :40]))
    with gzip.open(tmp_path / "landmarks/driver_frames.csv.gz", "wt") as f:
        f.write(f"file,face,{','.join(head)}\nyawn/g001_1.jpg,0,{cells(points * 4)}\n")
    with zipfile.ZipFile(tmp_path / "eyes.zip", "w") as z:
        z.writestr("eyes/cew/open/1.png", png(image[:24, :24]))
    small = cv2.resize(image, (48, 48))
    pixels = " ".join(str(v) for v in small.ravel())
    with zipfile.ZipFile(tmp_path / "fer2013.zip", "w") as z:
        z.writestr("fer2013/fer2013.csv", f"emotion,pixels,Usage\n3,{pixels},Training\n3,{pixels},PublicTest\n")
    with gzip.open(tmp_path / "landmarks/fer2013.csv.gz", "wt") as f:
        f.write(f"row,found,{','.join(head)}\n0,1,{cells(points * 0.3)}\n1,0\n")
    assert cli.main(["prepare", "--task", "keypoints", "--data", str(tmp_path), "--out", str(tmp_path / "l.npz")]) == 0
    read = keypoints.load(tmp_path / "l.npz")
    assert sorted(read.source.tolist()) == ["driver", "faces", "fer"]
    assert read.skipped == 1
    assert sorted(read.origin.tolist()) == ["driver_frames/yawn/g001_1.jpg", "faces/00000.jpg", "fer2013/0"]
    driver = int(np.flatnonzero(read.source == "driver")[0])
    assert np.allclose(read.points[driver], points * 2, atol=0.02)  # kept at half its width
    assert len(read.windows) >= 2


def test_a_member_that_is_damaged_inside_the_zip_is_skipped_not_the_zip(tmp_path: Path) -> None:
    content = bytes(cv2.imencode(".png", np.full((20, 20), 9, np.uint8))[1])
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_STORED) as z:
        z.writestr("faces/bad.png", content)
        z.writestr("faces/good.png", content)
        z.writestr("faces/empty.png", b"")
    raw = bytearray((tmp_path / "a.zip").read_bytes())
    raw[raw.index(content) + 30] ^= 0xFF
    (tmp_path / "a.zip").write_bytes(raw)
    reader = keypoints._Reader()
    assert [name for name, _ in reader._pictures(tmp_path / "a.zip", "faces/")] == ["good.png"]
    assert reader.skipped == 2
