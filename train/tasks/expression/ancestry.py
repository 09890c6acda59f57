"""The data and weights that a run descends from, for its card."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from train.data import inputs
from train.engine import pretrained
from train.engine.recipe import ORIGIN, Recipe, lineage

log = logging.getLogger("train")

PHOTOGRAPHS = "Photographs: those of the keypoint network, see its card."
"""Terms of unlabelled photographs."""


def data_before(recipe: Recipe, run: Path | None, name: str) -> dict[str, str]:
    """Data sets that a run's ancestors were trained on, besides its own.

    Args:
        recipe: The run's recipe.
        run: The run's folder, if it has one.
        name: The run's own data set.

    Returns:
        Description for the card, and terms, of each data set.
    """
    found: dict[str, str] = {}
    folders = list(lineage(recipe).items())
    if run is not None:
        folders.append((run, None if recipe.unlabelled else recipe))
    for folder, own in folders:
        origin, kept = inputs.read_record(folder / ORIGIN), inputs.read_record(folder / inputs.KEPT)
        if origin:
            description = str(origin.get("training", ""))
            sets = [part.removeprefix("before, ") for part in description.split("; ")]
            for part in sets:
                if re.match(r"\S.*?: \d+ (crops|rows)", part) and part.partition(":")[0] != name:
                    found[part] = str(origin.get("terms", ""))
            found |= _photographs(re.findall(r"photographs of (\S+) without", description), recipe)
        elif kept.get("name", name) != name:
            found[f"{kept['name']}: {kept.get('rows', '?')} rows"] = str(kept.get("terms", ""))
        if own is not None and own.unlabelled:
            found |= _photographs([Path(own.unlabelled).name], recipe)
    return found


def _photographs(names: list[str], recipe: Recipe) -> dict[str, str]:
    """Unlabelled photographs of ancestors that are not in the recipe itself."""
    other = [name for name in names if name != Path(recipe.unlabelled).name]
    return {f"photographs of {name} without labels": PHOTOGRAPHS for name in other}


def third_party_weights(recipe: Recipe, run: Path | None) -> bool:
    """Whether third-party weights (``train.engine.pretrained``) are among a run's ancestors.

    A recovered run knows it from its model's card. About other deleted runs nothing is known; each is logged.

    Args:
        recipe: The run's recipe.
        run: The run's folder, if it has one.
    """
    if run is not None and (run / ORIGIN).exists():
        return _recorded(run)
    found = bool(recipe.network.pretrained)
    for folder, own in lineage(recipe).items():
        if own is None:
            log.warning("%s: is gone, so the card cannot name the data it was trained on", folder)
        else:
            found |= bool(own.network.pretrained) or _recorded(folder)
    return found


def _recorded(run: Path) -> bool:
    """Whether a recovered run descends from third-party weights."""
    origin = run / ORIGIN
    return origin.exists() and pretrained.ORIGIN in origin.read_text()
