"""Structs: dataclasses, their methods, operators, constant fields, tangents of their own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import pullback as pb

from .registry import fact


@dataclass(frozen=True)
class Foo:
    stored: float

    @property
    def computed(self):
        return self.stored * self.stored

    def __add__(self, other):
        return Foo(self.stored + other.stored)


@fact(4.0, gradient=1.0)
def constructed(x):
    return Foo(x).stored


@fact(4.0, gradient=2.0)
def added_by_its_operator(x):
    foo = Foo(x)
    return Foo((foo + foo).stored).stored


@fact(4.0, gradient=8.0)
def computed_property(x):
    return Foo(stored=x).computed


@fact(4.0, gradient=48.0)
def computed_times_stored(x):
    foo = Foo(x)
    return foo.computed * foo.stored


@dataclass
class Scaled:
    x: float
    constant: float = pb.no_derivative(2.0)

    def applied(self, value):
        return self.x * self.constant * value


@fact(Scaled(10.0), gradient={"x": 6.0})
def applied_to_three(model):
    return model.applied(3.0)


@fact(3.0, gradient=20.0)
def applied_inside(value):
    return Scaled(10.0).applied(value)


@dataclass
class Dense:
    w: float
    b: float
    flag: bool = False

    def __call__(self, x):
        return x * self.w + self.b


@fact(Dense(4.0, 1.0), 2.0, gradient=({"w": 2.0, "b": 1.0}, 4.0))
def called(dense, x):
    return dense(x)


@fact(Dense(0.0, 1.0), cotangent=pb.zero_tangent(Dense(0.0, 1.0)), gradient={"w": 0.0, "b": 0.0})
def itself(dense):
    return dense


@fact(Dense(2.0, 3.0), gradient={"w": 4.0, "b": 6.0})
def rebuilt_from_fields(dense):
    other = Dense(w=dense.w * dense.w, b=dense.b * dense.b, flag=True)
    return other.w + other.b


@dataclass
class Model:
    l1: Dense
    l2: Dense
    l3: Dense

    def prediction(self, x):
        return self.l3(self.l2(self.l1(x)))

    def loss(self, prediction, label):
        return (prediction - label) * (prediction - label)


LAYER = Dense(1.0, 0.0)
MINUS_FOUR = {"w": -4.0, "b": -4.0}


@fact(
    Model(Dense(1.0, 0.0), Dense(1.0, 0.0), Dense(1.0, 0.0)),
    gradient={"l1": MINUS_FOUR, "l2": MINUS_FOUR, "l3": MINUS_FOUR},
)
def simple_model(model):
    return model.loss(model.prediction(1.0), 3.0)


@fact(3.0, gradient=405.0)
def fifth_power_by_replace(x):
    point = Dense(x, x)
    point = replace(point, w=point.w * x)
    point = replace(point, b=point.w * x)
    return point.w * point.b


class Space(NamedTuple):
    x: float
    y: float


@fact(Space(0.0, 0.0), gradient={"x": 2.0, "y": 0.0})
def named_tuple_field(point):
    return 2 * point.x


@fact(Space(1.0, 2.0), gradient={"x": 2.0, "y": 3.0})
def named_tuple_unpacked(point):
    x, y = point
    return x * y + point[1] * 2


@dataclass(frozen=True)
class Parameter:
    x: float

    def squared(self):
        return self.x * self.x

    @staticmethod
    def squared_static(p):
        return p.x * p.x

    @classmethod
    def made(cls, x):
        return cls(x)

    def multiplied(self, other):
        return self.x * other

    def __mul__(self, other):
        return self.x * other.x


@fact(Parameter(2.0), gradient={"x": 400.0})
@fact(Parameter(20.0), gradient={"x": 4000.0})
def method_called(p):
    return 100 * p.squared()


@fact(1.0, gradient=20000.0)
def method_with_respect_to_its_argument(other):
    return 100 * Parameter(200.0).multiplied(other)


@fact(Parameter(200.0), 100.0, gradient=({"x": 100.0}, 200.0))
def method_with_respect_to_both(p, x):
    return p.multiplied(x)


@fact(Parameter(20.0), gradient={"x": 4000.0})
def static_method(p):
    return 100 * Parameter.squared_static(p)


@fact(3.0, gradient=6.0)
def class_method(x):
    return Parameter.made(x).squared()


@fact(Parameter(200.0), Parameter(100.0), gradient=({"x": 100.0}, {"x": 200.0}))
def operator_of_the_class(a, b):
    return a * b


@dataclass
class Outer:
    inner: Parameter
    factor: float


@fact(Outer(Parameter(3.0), 2.0), gradient={"inner": {"x": 12.0}, "factor": 9.0})
def nested_structs(s):
    return s.inner.x * s.inner.x * s.factor


@fact(3.0, gradient=2.0)
def adjoints_of_an_object_and_of_its_field(x):
    model = Parameter(x)

    def call(m):
        return m.x

    return call(model) + model.x
