"""The trained networks, one folder per task, and the registry of all tasks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monitor.core.errors import ConfigError, ModelError
from monitor.networks.card import ModelCard
from monitor.settings import reader as settings
from train.engine import recipe as recipes
from train.engine.recipe import Recipe
from train.engine.task import Task
from train.tasks.covers.definition import Covers
from train.tasks.expression.definition import Expression
from train.tasks.eyes.definition import Eyes
from train.tasks.keypoints.definition import Keypoints
from train.tasks.proposals.definition import Proposals

TASKS: dict[str, Task[Any]] = {task.name: task for task in (Expression(), Keypoints(), Eyes(), Proposals(), Covers())}
"""Every task by its name."""


def task_of(recipe: Recipe) -> Task[Any]:
    """The task that a recipe trains.

    Raises:
        ConfigError: There is no such task.
    """
    if recipe.task not in TASKS:
        raise ConfigError(f"task must be one of {', '.join(TASKS)} (got {recipe.task})")
    return TASKS[recipe.task]


def task_of_card(card: ModelCard) -> Task[Any]:
    """The task whose network has a card's labels.

    Raises:
        ModelError: No task has these labels.
    """
    for task in TASKS.values():
        if sorted(task.labels) == sorted(card.labels):
            return task
    raise ModelError(f"{card.name}: its labels are none of a known task ({', '.join(TASKS)})")


def load_recipe(name: str, overrides: list[str]) -> tuple[Recipe, Task[Any]]:
    """Reads a recipe and checks that its task uses every field that is set.

    Args:
        name: Name of a file in ``train/recipes``, or a path.
        overrides: ``KEY=VALUE`` each.

    Raises:
        ConfigError: No such recipe (the line lists all), or a problem in it.
    """
    recipe = recipes.load(name, overrides)
    task, file = task_of(recipe), recipes.path_of(name).name
    task.check(recipe, file)
    recipes.require_used(recipe, task.unused, file)
    return recipe, task


def recipe_of_run(run: Path) -> tuple[Recipe, Task[Any]]:
    """The recipe of a run's folder and its task.

    Raises:
        ConfigError: The folder holds no run.
    """
    path = run / "recipe.yaml"
    if not path.exists():
        raise ConfigError(f"{run}: is not a training run; make one with: emotion-train fit --out {run}")
    recipe = settings.load(Recipe, path)
    return recipe, task_of(recipe)


def require_options(task: Task[Any], given: Mapping[str, object]) -> None:
    """Refuses options of a command that a task does not use.

    Args:
        task: The task.
        given: Options and their values; false values do not count.

    Raises:
        ConfigError: The task does not use one of them.
    """
    for option, value in given.items():
        if value and option not in task.takes:
            users = ", ".join(name for name, other in TASKS.items() if option in other.takes)
            raise ConfigError(f"{option}: does nothing for the task {task.name} (only for {users}); leave it out")
