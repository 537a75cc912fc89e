"""Functions that remember what they have returned, and local functions that are decorated; in every mode."""

import functools

import numpy as np
import pytest

X = np.array([1.3, 0.72, -0.45, 2.11])
PROGRAMS = []


def program(f):
    PROGRAMS.append(f)
    return f


def _cache(f):
    values = {}

    def g(n):
        if n not in values:
            values[n] = f(n)
        return values[n]
    return g


def _twice(f):

    def g(n):
        return 2 * f(n)
    return g


def _timed(f):
    calls = 0

    @functools.wraps(f)
    def g(*a, **k):
        nonlocal calls
        calls += 1
        return f(*a, **k) * 0.5
    return g


@program
def memo_scalars(x):
    a = x[0]
    b = x[1]

    @_cache
    def p(n):
        return a if n == 0 else b * p(n - 1)
    return p(3) * p(2)


@program
def twice_scalars(x):
    a = x[0]
    b = x[1]

    @_twice
    def p(n):
        return a if n == 0 else b * p(n - 1)
    return p(3) * p(2)


@program
def timed_scalars(x):
    a = x[0]
    b = x[1]

    @_timed
    def p(n):
        return a if n == 0 else b * p(n - 1)
    return p(3) * p(2)


@program
def twice_array(x):

    @_twice
    def p(n):
        return x[0] if n == 0 else x[1] * p(n - 1)
    return p(3) * p(2)


@program
def local_deco(x):
    a = x[0]
    b = x[1]

    def deco(f):

        def g(n):
            return f(n) * a
        return g

    @deco
    def p(n):
        return a if n == 0 else b * p(n - 1)
    return p(3) * p(2)


@program
def two_decos(x):
    a = x[0]
    b = x[1]

    @_twice
    @_cache
    def p(n):
        return a if n == 0 else b * p(n - 1) + p(0)
    return p(3) * p(2)


@program
def mutual(x):
    a = x[0]
    b = x[1]

    @_cache
    def even(n):
        return a if n == 0 else b * odd(n - 1)

    @_cache
    def odd(n):
        return b if n == 0 else a * even(n - 1)
    return even(3) * odd(4)


@program
def fibs(x):
    a = x[0]
    b = x[1]

    @_cache
    def fib(n):
        if n < 2:
            return a if n else b
        return fib(n - 1) * x[2] + fib(n - 2) * x[3]
    return fib(8)


@program
def branch_named(x):
    a = x[0]
    log = []
    if x[1] > 0:

        def f(v):
            log.append(v * a)
            return v
    else:

        def f(v):
            return v * a
    f(x[2])
    return sum(log) + f(x[3])


@program
def lru_fib(x):

    @functools.lru_cache(maxsize=None)
    def fib(n):
        if n < 2:
            return x[n]
        return fib(n - 1) * x[2] + fib(n - 2) * x[3]
    return fib(25) * 0.01


@program
def lru_small(x):
    a, b = (x[0], x[1])

    @functools.lru_cache(maxsize=2)
    def p(n):
        return a ** n * b
    return p(1) * p(2) * p(3) * p(1) + p(3)


@program
def lru_values(x):
    a = x[0]

    @functools.lru_cache
    def p(v, n=2):
        return v ** n * a
    return p(x[1]) * p(x[2], n=3) + p(x[1])


@program
def lru_equal(x):
    a = x[0]
    b = x[0] * x[1] / x[1]

    @functools.lru_cache
    def p(v):
        return v * v * x[1]
    return p(a) * x[2] + p(b) * x[3]


@program
def lru_info(x):
    a = x[0]

    @functools.lru_cache
    def p(n):
        return a ** n
    y = p(2) + p(2) + p(3)
    hits = p.cache_info().hits
    p.cache_clear()
    return y * hits + p(2) * p.cache_info().currsize


@program
def lru_count(x):
    calls = []

    @functools.cache
    def p(n):
        calls.append(x[n])
        return x[n] ** 2
    y = p(0) + p(0) + p(1)
    return y * sum(calls)


class _Grid:

    def __init__(self, a):
        self.a = a

    @functools.lru_cache(maxsize=None)
    def at(self, n):
        return self.a ** n


@program
def method_outside(x):
    g = _Grid(x[0])
    return g.at(2) * g.at(3)


@program
def lru_passed(x):
    sq = functools.cache(lambda n: x[n] ** 2)

    def total(f):
        return sum((f(i) for i in range(4))) * f(1)
    return total(sq)


@program
def lru_arrays(x):

    @functools.cache
    def row(n):
        return x * n
    return (row(2) * row(3)).sum() + row(2)[0]


@program
def f_memo(x):
    a = x[0]
    f = lambda n: a if n == 0 else x[1] * f(n - 1)
    f = functools.cache(f)
    return f(3) * f(2)


class _Memo:

    def __init__(self, f):
        self.f = f
        self.kept = {}

    def __call__(self, n):
        if n in self.kept:
            return self.kept[n]
        v = self.f(n)
        self.kept[n] = v
        return v


def _l1(m):
    u, m = (m, 128)
    w = _Memo(u)
    w.params = lambda: m
    return w


def _l3(m):
    w = _Memo(m)
    return functools.update_wrapper(w, m)


def _l6(m, t=False):
    if isinstance(m, int):
        return m
    elif callable(m):
        return _Memo(m)
    return None


@program
def m1(x):
    a = x[0]
    p = _l1(lambda n: a ** n)
    return p(3) * p(2)


@program
def m3(x):
    a = x[0]
    p = _l3(lambda n: a ** n)
    return p(3) * p(2)


@program
def m6(x):
    a = x[0]
    p = _l6(lambda n: a ** n)
    return p(3) * p(2)


class _Deco:

    def __init__(self, f):
        functools.update_wrapper(self, f)
        self.calls = 0

    def __call__(self, *args):
        self.calls += 1
        return self.__wrapped__(*args)


@program
def deco_class(x):
    a = x[0]

    @_Deco
    def p(v):
        return v * a
    return p(x[1]) * p(x[2]) * p.calls


class _DecoMemo:

    def __init__(self, f):
        functools.update_wrapper(self, f)
        self.f = f
        self.kept = {}

    def __call__(self, n):
        if n not in self.kept:
            self.kept[n] = self.f(n)
        return self.kept[n]


@program
def deco_memo(x):
    a = x[0]

    @_DecoMemo
    def p(n):
        return a if n == 0 else x[1] * p(n - 1)
    return p(3) * p(2)


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_agrees_with_differences(f, in_every_mode):
    in_every_mode(f, X)
