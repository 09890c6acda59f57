"""Recipes: each mistake gives one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.core.errors import ConfigError
from monitor.settings import reader as settings
from train.engine import recipe
from train.engine.recipe import Network, Recipe
from train.tasks import load_recipe


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["network.channels=8-x"], "must be numbers joined by -"),
        (["network.channels=8-16", "network.blocks=1"], "one entry per stage"),
        (
            ["small_epochs=40"],
            r"small_epochs must be below epochs \(got 40\); set both, such as --set epochs=30 --set small_epochs=15",
        ),
        (
            ["small_epochs=0", "epochs=2", "decay=7"],
            r"\(got 7\); set both, such as --set epochs=2 --set decay=1",
        ),
        (["rate=fast"], "rate must be a number"),
        (["task=keypoints", "contrast=40"], "contrast does nothing for the task keypoints"),
        (["task=keypoints", "teachers=runs/first"], "teachers does nothing for the task keypoints"),
        (["task=eyes", "batch=128", "jitter.regions=64"], "jitter.regions must be at least batch=128"),
        (
            ["network.pretrained=a.tgz", "small_epochs=0", "network.blocks=1-2-1-1"],
            "network.blocks '1-2-1-1' cannot be combined with network.pre",
        ),
        (["fade=0.4"], "fade works together with decay, which is 0"),
        (["task=keypoints", "fade=0.4", "decay=2"], "fade does nothing for the task keypoints"),
        (["network.enlarged=160"], "network.enlarged is for network.pretrained, which is empty"),
        (["network.pretrained=a.tgz"], "small_epochs 9 cannot be combined with network.pretrained"),
        (["network.channels=0-8-8-8"], "network.channels must be 1 or more each"),
    ],
)
def test_a_wrong_recipe_gives_one_line(overrides: list[str], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        load_recipe("quick", overrides)


@pytest.mark.parametrize(
    ("name", "override", "expected"),
    [
        ("quick", "jitter.regions=500", "jitter.regions does nothing for the task expression"),
        ("quick", "taught=1", "taught does nothing for a recipe without teachers"),
        ("keypoints5", "augment.mixup=0.5", "augment.mixup does nothing for the task keypoints"),
        ("keypoints5", "network.dropout=0.9", "network.dropout does nothing for the task keypoints"),
        ("proposals2", "augment.rotate=45", "augment.rotate does nothing for the task proposals"),
        ("eyes2", "jitter.hide=0.5", "jitter.hide does nothing for the task eyes"),
        ("eyes2", "balance=1", "balance does nothing for the task eyes"),
    ],
)
def test_a_setting_without_effect_is_refused(name: str, override: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        load_recipe(name, [override])


def test_every_recipe_of_ours_loads() -> None:
    for path in recipe.HERE.glob("*.yaml"):
        load_recipe(path.stem, [])


def test_an_unknown_recipe_names_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"choose one of .*quick"):
        load_recipe("quik", [])


def test_whom_a_network_descends_from(tmp_path: Path) -> None:
    def run(name: str, **values: str | Network) -> str:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "recipe.yaml").write_text(settings.to_yaml(Recipe(**values)))  # type: ignore[arg-type]
        return str(folder)

    teacher = run("teacher", network=Network(pretrained="some.tgz"))
    first = run("first")
    second = run("second", init=first, teachers=f"{teacher}, {first}")
    gone = str(tmp_path / "gone")
    found = recipe.lineage(Recipe(init=second, teachers=f"{second},{gone}"))
    assert set(found) == {Path(p) for p in (first, second, teacher, gone)}
    assert found[Path(gone)] is None
    assert [r.network.pretrained for r in found.values() if r and r.network.pretrained] == ["some.tgz"]
