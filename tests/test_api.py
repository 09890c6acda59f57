"""The Python API as a notebook uses it: three lines to a result, one line for an error, light imports."""

from __future__ import annotations

import csv
import doctest
import itertools
import json
import subprocess
import sys
import unittest
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import emotion_monitor
from emotion_monitor import Monitor, UserError, load_config, open_source
from monitor import api
from monitor.capture import demo
from monitor.cli import main as cli
from monitor.core.errors import ConfigError, SourceError
from monitor.core.types import Frame, Image
from monitor.outputs.logs.columns import CLOCK_COLUMNS, INTEGERS, TEXTS, columns, rows
from monitor.run import arguments, arrays
from tests.fakes import ScriptedSource, face, frame, result

ROOT = Path(__file__).resolve().parents[1]
HAPPY_S = 5.5


@pytest.fixture(scope="module")
def monitor() -> Monitor:
    return Monitor()


@pytest.fixture(scope="module")
def happy() -> Image:
    """A picture of the demo with one happy face."""
    return demo.render(HAPPY_S)


@pytest.mark.parametrize("module", [api, arguments, arrays])
def test_the_examples_in_the_documentation_run(module: Any) -> None:
    examples = doctest.DocTestSuite(module)
    assert examples.countTestCases() >= 1
    outcome = examples.run(unittest.TestResult())
    assert outcome.wasSuccessful(), outcome.failures[0][1]


def test_a_picture_is_read_from_a_path_an_array_or_gray_alike(monitor: Monitor, happy: Image, tmp_path: Path) -> None:
    path = tmp_path / "happy.png"
    cv2.imwrite(str(path), happy)
    gray = cv2.cvtColor(happy, cv2.COLOR_BGR2GRAY).astype(np.uint8)
    from_path, from_text, from_array = monitor.read(path), monitor.read(str(path)), monitor.read(happy)
    assert [(found.id, found.label) for found in from_path] == [(1, "happy")]
    for found in (from_text, from_array):
        assert found[0].box == from_path[0].box
        assert np.array_equal(found[0].probs, from_path[0].probs)
    for image in (gray, gray[:, :, None]):
        (found_gray,) = monitor.read(image)
        assert found_gray.label == "happy"
        assert found_gray.box == pytest.approx(from_path[0].box, abs=1)


def test_a_picture_is_read_as_the_command_line_reads_it(monitor: Monitor, happy: Image, tmp_path: Path) -> None:
    path = tmp_path / "happy.png"
    cv2.imwrite(str(path), happy)
    assert cli.main(["--headless", "-q", "--source", str(path), "--out", str(tmp_path / "s")]) == 0
    (row,) = csv.DictReader((tmp_path / "s" / "faces.csv").open())
    (found,) = monitor.read(path)
    assert row["emotion"] == found.label
    assert float(row["confidence"]) == pytest.approx(found.confidence, abs=1e-4)


def test_pictures_know_nothing_of_one_another(monitor: Monitor, happy: Image) -> None:
    surprised = demo.render(7.8)
    alone = Monitor().read(surprised)
    monitor.read(happy)
    (found,) = monitor.read(surprised)
    assert found.id == alone[0].id == 1
    assert np.array_equal(found.probs, alone[0].probs)
    assert monitor.read(demo.render(23.5)) == []


def test_an_array_is_neither_changed_nor_locked(monitor: Monitor, happy: Image) -> None:
    image = happy.copy()
    monitor.read(image)
    assert np.array_equal(image, happy)
    assert image.flags.writeable
    assert monitor.read(np.asfortranarray(image))[0].label == "happy"


@pytest.mark.parametrize(
    ("image", "error", "says"),
    [
        ("missing.png", SourceError, "missing.png: no such file or folder"),
        (np.zeros((9, 9, 3)), TypeError, "image must have the type uint8, got float64"),
        (np.zeros((9, 9, 4), np.uint8), ValueError, "image must have the shape (H, W, 3) or (H, W), got (9, 9, 4)"),
        (np.zeros((0, 9, 3), np.uint8), ValueError, "image must have the shape (H, W, 3) or (H, W), got (0, 9, 3)"),
        ([[1, 2]], TypeError, "image must be a path or a NumPy array in BGR order, got list"),
    ],
)
def test_what_is_no_picture_is_one_line(monitor: Monitor, image: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error) as caught:
        monitor.read(image)
    assert str(caught.value) == says


def test_files_that_are_no_pictures_are_one_line(monitor: Monitor, tmp_path: Path, demo_clip: Path) -> None:
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes(b"damaged")
    for path, says in (
        (damaged, "cannot be read as a picture; it may be damaged"),
        (tmp_path, "is not a picture but a folder; use Monitor.watch"),
        (demo_clip, "is not a picture but a video; use Monitor.watch"),
    ):
        with pytest.raises(SourceError) as caught:
            monitor.read(path)
        assert str(caught.value) == f"{path}: {says}"


