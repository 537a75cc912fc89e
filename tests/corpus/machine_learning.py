"""Neurons, losses and cells in plain Python and small classes."""

import math
from dataclasses import dataclass

import numpy as np

from .registry import case, later


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


@case([0.5, -1.2, 0.3], [0.1, 0.4, -0.7], 0.05)
def perceptron(weights, inputs, bias):
    total = bias
    for w, x in zip(weights, inputs):
        total += w * x
    return sigmoid(total)


@case(0.8, 1)
def binary_cross_entropy(logit, label):
    """The loss in its stable form."""
    p = sigmoid(logit)
    return -math.log(p) if label == 1 else -math.log(1 - p)


@case([1.2, 0.3, -0.8], 1)
def cross_entropy(logits, label):
    top = max(logits)
    total = 0.0
    for z in logits:
        total += math.exp(z - top)
    return math.log(total) + top - logits[label]


@case({"w": 0.7, "b": -0.2})
def linear_regression(params):
    data = [(0.0, 0.1), (1.0, 0.9), (2.0, 1.4)]
    loss = 0.0
    for x, y in data:
        prediction = params["w"] * x + params["b"]
        loss += (prediction - y) ** 2
    return loss / len(data)


@case({"w": [0.5, -0.3], "b": 0.1, "layers": 2}, 0.8)
def nested_parameters(params, x):
    """A dict with a list, a float and an int."""
    for _ in range(params["layers"]):
        for w in params["w"]:
            x = math.tanh(w * x + params["b"])
    return x


@dataclass
class Neuron:
    weight: float
    bias: float = 0.0

    def __call__(self, x):
        return math.tanh(self.weight * x + self.bias)


@dataclass
class Network:
    first: Neuron
    second: Neuron
    name: str = "net"

    def __call__(self, x):
        return self.second(self.first(x))

    def loss(self, x, y):
        return (self(x) - y) ** 2


@case(Network(Neuron(0.5, 0.1), Neuron(-1.2)), 0.7)
def network_loss(net, x):
    return net.loss(x, 0.3) + net.loss(-x, -0.2)


@case(Neuron(0.6, 0.1), 0.4)
def shared_neuron(neuron, x):
    """One layer used twice: its gradients add up."""
    return neuron(neuron(x)) * neuron.weight


@case([0.3, -0.5, 0.8], 0.9, -0.4, 0.1)
def rnn(sequence, w, u, b):
    h = 0.0
    for x in sequence:
        h = math.tanh(w * x + u * h + b)
    return h


@dataclass(frozen=True)
class Gates:
    input: float
    forget: float
    output: float
    cell: float


@case(Gates(0.5, 0.9, -0.3, 0.7), [0.3, -0.5, 0.8])
def lstm(gates, sequence):
    h = c = 0.0
    for x in sequence:
        i, f = sigmoid(gates.input * (x + h)), sigmoid(gates.forget * (x + h) + 1.0)
        o, g = sigmoid(gates.output * (x + h)), math.tanh(gates.cell * (x + h))
        c = f * c + i * g
        h = o * math.tanh(c)
    return h


@case(0.5)
def activations(x, kind="gelu"):
    if kind == "relu":
        return max(x, 0.0)
    elif kind == "gelu":
        return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return x * sigmoid(x)


@case(0.9, -0.2)
def momentum_descent(x, velocity, rate=0.1, mu=0.9):
    """Differentiating through an optimizer."""
    for _ in range(10):
        slope = 4 * x**3 - 2 * x
        velocity = mu * velocity - rate * slope * 0.1
        x += velocity
    return x


@case(1.0, 0.05)
def learning_rate_sensitivity(x, rate):
    """The hypergradient of gradient descent with an inner loss defined inside."""
    slope = lambda v: 2 * (v - 0.3) + math.cos(v)
    for _ in range(8):
        x -= rate * slope(x)
    return (x - 0.3) ** 2 + math.sin(x)


X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([0.0, 1.0, 1.0, 0.0])
RNG = np.random.default_rng(3)


@case(RNG.normal(size=(2, 3)), RNG.normal(size=3), RNG.normal(size=(3, 1)), RNG.normal(size=1))
def xor_mlp(w1, b1, w2, b2):
    hidden = np.tanh(X @ w1 + b1)
    out = (hidden @ w2 + b2)[:, 0]
    return np.mean((out - Y) ** 2)


@dataclass
class Dense:
    weight: np.ndarray
    bias: np.ndarray

    def __call__(self, x):
        return np.tanh(x @ self.weight + self.bias)


@case(Dense(RNG.normal(size=(2, 2)), RNG.normal(size=2)))
def dense_twice(layer):
    return np.sum(layer(layer(X)) ** 2)


@case(RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4)), RNG.normal(size=(3, 2)))
def attention(q, k, v):
    scores = q @ k.T / math.sqrt(q.shape[1])
    scores = scores - np.max(scores, axis=1, keepdims=True)
    weights = np.exp(scores)
    weights = weights / np.sum(weights, axis=1, keepdims=True)
    return weights @ v


@case(RNG.normal(size=(4, 3)), np.array([0, 2, 1, 1]))
def softmax_loss(logits, labels):
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -np.mean(log_probabilities[np.arange(4), labels])


@case(RNG.normal(size=(2, 5)), np.array([0.9, 1.1, 0.8, 1.0, 1.2]), np.zeros(5))
def layer_norm(x, gain, offset):
    mu = np.mean(x, axis=-1, keepdims=True)
    var = np.mean((x - mu) ** 2, axis=-1, keepdims=True)
    return gain * (x - mu) / np.sqrt(var + 1e-5) + offset


@case(np.array([0.2, -0.4]), 0.1)
def elastic_net(w, strength):
    residual = X @ w - Y
    return residual @ residual + strength * np.abs(w).sum() + 0.5 * strength * w @ w


@later("comprehension", [[0.5, -1.2], [0.3, 0.8]], [0.1, 0.4])
def matrix_vector(matrix, vector):
    return [sum([w * x for w, x in zip(row, vector)]) for row in matrix]


@later("starargs", 0.5, 1.2, 0.3)
def weighted(*values):
    total = 0.0
    for k, v in enumerate(values):
        total += (k + 1) * v * v
    return total


@later("reduce", [0.5, 1.2, 0.3])
def product(values):
    from functools import reduce

    return reduce(lambda a, b: a * b, values, 1.0)
