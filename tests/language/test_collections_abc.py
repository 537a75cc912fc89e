"""Classes of collections and collections.abc that a user derives from; in every mode."""

import collections
import collections.abc
import typing

import numpy as np
import pytest

X = np.array([1.3, 0.72, -0.45, 2.11])
PROGRAMS = []


def program(f):
    PROGRAMS.append(f)
    return f


class _UD(collections.UserDict):

    def total(self):
        return sum(self.values())


@program
def user_dict(x):
    d = _UD(a=x[0], b=x[1])
    d['c'] = x[2] * x[0]
    return d.total() * d['a']


class _UL(collections.UserList):

    def total(self):
        return sum(self)


@program
def user_list(x):
    l = _UL([x[0], x[1]])
    l.append(x[2] * x[0])
    return l.total() * l[0]


class _Map(collections.abc.Mapping):

    def __init__(self, **k):
        self._d = k

    def __getitem__(self, k):
        return self._d[k]

    def __iter__(self):
        return iter(self._d)

    def __len__(self):
        return len(self._d)


@program
def abc_map(x):
    m = _Map(a=x[0], b=x[1])
    return m['a'] * m.get('b', 0.0) + sum(m.values())


@program
def abc_map_items(x):
    m = _Map(a=x[0], b=x[1])
    t = 1.0
    for k, v in m.items():
        t = t * v
    return t * x[2]


class _Seq(collections.abc.Sequence):

    def __init__(self, v):
        self._v = v

    def __getitem__(self, i):
        return self._v[i] * 2

    def __len__(self):
        return len(self._v)


@program
def abc_seq(x):
    s = _Seq(x)
    return s[0] * s[1] + sum(s)




_T = typing.TypeVar("_T")


class _Stack(typing.Generic[_T]):
    def __init__(self): self.items = []
    def push(self, v): self.items.append(v)
    def pop(self): return self.items.pop()


@program
def generic(x):

    s = _Stack[float]()
    s.push(x[0])
    s.push(x[1] * x[0])
    return s.pop() * s.pop()


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_agrees_with_differences(f, in_every_mode):
    in_every_mode(f, X)
