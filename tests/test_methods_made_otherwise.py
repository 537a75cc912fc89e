"""Methods that are no plain functions: of `functools`, of users' descriptors, of what `__getattr__` hands on."""

import functools
import itertools
import math
import types

import numpy as np
import pytest

import pullback as pb


class Shape:
    def __init__(self, v):
        self.v = v

    @functools.singledispatchmethod
    def times(self, a):
        return self.v * a

    @times.register
    def _(self, a: list):
        return self.v * a[0]

    @times.register(int)
    def _(self, a):
        self.v *= a
        return self.v

    def power(self, k, a):
        return self.v**k * a

    square = functools.partialmethod(power, 2)
    cube = functools.partialmethod(power, k=3)


def dispatched(x):
    return Shape(x).times(x) + Shape(x).times([x * 2.0])


def dispatched_to_a_change(x):
    shape = Shape(x)
    return shape.times(3) * shape.v + shape.times(x)


class Method:
    """It gives a bound method, and cannot be read from the class."""

    def __init__(self, f):
        self.f = f

    def __get__(self, obj, cls):
        return types.MethodType(self.f, obj)


class Doubled:
    def __init__(self, f):
        self.f = f

    def __get__(self, obj, cls=None):
        return lambda *args: self.f(obj, *args) * 2.0


class Decorated:
    def __init__(self, v):
        self.v = v

    @Method
    def times(self, k):
        return self.v * k

    @Doubled
    def doubled(self, k):
        return self.v * k

    @Method
    def change(self, k):
        self.v *= k
        return self.v


def changed(x):
    u = Decorated(x)
    u.change(x)
    return u.v * u.change(2.0)


class Wrapped:
    def __init__(self, v):
        self.v = v

    def __getattr__(self, name):
        return getattr(self.v, name)


OF_A_NUMBER = {
    "singledispatchmethod": dispatched,
    "singledispatchmethod that changes": dispatched_to_a_change,
    "partialmethod": lambda x: Shape(x).square(x),
    "partialmethod with keywords": lambda x: Shape(x).cube(a=x),
    "bound by a descriptor": lambda x: Decorated(x).times(x),
    "lambda of a descriptor": lambda x: Decorated(x).doubled(x),
    "change through a descriptor": changed,
}

OF_A_LIST = {
    "prod of map": lambda xs: math.prod(map(math.sin, xs)),
    "prod of reversed": lambda xs: math.prod(reversed(xs)),
    "prod of iter": lambda xs: math.prod(iter(xs)),
    "prod of a generator": lambda xs: math.prod(x * x for x in xs),
    "prod with a start": lambda xs: math.prod(map(math.exp, xs), start=xs[0]),
    "start of a constant iterator": lambda xs: math.prod(iter([2.0, 3.0]), start=xs[0]),
    "fsum of map": lambda xs: math.fsum(map(math.sin, xs)),
}

OF_AN_ARRAY = {
    "prod": lambda a: math.prod(a),
    "prod with a start": lambda a: math.prod(a, start=a[0]),
    "fsum": lambda a: math.fsum(a * a),
    "attribute of the wrapped": lambda a: Wrapped(a).T.sum() * a[0] + Wrapped(a).mean(),
}


@pytest.mark.parametrize("name", OF_A_NUMBER)
def test_methods(name):
    pb.check_derivative(OF_A_NUMBER[name], 1.3)


@pytest.mark.parametrize("name", OF_A_LIST)
def test_products_and_sums_of_iterators(name):
    pb.check_derivative(OF_A_LIST[name], [1.2, 0.4, 0.7])


@pytest.mark.parametrize("name", OF_AN_ARRAY)
def test_of_arrays(name, in_every_mode):
    in_every_mode(OF_AN_ARRAY[name], np.array([1.2, 0.4, 0.7]))


def test_wrapped_methods():
    pb.check_derivative(lambda a: Wrapped(a).sum() * a[0], np.array([1.2, 0.4, 0.7]))
    pb.check_derivative(lambda a: Wrapped(a * a).dot(a), np.array([1.2, 0.4, 0.7]))


def test_products_of_groups_in_reverse():
    def f(xs):
        return sum(math.prod(group) for _, group in itertools.groupby(xs, key=lambda x: x > 1))

    assert pb.gradient(f)([1.2, 0.4, 0.7]) == pytest.approx([1.0, 0.7, 0.4])


def test_operators_of_jax_arrays_are_refused():
    jnp = pytest.importorskip("jax.numpy")
    constant = jnp.ones(3)
    assert pb.gradient(lambda k: k * float(constant[1]))(2.0) == 1.0
    for derivative in (pb.gradient, lambda f: lambda x: pb.differential(f)(x)(1.0)):
        with pytest.raises(pb.DifferentiabilityError, match="no derivative is known for `jax"):
            derivative(lambda k: k * constant[1])(2.0)
