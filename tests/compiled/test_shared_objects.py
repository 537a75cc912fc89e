"""Objects in lists that grow, and under more than one name: what compiles agrees, what would be a copy is refused."""

import math
from dataclasses import dataclass

import numpy as np
import pytest

import pullback as pb

from .test_programs import numbers_of

pytest.importorskip("numba")


@dataclass
class Vec:
    x: float
    y: float

    def norm(self):
        return math.hypot(self.x, self.y)

    def __add__(self, other):
        return Vec(self.x + other.x, self.y + other.y)


@dataclass
class Body:
    pos: Vec
    m: float
    tag: int = 0
    name: str = "b"


def grown(x, n):
    vs = []
    for i in range(n):
        vs.append(Vec(x * i, x + i))
    t = 0.0
    for v in vs:
        t += v.norm()
    return t + vs[-1].x * len(vs)


def nested(x, n):
    bs = [Body(Vec(x * i, 1.0), x + i, i) for i in range(n)]
    for step in range(3):
        new = []
        for i, b in enumerate(bs):
            f = Vec(0.0, 0.0)
            for j, c in enumerate(bs):
                if i != j:
                    f = f + Vec(c.m * (c.pos.x - b.pos.x), c.tag * 0.1)
            new.append(Body(b.pos + Vec(0.01 * f.x, 0.01 * f.y), b.m * x, b.tag))
        bs = new
    return sum([b.pos.norm() * b.m for b in bs])


def stored(x, n):
    vs = [Vec(x, 1.0) for _ in range(n)]
    for i in range(1, n):
        vs[i] = Vec(vs[i - 1].x * x, vs[i - 1].y + x)
    best = max(vs, key=lambda v: v.x)
    vs.sort(key=lambda v: -v.y)
    return best.x * vs[0].y + vs.pop().x


def mutated_before(x, n):
    vs = []
    for i in range(n):
        v = Vec(x, 0.0)
        v.y = x * i
        vs.append(v)
    return sum([v.norm() for v in vs])


def mutated_after(x, n):
    vs = []
    for i in range(n):
        v = Vec(x, 0.0)
        vs.append(v)
        v.y = x * i
    return sum([v.norm() for v in vs])


def same_object(x, n):
    vs = []
    v = Vec(x, 0.0)
    for i in range(n):
        v.x = v.x + x
        vs.append(v)
    return sum([v.norm() for v in vs])


def mutated_through(x, n):
    vs = [Vec(x * i, 1.0) for i in range(n)]
    for v in vs:
        v.x = v.x * 2
    return sum([v.norm() for v in vs])


def mutated_inner(x, n):
    bs = [Body(Vec(x * i, 1.0), x) for i in range(n)]
    for b in bs:
        b.pos.x = b.pos.x * 2
    return sum([b.pos.norm() for b in bs])


def mutated_inner_outside(x, n):
    p = Vec(x, 1.0)
    bs = []
    for i in range(n):
        bs.append(Body(p, x * i))
        p.x = p.x * 1.5
    return sum([b.pos.norm() * b.m for b in bs])


def mutated_later(x, n):
    v = Vec(x, 1.0)
    vs = []
    for i in range(n):
        vs.append(v)
    v.x = 3 * x
    return sum([w.norm() for w in vs])


def mutated_alias(x, n):
    v = Vec(x, 1.0)
    w = v
    vs = []
    for i in range(n):
        vs.append(w)
    v.x = 3 * x
    return sum([w.norm() for w in vs])


def identity(x, n):
    v = Vec(x, 1.0)
    vs = []
    for i in range(n):
        vs.append(v)
    return x * 2 if vs[0] is v else x


def inner_alias(x, n):
    p = Vec(x, 1.0)
    b = Body(p, x)
    bs = []
    for i in range(n):
        bs.append(b)
    p.x = 9.0 * x
    return sum([b.pos.norm() for b in bs])


def loop_alias(x, n):
    p = Vec(x, 0.0)
    q = Vec(2 * x, 0.0)
    for i in range(n):
        p.x = p.x * 2
        p = q
    return p.x + q.x * 10


def branch_alias(x, n):
    p = Vec(x, 0.0)
    q = Vec(2 * x, 0.0)
    if n > 2:
        r = p
    else:
        r = q
    r.x = 5 * x * x
    return p.x + q.x * 10


def branch_tuple_alias(x, n):
    p = Vec(x, 0.0)
    q = Vec(2 * x, 0.0)
    if n > 2:
        r = (p, x)
    else:
        r = (q, x)
    r[0].x = 5 * x * x
    return p.x + q.x * 10


