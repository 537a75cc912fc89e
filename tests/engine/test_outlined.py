"""Values whose shape alone the reverse sweep asks for: they are not held on to, and the derivative stays the same."""

import tracemalloc

import numpy as np

import pullback as pb


def summed(a, b, n):
    for _ in range(n):
        t = a + b  # only its shape is asked for
        a = np.sin((t + 1.0) - b)
    return np.sum(a)


def test_sums_are_not_kept():
    source = pb.derivative_source(summed, np.ones(3), np.ones(3), 2)
    assert "meta(" in source and "fit_like(" in source
    pb.check_derivative(lambda a, b: summed(a, b, 3), np.array([0.1, 0.2, 0.3]), np.array([1.0, -1.0, 0.5]))
    pb.check_derivative(lambda a, b: summed(a, b, 3), np.ones((2, 3)), np.array([1.0, -1.0, 0.5]))
    pb.check_derivative(lambda a, b: summed(a, b, 3), np.float64(0.5), np.array([1.0, -1.0, 0.5]))
    pb.check_derivative(lambda a, b: summed(a, b, 3), np.ones(3), 2.0)


def test_the_memory_of_a_loop():
    size, steps = 100_000, 20
    f = pb.gradient(lambda a: summed(a, 0.5, steps))
    a = np.linspace(0.0, 1.0, size)
    f(a)
    tracemalloc.start()
    f(a)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < (steps + 10) * size * 8  # one array an iteration: the argument of the sine


def products(a, w, n):
    for _ in range(n):
        h = a @ w
        a = np.tanh(h - np.mean(h * h))
    return a


def test_forms_of_rules_that_are_no_elementwise_ones():
    rng = np.random.default_rng(0)
    a, w = rng.normal(size=(2, 3)), rng.normal(size=(3, 3))
    pb.check_derivative(lambda a, w: products(a, w, 2), a, w)

    def reduced(x, n):
        total = 0.0
        for _ in range(n):
            s = x * 2.0
            total = total + np.sum(np.reshape(s + total, -1)) * np.mean(s)
            for _ in range(2):
                s = s - x
                total = total + np.max(s + x)
        return total

    pb.check_derivative(lambda x: reduced(x, 2), rng.normal(size=(2, 2)))


def in_branches(x, n):
    for i in range(n):
        if i % 2:
            t = x + np.ones(3)
            x = t - 0.5 * x
        else:
            t = np.sum(x)
            x = x + t
    return x * t


def test_a_name_that_is_set_in_some_branches():
    for x in (np.array([1.0, 2.0, 3.0]), np.ones((2, 3))):
        pb.check_derivative(lambda x: in_branches(x, 4), x)
        pull = pb.pullback(lambda x: in_branches(x, 3))(x)
        assert np.array_equal(pull(np.ones_like(x)), pull(np.ones_like(x)))


def test_a_pair_keeps_outlines_too():
    def residue(x, y):
        t = x + y
        return np.exp(t - 2.0 * y)

    pb.check_derivative(residue, np.ones((2, 3)), np.arange(3.0))
    pb.check_derivative(lambda x, y: residue(x, y) * residue(y, x), np.ones((2, 3)), np.arange(3.0))


def test_what_one_rule_asks_for_in_two_ways():
    """The rule of `diagonal` reads the form of its operand, and its shape: by one and the same name."""

    def sweep(a, n):
        total = 0.0
        for _ in range(n):
            t = a * (1.0 + total)
            total = total + np.sum(np.diagonal(t, 0, -2, -1) ** 2)
        return total

    source = pb.derivative_source(sweep, np.ones((2, 2)), 2)
    assert "np_1.shape(" in source or "shape(" in source
    pb.check_derivative(lambda a: sweep(a, 2), np.array([[0.3, 0.1], [0.2, 0.4]]))
