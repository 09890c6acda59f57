"""What a stranger may hand us as settings, card or model: one line, an exit code, bounded time and memory."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.errors import ConfigError, ModelError
from monitor.networks import runtime
from monitor.networks.card import find_model
from monitor.networks.emotion import EmotionNet
from monitor.settings import config
from monitor.settings.reader import MAX_PROBLEMS
from monitor.settings.yamltext import MAX_BYTES
from monitor.system.machine import peak_rss_mb

SHIPPED = config.shipped_text().splitlines()


def refused(path: Path) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        config.load(str(path), [])
    assert all(line.isprintable() and len(line) < 1000 for line in caught.value.lines)
    return caught.value.lines


@pytest.mark.parametrize(
    "content",
    [
        b"a: 1\n" * 2_000_000,
        b"k: [" + b"1," * 20_000 + b"]",
        b"".join(b"key%d: 1\n" % n for n in range(4500)),
        b"".join(b"detect: {min_face: %d}\n" % n for n in range(1500)),
        b"a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n",
        b"detect:\n\tmin_face: 40\n",
        b"{" * 5000,
        b"? " * 5000,
        b"'" + b"y" * 50_000 + b"': 1",
        b'"a\\nb\\e[31m": 1',
        b"detect:\n  min_face: " + b"9" * 50_000,
        b"detect: !!python/object/apply:os.system ['true']",
        b"\xff\xfe\x00",
        b"\x00" * 1000,
        b"\xef\xbb\xbf- x",
        b"detect:\n  width: 400\n---\ndetect:\n  width: 1\n",
    ],
)
def test_hostile_settings_are_refused_in_bounded_time(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(content)
    before, started = peak_rss_mb(), time.process_time()
    assert 1 <= len(refused(path)) <= MAX_PROBLEMS + 5
    assert time.process_time() - started < 5
    assert peak_rss_mb() - before < 100


def test_pipes_and_folders_are_refused_as_settings(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "is not a file" in refused(tmp_path / "pipe")[0]
    assert "is not a file" in refused(tmp_path)[0]
    (tmp_path / "big").write_bytes(b" " * (MAX_BYTES + 1))
    assert "is over 64 kB" in refused(tmp_path / "big")[0]


@given(st.lists(st.tuples(st.integers(0, len(SHIPPED) - 1), st.text(max_size=30)), max_size=4), st.integers(0, 3))
@settings(max_examples=40)
def test_shipped_settings_with_lines_spoiled(
    tmp_path_factory: pytest.TempPathFactory, spoiled: list[tuple[int, str]], how: int
) -> None:
    lines = list(SHIPPED)
    for number, text in spoiled:
        lines[number] = [
            text,
            lines[number] + text,
            text + lines[number],
            lines[number].partition(":")[0] + ":" + text,
        ][how]
    path = tmp_path_factory.mktemp("fuzz") / "c.yaml"
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    try:
        config.load(str(path), [])
        problems: tuple[str, ...] = ()
    except ConfigError as error:
        problems = error.lines
    assert all(line.isprintable() for line in problems)


@given(
    st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=9), lambda x: st.lists(x, max_size=3)),
    st.data(),
)
def test_a_card_with_any_field_spoiled_is_refused_or_fits(pair_of: Path, value: object, data: st.DataObject) -> None:
    card = pair_of.with_suffix(".json")
    fields = json.loads(find_model("emotion.tflite").with_suffix(".json").read_text())
    key = data.draw(st.sampled_from(sorted(fields)))
    card.write_text(json.dumps(fields | {key: value}))
    try:
        net = EmotionNet(pair_of)
    except ModelError as error:
        lines: tuple[str, ...] = error.lines
    else:
        lines = ()
        probs = net.probabilities(np.full((net.card.input_side, net.card.input_side), 120, np.uint8))
        assert probs.sum() == pytest.approx(1, abs=1e-3)
    assert all("\n" not in line for line in lines)


@pytest.fixture(scope="session")
def pair_of(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pair")
    shipped = find_model("emotion.tflite")
    shutil.copy(shipped, folder)
    return folder / shipped.name


def test_a_huge_model_is_refused_unread(pair: Path) -> None:
    with pair.open("r+b") as file:
        file.truncate(5_000_000_000)  # sparse
    before = peak_rss_mb()
    with pytest.raises(ModelError, match="is over 64 MB"):
        EmotionNet(pair)
    assert peak_rss_mb() - before < 50


def test_a_truncated_model_with_a_card_that_vouches_for_it_is_refused(pair: Path) -> None:
    """The runtime itself finds the damage; the card's sum would have found any accident."""
    short = pair.read_bytes()[:200]
    pair.write_bytes(short)
    card = json.loads(pair.with_suffix(".json").read_text())
    card["sha256"] = hashlib.sha256(short).hexdigest()
    pair.with_suffix(".json").write_text(json.dumps(card))
    with pytest.raises(ModelError) as caught:
        EmotionNet(pair)
    assert len(caught.value.lines) == 1


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf"), 1e30])
def test_a_scale_that_gives_absurd_outputs_is_refused(scale: float) -> None:
    details = {"dtype": np.int8, "quantization": (scale, 0), "name": "out", "index": 1, "shape": (1, 7)}
    with pytest.raises(ModelError, match="no usable quantisation scale"):
        runtime._port(details, Path("m.tflite"))


def test_outputs_at_their_limits_are_still_a_distribution(pair: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net = EmotionNet(pair)
    for low, high in ((-128, 127), (127, 127), (-128, -128)):
        out = np.array([[low] * 6 + [high]], np.float32) * np.float32(runtime.MOST_SCALE)
        monkeypatch.setattr(net, "_model", SimpleNamespace(run=lambda quantised, out=out: [out]))
        probs = net.probabilities(np.zeros((net.card.input_side,) * 2, np.uint8))
        assert np.isfinite(probs).all()
        assert probs.sum() == pytest.approx(1, abs=1e-3)