def branch_field_alias(x, n):
    p = Vec(x, 0.0)
    q = Vec(2 * x, 0.0)
    if n > 2:
        r = Body(p, x)
    else:
        r = Body(q, x)
    r.pos.x = 5 * x * x
    return p.x + q.x * 10


def loop_field_alias(x, n):
    q = Vec(2 * x, 0.0)
    r = Body(Vec(x, 1.0), x)
    for i in range(n):
        r.pos.x = r.pos.x * 2
        r = Body(q, x)
    return r.pos.x + q.x * 10


def loop_tuple_alias(x, n):
    q = Vec(2 * x, 0.0)
    r = (Vec(x, 1.0), 1.0)
    for i in range(n):
        r[0].x = r[0].x * 2
        r = (q, 2.0)
    return r[0].x + q.x * 10


def taken_branch(x, n):
    vs = [Vec(x * i, 1.0) for i in range(n)]
    if n > 3:
        b = vs[0]
    else:
        b = vs[1]
    b.x = 7 * x
    return sum([v.norm() for v in vs])


def taken_loop(x, n):
    vs = [Vec(x * i, 1.0) for i in range(n)]
    b = Vec(0.0, 0.0)
    for i in range(n):
        b.x = b.x + x
        b = vs[i]
    return sum([v.norm() for v in vs]) + b.x


def best_of(x, n):
    vs = [Vec(x * i, 1.0) for i in range(n)]
    b = vs[0]
    for v in vs:
        if v.x > b.x:
            b = v
    return b.norm() * x


def taken_while(x, n):
    vs = [Vec(x * i, 1.0) for i in range(n)]
    t = 0.0
    while vs:
        v = vs.pop()
        t = 0.5 * t + v.norm()
    return t


def sim_ok(x, n):
    b = Body(Vec(x, 1.0), x)
    for i in range(n):
        b = Body(Vec(b.pos.x + b.m, b.pos.y * x), b.m)
        b.pos.x = b.pos.x * 2
        b.m = b.m + 1.0
    return b.pos.x * b.m


def branch_ok(x, n):
    if n > 2:
        r = Body(Vec(x, 1.0), x)
    else:
        r = Body(Vec(0.0, x), x)
    r.pos.x = r.pos.x * 5
    r.m = 2 * x
    return r.pos.x * r.m + r.pos.y


def method_ok(x, n):
    b = Body(Vec(x, 1.0), x)
    for i in range(n):
        b.pos.x += b.m * 0.1
        b.pos = b.pos + Vec(x, x)
        if b.pos.x > 2.0:
            b.m = b.m * 0.5
    return b.pos.x * b.m


def stale_read(x, n):
    q = Vec(x, 1.0)
    p = Vec(0.0, 0.0)
    t = 0.0
    for i in range(n):
        q.x = q.x + 1
        t += p.x
        p = q
    return t


def dict_alias(x, n):
    d = {'a': x}
    e = {'a': 2 * x}
    for i in range(n):
        d['a'] = d['a'] * 2
        d = e
    return d['a'] + e['a'] * 10


def list_alias(x, n):
    d = [x, x]
    e = [2 * x, x]
    for i in range(n):
        d[0] = d[0] * 2
        d = e
    return d[0] + e[0] * 10


def field_list_alias(x, n):
    e = [2 * x, x]
    if n > 2:
        r = (e, 1.0)
    else:
        r = ([x, x], 1.0)
    r[0][0] = 9 * x
    return e[0] * 10 + r[0][0]


AGREE = [grown, nested, stored, mutated_before, best_of, taken_while, sim_ok, branch_ok, method_ok]
REFUSED = [
    mutated_after, same_object, mutated_through, mutated_inner, mutated_inner_outside, mutated_later,
    mutated_alias, identity, inner_alias, loop_alias, branch_alias, branch_tuple_alias,
    branch_field_alias, loop_field_alias, loop_tuple_alias, taken_branch, taken_loop, stale_read,
    dict_alias, list_alias, field_list_alias,
]  # fmt: skip


@pytest.mark.parametrize("f", AGREE, ids=lambda f: f.__name__)
def test_agrees(f):
    expected = pb.value_with_gradient(f)(1.5, 5)
    got = pb.jit(pb.value_with_gradient(f))(1.5, 5)
    np.testing.assert_allclose(numbers_of(got), numbers_of(expected), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("f", REFUSED, ids=lambda f: f.__name__)
def test_refused(f):
    with pytest.raises(pb.DifferentiabilityError, match="not compiled"):
        pb.jit(f)(1.5, 5)
