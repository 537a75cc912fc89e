"""Generators that an exception ends, and loops over objects by their items; in every mode."""

import numpy as np
import pytest

X = np.array([1.3, 0.72, -0.45, 2.11])
PROGRAMS = []


def program(f):
    PROGRAMS.append(f)
    return f


class _Seq:

    def __init__(self, v):
        self._v = v

    def __getitem__(self, i):
        return self._v[i] * 2

    def __len__(self):
        return len(self._v)

    def __iter__(self):
        i = 0
        try:
            while True:
                v = self[i]
                yield v
                i += 1
        except IndexError:
            return


class _Seq2:

    def __init__(self, v):
        self._v = v

    def __len__(self):
        return len(self._v)

    def __iter__(self):
        for i in range(len(self._v)):
            yield (self._v[i] * 2)


class _Seq3:

    def __init__(self, v):
        self._v = v

    def __iter__(self):
        return iter(self._v)


class _Seq4:

    def __init__(self, v):
        self._v = v

    def __iter__(self):
        i = 0
        while True:
            try:
                v = self._v[i]
            except IndexError:
                return
            yield v
            i += 1


@program
def seq_try(x):
    return sum(_Seq(x)) * x[0]


@program
def seq_try_loop(x):
    t = 0.0
    for v in _Seq(x):
        t = t + v * x[0]
    return t


@program
def seq_range(x):
    return sum(_Seq2(x)) * x[0]


@program
def seq_iter(x):
    return sum(_Seq3(x)) * x[0]


@program
def seq_inner_try(x):
    return sum(_Seq4(x)) * x[0]


@program
def gen_try(x):

    def g():
        i = 0
        try:
            while True:
                v = x[i] * 2
                yield v
                i += 1
        except IndexError:
            return
    return sum(g()) * x[0]


@program
def gen_try_list(x):
    y = list(x)

    def g():
        i = 0
        try:
            while True:
                yield (y[i] * x[1])
                i += 1
        except IndexError:
            return
    return sum(g()) * x[0]


@program
def try_loop(x):
    t = 0.0
    i = 0
    try:
        while True:
            v = x[i] * 2
            t = t + v
            i += 1
    except IndexError:
        pass
    return t * x[0]


@program
def try_for_append(x):
    out = []
    i = 0
    try:
        while True:
            out.append(x[i] * x[1])
            i += 1
    except IndexError:
        return sum(out) * x[0]


def _two(x):
    try:
        yield (x[0] * 2)
        yield (x[1] * x[0])
        yield (x[7] * 2)
    except IndexError:
        yield (x[2] * x[3])
    finally:
        pass


@program
def two(x):
    return sum((a * b for a, b in zip(_two(x), x)))


def _inner(x):
    for i in range(6):
        try:
            yield (x[i] * x[0])
        except IndexError:
            yield (x[1] * x[1])


@program
def inner(x):
    return sum(_inner(x))


def _cond(x):
    try:
        for v in x:
            if v > 0.5:
                yield (v * x[0])
            else:
                yield (np.sqrt(v) if v > 0 else x[9])
    except IndexError:
        yield (x[3] * x[3])


@program
def cond(x):
    return sum(_cond(x))


@program
def list_of(x):
    ys = list(_two(x))
    return ys[0] * ys[1] * ys[2]


@program
def early(x):
    t = 0.0
    for v in _cond(x):
        t = t + v * v
        if t > 1:
            break
    return t


def _fin(x):
    i = 0
    try:
        while i < 3:
            yield (x[i] * x[3])
            i += 1
    finally:
        i = 0


@program
def fin(x):
    return sum(_fin(x))


@program
def early_fin(x):
    for v in _fin(x):
        return v * x[1]


def _err(x):
    try:
        yield (x[0] * x[1])
        yield (x[1] / 0.0 if x[0] > 5 else x[1] * int('z'))
    except ValueError:
        yield (x[2] * x[1])


@program
def err(x):
    return sum(_err(x))


@program
def loop_items(x):
    s = _Seq(x)
    t = 0.0
    for i in range(4):
        t = t + s[i] * s[0]
    return t


@program
def while_items(x):
    s = _Seq(x)
    t = 0.0
    i = 0
    while True:
        try:
            t = t + s[i] * s[0]
        except IndexError:
            break
        i += 1
    return t


@program
def loop_items_zero(x):
    s = _Seq(x)
    t = 0.0
    for i in range(0):
        t = t + s[i] * s[0]
    return t + x[0] * s[1]


def _of(s):
    t = 0.0
    for i in range(len(s)):
        t = t + s[i] * s[0]
    return t


@program
def passed_seq(x):
    return _of(_Seq(x)) * x[1]


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_agrees_with_differences(f, in_every_mode):
    in_every_mode(f, X)
