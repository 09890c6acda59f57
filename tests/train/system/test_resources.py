"""What will not fit is said before the work starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.core.errors import ConfigError
from train.engine import network
from train.system import resources


def test_what_fits_passes_and_what_does_not_gives_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(resources, "free_memory", lambda: 300e6)
    monkeypatch.setattr(resources, "free_disk", lambda folder: 500e6)
    resources.require("training", memory=299e6, disk=399e6, at=tmp_path)
    with pytest.raises(ConfigError, match="training: needs about 301 MB of memory, 300 MB are free") as caught:
        resources.require("training", memory=301e6)
    assert len(caught.value.lines) == 1
    with pytest.raises(ConfigError, match=r"needs about 401 MB of disk at .*500 MB are free"):
        resources.require("training", disk=401e6, at=tmp_path)


def test_where_the_system_tells_nothing_nothing_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(resources, "MEMINFO", tmp_path / "none")
    monkeypatch.setattr(resources, "CGROUP", tmp_path)
    assert resources.free_memory() is None
    resources.require("training", memory=1e15)


def test_a_containers_limit_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:    2000000 kB\n")
    monkeypatch.setattr(resources, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(resources, "CGROUP", tmp_path)
    assert resources.free_memory() == 2000000 * 1024
    (tmp_path / "memory.current").write_text("100\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert resources.free_memory() == 2000000 * 1024
    (tmp_path / "memory.max").write_text("1000\n")
    assert resources.free_memory() == 900


def test_the_disk_of_a_folder_that_is_still_to_be_made(tmp_path: Path) -> None:
    assert resources.free_disk(tmp_path / "a/b/c") == pytest.approx(resources.free_disk(tmp_path), rel=0.1)


def test_a_write_that_fails_names_the_file(tmp_path: Path) -> None:
    with (
        pytest.raises(ConfigError, match=r"data\.npz: cannot be written: Is a directory"),
        resources.writing(tmp_path / "data.npz"),
    ):
        (tmp_path).open("w")


def test_a_folder_that_cannot_be_made_is_refused_before_the_work(tmp_path: Path) -> None:
    resources.make_folder(tmp_path / "a/b")
    assert (tmp_path / "a/b").is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="file/x: cannot be written: Not a directory"):
        resources.make_folder(tmp_path / "file/x")


def test_the_estimate_of_a_training_is_near_the_measured_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    measured = {  # MB above what the process had, see ``resources.TRAINING``
        (48, (24, 48, 96, 160)): 414,
        (512, (24, 48, 96, 160)): 861,
        (256, (32, 64, 128, 256)): 699,
    }
    for (batch, channels), mb in measured.items():
        maps = network.stage_cost((channels, (1, 1, 1, 1)), 48)[0].maps
        monkeypatch.setattr(resources, "free_memory", lambda mb=mb: 1.1e6 * mb)
        resources.require_training(maps, batch, 900_000, tmp_path)
        monkeypatch.setattr(resources, "free_memory", lambda mb=mb: 0.9e6 * mb)
        with pytest.raises(ConfigError, match=f"training at batch {batch}: needs about"):
            resources.require_training(maps, batch, 900_000, tmp_path)


def test_a_network_too_large_for_the_machine_is_refused_before_it_is_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(resources, "free_memory", lambda: 8e9)
    with pytest.raises(ConfigError, match="training at batch 96: needs about"):
        resources.require_training(network.stage_cost(((9999, 9999), (0, 0)), 48)[0].maps, 96, 900_000_000, tmp_path)


def test_freed_memory_is_kept_where_the_c_library_can(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []

    class Library:
        @staticmethod
        def mallopt(option: int, value: int) -> None:
            asked.append((option, value))

    monkeypatch.setattr("ctypes.CDLL", lambda name: Library)
    resources.keep_memory()
    assert asked == [(-4, 0), (-1, 2**31 - 1), (-2, 64 << 20)]
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())  # musl has no mallopt
    resources.keep_memory()
    assert len(asked) == 3
