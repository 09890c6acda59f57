"""The interface of a task: everything the commands need to know about one trained network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from monitor.core.errors import ConfigError
from monitor.networks.card import ModelCard
from monitor.networks.emotion import BALANCED
from train.data.inputs import Data
from train.engine.recipe import Recipe

if TYPE_CHECKING:  # TensorFlow is imported only by the commands that train
    import keras
    import numpy as np
    from numpy.typing import NDArray

    from train.engine.network import Architecture
    from train.engine.training import Training

D = TypeVar("D", bound=Data)

BACKGROUNDS, PROPOSALS, SEVERAL, PRIOR = "--backgrounds", "--proposals", "several --data", "--prior"
"""Options of commands that only some tasks use."""


@dataclass(frozen=True, slots=True)
class Prepare:
    """The arguments of ``emotion-train prepare``.

    Attributes:
        paths: What to read.
        out: The file to write; None = the task's default.
        backgrounds: Folder of pictures without a face.
        proposals: Proposal model whose errors become training windows.
    """

    paths: tuple[Path, ...]
    out: Path | None = None
    backgrounds: Path | None = None
    proposals: Path | None = None


@dataclass(frozen=True, slots=True)
class Export:
    """The arguments of ``emotion-train export``.

    Attributes:
        recipe: How the network was trained.
        out: The .tflite to write.
        history: The run's epochs, for the card.
        run: The run's folder, which records the origin of a recovered run.
    """

    recipe: Recipe
    out: Path
    history: list[dict[str, Any]]
    run: Path | None = None


@dataclass(frozen=True, slots=True)
class Evaluate:
    """The arguments of ``emotion-train evaluate``.

    Attributes:
        model: The .tflite, its card beside it.
        data: The data set; expression models take several.
        split: "train", "validation" or "test".
        out: Folder of pictures and ``report.json``.
        disturbed: Whether to measure also disturbed crops, which takes 27 times as long.
        prior: One of the priors on an expression model's card.
    """

    model: Path
    data: tuple[Path, ...]
    split: str
    out: Path
    disturbed: bool = True
    prior: str = BALANCED


@dataclass(frozen=True, slots=True)
class Score:
    """The figure by which the exported models of a task are compared.

    Attributes:
        title: Its name, for the heading of a table.
        figure: Key of the share among the card's validation figures.
        count: Key of its N there.
    """

    title: str
    figure: str
    count: str


class Task(Protocol[D]):
    """One trained network. ``train.tasks.TASKS`` lists all tasks; a new one needs a folder and a line there.

    Subclasses inherit the defaults of the optional parts. Methods import what they need, so that the registry loads
    neither TensorFlow nor matplotlib.

    Attributes:
        name: As in ``--task`` and ``Recipe.task``.
        model: Stem of the shipped .tflite and ``name`` of its card.
        labels: Output labels of the card, which identify the task of a model.
        prepared: Where ``prepare`` writes the data set.
        recipe: Default recipe.
        takes: Options of commands that the task uses.
        unused: Recipe fields that have no effect on the task.
        score: The figure by which exported models are compared.
        curves: History keys that share a chart.
    """

    name: str
    model: str
    labels: tuple[str, ...]
    prepared: str
    recipe: str
    takes: frozenset[str]
    unused: tuple[str, ...]
    score: Score
    curves: tuple[tuple[str, ...], ...]

    # Data

    def prepare(self, order: Prepare) -> None:
        """Reads raw data and writes it as one fast file."""

    def load(self, path: Path) -> D:
        """Reads the data set.

        Raises:
            ConfigError: It is missing or damaged.
        """

    def record(self, data: D) -> dict[str, str]:
        """Further facts for the run's record of its data set, such as its terms of use."""
        return {}

    # Training

    def network(self) -> Architecture:
        """Builds the network of a recipe."""

    def training(self, data: D, recipe: Recipe) -> Training:
        """The training that ``train.engine.fit`` runs.

        Raises:
            ConfigError: The data or the recipe do not suit the task.
        """

    def check(self, recipe: Recipe, name: str) -> None:
        """Refuses a recipe that the task cannot use, in addition to ``unused``.

        Raises:
            ConfigError: It names the recipe's file and the key.
        """
        if recipe.jitter.regions < recipe.batch:
            raise ConfigError(f"{name}: jitter.regions must be at least batch={recipe.batch}")

    # Export

    def export(self, model: keras.Model, data: D, order: Export) -> ModelCard:
        """Converts the network to int8, compares both, and writes the model and its card.

        Raises:
            ParityError: The int8 model differs too much from the float network; nothing was written.
        """

    def calibration(self, recipe: Recipe, data: D, count: int) -> NDArray[np.uint8]:
        """Up to ``count`` training inputs (N, S, S) uint8 of the network."""

    def require_source(self, card: ModelCard, model: Path, data: D) -> None:
        """Refuses a data set other than the one the card names; cards that name none accept any.

        Raises:
            ConfigError: It is another data set.
        """
        return

    def undo_export(self, network: keras.Model, card: ModelCard, model: Path) -> None:
        """Reverts the changes of ``export`` to the float network, when a run is recovered from its model.

        Raises:
            ConfigError: The card does not record the changes.
        """
        return

    # Figures

    def evaluate(self, order: Evaluate) -> dict[str, Any]:
        """Measures an exported model through the app's int8 path, writes pictures and ``report.json``."""

    def show(self, report: dict[str, Any]) -> None:
        """Prints a report as tables."""

    def sections(self, model: Path, data: Path, split: str) -> list[str] | None:
        """HTML sections of ``emotion-train report``; None if there are only the card's figures."""
        return None

    # Card

    def notes(self, card: ModelCard) -> Mapping[str, str] | None:
        """The current texts of a card by key; None leaves the card's own texts."""

    def card_figures(self, card: ModelCard) -> list[str]:
        """The figures of a card as Markdown blocks."""

    def card_input(self, card: ModelCard) -> str:
        """The network's input in words, for the page of cards."""
        turned = ", turned upright" if card.crop_align else ""
        turned += f", contrast evened to {card.crop_contrast:g} gray levels" if card.crop_contrast else ""
        return (
            f"one gray crop, {card.input_side}×{card.input_side}, int8; a box widened by {card.crop_margin:g} of its "
            f"side and moved down by {card.crop_shift_y:g}{turned}"
        )
