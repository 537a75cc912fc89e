"""Custom differentiation: Swift for TensorFlow's tutorial of that name, as a Python program.

Run it with `python -m pullback demo`. It needs NumPy alone, and exits with an error if a number is wrong.
"""

import ctypes
import ctypes.util
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import pullback as pb
from pullback import nn, optim


def check(what: str, got: Any, expected: Any, tolerance: float = 1e-6) -> None:
    """Print a result, and end the program if it is wrong."""
    print(what, "=", got)
    if not np.allclose(got, expected, rtol=tolerance, atol=1e-12):
        raise SystemExit(f"wrong: {what} should be {expected}")


print("--- Custom derivatives: C's pow, which no Python library can look into")
libm = ctypes.CDLL(ctypes.util.find_library("m") or ctypes.util.find_library("msvcrt"))
libm.pow.argtypes, libm.pow.restype = [ctypes.c_double, ctypes.c_double], ctypes.c_double

def silly_exp(x: float) -> float:
    print(f"Taking e({math.e}) to the power of {x}!")
    return float(libm.pow(math.e, x))

@pb.derivative(of=silly_exp)
def silly_exp_vjp(x: float) -> tuple[float, Callable[[float], float]]:
    y = silly_exp(x)
    return y, lambda v: v * y

check("exp(3)", silly_exp(3.0), 20.085536923187668)
check("∇exp(3)", pb.gradient(silly_exp)(3.0), 20.085536923187668)

print("\n--- Stop derivatives from propagating")
f = pb.gradient(lambda x, y: math.sin(math.sin(math.sin(x))) + pb.without_derivative(math.cos(math.cos(math.cos(y)))))
check("∇f(2, 3)", f(2.0, 3.0), (-0.18009877594743354, 0.0))

with warnings.catch_warnings(record=True) as caught:  # a derivative that is always zero: probably a mistake
    warnings.simplefilter("always")
    check("the gradient of a constant", pb.gradient(lambda x: math.cos(3.0))(2.0), 0.0)
    print(*(warning.message for warning in caught))
    check("the same, meant so", pb.gradient(lambda x: pb.without_derivative(math.cos(3.0)))(2.0), 0.0)
check("the number of warnings", len(caught), 2)

print("\n--- Derivative surgery: see a derivative on its way, or rewrite it")

def surgery(x: Any) -> Any:
    a = pb.with_derivative(np.sin(x), lambda d: print("∂+/∂sin =", d))  # a callback that returns None only observes
    b = np.log(pb.with_derivative(x, lambda d: print("∂log/∂x =", d, "but rewritten to 0.5") or 0.0 * d + 0.5))
    return np.sum(a + b)

check("∇surgery(30)", pb.gradient(surgery)(30.0), math.cos(30) + 0.5)
for x in (np.float32(30), np.longdouble(30), np.array([30.0, 31.0])):
    check(f"∇surgery of a {type(x).__name__}", pb.gradient(surgery)(x), np.cos(x) + 0.5)

@dataclass
class Point:
    x: float
    y: float

def on_point(p: Point) -> float:
    q = pb.with_derivative(p, lambda d: print("∂/∂p =", d))
    return math.sin(q.x) * q.y

d_p = pb.gradient(on_point)(Point(30.0, 2.0))
check("its fields", (d_p.x, d_p.y), (2.0 * math.cos(30), math.sin(30)))

print("\n--- The same in a neural network, which learns XOR")

class MLP(nn.Layer):
    def __init__(self, rng: np.random.Generator) -> None:
        self.layer1 = nn.Dense(2, 10, activation=nn.relu, rng=rng)
        self.layer2 = nn.Dense(10, 1, activation=nn.relu, rng=rng)

    def __call__(self, x: Any) -> Any:
        h = pb.with_derivative(self.layer1(x), lambda d: print("∂L/∂layer1 =", d, sep="\n"))
        return self.layer2(h)

classifier, optimizer = MLP(np.random.default_rng(0)), optim.SGD(learning_rate=0.02)
inputs, truth = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32), np.array([0, 1, 1, 0], np.float32)

def xor_loss(model: MLP) -> Any:
    predicted = pb.with_derivative(model(inputs), lambda d: print("∂L/∂ŷ =", d, sep="\n"))
    return np.mean((predicted - truth) ** 2)  # [4, 1] - [4] is [4, 4], as in Swift's tutorial

losses = []
for _ in range(10):
    loss, gradient = pb.value_with_gradient(xor_loss)(classifier)
    print("Loss:", loss)
    losses.append(loss)
    optimizer.update(classifier, along=gradient)
check("the loss fell ten times", np.all(np.diff(losses) < 0), True)

print("\n--- Recomputation (checkpointing), from scratch")

def make_recomputed_in_gradient(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return pb.differentiable_function(lambda x: (original(x), lambda v: pb.pullback(original)(x)(v)))

@make_recomputed_in_gradient
def square(x: float) -> float:
    print("  Computing square...")
    return x * x

print("Running original computation...")
output, backprop = pb.value_with_pullback(lambda x: square(math.cos(x)))(10.0)
print("Running backpropagation...")
check("Gradient", backprop(1.0), -math.sin(20))

def make_recomputed_in_gradient_2(original: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return pb.differentiable_function(lambda x, y: (original(x, y), lambda v: pb.pullback(original)(x, y)(v)))

class ActivationDiscarding(nn.Layer):
    def __init__(self, wrapped: nn.Layer) -> None:
        self.wrapped = wrapped

    def __call__(self, x: Any) -> Any:
        def apply(layer: nn.Layer, x: Any) -> Any:
            print(f"    Applying {type(layer).__name__} layer...")
            return layer(x)
        return make_recomputed_in_gradient_2(apply)(self.wrapped, x)

class Model(nn.Layer):
    def __init__(self, rng: np.random.Generator) -> None:
        self.conv = ActivationDiscarding(nn.Conv2D((5, 5, 3, 6), rng=rng))
        self.max_pool = nn.MaxPool2D((2, 2), (2, 2))
        self.flatten = nn.Flatten()
        self.dense = nn.Dense(36 * 6, 10, rng=rng)

    def __call__(self, x: Any) -> Any:
        return nn.sequenced(x, self.conv, self.max_pool, self.flatten, self.dense)

rng = np.random.default_rng(0)
images, labels = rng.standard_normal((10, 16, 16, 3), np.float32), np.arange(10)
model, optimizer, losses = Model(rng), optim.SGD(learning_rate=0.01), []
for step in range(1, 6):
    print(f"Starting training step {step}\n  Running original computation...")
    logits, backpropagator = model.applied_for_backpropagation(images)
    loss, d_logits = pb.value_with_gradient(lambda z: nn.softmax_cross_entropy(z, labels))(logits)
    print("  Loss:", loss, "\n  Running backpropagation...")
    d_model, _ = backpropagator(d_logits)
    losses.append(loss)
    optimizer.update(model, along=d_model)
check("the loss fell five times", np.all(np.diff(losses) < 0), True)

print("\n--- What no tracer can show: the derivative's own source")

def power(x: float, n: int) -> float:
    y = 1.0
    for _ in range(n):
        y = y * x
    return y

print(pb.derivative_source(power, 2.0, 5))
check("∇power(2, 5)", pb.gradient(power)(2.0, 5), 80.0)
