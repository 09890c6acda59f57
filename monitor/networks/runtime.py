"""Loads a TFLite interpreter: from ai-edge-litert, else from tflite-runtime, else from TensorFlow."""

from __future__ import annotations

import importlib
import os
import platform
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ModelError
from monitor.networks.card import read_model
from monitor.system.versions import UNKNOWN, installed

CANDIDATES = (
    ("ai_edge_litert.interpreter", "ai-edge-litert"),
    ("tflite_runtime.interpreter", "tflite-runtime"),
    ("tensorflow.lite", "tensorflow"),
)

MOST_SCALE = 1000.0
"""Largest accepted quantisation scale; with a larger one, 255 steps would cover numbers that no model of this program
produces."""


class Interpreter(Protocol):
    """The part of the TFLite interpreter that this program uses."""

    def allocate_tensors(self) -> None:
        """Allocates all tensors."""

    def resize_tensor_input(self, index: int, shape: list[int]) -> None:
        """Changes the shape of an input; tensors must be allocated again."""

    def get_input_details(self) -> list[dict[str, Any]]:
        """Describes each input."""

    def get_output_details(self) -> list[dict[str, Any]]:
        """Describes each output."""

    def set_tensor(self, index: int, value: NDArray[Any]) -> None:
        """Copies a value into an input."""

    def invoke(self) -> None:
        """Runs the model."""

    def get_tensor(self, index: int) -> NDArray[Any]:
        """Copies an output."""


class Runtime(NamedTuple):
    """An importable TFLite interpreter."""

    package: str
    version: str
    interpreter: Any


def load_runtime() -> Runtime:
    """The first runtime that can be imported.

    Raises:
        ModelError: No runtime can be imported; the message names the package to install on this machine.
    """
    for module_name, package in CANDIDATES:
        try:
            module = importlib.import_module(module_name)
            interpreter = module.Interpreter
        except (ImportError, AttributeError):
            continue
        return Runtime(package, _version(package), interpreter)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    fix = "pip install ai-edge-litert" if sys.maxsize > 2**32 else "use a 64-bit system, which ai-edge-litert needs"
    raise ModelError(f"no TFLite runtime for Python {python} on {platform.system()} {platform.machine()}: {fix}")


def _version(package: str) -> str:
    found = installed(package)
    return found if found != UNKNOWN else installed(f"{package}-cpu")


@dataclass(frozen=True, slots=True)
class Port:
    """One int8 tensor of a model, with its index, shape and quantisation."""

    index: int
    shape: tuple[int, ...]
    scale: float
    zero_point: int


class Int8Model:
    """A fully int8 model: one interpreter, allocated once. Several threads may call ``run``; they take turns.

    Attributes:
        input: The only input.
        outputs: All outputs in the model's order.
        runtime: The TFLite runtime.
    """

    def __init__(self, path: Path, threads: int) -> None:
        """Loads a model.

        Raises:
            ModelError: No runtime; the file is damaged, not int8, or has more than one input.
        """
        self.runtime = load_runtime()
        content = read_model(path)
        try:
            with _quiet_stderr():
                self._interpreter: Interpreter = self.runtime.interpreter(model_content=content, num_threads=threads)
                self._interpreter.allocate_tensors()
            inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        except (ValueError, RuntimeError, TypeError) as error:
            first = (str(error).strip().splitlines() or ["no reason given"])[0][:160]
            raise ModelError(f"{path}: cannot be loaded by {self.runtime.package}: {first}") from None
        if len(inputs) != 1:
            raise ModelError(f"{path}: must have one input (has {len(inputs)}); it is not a model of this program")
        self.input = _port(inputs[0], path)
        self.outputs = tuple(_port(o, path) for o in outputs)
        self._lock = threading.Lock()  # an interpreter is not thread-safe; a second one takes up to 3 MB
        self._dequantised = [(o.index, np.float32(o.zero_point), np.float32(o.scale)) for o in self.outputs]

    def resize(self, shape: tuple[int, ...]) -> None:
        """Changes the shape of the input; only models without dense layers accept any shape."""
        self._interpreter.resize_tensor_input(self.input.index, list(shape))
        self._interpreter.allocate_tensors()

    def run(self, quantised: NDArray[np.int8]) -> list[NDArray[np.float32]]:
        """Runs the model on int8 input of the right shape; returns each output as float32."""
        with self._lock:
            self._interpreter.set_tensor(self.input.index, quantised)
            self._interpreter.invoke()
            outputs = [self._interpreter.get_tensor(index) for index, _, _ in self._dequantised]
        return [(out - zero) * scale for out, (_, zero, scale) in zip(outputs, self._dequantised, strict=True)]


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Hides the C++ runtime's messages while loading ("INFO: Created ... delegate"); errors are raised anyway.

    Redirects stderr of the whole process, so call it before other threads write there.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(null)


def _port(details: dict[str, Any], path: Path) -> Port:
    if details["dtype"] is not np.int8:
        kind = np.dtype(details["dtype"]).name
        raise ModelError(
            f"{path}: tensor {details['name'][:60]} is {kind}, not int8; export it with: python -m train export"
        )
    scale, zero_point = details["quantization"]
    if not 0 < scale <= MOST_SCALE:  # NaN and infinity included
        raise ModelError(
            f"{path}: tensor {details['name'][:60]} has no usable quantisation scale ({scale:g}); export it again"
        )
    return Port(int(details["index"]), tuple(int(n) for n in details["shape"]), float(scale), int(zero_point))
