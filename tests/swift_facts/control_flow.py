"""Conditions, guards, recursion, choices by type."""

from dataclasses import dataclass
from enum import Enum

from .registry import fact


@fact(4.0, gradient=8.0)
@fact(-10.0, gradient=2.0)
def early_return(x):
    if x > 0:
        return x * x
    return x + x


@fact(4.0, gradient=8.0)
@fact(-10.0, gradient=2.0)
@fact(-1337.0, gradient=0.0, differences=False)
def three_ways(x):
    if x > 0:
        y = x * x
    elif x == -1337:
        y = 0.0
    else:
        y = x + x
    return y


@fact(4.0, gradient=8.0)
@fact(-10.0, gradient=2.0)
@fact(-1337.0, gradient=0.0, differences=False)
def three_ways_with_dummies(x):
    y = x
    if x > 0:
        y = y * x
    elif x == -1337:
        y = x
        y = x
        y = 0.0
    else:
        y = x + y
    return y


@fact(4.0, 5.0, gradient=(5.0, 4.0))
@fact(-3.0, -2.0, gradient=(-1.0, 1.0))
def two_arguments(x, y):
    if x > 0:
        return x * y
    return y - x


@fact(3.0, value=9.0, gradient=6.0)
def constant_conditions(x):
    outer = x
    if 1 == 1:
        inner = outer
        inner = inner * x
        if 1 == 0:
            return outer
        outer = inner
    return outer


@fact(4.0, value=8.0, gradient=2.0)
@fact(-10.0, value=-20.0, gradient=2.0)
@fact(-1337.0, value=-2674.0, gradient=2.0)
def tuples(x):
    y = (x, x)
    if x > 0:
        return y[0] + y[1]
    return y[0] + y[0] - y[1] + y[0]


@fact(4.0, value=8.0, gradient=2.0)
@fact(-10.0, value=-20.0, gradient=2.0)
def tuples_taken_apart(x):
    y = (x, x)
    y0 = y[0]
    if x > 0:
        y1 = y[1]
        return y0 + y1
    doubled = y0 + y[0]
    y1 = y[1]
    return doubled - y1 + y[0]


@fact(4.0, value=8.0, gradient=2.0)
@fact(-10.0, value=-20.0, gradient=2.0)
def tuples_made_anew(x):
    y = (x, x)
    z = (x + x, x - x)
    if x > 0:
        w = (x, x)
        y = (w[1], w[0])
        z = (z[0] - y[0], z[1] + y[0])
    else:
        z = (x, x)
    return y[0] + y[1] - z[0] + z[1]


@fact(4.0, value=8.0, gradient=2.0)
@fact(-10.0, value=-20.0, gradient=2.0)
def nested_tuples_made_anew(x):
    y = (x + x, x - x)
    z = (y, x)
    if x > 0:
        w = (x, x)
        y = (w[1], w[0])
        z = ((z[0][0] - y[0], z[0][1] + y[0]), z[1])
    else:
        z = ((y[0] - x, y[1] + x), x)
    return y[0] + y[1] - z[0][0] + z[0][1]


@dataclass
class Pair:
    first: float
    second: float


@fact(4.0, value=8.0, gradient=2.0)
@fact(-10.0, value=-20.0, gradient=2.0)
def structs(x):
    y = Pair(x, x)
    if x > 0:
        return y.first + y.second
    return y.first + y.first - y.second + y.first


@fact(4.0, 5.0, gradient=(0.0, 10.0))
@fact(-3.0, -2.0, gradient=(-6.0, 0.0))
def guard(x, y):
    if not x > 0:
        return x * x
    return y * y


@fact(4.0, 5.0, gradient=(0.0, 10.0))
@fact(-1337.0, 5.0, gradient=(5.0, -1337.0))
@fact(-1337.0, -5.0, gradient=(-2674.0, 0.0), differences=False)
@fact(-3.0, 2.0, gradient=(2.0, -3.0))
def nested_guards(x, y):
    if not x > 0:
        if y > 0:
            return x * y
        elif x == -1337:
            return x * x
        return 0.0
    return y * y


@fact(4.0, 5.0, gradient=(0.0, 10.0))
@fact(-1337.0, 5.0, gradient=(5.0, -1337.0))
@fact(-1337.0, -5.0, gradient=(-2674.0, 0.0), differences=False)
@fact(-3.0, 2.0, gradient=(2.0, -3.0))
def nested_guards_with_a_name(x, y):
    z = y
    if not x > 0:
        if y > 0:
            z = z * x
        elif x == -1337:
            z = x
            z = z * z
        else:
            z = 0.0
        return z
    return z * y


