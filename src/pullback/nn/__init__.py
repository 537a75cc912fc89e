"""Deep learning, as an ordinary client of the public API: layers, activations, losses.

Images are [N, H, W, C] and filters [h, w, input channels, output channels]. Parameters are float32
unless a layer is told otherwise.
"""

from pullback.nn.activations import (
    elu,
    gelu,
    identity,
    leaky_relu,
    log_softmax,
    relu,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
    swish,
    tanh,
)
from pullback.nn.convolution import conv2d
from pullback.nn.dense import Dense
from pullback.nn.dropout import Dropout
from pullback.nn.images import AvgPool2D, Conv2D, Flatten, MaxPool2D
from pullback.nn.initializers import glorot_uniform, he_normal
from pullback.nn.layer import ActivationDiscarding, Layer
from pullback.nn.losses import (
    huber_loss,
    mean_absolute_error,
    mean_squared_error,
    sigmoid_cross_entropy,
    softmax_cross_entropy,
)
from pullback.nn.pooling import avg_pool2d, max_pool2d
from pullback.nn.sequential import Sequential, sequenced
from pullback.nn.summary import Summary, summary

__all__ = [
    "ActivationDiscarding",
    "AvgPool2D",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "Layer",
    "MaxPool2D",
    "Sequential",
    "Summary",
    "avg_pool2d",
    "conv2d",
    "elu",
    "gelu",
    "glorot_uniform",
    "he_normal",
    "huber_loss",
    "identity",
    "leaky_relu",
    "log_softmax",
    "max_pool2d",
    "mean_absolute_error",
    "mean_squared_error",
    "relu",
    "selu",
    "sequenced",
    "sigmoid",
    "sigmoid_cross_entropy",
    "silu",
    "softmax",
    "softmax_cross_entropy",
    "softplus",
    "summary",
    "swish",
    "tanh",
]
