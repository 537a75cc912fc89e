"""Closures whose state lasts from one call to the next, made by factories; in every mode."""


import numpy as np
import pytest

import pullback as pb

X = np.array([1.3, 0.72, -0.45, 2.11])
PROGRAMS = []


def program(f):
    PROGRAMS.append(f)
    return f


def _make(k):
    c = k

    def step(x):
        nonlocal c
        c = c * x
        return c
    return step


@program
def state_global_factory(x):
    s = _make(x[0])
    s(x[1])
    return s(x[2])


@program
def state_side_by_side(x):
    s = _make(x[0])
    t = _make(x[1])
    s(x[1])
    t(x[2])
    s(t(x[0]))
    return s(x[2]) * t(x[3])


@program
def state_local_factory(x):

    def make(k):
        c = k

        def step(v):
            nonlocal c
            c = c * v
            return c
        return step
    s = make(x[0])
    s(x[1])
    return s(x[2])


@program
def state_local_side(x):

    def make(k):
        c = k

        def step(v):
            nonlocal c
            c = c * v * x[3]
            return c
        return step
    s = make(x[0])
    t = make(x[1])
    s(x[1])
    t(x[2])
    return s(x[2]) * t(x[3])


def _make_param(c):

    def step(v):
        nonlocal c
        c += v * v
        return c
    return step


@program
def state_param(x):
    s = _make_param(x[0])
    s(x[1])
    return s(x[2]) * s(x[3])


def _counter(start=0.0):
    total = start

    def add(v):
        nonlocal total
        total += v

    def get():
        return total * total
    return (add, get)


@program
def state_pair(x):
    add, get = _counter()
    add(x[0])
    a = get()
    add(x[1] * x[0])
    return a * get()


@program
def state_pair2(x):
    add, get = _counter(x[3])
    add2, get2 = _counter(x[0])
    add(x[0])
    add2(get())
    add2(x[2])
    return get() * get2()


@program
def state_in_loop(x):
    s = _make(x[0])
    for v in x:
        s(v)
    return s(x[1])


@program
def state_list_comp(x):
    ss = [_make(v) for v in x]
    for s in ss:
        s(x[1])
    return sum((s(x[0]) for s in ss))


def _use(s, v):
    return s(v) + s(v)


@program
def state_passed(x):
    s = _make(x[0])
    return _use(s, x[1]) * _use(s, x[2])


def _running():
    n = 0
    mean = 0.0

    def push(v):
        nonlocal n, mean
        n += 1
        mean += (v - mean) / n
        return mean
    return push


@program
def running_mean(x):
    p = _running()
    for v in x:
        m = p(v * v)
    return m * p(x[0])


def _ema(alpha):
    s = None

    def update(v):
        nonlocal s
        s = v if s is None else alpha * v + (1 - alpha) * s
        return s
    return update


@program
def ema(x):
    u = _ema(x[0])
    out = [u(v) for v in x]
    return sum((a * b for a, b in zip(out, x)))


def _holder(v):
    hist = []

    def add(u):
        hist.append(u * v)
        return sum(hist)
    return add


@program
def holder_list(x):
    a = _holder(x[0])
    a(x[1])
    return a(x[2]) * a(x[3])


@program
def returns_closure(x):

    def f(y):
        s = _make(y)
        s(x[0])
        return s
    a = f(x[1])
    return a(x[2]) * a(x[3])


@program
def state_lambda(x):
    s = (lambda k: _make(k * x[0]))(x[1])
    s(x[2])
    return s(x[3])


class _Opt:

    def __init__(self, k):
        self.step = _make(k)


@program
def state_in_object(x):
    o = _Opt(x[0])
    o.step(x[1])
    return o.step(x[2])


def _wrapcount(f):
    calls = 0

    def g(*a, **k):
        nonlocal calls
        calls += 1
        return f(*a, **k) * calls
    return g


@program
def deco_count(x):

    @_wrapcount
    def f(v):
        return v * x[0]
    return f(x[1]) + f(x[2])


def _pid(kp, ki):
    integral = 0.0
    prev = None

    def control(e, dt=0.1):
        nonlocal integral, prev
        integral = integral + e * dt
        d = 0.0 if prev is None else (e - prev) / dt
        prev = e
        return kp * e + ki * integral + 0.01 * d
    return control


@program
def pid(x):
    c = _pid(x[0], x[1])
    y = x[2]
    for _ in range(4):
        y = y + 0.1 * c(x[3] - y)
    return y


def _outer(x0):

    def mid():
        c = x0

        def inner(v):
            nonlocal c
            c = c * v
            return c
        return inner
    return mid


@program
def nested_factories(x):
    m = _outer(x[0])
    a = m()
    b = m()
    a(x[1])
    return a(x[2]) * b(x[3])


@program
def returned_twice(x):

    def get():
        s = _make(x[0])
        return (s, s)
    a, b = get()
    a(x[1])
    return b(x[2])


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_agrees_with_differences(f, in_every_mode):
    in_every_mode(f, X)


def accumulator():
    total = 0.0
    kept = []

    def add(v):
        nonlocal total
        total += v
        return total

    def keep(v):
        kept.append(v)
        return sum(kept)

    return add, keep


OUTER, KEEPER = accumulator()


def test_what_a_closure_of_the_module_keeps_is_refused():
    with pytest.raises(pb.DifferentiabilityError, match="stored in `total`"):
        pb.gradient(lambda x: OUTER(x) * x)(1.3)
    with pytest.raises(pb.DifferentiabilityError, match="stored in `kept`, which accumulator.* keeps"):
        pb.gradient(lambda x: KEEPER(x) * x)(1.3)


def test_closures_of_one_code_that_call_others():
    """What one of them changes is no answer for another: they are told apart by what they captured."""

    def memo(f):
        values = {}

        def g(n):
            if n not in values:
                values[n] = f(n)
            return values[n]

        return g

    def plain(x):
        p = memo(lambda n: x**n)
        return p(2) * p(3)

    def recursive(x):
        @memo
        def p(n):
            return x if n == 0 else x * p(n - 1)

        return p(2) * p(3)

    for _ in range(2):
        assert pb.gradient(plain)(1.3) == pytest.approx(5 * 1.3**4)
        assert pb.gradient(recursive)(1.3) == pytest.approx(7 * 1.3**6)
