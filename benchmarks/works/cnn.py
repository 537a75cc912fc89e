"""One training step of the tutorial's convolutional network, in float32: 5 × 5 convolution, pool, dense; batch 16."""

from __future__ import annotations

import numpy as np
from case import Case

import pullback as pb
from pullback import nn, optim


class Model(nn.Layer):
    def __init__(self):
        self.conv = nn.Conv2D((5, 5, 3, 6), activation=nn.relu, rng=0)
        self.pool = nn.MaxPool2D(2)
        self.flatten = nn.Flatten()
        self.dense = nn.Dense(14 * 14 * 6, 10, rng=1)

    def __call__(self, x):
        return nn.sequenced(x, self.conv, self.pool, self.flatten, self.dense)


def data(batch):
    rng = np.random.default_rng(0)
    return rng.normal(size=(batch, 32, 32, 3)).astype(np.float32), rng.integers(0, 10, size=batch)


def with_layers(batch):
    x, labels = data(batch)
    model, optimizer = Model(), optim.SGD(learning_rate=0.01)
    both = pb.value_with_gradient(lambda m: nn.softmax_cross_entropy(m(x), labels))

    def step():
        value, gradient = both(model)
        optimizer.update(model, along=gradient)
        return value

    return step


def primal(batch):
    x, labels = data(batch)
    model = Model()
    return lambda: nn.softmax_cross_entropy(model(x), labels)


def with_torch(batch):
    import torch

    torch.set_num_threads(1)
    x, labels = data(batch)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 6, 5), torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Flatten(),
        torch.nn.Linear(14 * 14 * 6, 10),
    )  # fmt: skip
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    tx, ty = torch.tensor(x.transpose(0, 3, 1, 2).copy()), torch.tensor(labels)

    def step():
        optimizer.zero_grad()
        value = torch.nn.functional.cross_entropy(model(tx), ty)
        value.backward()
        optimizer.step()
        return value.item()

    return step


def check():
    step = with_layers(2)
    losses = [float(step()) for _ in range(30)]
    assert losses[-1] < losses[0]


def cases(quick=False):
    batch = 2 if quick else 16
    return [
        Case(f"batch {batch}", lambda: None, (), make_ours=lambda: with_layers(batch),
             make_primal=lambda: primal(batch), peers={"torch": lambda: with_torch(batch)}, compiled=False, check=check)
    ]  # fmt: skip
