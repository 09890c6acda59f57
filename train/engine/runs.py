"""The folder of a training run: its files, and whether a recipe may be trained in it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from monitor.core.errors import ConfigError
from monitor.networks.card import ModelCard
from monitor.settings import reader as settings
from monitor.system.wholefile import replace_text, whole
from train.engine import pretrained
from train.engine.recipe import ORIGIN, Recipe, differences


def require_claimable(run: Path, recipe: Recipe, *, resume: bool) -> None:
    """Refuses a folder in which this recipe cannot be trained, before any data is read.

    The number of epochs of a run at a constant rate may be changed until the rate's decay has begun.

    Raises:
        ConfigError: ``run`` holds a run and ``resume`` is false, or it holds another recipe's run; ``init`` is
            not a run; or the archive named by ``network.pretrained`` is missing.
    """
    if not (run / "checkpoint.npz").exists():
        if recipe.init:
            starting_point(Path(recipe.init))
        elif recipe.network.pretrained:
            pretrained.require(Path(recipe.network.pretrained))
    kept = run / "recipe.yaml"
    if kept.exists():
        old = settings.load(Recipe, kept)
        changed = differences(old, recipe)
        if not resume:
            raise ConfigError(f"{run}: already holds a run; add --resume, or give another --out")
        if changed == ["epochs"] and recipe.decay:
            done = len(history_of(run))
            if done > min(old.epochs, recipe.epochs) - recipe.decay:
                raise ConfigError(
                    f"{kept}: {done} epochs are done, the decay over the last {recipe.decay} of {old.epochs} has begun "
                    f"or epochs={recipe.epochs} is too few; resume with epochs={old.epochs}"
                )
        elif changed:
            raise ConfigError(f"{kept}: differs from this recipe in {', '.join(changed)}; resume with the same recipe")


def require_unclaimed(run: Path) -> None:
    """Refuses a folder that holds a run.

    Raises:
        ConfigError: It does.
    """
    if any((run / name).exists() for name in ("recipe.yaml", "checkpoint.npz")):
        raise ConfigError(f"{run}: already holds a run; give another --out")


def starting_point(run: Path) -> Path:
    """The checkpoint of the run that ``init`` names.

    Raises:
        ConfigError: It has none.
    """
    path = run / "checkpoint.npz"
    if not path.exists():
        raise ConfigError(f"init: {run} holds no checkpoint.npz; train it first")
    return path


def claim(run: Path, recipe: Recipe, *, resume: bool) -> None:
    """Makes a folder this recipe's run; raises as ``require_claimable``."""
    require_claimable(run, recipe, resume=resume)
    keep(run, recipe)


def keep_origin(run: Path, card: ModelCard) -> None:
    """Records the data of the model's card in a recovered run's folder."""
    replace_text(run / ORIGIN, json.dumps({"model": card.version, **card.data}, indent=1) + "\n")


def keep(run: Path, recipe: Recipe) -> None:
    """Writes the recipe into the run's folder."""
    run.mkdir(parents=True, exist_ok=True)
    with whole(run / "recipe.yaml") as part:
        part.write_text(settings.to_yaml(recipe))


def history_of(run: Path) -> list[dict[str, Any]]:
    """The finished epochs of a run, from its checkpoint.

    Raises:
        ConfigError: The checkpoint is damaged.
    """
    path = run / "checkpoint.npz"
    if not path.exists():
        return []
    try:
        with np.load(path) as saved:
            history: list[dict[str, Any]] = json.loads(str(saved["history"]))
            return history
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise ConfigError(f"{path}: cannot be resumed ({error}); start again in another --out") from None
