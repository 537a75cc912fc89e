"""One training step of a 784-128-10 network: relu, softmax cross-entropy, batch 32, float32, SGD."""

from __future__ import annotations

import numpy as np
from case import Case

import pullback as pb
from pullback import nn, optim

RATE = np.float32(0.05)


def data(batch):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(batch, 784)).astype(np.float32)
    labels = rng.integers(0, 10, size=batch)
    p = {
        "w1": (rng.normal(size=(784, 128)) / 28.0).astype(np.float32), "b1": np.zeros(128, np.float32),
        "w2": (rng.normal(size=(128, 10)) / 11.0).astype(np.float32), "b2": np.zeros(10, np.float32),
    }  # fmt: skip
    return x, labels, np.eye(10, dtype=np.float32)[labels], p


def cross_entropy(logits, hot):
    shifted = logits - np.max(logits, axis=1, keepdims=True)
    return np.mean(np.log(np.sum(np.exp(shifted), axis=1)) - np.sum(hot * shifted, axis=1))


def loss(p, x, hot):
    hidden = np.maximum(x @ p["w1"] + p["b1"], 0)
    return cross_entropy(hidden @ p["w2"] + p["b2"], hot)


def by_hand(batch):
    x, _, hot, p = data(batch)
    w1, b1, w2, b2 = p.values()

    def step():
        hidden = x @ w1
        hidden += b1
        np.maximum(hidden, 0, out=hidden)
        logits = hidden @ w2
        logits += b2
        logits -= np.max(logits, axis=1, keepdims=True)
        e = np.exp(logits)
        total = np.sum(e, axis=1, keepdims=True)
        value = np.mean(np.log(total[:, 0]) - np.sum(hot * logits, axis=1))
        d_logits = e / total
        d_logits -= hot
        d_logits *= np.float32(1.0 / batch)
        d_hidden = d_logits @ w2.T
        d_hidden *= hidden > 0
        np.subtract(w2, RATE * (hidden.T @ d_logits), out=w2)
        np.subtract(b2, RATE * d_logits.sum(0), out=b2)
        np.subtract(w1, RATE * (x.T @ d_hidden), out=w1)
        np.subtract(b1, RATE * d_hidden.sum(0), out=b1)
        return value

    return step


class Model(nn.Layer):
    def __init__(self, p):
        self.hidden = nn.Dense(784, 128, activation=nn.relu)
        self.output = nn.Dense(128, 10)
        self.hidden.weight, self.hidden.bias, self.output.weight, self.output.bias = p.values()

    def __call__(self, x):
        return self.output(self.hidden(x))


def with_layers(batch):
    x, labels, _, p = data(batch)
    model, optimizer = Model(p), optim.SGD(learning_rate=float(RATE))
    both = pb.value_with_gradient(lambda m: nn.softmax_cross_entropy(m(x), labels))

    def step():
        value, gradient = both(model)
        optimizer.update(model, along=gradient)
        return value

    return step


def with_dict(batch):
    x, _, hot, p = data(batch)
    both = pb.value_with_gradient(loss, wrt=0)

    def step():
        value, gradients = both(p, x, hot)
        for name, gradient in gradients.items():
            gradient *= RATE
            p[name] -= gradient
        return value

    return step


def with_torch(batch):
    import torch

    torch.set_num_threads(1)
    x, labels, *_ = data(batch)
    model = torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=float(RATE))
    tx, ty = torch.tensor(x), torch.tensor(labels)

    def step():
        optimizer.zero_grad()
        value = torch.nn.functional.cross_entropy(model(tx), ty)
        value.backward()
        optimizer.step()
        return value.item()

    return step


def with_jax(batch):
    import jax
    import jax.numpy as jnp
    from peers import under

    x, _, hot, p = data(batch)
    f = under(loss, np=jnp)
    jx, jh = jnp.asarray(x), jnp.asarray(hot)

    @jax.jit
    def moved(p):
        value, gradient = jax.value_and_grad(lambda p: f(p, jx, jh))(p)
        return value, {k: p[k] - RATE * gradient[k] for k in p}

    values = {k: jnp.asarray(v) for k, v in p.items()}

    def step():
        nonlocal values
        value, values = moved(values)
        return jax.block_until_ready(value)

    return step


def check():
    steps = {f.__name__: f(8) for f in (by_hand, with_layers, with_dict)}
    seen = {name: [float(step()) for _ in range(5)] for name, step in steps.items()}
    for name, values in seen.items():
        assert np.allclose(values, seen["by_hand"], rtol=1e-3), (name, values, seen["by_hand"])


def cases(quick=False):
    batch = 4 if quick else 32
    x, _, hot, p = data(batch)
    peers = {"torch": lambda: with_torch(batch), "jax": lambda: with_jax(batch)}
    made = {"layers and SGD": with_layers, "a function of a dict": with_dict}
    return [
        Case(name, loss, (p, x, hot), make_ours=lambda make=make: make(batch), by_hand=by_hand(batch), peers=peers,
             compiled=False, check=check)
        for name, make in made.items()
    ]  # fmt: skip
