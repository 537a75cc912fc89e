"""One training step of the tutorial's XOR network: 2-10-1, relu, batch 4, mean squared error, SGD, float32.

The loss is the tutorial's: mean((predicted [4, 1] - expected [4])²), which broadcasts to [4, 4].
Every candidate computes the loss too.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from case import Case

import pullback as pb
from pullback import nn, optim

RATE = np.float32(0.02)
X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
EXPECTED = np.array([0, 1, 1, 0], np.float32)


def parameters() -> dict[str, np.ndarray]:
    """The same starting point for all."""
    rng = np.random.default_rng(0)
    return {
        "w1": rng.normal(size=(2, 10)).astype(np.float32),
        "b1": np.full(10, 0.1, np.float32),
        "w2": rng.normal(size=(10, 1)).astype(np.float32),
        "b2": np.zeros(1, np.float32),
    }


def by_hand() -> Callable[[], object]:
    """Written by hand in NumPy: each product once, updates in place, nothing kept that is not needed."""
    p = parameters()
    w1, b1, w2, b2 = p["w1"], p["b1"], p["w2"], p["b2"]

    def step():
        hidden = X @ w1
        hidden += b1
        np.maximum(hidden, 0, out=hidden)
        predicted = hidden @ w2
        predicted += b2
        difference = predicted - EXPECTED
        loss = np.vdot(difference, difference) / np.float32(16)
        d_predicted = difference.sum(1, keepdims=True)
        d_predicted *= np.float32(2 / 16)
        d_hidden = d_predicted @ w2.T
        d_hidden *= hidden > 0
        np.subtract(w2, RATE * (hidden.T @ d_predicted), out=w2)
        np.subtract(b2, RATE * d_predicted.sum(0), out=b2)
        np.subtract(w1, RATE * (X.T @ d_hidden), out=w1)
        np.subtract(b1, RATE * d_hidden.sum(0), out=b1)
        return loss

    return step


class Xor(nn.Layer):
    """The tutorial's model."""

    def __init__(self) -> None:
        p = parameters()
        self.hidden = nn.Dense(2, 10, activation=nn.relu)
        self.output = nn.Dense(10, 1)
        self.hidden.weight, self.hidden.bias = p["w1"], p["b1"]
        self.output.weight, self.output.bias = p["w2"], p["b2"]

    def __call__(self, x):
        return self.output(self.hidden(x))


def with_layers() -> Callable[[], object]:
    """pb.nn and pb.optim, as in the tutorial."""
    model, optimizer = Xor(), optim.SGD(learning_rate=0.02)
    loss_and_gradient = pb.value_with_gradient(lambda m: nn.mean_squared_error(m(X), EXPECTED))

    def step():
        loss, gradient = loss_and_gradient(model)
        optimizer.update(model, along=gradient)
        return loss

    return step


def of_arrays(w1, b1, w2, b2):
    difference = np.maximum(X @ w1 + b1, 0) @ w2 + b2 - EXPECTED
    return np.mean(difference * difference)


def of_dict(p):
    difference = np.maximum(X @ p["w1"] + p["b1"], 0) @ p["w2"] + p["b2"] - EXPECTED
    return np.mean(difference * difference)


def with_arrays() -> Callable[[], object]:
    """A plain function of four arrays."""
    values = list(parameters().values())
    loss_and_gradient = pb.value_with_gradient(of_arrays)

    def step():
        loss, gradients = loss_and_gradient(*values)
        for value, gradient in zip(values, gradients, strict=True):
            gradient *= RATE
            value -= gradient
        return loss

    return step


def with_dict() -> Callable[[], object]:
    """A plain function of a dict of arrays."""
    values = parameters()
    loss_and_gradient = pb.value_with_gradient(of_dict)

    def step():
        loss, gradients = loss_and_gradient(values)
        for name, gradient in gradients.items():
            gradient *= RATE
            values[name] -= gradient
        return loss

    return step


def with_torch() -> Callable[[], object]:
    """PyTorch, eager, as its own tutorials do it."""
    import torch

    p = {k: torch.tensor(v) for k, v in parameters().items()}
    model = torch.nn.Sequential(torch.nn.Linear(2, 10), torch.nn.ReLU(), torch.nn.Linear(10, 1))
    with torch.no_grad():
        model[0].weight[:], model[0].bias[:] = p["w1"].T, p["b1"]
        model[2].weight[:], model[2].bias[:] = p["w2"].T, p["b2"]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
    x, expected = torch.tensor(X), torch.tensor(EXPECTED)

    def step():
        optimizer.zero_grad()
        difference = model(x) - expected
        loss = (difference * difference).mean()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def with_jax() -> Callable[[], object]:
    """JAX, the whole step jitted."""
    import jax
    import jax.numpy as jnp

    values = {k: jnp.asarray(v) for k, v in parameters().items()}
    x, expected = jnp.asarray(X), jnp.asarray(EXPECTED)

    def loss_of(p):
        difference = jnp.maximum(x @ p["w1"] + p["b1"], 0) @ p["w2"] + p["b2"] - expected
        return jnp.mean(difference * difference)

    @jax.jit
    def moved(p):
        loss, gradient = jax.value_and_grad(loss_of)(p)
        return loss, {k: p[k] - RATE * gradient[k] for k in p}

    def step():
        nonlocal values
        loss, values = moved(values)
        return float(jax.block_until_ready(loss))

    return step


def with_autograd() -> Callable[[], object]:
    """autograd."""
    import autograd
    import autograd.numpy as anp

    values = parameters()

    def loss_of(p):
        difference = anp.maximum(anp.dot(X, p["w1"]) + p["b1"], 0) @ p["w2"] + p["b2"] - EXPECTED
        return anp.mean(difference * difference)

    loss_and_gradient = autograd.value_and_grad(loss_of)

    def step():
        loss, gradients = loss_and_gradient(values)
        for name in values:
            values[name] -= RATE * gradients[name]
        return loss

    return step


def check() -> None:
    """All of ours take the same ten steps as the one by hand."""
    wanted = [float(loss) for loss in _losses(by_hand())]
    for make in (with_arrays, with_dict, with_layers):
        seen = _losses(make())
        assert np.allclose(seen, wanted, rtol=1e-4), (make.__name__, seen, wanted)


def _losses(step: Callable[[], object]) -> list[object]:
    return [step() for _ in range(10)]


def primal() -> Callable[[], object]:
    values = list(parameters().values())
    return lambda: of_arrays(*values)


def cases(quick=False):
    peers = {"torch": with_torch, "jax": with_jax, "autograd": with_autograd}
    ours = {"layers and SGD": with_layers, "a function of arrays": with_arrays, "a function of a dict": with_dict}
    return [
        Case(name, of_arrays, (), make_ours=make, make_primal=primal, by_hand=by_hand(), peers=peers, compiled=False,
             check=check, seconds=3.0)
        for name, make in ours.items()
    ]  # fmt: skip
