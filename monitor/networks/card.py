"""The model card: preprocessing, labels, calibration and figures of a model, as JSON beside the .tflite file."""

from __future__ import annotations

import json
import math
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from monitor.core.errors import ModelError
from monitor.core.labels import EMOTIONS, OWN, fault_of
from monitor.faces.crop import CropSpec
from monitor.system.digest import sha256
from monitor.system.wholefile import replace_text

SCHEMA = 1
MAX_MODEL_BYTES = 64_000_000
MAX_CARD_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Prior:
    """An assumed frequency of each label, as the parameters that turn logits into probabilities under it.

    A dataclass, because ``asdict`` of a card must keep the names of its fields.

    Attributes:
        biases: Values added to the logits, in the order of the card's labels.
        temperature: Logits with the biases are divided by it before the softmax; above 0.
    """

    biases: tuple[float, ...]
    temperature: float


@dataclass(frozen=True, slots=True)
class ModelCard:
    """Preprocessing, calibration and description of a model.

    Attributes:
        name: Short name.
        version: Version of the model, changed with every export.
        labels: Meaning of each output, in order.
        input_side: Side of the square gray input in pixels.
        crop_margin: ``CropSpec.margin`` the model was trained for.
        crop_shift_y: ``CropSpec.shift_y`` the model was trained for.
        crop_align: ``CropSpec.align`` the model was trained for.
        crop_contrast: ``CropSpec.contrast`` the model was trained for; 0 = gray levels unchanged.
        temperature: Logits are divided by it before the softmax; above 0.
        sha256: Checksum of the .tflite file; a file with another checksum is refused.
        metrics: Figures with their N and the data they were measured on.
        data: Training data and their terms.
        notes: Intended use, limits, licence.
        training: Recipe, epochs, date.
        priors: Priors of an expression model, by name; empty = no biases, only ``temperature``.
    """

    name: str
    version: str
    labels: tuple[str, ...]
    input_side: int
    crop_margin: float
    crop_shift_y: float
    temperature: float
    sha256: str
    metrics: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    crop_align: bool = False
    crop_contrast: float = 0.0
    priors: dict[str, Prior] = field(default_factory=dict)

    @property
    def crop(self) -> CropSpec:
        """The preprocessing this model was trained for."""
        return CropSpec(
            self.input_side, self.crop_margin, self.crop_shift_y, self.crop_align, self.crop_contrast
        )  # fmt: skip

    def save(self, path: Path) -> None:
        """Writes the card as JSON; NaN and infinite figures become null."""
        fields = {"schema": SCHEMA, **_finite(asdict(self))}
        replace_text(path, json.dumps(fields, indent=2, allow_nan=False) + "\n")


def _finite(value: Any) -> Any:
    """Replaces infinities and NaN, which JSON does not support, by None."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def card_path(model: Path) -> Path:
    """The path of a model's card."""
    return model.with_suffix(".json")


def load_card(model: Path, labels: tuple[str, ...] | None = EMOTIONS, *, own: bool = False) -> ModelCard:
    """Reads the card of ``model`` and checks that it belongs to this file.

    Args:
        model: The .tflite.
        labels: Labels that the card must list, in any order; None = any.
        own: Whether a model with a user's own classes (``OWN``) is accepted, too.

    Raises:
        ModelError: Model or card missing, damaged, of another schema, or the sha256 differs.
    """
    path = card_path(model)
    data = read_model(model)
    try:
        with path.open("rb") as handle:
            raw = handle.read(MAX_CARD_BYTES + 1)
        if len(raw) > MAX_CARD_BYTES:
            raise ModelError(f"{path}: is over {MAX_CARD_BYTES // 1000} kB; it is not a model card")
        fields = json.loads(raw)
    except FileNotFoundError:
        raise ModelError(f"{path}: is missing; every model needs its card: python -m train export") from None
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: is not valid JSON: {str(error)[:120]}") from None
    if own and isinstance(fields, dict) and fields.get("name") == OWN:
        labels = None
    card = _checked(fields, path, labels)
    if card.name == OWN and (fault := fault_of(card.labels)):
        raise ModelError(f"{path}: labels: {fault}; make the model again with emotion-train new")
    digest = sha256(data)
    if digest != card.sha256:
        raise ModelError(
            f"{model}: does not match its card {path.name} (sha256 {digest[:12]}…, card says {card.sha256[:12]}…); "
            "reinstall the pair or export it again"
        )
    return card


def ordered(card: ModelCard, labels: tuple[str, ...]) -> tuple[str, ...]:
    """The labels in the order of a network's output: as given, or for a user's own model as on its card."""
    return labels if sorted(card.labels) == sorted(labels) else card.labels


