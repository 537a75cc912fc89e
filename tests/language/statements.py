"""Statements of every kind around differentiated values."""

import enum

from .cases import case

SCALE = 1.5


TABLE = {"a": 2.0}


class Kind(enum.Enum):
    A = 1
    B = 2


@case([1.0, 2.0, 3.0])
def star_unpack(a):
    first, *rest = a
    *init, last = a
    return first * sum(rest) + sum(init) * last


@case((1.0, (2.0, [3.0, 4.0])))
def nested_unpack(t):
    a, (b, [c, *d]) = t
    return a * b * c * d[0]


@case(2.0)
def del_name(x):
    y = x * x
    z = y
    del y
    return z


@case(0.5)
def chained(x):
    if 0 < x < 1:
        return x * x
    return x


@case(1.5)
def globals_(x):
    return x * SCALE + TABLE["a"] * x * x


@case(1.5)
def bookkeeping(x):
    log = []
    seen = set()
    n = 0
    s = ""
    for i in range(3):
        x = x * 1.1
        n += 1
        log.append(f"{x:.3f}")
        seen.add(i % 2)
        s += str(i)
        print(f"step {i}: {x}")
    return x * n * len(log) * len(seen) * len(s)


@case(1.7)
def early_return(x):
    for i in range(10):
        x = x * 1.2
        if x > 3:
            return x * i
    return x


@case(1.7)
def loop_else(x):
    for i in range(3):
        if i > 5:
            break
        x = x * 1.1
    else:
        x = x * x
    while x > 100:
        x = x - 1
    else:
        x = x + 1
    return x


@case(1.7)
def condexpr(x):
    return (x if x > 1 else -x) * (0.0 if x > 5 else x)


@case(1.7)
def global_list_read(x):
    ws = [1.0, 2.0, 3.0]
    i = 0
    while i < len(ws):
        x = x + ws[i] * x
        i += 1
    return x


@case(1.7)
def ternary_chain(x):
    return x * x or 1.0


@case(1.7)
def multi_assign(x):
    a = b = x
    (c, d), e = (a, b), x * 2
    a, b = b * 2, a
    return a * b * c * d * e


@case(1.7)
def annotated(x):
    y: float = x * x
    z: float
    z = y
    return z


@case(1.7)
def import_inside(x):
    import math as m
    from math import cos

    return m.sin(x) * cos(x)


@case(1.7)
def and_or_chain(x):
    return x > 1 and x < 2 and x * x or x


@case(1.7)
def dict_dispatch_methods(x):
    d = {}
    d["n"] = 3
    d.setdefault("m", 4)
    d.update(k=5)
    return x * d["n"] * d["m"] * d["k"]
