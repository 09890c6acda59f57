"""A training recipe: everything that decides what comes out, in one YAML file kept with the run."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from pathlib import Path

from monitor.core.errors import ConfigError
from monitor.settings import reader as settings
from monitor.settings.fields import choice, integer, number, section, text
from train.engine.augment import Augment, Jitter

HERE = Path(__file__).parents[1] / "recipes"
ORIGIN = "origin.json"
"""In the folder of a run that was made anew from a model: where that one came from."""


@dataclass(frozen=True, slots=True)
class Network:
    """Shape of the network (``train/engine/network.py``)."""

    channels: str = text("24-48-96-160", "channels of each stage, joined by -")
    blocks: str = text("1-1-1-1", "residual blocks of each stage, joined by -")
    dropout: float = number(0.3, 0, 0.9, "share of pooled features dropped while training")
    pretrained: str = text(
        "",
        "what train fetch downloaded: a large network that knows faces already, for a teacher; channels and blocks "
        "are its own, and so are its weights unless init names a run; empty = the plain network of channels and blocks",
    )
    enlarged: int = integer(128, 64, 224, "side that crops are enlarged to for a pretrained network", "px")

    def shape(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """``(channels, blocks)`` as numbers.

        Raises:
            ConfigError: Not whole numbers joined by ``-``, or of different lengths.
        """
        for key in ("channels", "blocks"):
            if not re.fullmatch(r"\d{1,4}(-\d{1,4}){0,5}", getattr(self, key)):
                raise ConfigError(f"network.{key} must be numbers joined by - (got {getattr(self, key)})")
        channels, blocks = ([int(n) for n in v.split("-")] for v in (self.channels, self.blocks))
        if len(channels) != len(blocks):
            raise ConfigError(f"network.channels and network.blocks must have one entry per stage (got {self})")
        if not all(channels):
            raise ConfigError(f"network.channels must be 1 or more each (got {self.channels})")
        return tuple(channels), tuple(blocks)


TASKS = ("expression", "keypoints", "eyes", "proposals")
"""What can be trained: how a face looks, where it is, whether its eyes are open, where in a frame there may be one."""


PRECISIONS = ("float32", "bfloat16")
"""bfloat16 is worth it on processors that multiply it (AVX512-BF16, AMX): 1.45 times as fast there."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One training run."""

    task: str = choice("expression", TASKS, "what is trained")
    seed: int = integer(1, 0, 2**31 - 1, "seed of weights, order and augmentation")
    init: str = text("", "folder of a run whose averaged weights this run starts from; empty = drawn anew")
    teachers: str = text("", "folders of runs whose averaged answers are mixed into the targets, joined by commas")
    unlabelled: str = text(
        "", "packed set of keypoints (.npz) whose photographs are learnt from the teachers' answers alone"
    )
    taught: float = number(0.6, 0, 1, "share of the teachers' answer in the targets, where there are teachers")
    side: int = integer(48, 16, 128, "side of the network's input; expression crops are 48, regions 56, eyes 32", "px")
    small_side: int = integer(32, 16, 48, "side of the crops in the first epochs", "px")
    small_epochs: int = integer(12, 0, 1000, "epochs at the small side")
    epochs: int = integer(32, 1, 1000, "epochs altogether")
    batch: int = integer(96, 8, 1024, "crops per step")
    rate: float = number(3e-3, 1e-6, 1, "peak learning rate (AdamW)")
    warmup: float = number(1.0, 0, 50, "epochs of linear warm-up before the cosine")
    decay: int = integer(
        0, 0, 1000, "last epochs, in which a constant rate falls to a hundredth; 0 = one cosine all along"
    )
    fade: float = number(0.0, 0, 1, "share of the disturbances' strength that goes, bit by bit, along with decay")
    weight_decay: float = number(0.02, 0, 1, "decoupled weight decay")
    ema: float = number(0.999, 0, 0.99999, "decay of the averaged weights, which are the ones kept")
    contrast: float = number(
        0.0,
        0,
        128,
        "standard deviation that gray levels of expression crops are evened to, app and training alike; "
        "0 = as they are",
        "gray levels",
    )
    heads_turned: int = integer(
        0,
        0,
        20_000,
        "copies of the training heads turned further aside (train/tasks/keypoints/turning.py)",
    )
    balance: float = number(0.3, 0, 1, "sampling towards rare classes: 0 as they come, 1 all alike")
    source_balance: float = number(
        0.0, 0, 1, "sampling towards small sources of a joined set: 0 as they come, 1 all alike"
    )
    adjusted: float = number(
        0.0,
        0,
        1,
        "share of the log prior of a row's source that the loss adds to the logits, so that the network's own answer "
        "assumes all expressions to be equally frequent",
    )
    precision: str = choice(
        "float32", PRECISIONS, "arithmetic of the layers while training; weights and figures stay float32"
    )
    doubted: float = number(
        0.0,
        0,
        1,
        "share of the teachers' answer in the targets of single labels that they contradict with confidence; "
        "0 = as taught",
    )
    smooth: float = number(0.0, 0, 0.5, "label smoothing of rows that have one label and no votes")
    network: Network = section(Network)
    augment: Augment = section(Augment)
    jitter: Jitter = section(Jitter)

    def teacher_runs(self) -> list[Path]:
        """Folders of the teachers."""
        return [Path(name.strip()) for name in self.teachers.split(",") if name.strip()]


