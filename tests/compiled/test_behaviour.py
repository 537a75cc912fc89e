"""How compiled functions behave: exceptions, types, threads, changes of what they were made from."""

import math
import threading
import time

import numpy as np
import pytest

import pullback as pb

pytest.importorskip("numba")

SCALE = 2.0


def quotient(x, y):
    if y > 100.0:
        raise ValueError("y is too large")
    return math.sqrt(x) / y * SCALE


def test_exceptions_and_globals(monkeypatch):
    f = pb.jit(pb.gradient(quotient))
    assert f(4.0, 2.0) == pytest.approx(pb.gradient(quotient)(4.0, 2.0))
    with pytest.raises(ZeroDivisionError):
        f(4.0, 0.0)
    with pytest.raises(ValueError, match="y is too large"):
        f(4.0, 101.0)
    with pytest.raises(ValueError, match="domain"):
        f(-4.0, 1.0)
    monkeypatch.setitem(globals(), "SCALE", 3.0)
    assert f(4.0, 2.0) == pytest.approx(pb.gradient(quotient)(4.0, 2.0))
    assert f(4.0, y=2.0) == pytest.approx(pb.gradient(quotient)(4.0, y=2.0))


def last(a, i):
    total = 0.0
    for x in a:
        total += x * x
    return total * a[i]


def test_arrays_of_other_types_and_layouts():
    f = pb.jit(pb.gradient(last))
    a = np.arange(6.0)
    for given in (a, a[::2], a.astype(np.float32)):
        got, expected = f(given, 2), pb.gradient(last)(given, 2)
        assert got.dtype == given.dtype and got.shape == given.shape
        np.testing.assert_allclose(got, expected, rtol=1e-6)
    with pytest.raises(IndexError):
        f(a, 6)
    assert repr(f(np.float32(2) * np.ones(1), 0)) == repr(pb.gradient(last)(np.float32(2) * np.ones(1), 0))


def add_into(a, b):
    a[0] = b[0] * 2.0
    return a[0] * b[1]


def test_arrays_that_share_memory():
    a = np.arange(3.0)
    assert pb.jit(pb.gradient(add_into))(a.copy(), a)[1].tolist() == [2.0, 0.0, 0.0]
    with pytest.raises(pb.ArgumentError, match="share memory"):
        pb.jit(pb.gradient(add_into))(a, a[:2])


def kernel(x, n):
    y = x
    for _ in range(n):
        y = math.sin(y) + x
    return y


def test_a_function_that_is_called_is_replaced(monkeypatch):
    f = pb.jit(pb.gradient(calls))
    assert f(3.0) == 6.0
    monkeypatch.setitem(globals(), "inner", lambda x: x * x * x)
    assert f(3.0) == 27.0


def inner(x):
    return x * x


def calls(x):
    return inner(x)


def test_threads_run_at_once():
    f = pb.jit(kernel)
    expected = f(0.5, 1000)
    found = []
    barrier = threading.Barrier(4)

    def work():
        barrier.wait()
        found.append(pb.jit(pb.gradient(kernel))(0.5, 1000))
        found.append(f(0.5, 1000))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert found.count(expected) == 4 and len(set(found)) == 2


def test_the_interpreter_is_free_meanwhile():
    f = pb.jit(kernel)
    f(0.5, 10)
    done = []
    thread = threading.Thread(target=lambda: done.append(f(0.5, 60_000_000)))
    thread.start()
    ticks = 0
    while not done and ticks < 10_000:
        time.sleep(0.001)
        ticks += 1
    thread.join()
    assert ticks > 10
