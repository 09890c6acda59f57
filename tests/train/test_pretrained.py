"""A teacher that starts from others' weights: fetched once, read from their archive, never exported."""

from __future__ import annotations

import dataclasses
import io
import json
import tarfile
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from monitor.digest import sha256
from monitor.errors import ConfigError
from tests.train.conftest import TINY
from train import bodies, pretrained
from train.bodies import BLOCKS
from train.cli import main
from train.datasets import Dataset
from train.pretrained import Package
from train.recipe import Network

TEACHER = dataclasses.replace(
    TINY, epochs=1, small_epochs=0, rate=1e-3, network=dataclasses.replace(Network(), dropout=0.0)
)


MOBILENET, RESNET = pretrained.PACKAGES


def packed(
    folder: Path, weights: dict[str, np.ndarray], dtype: str = "float32", cut: int = 0, package: Package = MOBILENET
) -> Path:
    """A package's file like the true one, with these weights."""
    entries, content = [], b""
    for name, values in weights.items():
        entry: dict[str, object] = {"name": name, "shape": list(values.shape), "dtype": "float32"}
        if dtype == "uint8":
            least, scale = float(values.min()), float(np.ptp(values)) / 255 or 1.0
            entry["quantization"] = {"dtype": dtype, "min": least, "scale": scale}
            content += ((values - least) / scale).round().astype(np.uint8).tobytes()
            entries.append(entry)
            continue
        entries.append(entry | ({} if dtype == "float32" else {"quantization": {"dtype": dtype}}))
        content += values.astype(dtype).tobytes()
    groups: object = [{"weights": entries}]
    files = {
        package.manifest: json.dumps({"weightsManifest": groups} if package is MOBILENET else groups).encode(),
        package.content: content[: len(content) - cut],
    }
    folder.mkdir(exist_ok=True)
    path = folder / package.archive
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
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


@pytest.fixture(scope="module")
def residual_weights() -> dict[str, np.ndarray]:
    """Random weights of the residual network's shapes."""
    rng = np.random.default_rng(4)
    out: dict[str, np.ndarray] = {}

    def layer(name: str, *shape: int) -> None:
        out[f"{name}/conv/filters"] = rng.normal(0, 0.5 * np.prod(shape[:3]) ** -0.5, shape).astype(np.float32)
        for part, mean in (("conv/bias", 0.0), ("scale/weights", 1.0), ("scale/biases", 0.0)):
            out[f"{name}/{part}"] = rng.normal(mean, 0.1, shape[3]).astype(np.float32)

    layer("conv32_down", 7, 7, 3, 32)
    before = 32
    for block in (*BLOCKS, "256_down_out"):
        width = int(block.split("_")[0])
        layer(f"conv{block}/conv1", 3, 3, before, width)
        layer(f"conv{block}/conv2", 3, 3, width, width)
        before = width
    return out


def test_a_package_is_read_back_in_whichever_precision_it_is_kept(tmp_path: Path) -> None:
    given = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([0.5], np.float32)}
    for dtype in ("float32", "float16"):
        read = pretrained.read(packed(tmp_path, given, dtype))
        assert {name: values.tolist() for name, values in read.items()} == {"a": [[0, 1, 2], [3, 4, 5]], "b": [0.5]}
        assert read["a"].dtype == np.float32
    values = np.linspace(-1, 2, 40, dtype=np.float32).reshape(2, 20)
    read = pretrained.read(packed(tmp_path, {"a": values}, "uint8", package=RESNET))
    assert read["a"] == pytest.approx(values, abs=3 / 255 / 2 + 1e-6)
    assert read["a"].dtype == np.float32


