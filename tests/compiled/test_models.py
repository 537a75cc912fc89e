"""Layers and attrs classes, compiled: taken apart where they come in, put together again in the gradient."""

import attrs
import numpy as np
import pytest

import pullback as pb
from pullback import nn

pytest.importorskip("numba")

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 1))


def dense(inputs, outputs, activation=nn.tanh, dtype=np.float64, **options):
    return nn.Dense(inputs, outputs, activation=activation, rng=RNG, dtype=dtype, **options)


class Model(nn.Layer):
    def __init__(self, activation, dtype=np.float64):
        self.first = dense(3, 4, activation, dtype)
        self.second = dense(4, 1, nn.identity, dtype)

    def __call__(self, x):
        return self.second(self.first(x))


class Listed(nn.Layer):
    def __init__(self):
        self.layers = [dense(3, 3), dense(3, 2, nn.relu, use_bias=False)]
        self.named = {"last": dense(2, 1)}
        self.scale = 2.0
        self.fixed = pb.no_derivative(0.5)

    def hidden(self, x):
        for layer in self.layers:
            x = layer(x)
        return x * self.fixed

    def __call__(self, x):
        return self.named["last"](self.hidden(x)) * self.scale


class Tied(nn.Layer):
    def __init__(self):
        self.a = self.b = dense(3, 3)

    def __call__(self, x):
        return self.b(self.a(x))


class InSlots(nn.Layer):
    __slots__ = ("weight",)

    def __init__(self):
        self.weight = np.ones(3)

    def __call__(self, x):
        return x * self.weight


@attrs.define
class Inner:
    w: np.ndarray
    b: float
    n: int = 2

    def __call__(self, x):
        return np.tanh(x @ self.w + self.b) * self.n


@attrs.frozen
class Outer:
    inner: Inner
    scale: float

    def __call__(self, x):
        return self.inner(x) * self.scale


def loss(model, x, y):
    return nn.mean_squared_error(model(x), y)


def rebuilt(model, x, y):
    made = Inner(model.w * y[0, 0], model.b)
    return np.sum(made(x)) + made.b


def numbers_of(x):
    if isinstance(x, dict):
        return numbers_of(list(x.values()))
    if isinstance(x, (tuple, list)):
        return [n for item in x for n in numbers_of(item)]
    if isinstance(x, pb.TangentVector):
        return numbers_of(list(x.__dict__.values()))
    return np.ravel(x).tolist() if isinstance(x, (float, np.floating, np.ndarray)) else []


def same_form(a, b):
    """The same classes with the same fields, and arrays of the same shapes and types of entries."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same_form(a[k], b[k]) for k in a)
    if isinstance(a, (tuple, list)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same_form, a, b))
    if isinstance(a, pb.TangentVector):
        return type(a) is type(b) and same_form(a.__dict__, b.__dict__)
    if isinstance(a, np.ndarray):
        return a.shape == b.shape and a.dtype == b.dtype
    return isinstance(a, float) and isinstance(b, float) or a is b


ACTIVATIONS = [nn.tanh, nn.sigmoid, nn.relu, nn.softplus, nn.gelu, np.tanh]
ATTRS = Outer(Inner(0.3 * np.ones((3, 1)), 0.1), 0.3)
MODELS = [Listed(), Tied(), nn.Sequential(dense(3, 3), dense(3, 1)), InSlots(), ATTRS]


@pytest.mark.parametrize("model", [*map(Model, ACTIVATIONS), *MODELS], ids=lambda m: type(m).__name__)
def test_gradients_agree(model):
    expected = pb.gradient(loss)(model, X, Y)
    got = pb.jit(pb.value_with_gradient(loss))(model, X, Y)
    assert got[0] == pytest.approx(loss(model, X, Y), rel=1e-12)
    assert same_form(got[1], expected)
    np.testing.assert_allclose(numbers_of(got[1]), numbers_of(expected), rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("activation", [nn.relu, nn.sigmoid])
def test_models_of_float32(activation):
    model, x, y = Model(activation, np.float32), X.astype(np.float32), Y.astype(np.float32)
    expected, got = pb.gradient(loss)(model, x, y), pb.jit(pb.gradient(loss))(model, x, y)
    assert same_form(got, expected)
    np.testing.assert_allclose(numbers_of(got), numbers_of(expected), rtol=1e-4, atol=1e-6)


def test_against_differences():
    model, step = Model(nn.relu), 1e-6
    by_model, _, _ = pb.jit(pb.gradient(loss))(model, X, Y)
    for i in range(3):
        for j in range(4):
            found = []
            for s in (step, -2.0 * step):
                model.first.weight[i, j] += s
                found.append(loss(model, X, Y))
            model.first.weight[i, j] += step
            assert by_model.first.weight[i, j] == pytest.approx((found[0] - found[1]) / (2 * step), rel=1e-5, abs=1e-8)


def test_an_attrs_object_that_is_made():
    model = Inner(0.3 * np.ones((3, 1)), 0.1)
    expected, got = pb.gradient(rebuilt)(model, X, Y), pb.jit(pb.gradient(rebuilt))(model, X, Y)
    assert same_form(got, expected)
    np.testing.assert_allclose(numbers_of(got), numbers_of(expected), rtol=1e-9)


def test_an_array_rule_of_the_users():
    def cube(a):
        return a * a * a

    def total(a, w):
        b = cube(a) * w
        b[0] = cube(b)[1] * w
        return np.sum(b)

    def plain(a):
        return np.sum(cube(a))

    a = np.array([0.5, -1.0, 2.0])
    expected = pb.gradient(total)(a, 0.7)
    with pb.derivatives({cube: lambda a: (a * a * a, lambda g: 3.0 * g * a * a)}):
        got = pb.jit(pb.gradient(total))(a, 0.7)
    with pb.derivatives({cube: lambda a: (a * a * a, lambda g: 10.0 * g * a)}):
        assert pb.jit(pb.gradient(plain))(a).tolist() == pb.gradient(plain)(a).tolist() == [5.0, -10.0, 20.0]
    np.testing.assert_allclose(got[0], expected[0], rtol=1e-12)
    assert got[1] == pytest.approx(expected[1], rel=1e-12)
    with pb.derivatives({cube: lambda a: (a, lambda g: g)}), pytest.raises(pb.DifferentiabilityError, match="memory"):
        pb.jit(pb.gradient(total))(a, 0.7)


def drops(x):
    return np.sum(nn.Dropout(0.5)(x))


def raises_on_overflow(x):
    with np.errstate(over="raise"):
        return np.sum(np.exp(x))


@pytest.mark.parametrize("f", [drops, raises_on_overflow], ids=lambda f: f.__name__)
def test_what_is_refused(f):
    with pytest.raises(pb.DifferentiabilityError) as caught:
        pb.jit(pb.gradient(f))(np.ones(3))
    assert caught.value.diagnostics[0].id == "not-compiled" and caught.value.diagnostics[0].span is not None


class Point:
    def __init__(self, x):
        self.x = x


def assigned_and_changed(x, n):
    p = Point(x)
    for _ in range(n):
        q = p
        q.x = q.x * x
        p = q
    return p.x


def test_an_object_that_a_loop_assigns_and_changes():
    assert pb.jit(pb.gradient(assigned_and_changed))(1.1, 5) == pytest.approx(6 * 1.1**5, rel=1e-12)
