"""`SimpleNamespace` of differentiated values, and `np.copyto` by keywords."""

import types

import numpy as np
import pytest

X = np.array([1.2, 0.4, 0.7])


def changed(a):
    n = types.SimpleNamespace(x=a[0], m=types.SimpleNamespace(b=a[1] * a[1], parts=[]))
    n.x *= a[2]
    n.m.b += n.x
    n.m.parts.append(a[0])
    return n.m.b * n.m.parts[0]


def masked(a):
    z = np.zeros(3)
    np.copyto(src=a, dst=z, where=a > 0.5)
    return (z * a).sum()


def copied_over(a):
    z = a * 2.0
    np.copyto(src=a * a, dst=z)
    w = z.copy()
    np.copyto(dst=z, src=1.0)
    return (z * a).sum() + w.sum()


def source_by_name(a):
    z = a * 2.0
    np.copyto(z, src=a[0] * a)
    np.copyto(dst=z, src=a * z, where=a < 0.5)
    return (z * a).sum()


PROGRAMS = {
    "made": lambda a: types.SimpleNamespace(x=a[0], k=2.0).x ** 2,
    "changed": changed,
    "masked": masked,
    "copied over": copied_over,
    "source by name": source_by_name,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_in_every_mode(name, in_every_mode):
    in_every_mode(PROGRAMS[name], X)