def test_an_archive_that_cannot_be_used_is_one_line(tmp_path: Path, weights: dict[str, np.ndarray]) -> None:
    with pytest.raises(ConfigError, match=r"human-models-3.0.4\.tgz is not there; run: train fetch"):
        pretrained.read(tmp_path / MOBILENET.archive)
    with pytest.raises(ConfigError, match=r"mine\.tgz: must be one of human-models-.*\.tgz, face-api-.*\.tgz"):
        pretrained.read(tmp_path / "mine.tgz")
    text, broken = tmp_path / "text" / MOBILENET.archive, tmp_path / "broken" / MOBILENET.archive
    for path in (text, broken):
        path.parent.mkdir()
    text.write_text("no archive")
    short = packed(tmp_path / "short", {"a": np.ones(3, np.float32)}, cut=4)
    whole = packed(tmp_path / "whole", weights).read_bytes()
    broken.write_bytes(whole[: len(whole) // 2])
    for path in (text, short, broken):
        with pytest.raises(ConfigError, match=r"cannot be read .*delete it, then: train fetch"):
            pretrained.read(path)
    for package in pretrained.PACKAGES:
        archive = Path(package.archive)
        with pytest.raises(ConfigError, match="holds another network"):
            pretrained.give(archive, pretrained.build(archive, 0.0, 128), {"a": np.ones(3, np.float32)})


def test_the_first_layer_sees_gray_as_three_like_colors(weights: dict[str, np.ndarray]) -> None:
    """Folded into one channel it must answer as the three-channel layer with its means would, away from the edge."""
    model = bodies.build_mobilenet(0.0, 128)
    bodies.give_mobilenet(model, weights)
    kernel, bias = model.get_layer("conv1").get_weights()
    gray = np.random.default_rng(1).uniform(0, 255, (3, 3))
    color = gray[:, :, None] - np.array(bodies.MOBILENET_MEAN)
    expected = (color[..., None] * weights["conv1/convolution/merged_input"]).sum(axis=(0, 1, 2))
    seen = ((gray - np.mean(bodies.MOBILENET_MEAN))[:, :, None] * kernel[:, :, 0]).sum(axis=(0, 1)) + bias
    assert seen == pytest.approx(expected + weights["conv1_bn/batchnorm_1/sub"], rel=1e-4, abs=1e-2)


def test_the_residual_network_answers_as_its_package_defines_it(residual_weights: dict[str, np.ndarray]) -> None:
    """Against the definition written out: colors, each convolution with its scale, halving with the mean added."""
    model = bodies.build_resnet(0.0, 131)  # every side on the way is odd, as at the 150 pixels it was made for
    bodies.give_resnet(model, residual_weights)
    features = keras.Model(model.inputs, model.get_layer("logits").input)
    crops = np.random.default_rng(2).uniform(-1, 1, (2, 48, 48, 1)).astype(np.float32)

    def conv(x: tf.Tensor, name: str, stride: int = 1) -> tf.Tensor:
        given = residual_weights
        x = tf.nn.conv2d(x, given[f"{name}/conv/filters"], stride, "VALID" if stride == 2 else "SAME")
        x = x + given[f"{name}/conv/bias"]
        return x * given[f"{name}/scale/weights"] + given[f"{name}/scale/biases"]

    gray = tf.image.resize((crops + 1) * 127.5, (131, 131))
    x = (tf.repeat(gray, 3, axis=3) - np.array(bodies.RESNET_MEAN, np.float32)) / 255
    x = tf.nn.max_pool2d(tf.nn.relu(conv(x, "conv32_down", 2)), 3, 2, "VALID")
    sides = [x.shape[1]]
    for block in BLOCKS:
        down = block.endswith("down")
        y = conv(tf.nn.relu(conv(x, f"conv{block}/conv1", 2 if down else 1)), f"conv{block}/conv2")
        if down:
            x = tf.nn.avg_pool2d(x, 2, 2, "VALID")
            x = tf.concat([x, tf.zeros_like(x)], axis=3)
            sides.append(x.shape[1])
        x = tf.nn.relu(x + y)
    assert sides == [31, 15, 7, 3]
    assert np.asarray(features(crops)) == pytest.approx(np.asarray(tf.reduce_mean(x, (1, 2))), rel=1e-3, abs=1e-4)


def test_it_learns_above_the_layers_that_are_kept_teaches_and_is_not_exported(
    weights: dict[str, np.ndarray], drawn: Dataset, tmp_path: Path
) -> None:
    from train.datasets import save_prepared
    from train.expression import ExpressionTask, taught
    from train.fit import Trainer, fit, load_trained, predict

    archive = packed(tmp_path / "packages", weights)
    recipe = dataclasses.replace(TEACHER, network=Network(pretrained=str(archive), dropout=0.0))
    few = drawn.take(np.arange(0, len(drawn), 3))
    gone = dataclasses.replace(recipe, network=Network(pretrained=str(tmp_path / MOBILENET.archive)))
    with pytest.raises(ConfigError, match="run: train fetch"):
        fit(ExpressionTask(few, gone), gone, tmp_path / "teacher", resume=False)
    assert not (tmp_path / "teacher").exists()
    fit(ExpressionTask(few, recipe), recipe, tmp_path / "teacher", resume=False)
    model = load_trained(tmp_path / "teacher", recipe)
    name = "conv_pw_1"
    assert np.allclose(model.get_layer(name).get_weights()[0], weights[f"{name}/convolution/merged_input"][0, 0])
    name = "conv_pw_13"
    assert not np.allclose(model.get_layer(name).get_weights()[0], weights[f"{name}/convolution/merged_input"][0, 0])
    more = Trainer(dataclasses.replace(recipe, init=str(tmp_path / "teacher")))
    more.start_from(tmp_path / "teacher")
    assert np.array_equal(predict(more.model, few.images[:3]), predict(model, few.images[:3]))
    larger = dataclasses.replace(recipe, network=dataclasses.replace(recipe.network, enlarged=160))
    seen = Trainer(larger)
    seen.start_from(tmp_path / "teacher")
    assert seen.model.get_layer("conv1").output.shape[1:3] == (80, 80)
    assert np.array_equal(seen.model.get_layer(name).get_weights()[0], model.get_layer(name).get_weights()[0])
    with pytest.raises(ConfigError, match=r"network.pretrained differs: human-models.* and none"):
        Trainer(TINY).start_from(tmp_path / "teacher")
    pupil = dataclasses.replace(TINY, teachers=str(tmp_path / "teacher"), taught=1.0)
    assert not np.array_equal(taught(few.part("train"), pupil).targets, few.part("train").targets)
    save_prepared(few, tmp_path / "data.npz")
    code = main(["export", "--run", str(tmp_path / "teacher"), "--data", str(tmp_path / "data.npz"),
                 "--out", str(tmp_path / "m.tflite")])  # fmt: skip
    assert code == ConfigError.exit_code
    assert not (tmp_path / "m.tflite").exists()


def test_another_packages_network_learns_too_and_neither_goes_on_from_the_other(
    residual_weights: dict[str, np.ndarray], drawn: Dataset, tmp_path: Path
) -> None:
    from train.expression import ExpressionTask
    from train.fit import Trainer, fit, load_trained

    archive = packed(tmp_path / "packages", residual_weights, package=RESNET)
    recipe = dataclasses.replace(TEACHER, network=Network(pretrained=str(archive), enlarged=64, dropout=0.0))
    few = drawn.take(np.arange(0, len(drawn), 6))
    fit(ExpressionTask(few, recipe), recipe, tmp_path / "teacher", resume=False)
    model = load_trained(tmp_path / "teacher", recipe)
    fresh = pretrained.build(archive, 0.0, 64)
    pretrained.give(archive, fresh, residual_weights)
    for name, same in (("conv32_down", True), ("conv32_1_1", False), ("conv256_2_2", False)):
        assert np.allclose(model.get_layer(name).get_weights()[0], fresh.get_layer(name).get_weights()[0]) == same
    other = dataclasses.replace(recipe, network=Network(pretrained=str(tmp_path / MOBILENET.archive), enlarged=64))
    with pytest.raises(ConfigError, match=r"network.pretrained differs: face-api.* and human-models"):
        Trainer(other).start_from(tmp_path / "teacher")


def test_fetching_happens_once_and_takes_nothing_else_for_the_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    files = [packed(tmp_path / "source", {"a": np.ones(3, np.float32)}, package=p) for p in pretrained.PACKAGES]
    given = [dataclasses.replace(p, url=f.as_uri()) for p, f in zip(pretrained.PACKAGES, files, strict=True)]
    out = tmp_path / "runs"
    monkeypatch.setattr(pretrained, "PACKAGES", given)
    with pytest.raises(ConfigError, match="is another file than expected"):
        pretrained.fetch(out)
    assert list(out.iterdir()) == []
    given = [dataclasses.replace(p, sha256=sha256(f.read_bytes())) for p, f in zip(given, files, strict=True)]
    monkeypatch.setattr(pretrained, "PACKAGES", given)
    with caplog.at_level("INFO", "train"):
        assert main(["fetch", "--out", str(out)]) == 0
        assert sorted(p.name for p in out.iterdir()) == sorted(p.archive for p in given)
        for file in files:
            file.unlink()
        assert main(["fetch", "--out", str(out)]) == 0
    assert caplog.text.count("downloading") == len(given)
    (out / RESNET.archive).unlink()
    with pytest.raises(ConfigError, match=r"cannot be downloaded .* put the file at .* by hand"):
        pretrained.fetch(out)
