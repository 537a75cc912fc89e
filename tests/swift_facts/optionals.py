"""Optionals: values that may be None, as arguments and as fields."""

from __future__ import annotations

from dataclasses import dataclass

from .registry import fact


@fact(10.0, 1.0, gradient=(20.0, 0.0))
@fact(None, 1.0, gradient=0.0)
def if_not_none(maybe, y):
    if maybe is not None:
        return maybe * maybe
    return 10.0 + 0.0 * y


@fact(10.0, 1.0, gradient=(20.0, 0.0))
@fact(None, 2.0, gradient=3.0)
def matched(maybe, y):
    match maybe:
        case None:
            result = 3.0 * y
        case x:
            result = x * x
    return result


@fact(10.0, 1.0, gradient=(20.0, 0.0))
@fact(None, 2.0, gradient=3.0)
def rebound(maybe, y):
    other = maybe
    if (x := other) is not None:
        return x * x
    return 3.0 * y


@fact(5.0, 2.0, gradient=(1.0, 1.0))
@fact(None, 2.0, gradient=1.0)
def with_a_default(maybe, y):
    return (maybe if maybe is not None else 10.0) + y


@fact(None, 2.0, gradient=2.0)
@fact(10.0, 2.0, wrt=1, gradient=10.0)
def not_active(optional, x):
    if optional is not None:
        return x * optional
    return x + x


@dataclass
class Struct:
    stored: float
    optional: float | None


@fact(Struct(3.0, 4.0), value=12.0, gradient={"stored": 4.0, "optional": 3.0})
@fact(Struct(3.0, None), value=3.0, gradient={"stored": 1.0})
def optional_field(self):
    tmp = Struct(self.stored, self.optional)
    pair = (tmp, tmp)
    s = pair[0]
    if s.optional is not None:
        return s.optional * s.stored
    return s.stored


@fact(Struct(3.0, 4.0), gradient={"stored": 0.0, "optional": 1.0})
@fact(Struct(3.0, None), gradient={"stored": 1.0})
def one_or_the_other(s):
    return s.optional if s.optional is not None else s.stored


def find(xs, limit):
    for x in xs:
        if x > limit:
            return x
    return None


@fact([1.0, 4.0, 9.0], 2.0, gradient=([0.0, 8.0, 0.0], 0.0))
@fact([1.0, 4.0, 9.0], 20.0, gradient=([0.0, 0.0, 0.0], 1.0))
def result_that_may_be_none(xs, limit):
    found = find(xs, limit)
    if found is None:
        return limit
    return found * found
