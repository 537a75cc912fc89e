"""Swift for TensorFlow's custom-differentiation tutorial as a Python program, which fails if a number is wrong."""

import ctypes.util
import math
import warnings
from dataclasses import dataclass

import numpy as np

import pullback as pb
from pullback import nn, optim


def check(what, got, expected):
    print(what, "=", got)
    np.testing.assert_allclose(got, expected, rtol=1e-6)

print("--- A custom derivative: C's pow becomes differentiable")
libm = ctypes.CDLL(ctypes.util.find_library("m") or ctypes.util.find_library("msvcrt"))
libm.pow.argtypes, libm.pow.restype = [ctypes.c_double, ctypes.c_double], ctypes.c_double

def silly_exp(x):
    print(f"Taking e({math.e}) to the power of {x}!")
    return libm.pow(math.e, x)

@pb.derivative(of=silly_exp)
def silly_exp_vjp(x):
    y = silly_exp(x)
    return y, lambda v: v * y
check("exp(3)", silly_exp(3.0), 20.085536923187668)
check("∇exp(3)", pb.gradient(silly_exp)(3.0), 20.085536923187668)

print("\n--- Stop derivatives from propagating")
f = pb.gradient(lambda x, y: math.sin(math.sin(math.sin(x))) + pb.without_derivative(math.cos(math.cos(math.cos(y)))))
check("∇f(2, 3)", f(2.0, 3.0), (-0.18009877594743354, 0.0))
with warnings.catch_warnings(record=True, action="always") as caught:  # a derivative that is always zero: a mistake?
    check("∇3, as meant", pb.gradient(lambda x: pb.without_derivative(3.0))(2.0), 0.0)
    check("∇3, or a slip", pb.gradient(lambda x: math.sqrt(9.0))(2.0), 0.0)
check(f"{caught[-1].message}\nwarnings", len(caught), 1)

print("\n--- Derivative surgery: watch a derivative on its way, or rewrite it")
def surgery(x):
    a = pb.with_derivative(np.sin(x), lambda d: print("∂+/∂sin =", d))
    b = np.log(pb.with_derivative(x, lambda d: print("∂log/∂x =", d, "but rewritten to 0.5") or np.full_like(d, 0.5)))
    return np.sum(a + b)
for x in (30.0, np.float32(30), np.longdouble(30), np.array([30.0, 31.0])):
    check(f"∇surgery({x!r})", pb.gradient(surgery)(x), np.cos(x) + 0.5)

@dataclass
class Point:
    x: float
    y: float

def product(point):
    p = pb.with_derivative(point, lambda d: print("∂product/∂p =", d))
    return p.x * p.y
check("∂product/∂x", pb.gradient(product)(Point(3.0, 4.0)).x, 4.0)

print("\n--- Hooks in a neural network that learns XOR")
class MLP(nn.Layer):
    def __init__(self):
        self.layer1, self.layer2 = nn.Dense(2, 10, nn.relu, rng=rng), nn.Dense(10, 1, nn.relu, rng=rng)
    def __call__(self, x):
        return self.layer2(pb.with_derivative(self.layer1(x), lambda d: print("∂L/∂layer1 =", d, sep="\n")))

def loss_of(model, x, y):
    predicted = pb.with_derivative(model(x), lambda d: print("∂L/∂ŷ =", d, sep="\n"))
    loss = np.mean((predicted - y) ** 2)  # [4, 1] - [4] is [4, 4], as in the original
    print("Loss:", loss)
    return loss
rng = np.random.default_rng(0)
x, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32), np.array([0, 1, 1, 0], np.float32)
model, optimizer, losses = MLP(), optim.SGD(learning_rate=0.02), []
for _ in range(10):
    loss, gradient = pb.value_with_gradient(loss_of, wrt="model")(model, x, y)
    optimizer.update(model, along=gradient)
    losses.append(loss)
check("the loss fell", np.all(np.diff(losses) < 0), True)

print("\n--- Recomputation (checkpointing), from scratch")
def make_recomputed_in_gradient(original):
    return pb.differentiable_function(lambda x: (original(x), lambda v: pb.pullback(original)(x)(v)))

square = make_recomputed_in_gradient(lambda x: print("  Computing square...") or x * x)
print("Running original computation...")
value, backprop = pb.value_with_pullback(lambda x: square(math.cos(x)))(10.0)
print("Running backpropagation...")
check("Gradient", backprop(1.0), -math.sin(20.0))

def make_binary_recomputed_in_gradient(original):
    return pb.differentiable_function(lambda x, y: (original(x, y), lambda v: pb.pullback(original)(x, y)(v)))

class ActivationDiscarding(nn.Layer):
    def __init__(self, wrapped):
        self.wrapped = wrapped
    def __call__(self, x):
        def apply(layer, x):
            return print(f"    Applying {type(layer).__name__} layer...") or layer(x)
        return make_binary_recomputed_in_gradient(apply)(self.wrapped, x)

convolution = ActivationDiscarding(nn.Conv2D((5, 5, 3, 6), rng=rng))
model = nn.Sequential(convolution, nn.MaxPool2D((2, 2), (2, 2)), nn.Flatten(), nn.Dense(216, 10, rng=rng))
images, labels, optimizer, losses = rng.standard_normal((10, 16, 16, 3), np.float32), np.arange(10), optim.SGD(), []
for step in range(1, 6):
    print(f"Starting training step {step}\n  Running original computation...")
    logits, backpropagator = model.applied_for_backpropagation(images)
    loss, d_logits = pb.value_with_gradient(nn.softmax_cross_entropy)(logits, labels)
    print(f"  Loss: {loss}\n  Running backpropagation...")
    optimizer.update(model, along=backpropagator(d_logits)[0])
    losses.append(loss)
check("the loss fell", np.all(np.diff(losses) < 0), True)

print("\n--- What no tracer can show: the derivative's own source")
def power(x, n):
    y = 1.0
    for _ in range(n):
        y = y * x
    return y
print(pb.derivative_source(power, 2.0, 5))
