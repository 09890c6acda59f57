"""A training recipe: every setting that affects the result, in one YAML file that is stored with the run."""

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
"""File in the folder of a recovered run that records the origin of its model."""


@dataclass(frozen=True, slots=True)
class Network:
    """Shape of the network (``train/engine/network.py``)."""

    channels: str = text("24-48-96-160", "channels of each stage, joined by -")
    blocks: str = text("1-1-1-1", "residual blocks of each stage, joined by -")
    dropout: float = number(0.3, 0, 0.9, "share of pooled features dropped while training")
    pretrained: str = text(
        "",
        "archive downloaded by emotion-train fetch: a large network trained on faces, for a teacher; it has its own "
        "channels, blocks and (unless init names a run) weights; empty = the plain network of channels and blocks",
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


PRECISIONS = ("float32", "bfloat16")
"""bfloat16 is 1.45 times as fast on processors with instructions for it (AVX512-BF16, AMX)."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One training run."""

    task: str = text("expression", "task to train, a name in train.tasks.TASKS")
    seed: int = integer(1, 0, 2**31 - 1, "seed of weights, order and augmentation")
    init: str = text("", "folder of a run whose averaged weights this run starts from; empty = random weights")
    teachers: str = text("", "folders of runs whose averaged answers are mixed into the targets, joined by commas")
    unlabelled: str = text(
        "", "packed set of keypoints (.npz) whose photographs are labelled by the teachers' answers alone"
    )
    taught: float = number(0.6, 0, 1, "share of the teachers' answer in the targets, if there are teachers")
    side: int = integer(48, 16, 128, "side of the network's input; expression crops are 48, regions 56, eyes 32", "px")
    small_side: int = integer(32, 16, 48, "side of the crops in the first epochs", "px")
    small_epochs: int = integer(12, 0, 1000, "epochs at the small side")
    epochs: int = integer(32, 1, 1000, "epochs altogether")
    batch: int = integer(96, 8, 1024, "crops per step")
    rate: float = number(3e-3, 1e-6, 1, "peak learning rate (AdamW)")
    warmup: float = number(1.0, 0, 50, "epochs of linear warm-up before the cosine")
    decay: int = integer(
        0,
        0,
        1000,
        "last epochs, in which a constant rate falls to a hundredth; 0 = one cosine over all epochs",
    )
    fade: float = number(0.0, 0, 1, "share of the augmentation's strength that is removed gradually during decay")
    weight_decay: float = number(0.02, 0, 1, "decoupled weight decay")
    ema: float = number(0.999, 0, 0.99999, "decay of the averaged weights, which are the result")
    contrast: float = number(
        0.0,
        0,
        128,
        "standard deviation of gray levels that expression crops are brought to, in the app and in training; "
        "0 = unchanged",
        "gray levels",
    )
    heads_turned: int = integer(
        0,
        0,
        20_000,
        "rendered copies of training heads (of expression: crops) with a larger yaw (train/tasks/keypoints/turning.py)",
    )
    balance: float = number(0.3, 0, 1, "oversampling of rare classes: 0 none, 1 until all classes are equally frequent")
    source_balance: float = number(
        0.0, 0, 1, "oversampling of small sources of a joined set: 0 none, 1 until all sources are equally frequent"
    )
    left_out: str = text(
        "", "sources of a joined set to validate on without training on them, joined by commas: figures on unseen sets"
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
        "0 = as for other rows",
    )
    smooth: float = number(0.0, 0, 0.5, "label smoothing of rows that have one label and no votes")
    network: Network = section(Network)
    augment: Augment = section(Augment)
    jitter: Jitter = section(Jitter)

    def teacher_runs(self) -> list[Path]:
        """Folders of the teachers."""
        return [Path(name.strip()) for name in self.teachers.split(",") if name.strip()]


def path_of(name: str) -> Path:
    """The file of a recipe, given by its name (a file of ``train/recipes``) or path.

    Raises:
        ConfigError: No such recipe; the line lists all.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else HERE / f"{name}.yaml"
    if not path.exists():
        known = ", ".join(sorted(p.stem for p in HERE.glob("*.yaml")))
        raise ConfigError(f"{name}: is not a recipe; choose one of {known}, or give a .yaml file")
    return path


def load(name: str, overrides: list[str]) -> Recipe:
    """Reads a recipe and checks its fields against each other; ``train.tasks.load_recipe`` checks its task, too.

    Args:
        name: Name or path.
        overrides: ``KEY=VALUE`` each.

    Raises:
        ConfigError: No such recipe, or a problem in it.
    """
    path = path_of(name)
    recipe = settings.load(Recipe, path, overrides)
    recipe.network.shape()
    if recipe.small_epochs >= recipe.epochs:
        fix = _fitting(recipe, "small_epochs")
        raise ConfigError(f"{path.name}: small_epochs must be below epochs (got {recipe.small_epochs}); {fix}")
    if recipe.network.pretrained:
        _require_teacher(recipe, path.name)
    elif recipe.network.enlarged != Network().enlarged:
        raise ConfigError(f"{path.name}: network.enlarged is for network.pretrained, which is empty; leave it out")
    if recipe.decay > recipe.epochs:
        fix = _fitting(recipe, "decay")
        raise ConfigError(f"{path.name}: decay must not exceed epochs={recipe.epochs} (got {recipe.decay}); {fix}")
    if recipe.fade and not recipe.decay:
        raise ConfigError(f"{path.name}: fade works together with decay, which is 0; set decay to a number of epochs")
    for key in () if recipe.teachers else ("taught", "doubted"):
        if getattr(recipe, key) not in (0, getattr(Recipe(), key)):
            raise ConfigError(f"{path.name}: {key} does nothing for a recipe without teachers; leave it out")
    return recipe


def _fitting(recipe: Recipe, key: str) -> str:
    """The fix for a part of a schedule that is longer than the whole."""
    return f"set both, such as --set epochs={recipe.epochs} --set {key}={recipe.epochs // 2}"


def lineage(recipe: Recipe) -> dict[Path, Recipe | None]:
    """All ancestors of a recipe (``init`` and teachers, recursively), by folder; None = the folder no longer exists.

    The search stops at a recovered run, because its ``ORIGIN`` file records its own origin.
    """
    found: dict[Path, Recipe | None] = {}
    queue = [recipe]
    for now in queue:  # the list grows during the loop
        for run in now.teacher_runs() + ([Path(now.init)] if now.init else []):
            if run in found:
                continue
            kept = run / "recipe.yaml"
            found[run] = own = settings.load(Recipe, kept) if kept.exists() else None
            if own is not None and not (run / ORIGIN).exists():
                queue.append(own)
    return found


GEOMETRY = tuple(f"augment.{key}" for key in ("flip", "rotate", "shift", "zoom", "aspect", "mixup"))
"""Fields that move expression crops; other tasks move their regions by ``jitter``."""
MOVED = tuple(f"jitter.{f.name}" for f in dataclasses.fields(Jitter) if f.name != "regions")
"""Fields that move regions."""
CLASSES = (
    "unlabelled", "teachers", "contrast", "fade", "balance", "source_balance", "left_out", "adjusted", "smooth",
    "doubted", "network.pretrained",
)  # fmt: skip
"""Fields for crops with one of several class labels, and for their teachers."""


def require_used(recipe: Recipe, unused: tuple[str, ...], name: str) -> None:
    """Refuses settings that would have no effect.

    Args:
        recipe: The recipe.
        unused: Fields without an effect on its task, such as ``jitter.hide``.
        name: The recipe's name, for the message.

    Raises:
        ConfigError: One of them is neither 0 nor its default.
    """
    plain = Recipe()
    for key in unused:
        group, _, field = key.rpartition(".")
        ours, default = (getattr(r, group) if group else r for r in (recipe, plain))
        if getattr(ours, field) not in (0, getattr(default, field)):  # 0 switches it off, which is correct
            raise ConfigError(f"{name}: {key} does nothing for the task {recipe.task}; leave it out")


def _require_teacher(recipe: Recipe, name: str) -> None:
    """Refuses settings that do not apply to a pretrained network.

    Raises:
        ConfigError: Smaller crops, channels or blocks are set.
    """
    plain = Network()
    for key, value, only in (
        ("small_epochs", recipe.small_epochs, 0),
        ("network.channels", recipe.network.channels, plain.channels),
        ("network.blocks", recipe.network.blocks, plain.blocks),
    ):
        if value != only:
            raise ConfigError(f"{name}: {key} {value!r} cannot be combined with network.pretrained; leave one out")


def differences(old: Recipe, new: Recipe) -> list[str]:
    """Keys whose values differ between two recipes."""
    a, b = dataclasses.asdict(old), dataclasses.asdict(new)
    return [key for key in a if a[key] != b[key]]