def load(name: str, overrides: list[str]) -> Recipe:
    """Reads a recipe by its name (a file of ``train/recipes``) or path.

    Raises:
        ConfigError: No such recipe (lists those there are), or a problem in it.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else HERE / f"{name}.yaml"
    if not path.exists():
        known = ", ".join(sorted(p.stem for p in HERE.glob("*.yaml")))
        raise ConfigError(f"{name}: is not a recipe; there are {known}, or give a .yaml file")
    recipe = settings.load(Recipe, path, overrides)
    recipe.network.shape()
    if recipe.small_epochs >= recipe.epochs:
        raise ConfigError(f"{path.name}: small_epochs must be below epochs (got {recipe.small_epochs})")
    if recipe.network.pretrained:
        _require_teacher(recipe, path.name)
    elif recipe.network.enlarged != Network().enlarged:
        raise ConfigError(f"{path.name}: network.enlarged is for network.pretrained, which is empty; leave it out")
    if recipe.task != "expression":
        for key in ("unlabelled", "teachers", "contrast", "fade", "source_balance", "adjusted", "smooth", "doubted"):
            if getattr(recipe, key):
                raise ConfigError(f"{path.name}: {key} is for the task expression (the recipe trains {recipe.task})")
        if recipe.jitter.regions < recipe.batch:
            raise ConfigError(f"{path.name}: jitter.regions must be at least batch={recipe.batch}")
    if recipe.decay > recipe.epochs:
        raise ConfigError(f"{path.name}: decay must not exceed epochs (got {recipe.decay})")
    if recipe.fade and not recipe.decay:
        raise ConfigError(f"{path.name}: fade goes along with decay, which is 0; give decay a number of epochs")
    _require_used(recipe, path.name)
    return recipe


def lineage(recipe: Recipe) -> dict[Path, Recipe | None]:
    """The runs a recipe starts from or is taught by, and theirs, by their folders; None = no longer there.

    A run that was made anew from a model tells itself what it came from (``ORIGIN``): it is not asked for its own.
    """
    found: dict[Path, Recipe | None] = {}
    queue = [recipe]
    for now in queue:  # grows meanwhile
        for run in now.teacher_runs() + ([Path(now.init)] if now.init else []):
            if run in found:
                continue
            kept = run / "recipe.yaml"
            found[run] = own = settings.load(Recipe, kept) if kept.exists() else None
            if own is not None and not (run / ORIGIN).exists():
                queue.append(own)
    return found


GEOMETRY = tuple(f"augment.{key}" for key in ("flip", "rotate", "shift", "zoom", "aspect", "mixup"))
"""How crops of expressions are moved; other tasks move their regions by ``jitter``."""
MOVED = tuple(f"jitter.{f.name}" for f in dataclasses.fields(Jitter) if f.name != "regions")
UNUSED = {
    "expression": ("heads_turned", "jitter.regions", *MOVED),
    "keypoints": ("network.dropout", *GEOMETRY),
    "proposals": ("heads_turned", "network.dropout", *GEOMETRY),
    "eyes": ("heads_turned", *GEOMETRY, *MOVED),
}
"""What each task has no use for."""


def _require_used(recipe: Recipe, name: str) -> None:
    """Refuses settings that would do nothing.

    Raises:
        ConfigError: One that the task has no use for is not at its default.
    """
    plain = Recipe()
    unused = UNUSED[recipe.task] + (() if recipe.teachers else ("taught", "doubted"))
    for key in unused:
        group, _, field = key.rpartition(".")
        ours, default = (getattr(r, group) if group else r for r in (recipe, plain))
        if getattr(ours, field) not in (0, getattr(default, field)):  # 0: none of it, which is so
            without = (
                "a recipe without teachers"
                if key in ("taught", "doubted") and not recipe.teachers
                else f"the task {recipe.task}"
            )
            raise ConfigError(f"{name}: {key} does nothing for {without}; leave it out")
    if recipe.task != "expression" and recipe.balance not in (0, plain.balance):
        raise ConfigError(f"{name}: balance does nothing for the task {recipe.task}; leave it out")


def _require_teacher(recipe: Recipe, name: str) -> None:
    """Refuses what a pretrained network has no use for.

    Raises:
        ConfigError: Another task, smaller crops, or channels or blocks.
    """
    plain = Network()
    for key, value, only in (
        ("task", recipe.task, "expression"),
        ("small_epochs", recipe.small_epochs, 0),
        ("network.channels", recipe.network.channels, plain.channels),
        ("network.blocks", recipe.network.blocks, plain.blocks),
    ):
        if value != only:
            raise ConfigError(f"{name}: {key} {value!r} does not go with network.pretrained; leave one of them out")


def differences(old: Recipe, new: Recipe) -> list[str]:
    """Keys whose values differ between two recipes."""
    a, b = dataclasses.asdict(old), dataclasses.asdict(new)
    return [key for key in a if a[key] != b[key]]