@fact(2.0, gradient=4.0)
@fact(-3.0, gradient=-6.0)
def empty_arm(x):
    if x > 0:
        pass
    return x * x


@fact(4.0, 5.0, gradient=(1.0, 0.0))
@fact(-4.0, 5.0, gradient=(0.0, 1.0))
def one_of_two(x, y):
    if x > 0:
        return x
    return y


@fact(11.0, gradient=23.0)
@fact(4.0, gradient=8.0)
@fact(-10.0, gradient=20.0)
def nested_conditions(x):
    if x > 0:
        if x > 10:
            return x * x + x
        else:
            return x * x
    return x * -x


@fact(4.0, 20.0, gradient=(20.0, 4.0))
@fact(4.0, 5.0, gradient=(1.0, 1.0))
@fact(-3.0, -2.0, gradient=(0.0, -1.0))
def nested_conditions_of_two(x, y):
    if x > 0:
        if y > 10:
            return x * y
        else:
            return x + y
    return -y


@fact(4.0, 20.0, gradient=(40.0, 8.0), differences=False)
@fact(4.0, 21.0, gradient=(0.0, -1.0))
@fact(4.0, 5.0, gradient=(1.0, 1.0))
@fact(-3.0, -2.0, gradient=(0.0, -1.0))
def nested_three_deep(x, y):
    w = y
    if x > 0:
        if y > 10:
            z = x * w
            if z > 100:
                z = x + z
                return z
            elif y == 20:
                z = z + z
                return z
        else:
            w = x + w
            return w
    w = -w
    return w


@fact(2.0, gradient=1.0, differences=False)
@fact(3.0, gradient=5.0, differences=False)
@fact(4.0, gradient=26.0, differences=False)
@fact(5.0, gradient=154.0, differences=False)
def factorial(x):
    if x == 1:
        return 1.0
    return x * factorial(x - 1)


@fact(4.0, gradient=26.0, differences=False)
def factorial_with_a_name(x):
    y = 1.0
    if x == 1:
        y = 1.0
    else:
        y = x
        y = y * factorial_with_a_name(y - 1)
    return y


@fact(10.0, 3, gradient=300.0)
@fact(-10.0, 2, gradient=-20.0)
@fact(100.0, 1, gradient=1.0)
def recursive_product(x, count):
    assert count > 0
    if count == 1:
        return x
    return x * recursive_product(x, count - 1)


class Kind(Enum):
    A = 1
    B = 2


@fact(4.0, Kind.A, value=8.0, gradient=2.0)
@fact(10.0, Kind.B, value=20.0, gradient=2.0)
@fact(-10.0, Kind.A, value=-20.0, gradient=2.0)
@fact(-1337.0, Kind.B, value=-2674.0, gradient=2.0)
def enums(x, e):
    y = x
    if x > 0:
        z = y + y
        match e:
            case Kind.A:
                z = z - y
            case Kind.B:
                y = y + x
        w = y
        if e is Kind.A:
            w = w + z
        return w
    elif e is Kind.B:
        return y + y
    return x + y


@dataclass
class CaseA:
    a: float


@dataclass
class CaseB:
    b1: float
    b2: float


@fact(2.0, CaseA(10.0), wrt=0, gradient=10.0)
@fact(2.0, CaseB(4.0, 5.0), wrt=0, gradient=20.0)
def union_of_classes(x, e):
    if isinstance(e, CaseA):
        return x * e.a
    return x * e.b1 * e.b2


@fact(2.0, CaseA(10.0), gradient=(10.0, {"a": 2.0}))
@fact(2.0, CaseB(4.0, 5.0), gradient=(20.0, {"b1": 10.0, "b2": 8.0}))
def union_by_match(x, e):
    match e:
        case CaseA(a=a):
            y = x * a
        case CaseB(b1=b1, b2=b2):
            y = x * b1 * b2
    return y


@fact(3.0, int, value=6.0, gradient=2.0)
@fact(3.0, float, value=9.0, gradient=6.0)
def by_a_type(x, kind):
    if kind is int:
        return x + x
    return x * x


@fact(3.0, True, gradient=6.0)
@fact(3.0, False, gradient=2.0)
def short_circuits(x, flag):
    if (flag and flag) or flag:
        return x * x
    return x + x


@fact(2.0, 3.0, gradient=(3.0, 2.0))
@fact(-2.0, 3.0, gradient=(0.0, 1.0))
def conditional_expression(x, y):
    return x * y if x > 0 else y