def read_model(model: Path) -> bytes:
    """Reads a .tflite file.

    Raises:
        ModelError: The file is missing, unreadable, too large or not a TFLite file.
    """
    try:
        if model.stat().st_size > MAX_MODEL_BYTES:
            raise ModelError(
                f"{model}: is over {MAX_MODEL_BYTES // 1_000_000} MB; the models of this program are smaller"
            )
        data = model.read_bytes()
    except FileNotFoundError:
        raise ModelError(f"{model}: no such model; check its path") from None
    except OSError as error:
        raise ModelError(f"{model}: cannot be read: {error.strerror}") from None
    if data[4:8] != b"TFL3":
        raise ModelError(f"{model}: is not a TFLite model (or is truncated); copy the file again")
    return data


def _checked(fields: Any, path: Path, expected: tuple[str, ...] | None) -> ModelCard:
    """Checks the type and range of every field of a parsed card."""
    if not isinstance(fields, dict) or fields.get("schema") != SCHEMA:
        got = fields.get("schema") if isinstance(fields, dict) else type(fields).__name__
        raise ModelError(f"{path}: schema must be {SCHEMA} (got {got}); the card is of another program version")

    def number(key: str, low: float, high: float) -> float:
        value = fields.get(key)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise ModelError(f"{path}: {key} must be a number between {low:g} and {high:g} (got {value!r:.40})")
        if not low <= value <= high:
            raise ModelError(f"{path}: {key} must be between {low:g} and {high:g} (got {value:g})")
        return float(value)

    def word(key: str) -> str:
        value = fields.get(key)
        if not isinstance(value, str) or not value:
            raise ModelError(f"{path}: {key} must be text (got {value!r:.40})")
        return value

    labels = fields.get("labels")
    if not isinstance(labels, list) or not all(isinstance(name, str) for name in labels):
        raise ModelError(f"{path}: labels must be a list of words (got {labels!r:.80})")
    if expected is not None and sorted(labels) != sorted(expected):
        raise ModelError(f"{path}: labels must be the {len(expected)} words {', '.join(expected)} (got {labels!r:.80})")
    extra = {key: fields.get(key, {}) for key in ("metrics", "data", "notes", "training")}
    for key, value in extra.items():
        if not isinstance(value, dict):
            raise ModelError(f"{path}: {key} must be an object (got {value!r:.40})")
    align = fields.get("crop_align", False)
    if not isinstance(align, bool):
        raise ModelError(f"{path}: crop_align must be true or false (got {align!r:.40})")
    contrast = number("crop_contrast", 0, 128) if "crop_contrast" in fields else 0.0
    priors = _priors(fields.get("priors", {}), len(labels), path)
    return ModelCard(
        name=word("name"), version=word("version"), labels=tuple(labels),
        input_side=int(number("input_side", 16, 256)), crop_margin=number("crop_margin", 0, 2),
        crop_shift_y=number("crop_shift_y", -1, 1), temperature=number("temperature", 0.05, 20),
        sha256=word("sha256"), crop_align=align, crop_contrast=contrast, priors=priors, **extra,
    )  # fmt: skip


MOST_BIAS = 20.0


def _priors(given: Any, count: int, path: Path) -> dict[str, Prior]:
    """The priors of a card from parsed JSON."""
    if not isinstance(given, dict):
        raise ModelError(f"{path}: priors must be an object (got {given!r:.40})")
    found = {}
    for name, entry in given.items():
        biases = entry.get("biases") if isinstance(entry, dict) else None
        temperature = entry.get("temperature") if isinstance(entry, dict) else None
        values = [*biases, temperature] if isinstance(biases, list) else []
        plain = all(isinstance(v, (int, float)) and not isinstance(v, bool) and abs(v) <= MOST_BIAS for v in values)
        if len(values) != count + 1 or not plain or not values[-1] >= 0.05:
            raise ModelError(
                f"{path}: priors.{name} must hold {count} biases up to {MOST_BIAS:g} and a temperature of 0.05 "
                f"to {MOST_BIAS:g} (got {entry!r:.60}); reinstall the pair or export it again"
            )
        found[name] = Prior(tuple(float(v) for v in biases or ()), float(values[-1]))
    return found


def find_model(name: str) -> Path:
    """The path of a model: ``name`` itself when it has a folder or exists, else among the shipped models."""
    given = Path(name).expanduser()
    if given.parent != Path() or os.path.exists(given):
        return given
    for folder in (Path(__file__).parents[1] / "models", Path(__file__).parents[2] / "models"):
        if os.path.exists(folder / name):
            return folder / name
    return given
