"""Iterators, generators, `match` and partials in functions that change values in place."""

import functools
import itertools

import numpy as np

from .cases import case


@case([1.0, 2.0, 4.0])
def gen_append(xs):
    def sq():
        for v in xs:
            yield v * v

    out = []
    for s in sq():
        out.append(s)
    return out[0] * out[2]


@case([1.0, 2.0, 4.0])
def zip_append(xs):
    out = []
    for a, b in zip(xs, xs[1:]):
        out.append(a * b)
    for i, v in enumerate(xs):
        out.append(i * v)
    return sum(out)


@case([1.0, 2.0, 4.0])
def map_append(xs):
    out = []
    for a in map(lambda v: v * v, xs):
        out.append(a)
    out.extend(v * 3.0 for v in xs)
    return sum(a * b for a, b in zip(out, out[1:]))


@case([[1.0, 2.0], [3.0, 4.0]])
def rows_changed(m):
    rows = [list(r) for r in m]
    for r, k in zip(rows, [2.0, 3.0]):
        r[0] = r[0] * k
    return rows[0][0] * rows[1][0] * rows[1][1]


@case([1.0, 2.0, 4.0])
def iter_queue(xs):
    it = iter(xs)
    out = [next(it)]
    for v in it:
        out.append(v * out[-1])
    return out[-1]


@case([1.0, 2.0, 4.0])
def match_append(xs):
    out = []
    for i, v in enumerate(xs):
        match i:
            case 0:
                out.append(v)
            case 1 if v > 1:
                out.append(v * v)
            case _:
                out[0] = out[0] * v
    return out[0] * out[1]


@case([1.0, 2.0, 4.0])
def partial_append(xs):
    out = []
    f = functools.partial(lambda k, v: k * v, xs[0])
    for v in xs:
        out.append(f(v))
    return sum(out)


@case([1.0, 2.0, 4.0])
def groupby_append(xs):
    out = []
    for k, g in itertools.groupby(xs, key=lambda v: v > 1.5):
        out.append(sum(g) ** 2)
    return out[0] * out[1]


@case([1.0, 2.0, 4.0])
def gen_state(xs):
    def running():
        total = [0.0]
        for v in xs:
            total.append(total[-1] + v)
            yield total[-1] * v

    return sum(running())


@case([[1.0, 2.0], [3.0, 4.0]])
def enumerate_rows(m):
    rows = [list(r) for r in m]
    for i, r in enumerate(rows):
        r.append(r[0] * r[1])
        r[0] = r[0] * 2.0
    return sum(sum(r) * r[2] for r in rows)


@case([1.0, 2.0, 4.0])
def change_between(xs):
    rows = [[x] for x in xs]
    it = iter(rows)
    a = next(it)
    rows[1][0] = rows[1][0] * 3.0
    b = next(it)
    return a[0] * b[0]


@case([1.0, 2.0, 4.0])
def reversed_rows(xs):
    rows = [[x, x * x] for x in xs]
    prev = 1.0
    for r in reversed(rows):
        r[1] = r[1] * prev
        prev = r[0]
    return sum(a * b for a, b in rows)


@case([1.0, 2.0, 4.0])
def sorted_after(xs):
    xs = list(xs)
    xs.sort(reverse=True)
    t = 0.0
    for i, x in enumerate(xs):
        t += x * 0.5**i
    xs.reverse()
    return t + xs[0] ** 2


@case([1.0, 2.0, 4.0])
def slots_in_loop(xs):
    s = list(xs)
    for _ in range(3):
        k = [a * b for a, b in zip(s, s[1:] + s[:1])]
        for i in range(3):
            s[i] += 0.1 * k[i]
    return s[0] * s[2]


@case([1.0, 2.0, 4.0])
def replace_as_drawn(xs):
    s = list(xs)
    for i, v in enumerate(s):
        s[i] = v * v
    return s[0] * s[1] + s[2]


@case(np.array([1.0, 2.0, 4.0]))
def array_in_place(a):
    a = a * 1.0
    for i, v in enumerate(a):
        a[i] = v * v
    return float(np.sum(a))


@case(1.5)
def fields_gathered_and_changed(x):
    def made(first, **others):
        others["b"] = first
        return others["a"] * others["b"] * others["b"]

    return made(x, a=x * x)
