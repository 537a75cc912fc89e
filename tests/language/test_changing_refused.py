"""What is drawn from while it changes, or left half-changed by an exception: an error, never a wrong number."""

from dataclasses import dataclass

import pytest

import pullback as pb

REFUSED = []


def probe(*args):
    def register(function):
        REFUSED.append((function, args))
        return function

    return register


@dataclass
class Acc:
    t: float

    def add(self, v):
        self.t = self.t + v
        if v > 3:
            raise ValueError
        self.t = self.t * v


@probe([1.0, 2.0, 4.0])
def try_method(xs):
    a = Acc(0.5)
    for v in xs:
        try:
            a.add(v)
        except ValueError:
            pass
    return a.t


@probe([1.0, 2.0, 0.0])
def try_extend(xs):
    out = []
    try:
        out.extend(1.0 / v for v in xs)
    except ZeroDivisionError:
        pass
    return sum(out)


@pytest.mark.parametrize(("function", "args"), REFUSED, ids=[f.__name__ for f, _ in REFUSED])
def test_refused(function, args):
    function(*[a.copy() if hasattr(a, "copy") else a for a in args])  # an ordinary function
    with pytest.raises(pb.DifferentiabilityError, match="changed|changes"):
        pb.gradient(function)(*args)