@pytest.mark.parametrize("size", [(1, 1, 3), (1, 640, 3), (480, 2)])
def test_a_picture_too_small_for_a_face_shows_none(monitor: Monitor, size: tuple[int, ...]) -> None:
    assert monitor.read(np.full(size, 90, np.uint8)) == []


def test_a_wrong_setting_is_told_as_the_callers() -> None:
    with pytest.raises(ConfigError) as caught:
        Monitor(settings={"detect.min_fac": 60})
    assert str(caught.value) == "settings: detect.min_fac is not a setting; did you mean detect.min_face?"
    with pytest.raises(ConfigError, match=r"^settings: detect\.min_face .*"):
        load_config(settings={"detect.min_face": "many"})
    with pytest.raises(ConfigError, match=r"^profile: nobody is not a profile; there are default, driver, demo$"):
        Monitor(profile="nobody")
    with pytest.raises(TypeError, match="either config or profile"):
        Monitor(profile="driver", config=load_config())


def test_settings_are_what_was_given_and_nothing_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text("detect: {min_face: 99}\n")
    given = {"detect.min_face": 60, "driver.enabled": True, "emotion.smooth_s": 1e-05, "output.dir": "a: b"}
    config = load_config(settings=given)
    assert (config.detect.min_face, config.driver.enabled, config.output.dir) == (60, True, "a: b")
    assert config.emotion.smooth_s == 1e-05
    assert load_config().detect.min_face != 99
    assert load_config("config.yaml").detect.min_face == 99
    assert load_config(profile="driver").driver.enabled


def test_watching_a_file_gives_every_frame_in_order_and_ends_what_is_open(monitor: Monitor, demo_clip: Path) -> None:
    results = list(monitor.watch(demo_clip))
    assert [r.frame.index for r in results] == list(range(100))
    events = [event for r in results for event in r.events]
    assert {e.id for e in events if e.phase == "start"} == {e.id for e in events if e.phase == "end"} != set()
    assert monitor.annotate(results[-1]).shape == results[-1].frame.image.shape


def test_nothing_is_read_before_it_is_asked_for_and_the_source_is_closed_in_the_end() -> None:
    class Film(ScriptedSource):
        live, reads = False, 0

        def read(self) -> Frame | None:
            self.reads += 1
            return super().read()

    film = Film([frame(n / 25, n) for n in range(9)])
    with Monitor() as monitor:
        results = monitor.watch(film)
        assert film.reads == 0
        next(results)
        assert film.reads == 2, "one is read ahead"
    assert film.closed
    assert list(results) == []
    with pytest.raises(RuntimeError, match="closed"):
        monitor.read(demo.render(HAPPY_S))


def test_a_missing_source_is_told_when_the_loop_begins(monitor: Monitor) -> None:
    with pytest.raises(SourceError, match=r"^nowhere\.mp4: no such file or folder$"):
        next(monitor.watch("nowhere.mp4"))
    with pytest.raises(UserError):
        open_source("nowhere.mp4")


def test_a_camera_gives_its_newest_frames(monitor: Monitor) -> None:
    class Camera(ScriptedSource):
        """Gives frames without end."""

        number = 0

        def read(self) -> Frame | None:
            self.number += 1
            return frame(self.number / 1000, self.number)

    camera = Camera([])
    results = monitor.watch(camera)
    taken = [r.frame.index for r in itertools.islice(results, 3)]
    results.close()  # type: ignore[attr-defined]
    assert taken == sorted(set(taken))
    assert camera.closed
    with pytest.raises(SourceError, match=r"^scripted: is live and has no end; use Monitor\.watch$"):
        monitor.analyze(Camera([]))


def test_a_driver_is_judged_on_film_and_not_on_photographs(happy: Image, tmp_path: Path, demo_clip: Path) -> None:
    path = tmp_path / "happy.png"
    cv2.imwrite(str(path), happy)
    with Monitor(profile="driver") as monitor:
        assert next(monitor.watch(demo_clip)).driver is not None
        assert monitor.read(path)[0].eyes is None
        with pytest.raises(ConfigError, match="a photograph shows no drive"):
            next(monitor.watch(path))


