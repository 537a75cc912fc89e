"""Comprehensions of all kinds, and generator expressions where they stand."""

import math

from .cases import case


def powers(x, n):
    y = x
    for _ in range(n):
        yield y
        y = y * x


@case(1.3)
def listcomp(x):
    return sum([x * i for i in range(4)])


@case([1.0, 2.0, 3.0])
def listcomp_if(xs):
    return sum([v * v for v in xs if v > 1.5])


@case([1.0, 2.0], [3.0, 4.0])
def nested_comp(a, b):
    return sum([p * q for p in a for q in b if p < q])


@case([[1.0, 2.0], [3.0, 4.0]])
def comp_in_comp(m):
    return sum([sum([v * v for v in row]) for row in m])


@case([[1.0, 2.0], [3.0, 4.0]])
def transpose(m):
    return sum(r[0] * r[1] for r in [[row[i] for row in m] for i in range(2)])


@case({"a": 1.0, "b": 2.0})
def dictcomp(d):
    e = {k: v * v for k, v in d.items()}
    return e["a"] * e["b"]


@case(2.0)
def setcomp_const(x):
    s = {i % 3 for i in range(10)}
    return x * len(s) + sum(s) * x


@case([1.0, 2.0, 3.0])
def genexp_sum(xs):
    return sum(v * v for v in xs)


@case([1.0, 2.0, 3.0])
def genexp_max(xs):
    return max(v * math.sin(v) for v in xs)


@case([1.0, 2.0, 3.0])
def genexp_tuple(xs):
    a, b, c = (v * v for v in xs)
    return a * b + c


@case([1.0, 2.0, 3.0])
def genexp_next(xs):
    return next(v * v for v in xs if v > 1.5)


@case([1.0, 2.0, 3.0])
def genexp_next_default(xs):
    return next((v * v for v in xs if v > 15), xs[0] * 3)


@case([1.0, 2.0, 3.0])
def genexp_for(xs):
    t = 0.0
    for v in (u * u for u in xs):
        t = t + v * t + v
    return t


@case([1.0, 2.0, 3.0])
def genexp_any(xs):
    if any(v > 2 for v in xs):
        return xs[0] * xs[1]
    return xs[2]


@case([1.0, 2.0, 3.0])
def genexp_join(xs):
    s = ",".join(f"{v:.2f}" for v in xs)
    return xs[0] * len(s)


@case(1.3)
def walrus_comp(x):
    return sum([y * y for i in range(4) if (y := x * i) > 1.0])


@case(1.3)
def walrus_cond(x):
    if (y := x * x) > 1:
        return y * x
    return y


@case(3.0)
def walrus_while(x):
    while (x := x * 0.5) > 0.4:
        pass
    return x * x


@case([1.0, 2.0, 3.0])
def star_display(a):
    b = [*a, *a[::-1], 5.0]
    t = (*b, 1.0)
    return t[0] * t[3] + t[-1]


@case([1.0, 2.0, 3.0])
def sum_of_gen_named(xs):
    g = (v * v for v in xs)
    return sum(g)


@case([1.0, 2.0, 3.0])
def genexp_nested_named(xs):
    g = (a * b for a in xs for b in xs if a < b)
    t = 0.0
    for v in g:
        t += v
    return t


@case(1.3)
def shadow(x):
    list = [x, x * x]
    a, *b = list
    return a * b[0] + sum([*list])


@case([3.0, 1.0, 2.0])
def sorted_gen(xs):
    return sorted(v * v for v in xs)[0] * min((v for v in xs), key=lambda v: -v)


@case([3.0, 1.0, 2.0])
def dict_gen(xs):
    d = dict((i, v * v) for i, v in enumerate(xs))
    e = {i: v for i, v in zip("abc", xs)}
    return d[1] * e["c"]


@case(1.5)
def genexp_shadow(x):
    v = x
    s = sum(v * w for v, w in [(1.0, x), (2.0, x)])
    return s * v
