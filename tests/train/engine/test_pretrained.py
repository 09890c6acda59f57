"""A teacher that starts from others' weights: fetched once, read from their archive, never exported."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from monitor.core.errors import ConfigError
from tests.train.conftest import TINY
from train.cli.main import main
from train.data.datasets import Dataset
from train.engine import pretrained
from train.engine.recipe import Network
from train.tasks.expression import network

TEACHER = dataclasses.replace(
    TINY, epochs=1, small_epochs=0, rate=1e-3, network=dataclasses.replace(Network(), dropout=0.0)
)


def packed(path: Path, weights: dict[str, np.ndarray], dtype: str = "float32", cut: int = 0) -> Path:
    """An archive like the package's, with these weights."""
    entries, content = [], b""
    for name, values in weights.items():
        entry = {"name": name, "shape": list(values.shape), "dtype": "float32"}
        entries.append(entry | ({} if dtype == "float32" else {"quantization": {"dtype": dtype}}))
        content += values.astype(dtype).tobytes()
    files = {
        ".json": json.dumps({"weightsManifest": [{"weights": entries}]}).encode(),
        ".bin": content[: len(content) - cut],
    }
    with tarfile.open(path, "w:gz") as archive:
        for ending, data in files.items():
            info = tarfile.TarInfo(pretrained.MEMBER + ending)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    """Random weights of the right shapes."""
    rng = np.random.default_rng(3)

    def some(*shape: int, scale: float = 0.1) -> np.ndarray:
        return rng.normal(0, scale, shape).astype(np.float32)

    out = {"conv1/convolution/merged_input": some(3, 3, 3, 32), "conv1_bn/batchnorm_1/sub": some(32)}
    before = 32
    widths = [64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024]
    for number, width in enumerate(widths, 1):
        name = f"conv_dw_{number}"
        out[f"{name}/depthwise_kernel"] = some(3, 3, before, 1)
        out[f"{name}_bn/batchnorm_1/mul"] = 1 + some(before)
        out[f"{name}_bn/batchnorm_1/sub"] = some(before)
        out[f"conv_pw_{number}/convolution/merged_input"] = some(1, 1, before, width, scale=before**-0.5)
        out[f"conv_pw_{number}_bn/batchnorm_1/sub"] = some(width)
        before = width
    return out


def test_the_archive_is_read_back_also_in_half_precision(tmp_path: Path) -> None:
    given = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([0.5], np.float32)}
    for dtype in ("float32", "float16"):
        read = pretrained.read(packed(tmp_path / "a.tgz", given, dtype))
        assert {name: values.tolist() for name, values in read.items()} == {"a": [[0, 1, 2], [3, 4, 5]], "b": [0.5]}
        assert read["a"].dtype == np.float32