def test_the_table_is_the_one_a_run_writes(monitor: Monitor, demo_clip: Path, tmp_path: Path) -> None:
    table = monitor.analyze(demo_clip)
    table.to_csv(tmp_path / "mine.csv")
    assert cli.main(["--headless", "-q", "--source", str(demo_clip), "--out", str(tmp_path / "s")]) == 0
    mine, run = (list(csv.reader(p.open())) for p in (tmp_path / "mine.csv", tmp_path / "s" / "faces.csv"))
    clocks = [run[0].index(name) for name in CLOCK_COLUMNS]
    for ours, theirs in zip(mine, run, strict=True):
        assert [c for n, c in enumerate(ours) if n not in clocks] == [
            c for n, c in enumerate(theirs) if n not in clocks
        ]
    ended = [json.loads(line) for line in (tmp_path / "s" / "events.jsonl").read_text().splitlines()]
    assert [(e.kind, e.phase, e.face) for e in table.events] == [(e["kind"], e["phase"], e["face_id"]) for e in ended]
    assert list(table.columns) == run[0]
    assert len(table) == len(run) - 1
    assert table["face_id"].dtype == np.int64
    assert np.isnan(table["x"][table["success"] == 0]).all()


def test_a_table_of_fewer_frames(monitor: Monitor, demo_clip: Path) -> None:
    assert monitor.analyze(demo_clip, fps=5)["frame"].tolist() == list(range(0, 100, 5))
    with pytest.raises(ValueError, match="fps must be positive, got 0"):
        monitor.analyze(demo_clip, fps=0)


def test_each_column_has_the_declared_type() -> None:
    """A column that is added without its type in ``logs.columns`` would fail on the first clip that fills it."""
    wanted = columns(keypoints=True, driver=True, files=True)
    (row,) = rows(result(0.0, [face()]), "S", 0.0)
    for column in wanted:
        if (value := column.value(row)) is not None:
            assert isinstance(value, str) == (column.name in TEXTS), column.name
    assert {column.name for column in wanted} >= TEXTS | INTEGERS


def test_without_pandas_the_data_frame_is_one_line(
    monitor: Monitor, demo_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = monitor.analyze(demo_clip, fps=1)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"^Table\.to_pandas needs pandas: pip install pandas$"):
        table.to_pandas()


def test_the_data_frame_has_the_same_columns(monitor: Monitor, demo_clip: Path) -> None:
    pytest.importorskip("pandas", reason="needs pandas, which is not installed")
    table = monitor.analyze(demo_clip, fps=1)
    assert list(table.to_pandas().columns) == list(table.columns)


def python(code: str, folder: Path) -> str:
    """What a script prints that is started in a folder."""
    (folder / "notebook.py").write_text(code)
    done = subprocess.run(
        [sys.executable, str(folder / "notebook.py")], cwd=folder, capture_output=True, text=True, timeout=120,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_import_is_quick_and_loads_nothing_heavy(tmp_path: Path) -> None:
    """CPU time, best of five, as other processes may take the wall clock's."""
    heavy = ("numpy", "cv2", "rich", "tensorflow", "ai_edge_litert", "yaml")
    code = (
        "import sys, time\nstarted = time.process_time()\nimport emotion_monitor\n"
        "print(1e3 * (time.process_time() - started))\n"
        f"assert not [name for name in {heavy} if name in sys.modules]\n"
    )
    assert min(float(python(code, tmp_path)) for _ in range(5)) < 30


def test_the_api_loads_neither_tensorflow_nor_rich(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom emotion_monitor import Monitor\nMonitor().analyze('demo', fps=0.2)\n"
        "print(sorted({'tensorflow', 'rich', 'keras', 'train', 'http.server'} & set(sys.modules)))"
    )
    assert python(code, tmp_path) == "[]"


def test_scripts_called_monitor_and_train_beside_a_notebook_break_nothing(tmp_path: Path) -> None:
    (tmp_path / "monitor.py").write_text("raise SystemExit('the wrong monitor was imported')\n")
    (tmp_path / "train.py").write_text("raise SystemExit('the wrong train was imported')\n")
    code = "from emotion_monitor import Monitor\nprint(len(Monitor().analyze('demo', fps=0.2)))"
    assert int(python(code, tmp_path)) >= 5


def test_a_module_monitor_that_was_imported_before_keeps_working(tmp_path: Path) -> None:
    (tmp_path / "monitor.py").write_text("mine = True\n")
    code = "import monitor\nfrom emotion_monitor import load_config\nprint(load_config().detect.width, monitor.mine)"
    assert python(code, tmp_path) == "400 True"


def test_what_is_public_is_there() -> None:
    assert dir(emotion_monitor) == sorted(emotion_monitor.__all__)
    for name in emotion_monitor.__all__:
        assert getattr(emotion_monitor, name) is getattr(api, name)
    with pytest.raises(AttributeError, match="has no attribute 'Watcher'"):
        emotion_monitor.Watcher  # noqa: B018
