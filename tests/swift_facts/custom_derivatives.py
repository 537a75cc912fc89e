"""Derivatives that the user gives: for functions, methods, properties, constructors, subscripts."""

import math
from dataclasses import dataclass

import pullback as pb

from .registry import fact

doubled = pb.differentiable_function(lambda x: (x * 2, lambda v: v * x * 2))
multiplied = pb.differentiable_function(lambda x, y: (x * y, lambda v: (v * y, v * x)))


@fact(10.0, gradient=20.0, differences=False)
def differentiable_function_of_one(x):
    return doubled(x)


@fact(10.0, gradient=40.0, differences=False)
def differentiable_function_doubled(x):
    return doubled(x) * 2


@fact(5.0, 10.0, gradient=(10.0, 5.0))
def differentiable_function_of_two(x, y):
    return multiplied(x, y)


@fact(4.0, gradient=30.0, differences=False)
def modified_gradient_of_a_sum(x):
    return pb.with_derivative(x, lambda v: v * 10) + pb.with_derivative(x, lambda v: v * 20)


@fact(4.0, gradient=0.0, differences=False)
def without_derivative(x):
    return pb.without_derivative(math.sin(x) + math.cos(x)) + 0.0 * x


SEEN = []


@fact(4.0, gradient=48.0)
def pieces_of_the_gradient(x):
    SEEN.clear()
    note = SEEN.append
    return pb.with_derivative(x, note) * pb.with_derivative(x, note) * pb.with_derivative(x, note)


def mulxy(x, y):
    if x > 1000:
        return y
    return x * y


@pb.derivative(of=mulxy)
def mulxy_vjp(x, y):
    return mulxy(x, y), lambda v: (y * v, x * v)


@fact(2.0, gradient=3.0)
def superset_of_the_arguments(x):
    return mulxy(x, 3.0)


@fact(3.0, gradient=2.0)
def superset_nested(y):
    def calls(a, b):
        return mulxy(a, b)

    return calls(2.0, y)


def marked(x, y):
    return x


@pb.derivative(of=marked)
def marked_vjp(x, y):
    return x, lambda v: (x * v, 0.0)


@fact(2.0, gradient=2.0, differences=False)
def rule_for_more_than_is_asked(x):
    return marked(x, 3.0)


@dataclass
class Wrapper:
    value: float

    def multiply(self, x):
        return self.value * x

    @staticmethod
    def product(x, y):
        return x * y

    @property
    def computed(self):
        return self.value * self.value

    def __getitem__(self, x):
        return self.value * x


@pb.derivative(of=Wrapper.multiply)
def multiply_vjp(self, x):
    tangent = pb.zero_tangent(self)
    return self.value * x, lambda v: (type(tangent)(value=v * x * 10), v * self.value)


@pb.derivative(of=Wrapper.product)
def product_vjp(x, y):
    return x * y, lambda v: (v * y * 10, v * x)


@pb.derivative(of=Wrapper.computed)
def computed_vjp(self):
    tangent = pb.zero_tangent(self)
    return self.value * self.value, lambda v: type(tangent)(value=v * self.value * 20)


@pb.derivative(of=Wrapper.__getitem__)
def getitem_vjp(self, x):
    tangent = pb.zero_tangent(self)
    return self.value * x, lambda v: (type(tangent)(value=v * x * 10), v * self.value)


@fact(Wrapper(3.0), 2.0, gradient=({"value": 20.0}, 3.0), differences=False)
def rule_of_a_method(wrapper, x):
    return wrapper.multiply(x)


@fact(2.0, 3.0, gradient=(30.0, 2.0), differences=False)
def rule_of_a_static_method(x, y):
    return Wrapper.product(x, y)


@fact(Wrapper(3.0), gradient={"value": 60.0}, differences=False)
def rule_of_a_property(wrapper):
    return wrapper.computed


@fact(Wrapper(3.0), 2.0, gradient=({"value": 20.0}, 3.0), differences=False)
def rule_of_a_subscript(wrapper, x):
    return wrapper[x]


class Made:
    def __init__(self, x, y):
        self.value = x * y


@pb.derivative(of=Made)
def made_vjp(x, y):
    return Made(x, y), lambda v: (v.value * y * 10, v.value * x)


@fact(3.0, 4.0, gradient=(40.0, 3.0), differences=False)
def rule_of_a_constructor(x, y):
    return Made(x, y).value


class Base:
    def req(self, x):
        return x


@pb.derivative(of=Base.req, wrt="x")
def req_vjp(self, x):
    return x, lambda v: 10 * v


class Conforming(Base):
    pass


class Overriding(Base):
    def req(self, x):
        return 3 * x


@fact(0.0, gradient=10.0, differences=False)
def rule_of_an_inherited_method(x):
    return Conforming().req(x)


@fact(1.0, gradient=3.0)
def override_does_not_inherit_the_rule(x):
    return Overriding().req(x)


def clamp(x, low, high):
    return min(max(x, low), high)


@dataclass(frozen=True)
class CustomParameter:
    x: float

    def squared(self):
        return self.x * self.x


@pb.derivative(of=CustomParameter.squared)
def squared_vjp(self):
    tangent = pb.zero_tangent(self)
    return self.squared(), lambda v: type(tangent)(x=clamp(2 * self.x, -10.0, 10.0) * v)


@fact(CustomParameter(2.0), gradient={"x": 400.0})
@fact(CustomParameter(20.0), gradient={"x": 1000.0}, differences=False)
def clamped_gradient(p):
    return 100 * p.squared()


def sine_times_cosine(x):
    return math.sin(x) * math.cos(x)


@pb.derivative(of=sine_times_cosine)
def sine_times_cosine_vjp(x):
    _, pull_sin = pb.value_with_pullback(math.sin)(x)
    _, pull_cos = pb.value_with_pullback(math.cos)(x)
    return sine_times_cosine(x), lambda v: pull_sin(v) * math.cos(x) + math.sin(x) * pull_cos(v)


@fact(0.4, gradient=math.cos(0.4) ** 2 - math.sin(0.4) ** 2)
def rule_made_of_pullbacks(x):
    return sine_times_cosine(x)
