"""The driver's place from one run to the next."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.core.errors import ConfigError
from monitor.driver.place import Where
from monitor.run.seats import MOST_BYTES, MOST_CAMERAS, NAME, remember, with_remembered
from monitor.settings import config as configuration
from monitor.settings.config import Config
from tests.fakes import face, square

SIZE = (640, 480)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return configuration.load(None, [f"output.dir={tmp_path}"], "driver")[0]


def test_the_next_run_starts_at_the_place_of_the_last_one(config: Config) -> None:
    remember(config, "/dev/video0", (0.25, 0.5), live=True)
    again = with_remembered(config, "/dev/video0", live=True)
    assert again.driver.seat == "near:0.250,0.500"
    assert with_remembered(config, "/dev/video1", live=True).driver.seat == "auto"


def test_a_remembered_place_outweighs_the_middle_of_the_picture() -> None:
    driver, passenger = face(1, box=square(160, 240, 90)), face(2, box=square(330, 240, 100))
    assert Where("auto").best([driver, passenger], SIZE) is passenger
    assert Where("near:0.25,0.5").best([driver, passenger], SIZE) is driver


def test_a_file_a_fixed_seat_and_a_refusal_are_neither_kept_nor_used(config: Config, tmp_path: Path) -> None:
    fixed = replace(config, driver=replace(config.driver, seat="left"))
    silent = replace(config, driver=replace(config.driver, remember_seat=False))
    for settings, live in ((config, False), (fixed, True), (silent, True)):
        remember(settings, "cam", (0.2, 0.2), live=live)
        assert not (tmp_path / NAME).exists()
    remember(config, "cam", None, live=True)
    assert not (tmp_path / NAME).exists()
    remember(config, "cam", (0.2, 0.2), live=True)
    assert with_remembered(fixed, "cam", live=True) is fixed
    assert with_remembered(silent, "cam", live=True) is silent


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", '{"cam": [1]}', '{"cam": [9, 9]}', '{"cam": "x"}', '{"cam": [NaN, 1]}']
)
def test_a_damaged_memory_is_no_memory(text: str, config: Config, tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(text)
    assert with_remembered(config, "cam", live=True).driver.seat == "auto"


def test_a_memory_of_megabytes_is_not_read(config: Config, tmp_path: Path) -> None:
    (tmp_path / NAME).write_text('{"cam": [0.5, 0.5]' + " " * MOST_BYTES + "}")
    assert with_remembered(config, "cam", live=True).driver.seat == "auto"


def test_a_full_disk_costs_only_the_memory(config: Config, tmp_path: Path) -> None:
    gone = replace(config, output=replace(config.output, dir=str(tmp_path / "missing")))
    remember(gone, "cam", (0.2, 0.2), live=True)
    assert with_remembered(gone, "cam", live=True) is gone


def test_cameras_that_end_at_the_same_moment_are_all_remembered(
    config: Config, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    start = threading.Barrier(8)

    def end(number: int) -> None:
        start.wait()
        remember(config, f"cam{number}", (0.5, 0.5), live=True)

    threads = [threading.Thread(target=end, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(json.loads((tmp_path / NAME).read_text())) == 8
    assert not caplog.records


def test_the_oldest_cameras_are_forgotten(config: Config, tmp_path: Path) -> None:
    for n in range(MOST_CAMERAS + 3):
        remember(config, f"cam{n}", (0.5, 0.5), live=True)
    kept = json.loads((tmp_path / NAME).read_text())
    assert len(kept) == MOST_CAMERAS
    assert "cam0" not in kept


def test_a_place_outside_the_picture_is_refused() -> None:
    with pytest.raises(ConfigError, match="near:x,y"):
        configuration.load(None, ["driver.seat=near:1.4,0.5"], "driver")
