"""The folder of a training run: whether a recipe may be trained there, and what it holds."""

from __future__ import annotations

import json
import logging
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from monitor.core.errors import ConfigError
from monitor.networks.card import ModelCard
from monitor.settings import reader as settings
from monitor.system.wholefile import replace_text, whole
from train.data import inputs
from train.engine import pretrained
from train.engine.recipe import ORIGIN, Recipe, differences, lineage

log = logging.getLogger("train")

PHOTOGRAPHS = "Photographs: those of the keypoint network, see its card."
"""What a card says of the terms of unlabelled photographs."""


def require_claimable(run: Path, recipe: Recipe, resume: bool) -> None:
    """Refuses a folder in which this recipe cannot be trained, before anything is read for it.

    A run at a constant rate may be given another length as long as neither length's fall has begun.

    Raises:
        ConfigError: ``run`` holds a run and ``resume`` is false, or holds another recipe's, ``init`` is no run, or what
            ``network.pretrained`` names is not there.
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
                    f"{kept}: {done} epochs are done and the rate's last {recipe.decay} of {old.epochs} have begun, or "
                    f"epochs={recipe.epochs} is too few; resume with epochs={old.epochs}"
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
    """The checkpoint of a run that another one is to start from."""
    path = run / "checkpoint.npz"
    if not path.exists():
        raise ConfigError(f"init: {run} holds no checkpoint.npz; train it first")
    return path


def claim(run: Path, recipe: Recipe, resume: bool) -> None:
    """Writes the recipe into the run's folder, where it may stand."""
    require_claimable(run, recipe, resume)
    keep(run, recipe)


def keep_origin(run: Path, card: ModelCard) -> None:
    """Writes into a run's folder what the card of the model it was made from says of its data."""
    replace_text(run / ORIGIN, json.dumps({"model": card.version, **card.data}, indent=1) + "\n")


def data_before(recipe: Recipe, run: Path | None, name: str) -> dict[str, str]:
    """Other data that a run's ancestors, and theirs, learnt from.

    Args:
        recipe: The run's.
        run: Its folder, if it has one.
        name: Its own data set.

    Returns:
        What a card says of each, with its terms.
    """
    found: dict[str, str] = {}
    folders = list(lineage(recipe).items())
    if run is not None:
        folders.append((run, None if recipe.unlabelled else recipe))
    for folder, own in folders:
        origin, kept = inputs.told(folder / ORIGIN), inputs.told(folder / inputs.KEPT)
        if origin:
            told = str(origin.get("training", ""))
            sets = [part.removeprefix("before, ") for part in told.split("; ")]
            for part in sets:
                if re.match(r"\S.*?: \d+ (crops|rows)", part) and part.partition(":")[0] != name:
                    found[part] = str(origin.get("terms", ""))
            found |= _photographs(re.findall(r"photographs of (\S+) without", told), recipe)
        elif kept.get("name", name) != name:
            found[f"{kept['name']}: {kept.get('rows', '?')} rows"] = str(kept.get("terms", ""))
        if own is not None and own.unlabelled:
            found |= _photographs([Path(own.unlabelled).name], recipe)
    return found


def _photographs(names: list[str], recipe: Recipe) -> dict[str, str]:
    """Unlabelled photographs of ancestors, as far as the recipe itself does not name them."""
    other = [name for name in names if name != Path(recipe.unlabelled).name]
    return {f"photographs of {name} without labels": PHOTOGRAPHS for name in other}


def others_weights(recipe: Recipe, run: Path | None) -> bool:
    """Whether others' weights (``train.engine.pretrained``) are among what a run learnt from.

    A run that was made anew from a model tells it by that model's card; of what else is gone nothing can be told, which
    is said in one line each.

    Args:
        recipe: The run's.
        run: Its folder, if it has one.
    """
    if run is not None and (run / ORIGIN).exists():
        return _told(run)
    found = bool(recipe.network.pretrained)
    for folder, own in lineage(recipe).items():
        if own is None:
            log.warning("%s: is gone, so the card cannot tell what it learnt from", folder)
        else:
            found |= bool(own.network.pretrained) or _told(folder)
    return found


def _told(run: Path) -> bool:
    """Whether a run that was made anew tells of others' weights."""
    origin = run / ORIGIN
    return origin.exists() and pretrained.ORIGIN in origin.read_text()


def keep(run: Path, recipe: Recipe) -> None:
    """Writes the recipe into the run's folder."""
    run.mkdir(parents=True, exist_ok=True)
    with whole(run / "recipe.yaml") as part:
        part.write_text(settings.to_yaml(recipe))


def history_of(run: Path) -> list[dict[str, Any]]:
    """The finished epochs of a run, as its checkpoint tells them.

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
        raise ConfigError(f"{path}: cannot be resumed ({error}); start anew in another --out") from None
