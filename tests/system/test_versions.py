from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from monitor.system.versions import UNKNOWN, installed


@pytest.mark.parametrize("package", ["rich", "pyyaml", "numpy", "ai-edge-litert"])
def test_the_version_is_the_one_that_pip_installed(package: str) -> None:
    assert installed(package) == metadata.version(package)


@pytest.mark.parametrize(
    ("folder", "package", "version"),
    [
        ("PyYAML-6.0.3.dist-info", "pyyaml", "6.0.3"),
        ("PyYAML-6.0.egg-info", "pyyaml", "6.0"),
        ("ai_edge_litert-1.0.1.dist-info", "ai-edge-litert", "1.0.1"),
        ("tflite_runtime-2.14.0.post1.dist-info", "tflite-runtime", "2.14.0.post1"),
        ("tensorflow_cpu-2.21.0rc1.dist-info", "tensorflow-cpu", "2.21.0rc1"),
        ("zope.interface-5.4-py3.11.egg-info", "zope-interface", "5.4"),
    ],
)
def test_names_are_compared_as_pip_compares_them(tmp_path: Path, folder: str, package: str, version: str) -> None:
    (tmp_path / folder).mkdir()
    assert installed(package, [str(tmp_path)]) == version


def test_a_package_that_only_begins_alike_is_another(tmp_path: Path) -> None:
    (tmp_path / "tensorflow_cpu-2.21.0.dist-info").mkdir()
    assert installed("tensorflow", [str(tmp_path)]) == UNKNOWN


def test_the_first_folder_wins_as_in_an_import_and_lost_ones_do_no_harm(tmp_path: Path) -> None:
    for name, version in (("first", "2.0"), ("second", "1.0")):
        (tmp_path / name / f"rich-{version}.dist-info").mkdir(parents=True)
    folders = [str(tmp_path / "gone"), str(tmp_path / "first"), str(tmp_path / "second")]
    assert installed("rich", folders) == "2.0"
