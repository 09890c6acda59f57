"""Short fine-tunings of the whole expression network from an exported model, for comparisons of training sets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from monitor.networks.card import load_card
from train.data.datasets import Dataset
from train.engine import network as parts
from train.engine import recover, runs
from train.engine.fit import fit
from train.engine.inference import all_evened
from train.engine.trainer import Trainer, load_trained, seeded
from train.tasks import load_recipe
from train.tasks.expression import network
from train.tasks.expression.training import ExpressionTraining

STATISTICS = 280
"""Crops for the statistics of the normalisation layers."""
ALONE = ("teachers=", "taught=0", "fade=0.2")
"""Changes of the recipe ``mixed`` for a training without teachers."""


def tuned(base: Path, data: Dataset, place: Path, changes: list[str]) -> tuple[Any, list[dict[str, Any]]]:
    """Fine-tunes the whole network of a model with the recipe ``mixed``.

    Args:
        base: An expression model with its card.
        data: Crops with the splits train and validation.
        place: Folder for the runs.
        changes: ``KEY=VALUE`` of the recipe.

    Returns:
        The averaged network and its figures after each epoch.
    """
    recipe, _ = load_recipe("mixed", [*ALONE, f"init={place / 'start'}", *changes])
    known, _ = recover.recipe_of(load_card(base), base)
    recipe = replace(recipe, network=replace(known.network, dropout=recipe.network.dropout))
    if not (place / "start").exists():
        model = seeded(network, recipe)
        crops = all_evened(data.part("train").images, recipe.contrast)
        recover.fill(model, base, crops[:: max(1, len(crops) // STATISTICS)])
        begun = Trainer(recipe, network)
        for owner in (begun.model, begun.averaged):
            for mine, theirs in zip(parts.weighted(owner), parts.weighted(model), strict=True):
                mine.set_weights(theirs.get_weights())
        begun.history = [{"epoch": 1, "seconds": 0.0}]
        (place / "start").mkdir(parents=True)
        begun.keep(place / "start")
        runs.keep(place / "start", replace(recipe, init="", adjusted=0.0))
    run = place / f"run{len(list(place.glob('run*')))}"
    fit(ExpressionTraining(data, recipe), recipe, run)
    return load_trained(run, recipe, network), runs.history_of(run)
