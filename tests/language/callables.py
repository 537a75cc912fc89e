"""Functions known at run time only, drawn from a list: built-in ones of objects, of `operator`, and partials."""

import functools
import itertools
import math
import operator
from dataclasses import asdict, astuple, dataclass, replace
from types import MethodType

from .cases import case


@dataclass
class Num:
    v: float
    w: float = 1.0

    def __int__(self):
        return int(self.v * 3.0)

    def __floor__(self):
        return math.floor(self.v * 5.0)

    def __ceil__(self):
        return math.ceil(self.v * 7.0)

    def __trunc__(self):
        return math.trunc(self.v * 9.0)

    def __round__(self, digits=None):
        return self.v * 11.0 if digits is None else self.v * digits

    def __abs__(self):
        return Num(abs(self.v), self.w)

    def __float__(self):
        return self.v * self.v

    def __divmod__(self, other):
        return self.v / float(other), self.w * float(other)

    def __rdivmod__(self, other):
        return other / self.v, self.w * other

    def __pow__(self, n):
        return self.v**n * self.w

    def __rpow__(self, n):
        return n**self.v * self.w

    def __neg__(self):
        return Num(-self.v, self.w * 2.0)

    def __sub__(self, other):
        return Num(self.v - other.v, self.w * other.w)

    def __lt__(self, other):
        return self.v < other.v

    def __le__(self, other):
        return self.v <= other.v

    def __gt__(self, other):
        return self.v > other.v

    def __ge__(self, other):
        return self.v >= other.v

    def __eq__(self, other):
        return self.v == other.v

    def __ne__(self, other):
        return self.v != other.v

    def __hash__(self):
        return 7

    def scaled(self, by=1.0, *, shift=0.0):
        return self.v * by + self.w * shift


@dataclass
class Floating:
    v: float

    def __float__(self):
        return self.v * 1.5


@dataclass
class Outer:
    inner: Num
    k: float


@case(2.63, 1.71)
def conversions_to_whole_numbers(x, y):
    t = y
    for f in (int, math.floor, math.ceil, math.trunc):
        t = t * 1.1 + f(Num(x)) * y
    for f in (math.floor, math.ceil):
        t = t * 1.1 + f(Floating(x)) * y * y
    return t


@case(2.6, 1.7)
def conversions_that_vary(x, y):
    t = y
    for f in (float, round, lambda n: round(n, 2), lambda n: abs(n).w):
        t = t * 1.1 + f(Num(x, y)) * y
    return t


@case(2.6, 1.7)
def both_operands_of_divmod(x, y):
    t = 0.0
    for f in (divmod, lambda a, b: divmod(b, a)):
        a, b = f(x, Num(y, x))
        t += a * y + b * b
    a, b = divmod(Num(x, y), y)
    return t + a * a * b


@case(2.6, 1.7)
def both_operands_of_powers(x, y):
    t = 0.0
    for f in (pow, lambda a, b: a**b):
        t += f(x, Num(y, x)) * y + f(Num(x, y), y) + f(x, y)
    return t


@case(2.6, 1.7)
def operators_of_objects(x, y):
    t = operator.pow(Num(x, y), y)
    for f in (operator.sub, lambda a, b: b - a):
        d = f(Num(x, y), Num(y, x))
        t += d.v * x + d.w
    for f in (operator.neg, abs, operator.abs):
        t = t * 1.5 + f(Num(x, y)).v * f(Num(x, y)).w
    return t


@case(2.6, 1.7)
def comparisons_of_objects(x, y):
    a, b, t = Num(x), Num(y), 0.0
    for k, f in enumerate((operator.lt, operator.ge, operator.ne)):
        t = t * 1.3 + (x if f(a, b) else y) * (k + 1.0) + x * f(b, a)
    return t


@case(2.6, 1.7)
def getters_and_callers(x, y):
    n, t = Num(x, y), 0.0
    for f in (
        operator.methodcaller("scaled"), operator.methodcaller("scaled", 3.0),
        operator.methodcaller("scaled", 2.0, shift=5.0), operator.methodcaller("scaled", by=4.0, shift=0.5),
        operator.attrgetter("v"), lambda n: operator.attrgetter("v", "w")(n)[1],
        lambda n: operator.attrgetter("inner.w", "k", "inner.v")(Outer(n, n.v * y))[1],
        lambda n: operator.attrgetter("inner.w")(Outer(n, n.v)),
        lambda n: operator.itemgetter(-1)([n.v, n.w]), lambda n: operator.itemgetter("b", "a")({"a": n.v, "b": n.w})[0],
    ):  # fmt: skip
        t = t * 1.1 + f(n) * y
    return t


@case(2.6, 1.7)
def operators_in_place(x, y):
    t = x
    for f in (
        operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ipow, operator.imod,
        operator.ifloordiv, operator.iadd,
    ):  # fmt: skip
        t = f(t, y) + x * y
    n = 6
    for f in (operator.iand, operator.ior, operator.ixor, operator.ilshift, operator.irshift):
        n = f(n, 3) + 4
        t += n * x
    return t


