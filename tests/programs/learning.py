"""Networks and optimisers by hand, as a researcher writes them in NumPy before there is a library."""

import numpy as np

from .registry import program

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((6, 3)), RNG.standard_normal(6)
W = 0.5 * RNG.standard_normal((3, 3))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@program(0.5 * RNG.standard_normal(3), 0.1)
def adam_by_hand(w, lr):
    """The training loop is inside: a hypergradient by the learning rate."""
    m, v = np.zeros_like(w), np.zeros_like(w)
    b1, b2 = 0.9, 0.99
    for t in range(1, 6):
        g = 2 * X.T @ (X @ w - Y) / len(Y)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        w -= lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + 1e-8)
    return np.mean((X @ w - Y) ** 2)


class BatchNorm:
    def __init__(self, n):
        self.gamma, self.beta = np.ones(n), np.zeros(n)
        self.running_mean, self.running_var = np.zeros(n), np.ones(n)
        self.momentum = 0.9

    def __call__(self, x, training=True):
        if training:
            mean, var = x.mean(axis=0), x.var(axis=0)
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mean
            self.running_var *= self.momentum
            self.running_var += (1 - self.momentum) * var
        else:
            mean, var = self.running_mean, self.running_var
        return self.gamma * (x - mean) / np.sqrt(var + 1e-5) + self.beta


@program(W)
def batch_norm_then_inference(w):
    bn = BatchNorm(3)
    for _ in range(3):
        bn(np.tanh(X @ w))
    return np.sum(bn(np.tanh(X @ w) * 2, training=False)[:, 1] ** 2)


class LSTMCell:
    def __init__(self, w, u, b):
        self.w, self.u, self.b = w, u, b
        self.h = np.zeros(2)
        self.c = np.zeros(2)

    def step(self, x):
        z = self.w @ x + self.u @ self.h + self.b
        i, f, o, g = sigmoid(z[0:2]), sigmoid(z[2:4]), sigmoid(z[4:6]), np.tanh(z[6:8])
        self.c = f * self.c + i * g
        self.h = o * np.tanh(self.c)
        return self.h


@program(
    0.4 * RNG.standard_normal((8, 3)),
    0.3 * RNG.standard_normal((8, 2)),
    0.1 * RNG.standard_normal(8),
)
def lstm_sequence(w, u, b):
    cell = LSTMCell(w, u, b)
    outputs = []
    for x in X:
        outputs.append(cell.step(x))
    return np.sum(np.stack(outputs) ** 2)


@program(W, 0.3)
def dropout_and_relu_in_place(w, rate):
    rng = np.random.default_rng(5)
    h = X @ w
    h[h < 0] = 0.0
    mask = rng.random(h.shape) > 0.25
    h *= mask
    h /= 1 - rate
    return np.sum(h[:, 0] * h[:, 1])


@program(RNG.standard_normal((4, 3)))
def softmax_in_place(logits):
    logits -= logits.max(axis=1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=1, keepdims=True)
    labels = np.array([0, 2, 1, 1])
    return -np.mean(np.log(logits[np.arange(4), labels]))


@program(RNG.standard_normal((5, 2)))
def attention_with_causal_mask(q):
    scores = q @ q.T / np.sqrt(2.0)
    scores[np.triu_indices(5, k=1)] = -np.inf
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    return np.sum((weights @ q) ** 2)


@program({"w1": W, "b1": np.zeros(3), "w2": np.ones(3)})
def sgd_on_a_parameter_dict(params):
    """Gradients by hand, parameters updated in the dict of the caller."""
    for _ in range(3):
        h = np.tanh(X @ params["w1"] + params["b1"])
        error = h @ params["w2"] - Y
        grads = {}
        grads["w2"] = h.T @ error / 6
        back = np.outer(error, params["w2"]) * (1 - h**2)
        grads["w1"] = X.T @ back / 6
        grads["b1"] = back.sum(axis=0) / 6
        for name in params:
            params[name] = params[name] - 0.1 * grads[name]
    return np.mean((np.tanh(X @ params["w1"] + params["b1"]) @ params["w2"] - Y) ** 2)


@program(RNG.standard_normal((5, 5)), RNG.standard_normal((2, 2)))
def conv2d_by_loops(image, kernel):
    out = np.zeros((4, 4))
    for i in range(4):
        for j in range(4):
            out[i, j] = np.sum(image[i : i + 2, j : j + 2] * kernel)
    out = np.maximum(out, 0.0)
    pooled = np.zeros((2, 2))
    for i in range(2):
        for j in range(2):
            pooled[i, j] = out[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].max()
    return np.sum(pooled**2)


@program(W, np.zeros(3))
def residual_blocks(w, b):
    h = X
    for _ in range(4):
        h = h + np.tanh(h @ w + b)
    return np.mean(h**2)


class Momentum:
    def __init__(self, lr, beta):
        self.lr, self.beta = lr, beta
        self.velocity = {}

    def update(self, params, grads):
        for k, g in grads.items():
            self.velocity[k] = self.beta * self.velocity.get(k, 0.0) - self.lr * g
            params[k] += self.velocity[k]


@program(0.05, 0.9)
def momentum_hyperparameters(lr, beta):
    params = {"a": 1.0, "b": -0.5}
    optimizer = Momentum(lr, beta)
    for _ in range(5):
        r = params["a"] * 2.0 + params["b"] - 1.0
        optimizer.update(params, {"a": 4.0 * r, "b": 2.0 * r + 0.1 * params["b"]})
    return params["a"] ** 2 + params["b"]
