"""Generator functions: drawn from in loops, by builtins, by other generators, to the end or not."""

import itertools
import math
from dataclasses import dataclass

from .cases import case


def powers(x, n):
    y = x
    for _ in range(n):
        yield y
        y = y * x


class Tree:
    def __init__(self, v, l=None, r=None):
        self.v = v
        self.l = l
        self.r = r

    def __iter__(self):
        if self.l:
            yield from self.l
        yield self.v
        if self.r:
            yield from self.r


@dataclass
class Poly:
    c: list

    def __call__(self, x):
        y = 0.0
        for a in reversed(self.c):
            y = y * x + a
        return y

    def __getitem__(self, i):
        return self.c[i]

    def __iter__(self):
        for a in self.c:
            yield a

    def __len__(self):
        return len(self.c)

    def __contains__(self, v):
        return v in self.c


@case(1.3)
def gen_for(x):
    t = 0.0
    for v in powers(x, 4):
        t = t + v * v
    return t


@case(1.3)
def gen_sum(x):
    return sum(powers(x, 4))


@case(1.3)
def gen_list(x):
    l = list(powers(x, 4))
    return l[0] * l[3]


@case(1.3)
def gen_tuple(x):
    return tuple(powers(x, 3))


@case(1.3)
def gen_max(x):
    return max(powers(x, 4))


@case(1.3)
def gen_zip(x):
    return sum(a * b for a, b in zip(powers(x, 4), [1.0, 2.0, 3.0, 4.0]))


@case(1.3)
def gen_enumerate(x):
    t = 0.0
    for i, v in enumerate(powers(x, 3)):
        t += i * v
    return t


@case(1.3)
def gen_next(x):
    g = powers(x, 3)
    a = next(g)
    b = next(g)
    return a * b


@case(1.3)
def gen_comp(x):
    return sum([v * v for v in powers(x, 3) if v > 1.5])


@case(1.3)
def gen_unpack(x):
    a, b, c = powers(x, 3)
    return a * b - c


@case(1.3)
def gen_star(x):
    return max(*powers(x, 3))


@case(1.3)
def gen_local(x):
    def g():
        yield x
        yield x * x
        yield 3.0

    return sum(g())


@case(1.3)
def gen_yield_from(x):
    def g():
        yield from powers(x, 2)
        yield from [x * 5, 2.0]

    return sum(v * v for v in g())


@case(1.3)
def gen_break(x):
    def count():
        y = x
        while True:
            yield y
            y = y * x

    t = 0.0
    for v in count():
        if v > 5:
            break
        t = t + v
    return t


@case(1.3)
def gen_break_finite(x):
    t = 0.0
    for v in powers(x, 10):
        if v > 2:
            break
        t += v
    return t


@case(1.3)
def gen_conditional(x):
    def g(n):
        for i in range(n):
            if i % 2:
                yield x * i
            else:
                yield x + i
                continue
        return

    return sum(g(5))


@case(1.3)
def gen_method_constant_tree(x):
    t = Tree(1.0, Tree(2.0), Tree(3.0))
    return sum(v * x for v in t)


@case(Poly([1.0, 2.0, 3.0]))
def poly_iter(p):
    return sum(a * a for a in p) + sum(p)


@case(1.5)
def gen_in_loop(x):
    def mean(it):
        t = 0.0
        n = 0
        for v in it:
            t += v
            n += 1
        return t / n

    y = x
    t = 0.0
    for i in range(3):
        y = y * x
        t = t + mean(v * y for v in [1.0, 2.0])
    return t


@case([1.0, 2.0, 0.0])
def lazy_no_raise(xs):
    return next(1.0 / v for v in xs) * xs[1]


@case([1.0, 2.0, 3.0, 4.0])
def gen_infinite_zip(xs):
    def scale(k):
        while True:
            yield k
            k = k * xs[0] * 1.1

    return sum(a * b for a, b in zip(xs, scale(xs[1])))


@case(1.5)
def fib(x):
    def f():
        a, b = x, x * x
        while True:
            yield a
            a, b = b, a + b

    t = 0.0
    for i, v in zip(range(6), f()):
        t += v * i
    return t


@case(1.5)
def gen_args(x):
    def f(n, *, k=2.0, **kw):
        for i in range(n):
            yield k * i * x

    return sum(f(3, k=x)) + max(f(n=2))


@case([1.0, 2.0, 3.0, 4.0])
def windows(xs):
    def sliding(seq, n):
        for i in range(len(seq) - n + 1):
            yield seq[i : i + n]

    return sum(max(w) * w[0] for w in sliding(xs, 2))


@case([1.0, [2.0, [3.0, 4.0]], 5.0])
def flatten(t):
    def flat(l):
        for e in l:
            if isinstance(e, list):
                yield from flat(e)
            else:
                yield e

    return sum(v * i for i, v in enumerate(flat(t)))


