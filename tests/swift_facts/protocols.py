"""Protocols, generics, existentials: functions that do not know the class of what they are given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from .registry import fact

T = TypeVar("T")


class HasF(Protocol):
    def f(self, x: float) -> float: ...


@dataclass
class Quadratic:
    a: float
    b: float
    c: float

    def f(self, x):
        return self.a * x * x + self.b * x + self.c


@dataclass
class Linear:
    k: float

    def f(self, x):
        return x * self.k


def through_the_protocol(s: HasF, x):
    return s.f(x)


@fact(Quadratic(11.0, 12.0, 13.0), 0.0, gradient=({"a": 0.0, "b": 0.0, "c": 1.0}, 12.0))
@fact(Quadratic(11.0, 12.0, 13.0), 1.0, gradient=({"a": 1.0, "b": 1.0, "c": 1.0}, 34.0))
@fact(Quadratic(11.0, 12.0, 13.0), 2.0, gradient=({"a": 4.0, "b": 2.0, "c": 1.0}, 56.0))
@fact(Linear(5.0), 3.0, gradient=({"k": 3.0}, 5.0))
def requirement(s, x):
    return through_the_protocol(s, x)


class Shape(ABC):
    @abstractmethod
    def area(self): ...

    def doubled(self):
        return 2 * self.area()


@dataclass
class Square(Shape):
    side: float

    def area(self):
        return self.side * self.side


@dataclass
class Rectangle(Shape):
    w: float
    h: float

    def area(self):
        return self.w * self.h


@fact([Square(3.0), Rectangle(2.0, 5.0)], gradient=[{"side": 12.0}, {"w": 10.0, "h": 4.0}])
def list_of_different_classes(shapes):
    return sum(s.doubled() for s in shapes)


@dataclass
class FunctionsOfX:
    x: float
    y: float

    @classmethod
    def of(cls, x):
        return cls(x, x * x)

    @property
    def z(self):
        return self.y + self.x

    def __getitem__(self, _):
        return self.z


@fact(2.0, gradient=1.0)
def stored_requirement(x):
    return FunctionsOfX.of(x).x


@fact(2.0, gradient=4.0)
def second_stored_requirement(x):
    return FunctionsOfX.of(x).y


@fact(2.0, gradient=5.0)
def computed_requirement(x):
    return FunctionsOfX.of(x).z


@fact(2.0, gradient=5.0)
def subscript_requirement(x):
    return FunctionsOfX.of(x)[0]


@dataclass
class Box(Generic[T]):
    value: T


@fact(Box(4.0), gradient={"value": 8.0})
def generic_of_a_float(box):
    return box.value * box.value


@fact(Box(np.array([1.0, 2.0])), gradient={"value": np.array([2.0, 4.0])})
def generic_of_an_array(box):
    return (box.value * box.value).sum()


@fact(Box(Box(3.0)), gradient={"value": {"value": 6.0}})
def generic_of_a_generic(box):
    return box.value.value * box.value.value


@fact(4.0, 5.0, value=20.0, gradient=(5.0, 4.0))
def generic_made_and_rebound(x, y):
    a, b = Box(x), Box(y)
    b, a = a, Box(y)
    return a.value * b.value


@fact(3.0, gradient=5.0)
def existential(x):
    things = {"linear": Linear(5.0)}
    return things["linear"].f(x)


def kind_of(x):
    if isinstance(x, float):
        return "float"
    return "other"


@fact(3.0, value=3.0, gradient=1.0)
def conditional_cast(x):
    if kind_of(x) == "float":
        pass
    return x
