"""Others' networks that tell persons apart, with a new head for expressions: what teachers may start from.

Each takes the crops that the app's network takes, (N, 48, 48, 1) float32 in [-1, 1], enlarges them to the size its
layers were made for, or nearly, and answers (N, 7) logits. Their batch normalisation is folded already: they train
without.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from monitor.labels import EMOTIONS

Weights = dict[str, NDArray[np.float32]]
"""A network's weights by their names in its package."""

HALVING = (2, 4, 6, 12)
"""MobileNet's depthwise layers that halve the picture, besides the first convolution (Howard et al. 2017)."""
LAYERS = 13
KEPT = 3
"""Depthwise and pointwise layers that stay as they are: they see edges, which are the same in every face."""
MOBILENET_MEAN = (103.939, 116.779, 123.68)
"""Taken from blue, green and red before MobileNet's first layer."""

BLOCKS = (
    *("32_1", "32_2", "32_3"),
    *("64_down", "64_1", "64_2", "64_3"),
    *("128_down", "128_1", "128_2"),
    *("256_down", "256_1", "256_2"),
)
"""The residual network's blocks, each named after its channels. The package's last one is left out: it looks at one or
two pixels, which say who somebody is but less of how he looks (docs/EXPERIMENTS.md)."""
RESNET_MEAN = (122.782, 117.001, 104.298)
"""Taken from red, green and blue before the residual network's first layer."""


def build_mobilenet(dropout: float, enlarged: int) -> keras.Model:
    """MobileNet (Howard et al. 2017) up to its pooled features, then dropout and the head; weights not yet given.

    Args:
        dropout: Share of the pooled features dropped while training, 0..1.
        enlarged: Side in pixels that crops are enlarged to: it was made for 224, and costs grow with the square.
    """
    inputs = keras.Input((48, 48, 1))
    x = layers.Rescaling(127.5, 127.5 - float(np.mean(MOBILENET_MEAN)))(layers.Resizing(enlarged, enlarged)(inputs))
    x = _relu6(layers.Conv2D(32, 3, strides=2, padding="same", name="conv1", trainable=False)(x))
    width = 64
    for number in range(1, LAYERS + 1):
        stride = 2 if number in HALVING else 1
        # Their gradients cost TensorFlow on a CPU more than all the rest, for 1 % of the weights.
        depthwise = layers.DepthwiseConv2D(3, strides=stride, padding="same", name=f"conv_dw_{number}", trainable=False)
        x = _relu6(depthwise(x))
        width *= stride if number > 1 else 1
        # The same as a convolution of one pixel, and a third faster to train.
        x = _relu6(layers.Dense(width, name=f"conv_pw_{number}", trainable=number > KEPT)(x))
    return _headed(inputs, x, dropout)


def give_mobilenet(model: keras.Model, weights: Weights) -> None:
    """Puts a package's weights into a network of ``build_mobilenet``.

    Raises:
        KeyError, ValueError, IndexError: They are another network's.
    """
    kernel, offset = _of_gray(weights["conv1/convolution/merged_input"], MOBILENET_MEAN, float(np.mean(MOBILENET_MEAN)))
    model.get_layer("conv1").set_weights([kernel, weights["conv1_bn/batchnorm_1/sub"] + offset])
    for number in range(1, LAYERS + 1):
        name = f"conv_dw_{number}"
        scale = weights[f"{name}_bn/batchnorm_1/mul"].reshape(1, 1, -1, 1)
        model.get_layer(name).set_weights(
            [weights[f"{name}/depthwise_kernel"] * scale, weights[f"{name}_bn/batchnorm_1/sub"]]
        )
        name = f"conv_pw_{number}"
        model.get_layer(name).set_weights(
            [weights[f"{name}/convolution/merged_input"][0, 0], weights[f"{name}_bn/batchnorm_1/sub"]]
        )


def build_resnet(dropout: float, enlarged: int) -> keras.Model:
    """dlib's residual network up to its last block but one, then dropout and the head; weights not yet given.

    Only its first convolution stays as it is.

    Args:
        dropout: Share of the pooled features dropped while training, 0..1.
        enlarged: Side in pixels that crops are enlarged to: it was made for 150, and costs grow with the square.
    """
    inputs = keras.Input((48, 48, 1))
    x = layers.Rescaling(127.5, 127.5)(layers.Resizing(enlarged, enlarged)(inputs))
    x = layers.ReLU()(layers.Conv2D(32, 7, strides=2, name="conv32_down", trainable=False)(x))
    x = layers.MaxPooling2D(3, 2)(x)
    for name in BLOCKS:
        width, down = int(name.split("_")[0]), name.endswith("down")
        y = x
        if down and x.shape[1] % 2 == 0:
            # Made for odd sides, where the last of the three pixels is the border's; an even side lacks it.
            y = layers.ZeroPadding2D(((0, 1), (0, 1)))(y)
        y = layers.Conv2D(
            width, 3, strides=2 if down else 1, padding="valid" if down else "same", name=f"conv{name}_1"
        )(y)
        y = layers.Conv2D(width, 3, padding="same", name=f"conv{name}_2")(layers.ReLU()(y))
        if down:
            x = layers.AveragePooling2D(2)(x)
            x = layers.Concatenate()([x, layers.Rescaling(0.0)(x)])  # as wide as what is added: its second half nought
        x = layers.ReLU()(layers.Add()([x, y]))
    return _headed(inputs, x, dropout)


def give_resnet(model: keras.Model, weights: Weights) -> None:
    """Puts a package's weights into a network of ``build_resnet``; each layer's scale goes into its convolution.

    Raises:
        KeyError, ValueError, IndexError: They are another network's.
    """

    def fused(name: str) -> list[NDArray[np.float32]]:
        scale = weights[f"{name}/scale/weights"]
        bias = weights[f"{name}/conv/bias"] * scale + weights[f"{name}/scale/biases"]
        return [weights[f"{name}/conv/filters"] * scale, bias]

    kernel, bias = fused("conv32_down")
    kernel, offset = _of_gray(kernel / np.float32(255), RESNET_MEAN, 0.0)
    model.get_layer("conv32_down").set_weights([kernel, bias + offset])
    for name in BLOCKS:
        for part in (1, 2):
            model.get_layer(f"conv{name}_{part}").set_weights(fused(f"conv{name}/conv{part}"))


def _of_gray(
    kernel: NDArray[np.float32], mean: tuple[float, float, float], taken: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A first layer's kernel (H, W, 3, C) for gray pictures, and what its bias (C,) grows by.

    Gray is three times the same: the three kernels are added up. What the channels' means differ by from the one that
    is taken off gray goes into the bias.
    """
    offset = (kernel.sum(axis=(0, 1)) * (taken - np.array(mean, np.float32))[:, None]).sum(axis=0)
    return kernel.sum(axis=2, keepdims=True), offset


def _headed(inputs: Any, x: Any, dropout: float) -> keras.Model:
    x = layers.Dropout(dropout)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, layers.Dense(len(EMOTIONS), name="logits")(x))


def _relu6(x: Any) -> Any:
    return layers.ReLU(max_value=6.0)(x)