@case([1.0, 2.0, 3.0, 4.0])
def pipeline(xs):
    def squares(it):
        for v in it:
            yield v * v

    def evens(it):
        for i, v in enumerate(it):
            if i % 2 == 0:
                yield v

    return sum(evens(squares(xs)))


@case([1.0, 2.0, 3.0])
def gen_with_state(xs):
    def running(it):
        total = 0.0
        for i, v in enumerate(it, 1):
            total = total + v
            yield total / i

    return sum(v * v for v in running(xs))


@case(1.3)
def gen_tuple_items(x):
    def traj(n):
        p, v = 0.0, x
        for _ in range(n):
            p = p + 0.1 * v
            v = v - 0.1 * p
            yield p, v

    e = 0.0
    for p, v in traj(5):
        e = e + p * p + v * v
    return e


@case(1.3)
def gen_last(x):
    def it():
        y = x
        for _ in range(5):
            y = math.cos(y)
            yield y

    *_, last = it()
    return last


@case(1.3)
def gen_empty(x):
    def g():
        return
        yield x

    return sum(g()) + x


@case(1.3)
def gen_not_drawn(x):
    def g():
        yield x

    unused = g()
    return x * x if unused else x


@case(1.5)
def gen_send_none(x):
    def g():
        for i in range(3):
            yield x * i

    it = g()
    next(it)
    return sum(it)


@case(1.5)
def gen_two_live(x):
    def g(k):
        y = x
        while True:
            y = y * k
            yield y

    a, b = g(1.1), g(0.5)
    t = 0.0
    for i in range(4):
        t = t + next(a) * next(b)
    return t


@case([1.0, 2.0, 3.0])
def gen_param_array(xs):
    def diffs(s):
        prev = None
        for v in s:
            if prev is not None:
                yield v - prev
            prev = v

    return sum(d * d for d in diffs(xs))


@case([3.0, 1.0, 2.0])
def enumerate_gen(xs):
    t = 0.0
    for i, (a, b) in enumerate(zip(xs, xs[1:])):
        t += i * a * b
    return t


@case([3.0, 1.0, 2.0])
def zip_unequal(xs):
    def g():
        for v in xs:
            yield v * v

    return sum(a * b for a, b in zip(range(2), g())) + sum(a * b for a, b in zip(g(), range(2)))


@case([3.0, 1.0, 2.0])
def islice_gen(xs):
    def g():
        i = 0
        while True:
            yield xs[i % 3] * i
            i += 1

    return sum(itertools.islice(g(), 2, 7))


@case(1.5)
def nested_gen_closure(x):
    def outer(k):
        def inner():
            for i in range(3):
                yield i * k * x

        return inner

    return sum(outer(x)()) + max(outer(2.0)())


@case(1.2)
def for_over_range_float_gen(x):
    def linspace(a, b, n):
        h = (b - a) / (n - 1)
        for i in range(n):
            yield a + i * h

    return sum(math.sin(t) * x for t in linspace(0.0, x, 5))


@case(0.7)
def default_factory_gen(x):
    def grid(lo, hi, n=4):
        step = (hi - lo) / n
        return (lo + step * (i + 0.5) for i in range(n)), step

    pts, h = grid(0.0, x)
    return sum(math.exp(p) * h for p in pts)


@dataclass
class Acc:
    rate: float

    def stream(self, xs):
        m = 0.0
        for v in xs:
            m = m + self.rate * (v - m)
            yield m


@case(Acc(0.3), [1.0, 2.0, 3.0])
def method_generator(a, xs):
    return sum(v * v for v in a.stream(xs)) + max(a.stream(xs[:2]))


@case(Acc(0.3), [1.0, 2.0, 3.0])
def last_of_method_generator(a, xs):
    for v in a.stream(xs):
        pass
    return v * v


@case([1.0, 2.0, 3.0])
def gen_as_argument(xs):
    def mean_of(it):
        items = list(it)
        return sum(items) / len(items)

    return mean_of(v * v for v in xs) * mean_of(math.sin(v) for v in xs if v > 1.5)


@case([1.0, 2.0, 3.0])
def gen_returned(xs):
    def evens(it):
        return (v for i, v in enumerate(it) if i % 2 == 0)

    return sum(evens(v * v for v in xs))


@case(1.3)
def match_in_gen(x):
    def ops():
        for op in ("up", "down", "skip", "up"):
            match op:
                case "up":
                    yield x
                case "down":
                    yield -x * x
                case _:
                    continue

    return sum(v * i for i, v in enumerate(ops()))


@case(1.3)
def try_in_gen(x):
    def safe(vals):
        for v in vals:
            try:
                yield math.sqrt(v * x)
            except ValueError:
                yield v * x * x

    return sum(safe([1.0, -1.0, 2.0]))


@case(1.3)
def gen_early_stop_try(x):
    def g():
        y = x
        while True:
            try:
                yield y
                y = y * x
            finally:
                y = y + 0.1

    t = 0.0
    for v in g():
        if v > 4:
            break
        t += v * v
    return t