@case([2.6, 1.7, 0.4], 1.2)
def items_by_functions(xs, y):
    zs, t = [v * y for v in xs], 0.0
    for f, args in ((operator.setitem, (1, y * y)), (operator.getitem, (0,)), (operator.delitem, (2,))):
        found = f(zs, *args)
        t += 0.0 if found is None else found * y
    for f in (operator.iadd, operator.iconcat):
        zs = f(zs, [xs[0], y])
    return t + sum([v * v for v in zs]) * len(zs)


@case(2.6, 1.7, 0.4)
def partials_of_partials(x, y, z):
    def f(a, b, c=1.0, *, d=0.0):
        return a * b * b + c * a + d * b * c

    once = functools.partial(f, x, d=y)
    twice = functools.partial(once, z, c=x * y)
    again = functools.partial(twice, d=z * z)
    return once(y) + once(y, z, d=x) * twice() + again(c=z) * again() + functools.partial(once, d=x * z)(z)


@case(2.6, 1.7)
def partials_of_methods(x, y):
    n = Num(x, y)
    fs = [functools.partial(n.scaled, y), functools.partial(Num.scaled, n, shift=x), MethodType(Num.scaled, n)]
    return sum([f() * (k + 1.0) for k, f in enumerate(fs)]) + fs[1](y, shift=y)


@case([2.6, 1.7, 0.4], 1.2)
def next_of_iterators(xs, y):
    plain, other = iter([3.0, 2.0]), iter(xs)
    t = y * next(plain) + y * y * next(plain, 5.0) + next(plain, y) * next(other)
    for f in (next, lambda it: next(it, y * y * y)):
        t = t * 1.5 + f(other) * y
    return t + next(other, y) * next(iter([]), xs[0]) * next(itertools.count(4)) * y


@case([2.6, 1.7, 0.4], 1.2)
def draws_from_what_was_begun(xs, y):
    it = iter(xs)
    first = next(it)
    rest = list(it)
    again = iter(iter(xs))
    return first * rest[0] * y + sum(rest) * next(again) + sum(again)


@case(2.6, 1.7)
def replaced_fields(x, y):
    n = Num(x, y)
    m = replace(n, w=x * y)
    k = replace(m, v=m.w, w=n.w)
    return k.v * k.w + m.v * m.w * replace(k).v


@case([2.6, 1.7, 0.4], 1.2)
def folds_known_at_run_time(xs, y):
    t = 0.0
    for f in (operator.mul, operator.add, max, min, math.hypot, lambda a, b: a * b + y):
        t = t * 1.1 + functools.reduce(f, xs) * y + functools.reduce(f, xs, y) + list(itertools.accumulate(xs, f))[-1]
    return t


@case([2.6, 1.7, 0.4], 1.2)
def collections_known_at_run_time(xs, y):
    t = 0.0
    for f in (list, tuple, sorted, reversed, iter, lambda v: map(lambda u: u * y, v), lambda v: filter(None, v)):
        a, b, c = list(f(xs))
        t = t * 1.1 + a * b + c * c * y
    for g in (sum, max, min, math.prod, math.fsum, lambda v: max(v, default=y), lambda v: sum(v, y)):
        t = t * 1.1 + g(xs) * y
    for h in (enumerate, lambda v: zip(v, v), lambda v: itertools.pairwise(v), lambda v: itertools.combinations(v, 2)):
        for a, b in h(xs):
            t = t * 1.1 + a * b * y
    return t


@case(2.6, 1.7)
def defaults_that_vary(x, y):
    d, n = {"a": x}, Num(x, y)
    t = d.get("a", y) * y + d.get("b", y) * x + d.get("b", x * y) * y
    t += getattr(n, "v", y) * y + getattr(n, "none", x * y) * y + max([], default=x * y) * x
    for f in (dict.get, lambda e, k, v: e.get(k, v), lambda e, k, v: e.pop(k, v), lambda e, k, v: e.setdefault(k, v)):
        t = t * 1.1 + f({"a": x}, "a", y) * y + f({"a": x}, "b", y * y) * x
    return t


@case(2.6, 1.7, 0.4)
def partials_of_several_arguments(x, y, z):
    def f(a, b, c, d=2.0):
        return a * b * b * c * d + c * a

    two = functools.partial(f, x, y)
    three = functools.partial(two, z, d=x)
    return two(z) * three() + functools.partial(functools.partial(f, z), x, y)() + two(c=x, d=z)


@dataclass
class Holder:
    items: list
    table: dict
    pair: tuple


@case(2.6, 1.7)
def fields_of_what_is_nested(x, y):
    held = Holder([Num(x, y), y * y], {"k": Num(y, x * y), "x": x}, (Num(x * x), y))
    d, t = asdict(held), astuple(held)
    total = d["items"][0]["v"] * d["items"][1] + d["table"]["k"]["w"] * d["table"]["x"] + d["pair"][0]["v"]
    return total + t[0][0][1] * t[1]["k"][0] + t[2][0][0] * t[2][1]