def test_an_archive_that_cannot_be_used_gives_one_line(tmp_path: Path, weights: dict[str, np.ndarray]) -> None:
    with pytest.raises(ConfigError, match=r"gone\.tgz does not exist; run: emotion-train fetch"):
        pretrained.read(tmp_path / "gone.tgz")
    (tmp_path / "text.tgz").write_text("no archive")
    short = packed(tmp_path / "short.tgz", {"a": np.ones(3, np.float32)}, cut=4)
    whole = packed(tmp_path / "whole.tgz", weights).read_bytes()
    (tmp_path / "broken.tgz").write_bytes(whole[: len(whole) // 2])
    for path in (tmp_path / "text.tgz", short, tmp_path / "broken.tgz"):
        with pytest.raises(ConfigError, match=r"cannot be read .*delete it and run: emotion-train fetch"):
            pretrained.read(path)
    with pytest.raises(ConfigError, match="holds another network"):
        pretrained.give(pretrained.build(0.0, 128), {"a": np.ones(3, np.float32)})


def test_the_first_layer_sees_gray_as_three_like_colors(weights: dict[str, np.ndarray]) -> None:
    """Folded into one channel it must answer as the three-channel layer with its means would, away from the edge."""
    model = pretrained.build(0.0, 128)
    pretrained.give(model, weights)
    kernel, bias = model.get_layer("conv1").get_weights()
    gray = np.random.default_rng(1).uniform(0, 255, (3, 3))
    color = gray[:, :, None] - np.array(pretrained.MEAN)
    expected = (color[..., None] * weights["conv1/convolution/merged_input"]).sum(axis=(0, 1, 2))
    seen = ((gray - np.mean(pretrained.MEAN))[:, :, None] * kernel[:, :, 0]).sum(axis=(0, 1)) + bias
    assert seen == pytest.approx(expected + weights["conv1_bn/batchnorm_1/sub"], rel=1e-4, abs=1e-2)


def test_it_learns_above_the_layers_that_are_kept_teaches_and_is_not_exported(
    weights: dict[str, np.ndarray], drawn: Dataset, tmp_path: Path
) -> None:
    from train.data.datasets import save_prepared
    from train.engine.fit import fit
    from train.engine.inference import predict
    from train.engine.trainer import Trainer, load_trained
    from train.tasks.expression.targets import taught
    from train.tasks.expression.training import ExpressionTraining

    archive = packed(tmp_path / "some.tgz", weights)
    recipe = dataclasses.replace(TEACHER, network=Network(pretrained=str(archive), dropout=0.0))
    few = drawn.take(np.arange(0, len(drawn), 3))
    gone = dataclasses.replace(recipe, network=Network(pretrained=str(tmp_path / "gone.tgz")))
    with pytest.raises(ConfigError, match="run: emotion-train fetch"):
        fit(ExpressionTraining(few, gone), gone, tmp_path / "teacher", resume=False)
    assert not (tmp_path / "teacher").exists()
    fit(ExpressionTraining(few, recipe), recipe, tmp_path / "teacher", resume=False)
    model = load_trained(tmp_path / "teacher", recipe, network)
    name = "conv_pw_1"
    assert np.allclose(model.get_layer(name).get_weights()[0], weights[f"{name}/convolution/merged_input"][0, 0])
    name = "conv_pw_13"
    assert not np.allclose(model.get_layer(name).get_weights()[0], weights[f"{name}/convolution/merged_input"][0, 0])
    more = Trainer(dataclasses.replace(recipe, init=str(tmp_path / "teacher")), network)
    more.start_from(tmp_path / "teacher")
    assert np.array_equal(predict(more.model, few.images[:3]), predict(model, few.images[:3]))
    larger = dataclasses.replace(recipe, network=dataclasses.replace(recipe.network, enlarged=160))
    seen = Trainer(larger, network)
    seen.start_from(tmp_path / "teacher")
    assert seen.model.get_layer("conv1").output.shape[1:3] == (80, 80)
    assert np.array_equal(seen.model.get_layer(name).get_weights()[0], model.get_layer(name).get_weights()[0])
    with pytest.raises(ConfigError, match="one of the two networks is pretrained"):
        Trainer(TINY, network).start_from(tmp_path / "teacher")
    pupil = dataclasses.replace(TINY, teachers=str(tmp_path / "teacher"), taught=1.0)
    assert not np.array_equal(taught(few.part("train"), pupil).targets, few.part("train").targets)
    save_prepared(few, tmp_path / "data.npz")
    code = main(["export", "--run", str(tmp_path / "teacher"), "--data", str(tmp_path / "data.npz"),
                 "--out", str(tmp_path / "m.tflite")])  # fmt: skip
    assert code == ConfigError.exit_code
    assert not (tmp_path / "m.tflite").exists()


def test_an_archive_is_downloaded_once_and_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    source = packed(tmp_path / "source.tgz", {"a": np.ones(3, np.float32)})
    out = tmp_path / "runs"
    monkeypatch.setattr(pretrained, "URL", source.as_uri())
    with pytest.raises(ConfigError, match="has changed"):
        pretrained.fetch(out)
    assert list(out.iterdir()) == []
    monkeypatch.setattr(pretrained, "SHA256", hashlib.sha256(source.read_bytes()).hexdigest())
    with caplog.at_level("INFO", "train"):
        assert main(["fetch", "--out", str(out)]) == 0
        source.unlink()
        assert main(["fetch", "--out", str(out)]) == 0
    assert caplog.text.count("downloading") == 1
    (out / pretrained.ARCHIVE).unlink()
    with pytest.raises(ConfigError, match=r"cannot be downloaded .* save the file as .* by hand"):
        pretrained.fetch(out)
