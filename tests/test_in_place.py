"""Arrays changed in place, whoever else may see it."""

from __future__ import annotations

import numpy as np
import pytest

import pullback as pb

A, B = np.array([1.0, 2.0, 3.0]), np.array([0.5, -1.0, 2.0])


def product_then_sum(a, b):
    a = a * b
    a += b
    return (a * a).sum()


def in_a_loop(a, b):
    h = a
    for _ in range(3):
        h = h * b
        h += a
    return (h * h).sum()


def difference_squared(a, b):
    d = a - b
    d **= 2
    return d.sum()


def shifted_by_its_maximum(a, b):
    c = np.exp(a)
    c -= c.max()
    return (c * b).sum()


def used_before(a, b):
    c = a * b
    y = c * a
    c *= 2
    return (y * c).sum()


def constant_written_after_use(a, b):
    w = np.ones(3)
    y = a * w
    w[0] = 9.0
    return (y * b).sum()


def constant_filled_in_a_loop(a, b):
    w = np.ones(3)
    s = 0.0
    for i in range(3):
        s = s + (a * w).sum()
        w.fill(i + 2.0)
    return s


def bump(w):
    w[0] *= 2


def constant_changed_by_a_callee(a, b):
    w = np.ones(3)
    s = 0.0
    for _ in range(3):
        s += (a * w).sum()
        bump(w)
    return s


def view_of_a_changed_constant(a, b):
    w = np.ones((2, 3))
    s = (w[0] * a).sum()
    w[0] += 1
    return s + (w[0] * a).sum()


def argument_changed(a, b):
    a += b
    return a.sum()


def alias_changed(a, b):
    c = a * b
    d = c
    c += b
    return (d * c).sum()


def held_in_a_list(a, b):
    c = a * b
    kept = [c]
    c += b
    return (kept[0] * c).sum()


def viewed(a, b):
    c = a * b
    v = c[1:]
    c += b
    return v.sum()


def aliased_on_one_path(a, b):
    c = a * b
    d = c if a[0] > 0 else a
    c += b
    return (c * d).sum()


def inner(x, w):
    return (x * w).sum()


def kept_by_a_callee(a, b):
    w = np.ones(3)
    s = 0.0
    for _ in range(2):
        s += inner(a, w)
        bump(w)
    return s


def differences(f, h=1e-6):
    """Central differences of the primal, on copies."""
    out = []
    for k in range(2):
        slopes = np.zeros(3)
        for i in range(3):
            ends = []
            for sign in (1, -1):
                args = [A.copy(), B.copy()]
                args[k][i] += sign * h
                ends.append(f(*args))
            slopes[i] = (ends[0] - ends[1]) / (2 * h)
        out.append(slopes)
    return out


FORMS = {"joint": pb.gradient, "pair": lambda f: lambda *args: pb.pullback(f)(*args)(1.0)}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "f",
    [
        product_then_sum, in_a_loop, difference_squared, shifted_by_its_maximum, used_before,
        constant_written_after_use, constant_filled_in_a_loop, constant_changed_by_a_callee,
        view_of_a_changed_constant, argument_changed, alias_changed, held_in_a_list, viewed, aliased_on_one_path,
        kept_by_a_callee,
    ],
)  # fmt: skip
def test_the_derivative_of_what_changes_is_right(f, form):
    for found, expected in zip(FORMS[form](f)(A.copy(), B.copy()), differences(f), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert pb.value_with_gradient(f)(A.copy(), B.copy())[0] == f(A.copy(), B.copy())


def exponential(x):
    return np.exp(x)


def roots(x):
    return [np.sqrt(x), x * x]


@pb.derivative(of=exponential)
def exponential_vjp(x):
    y = np.exp(x)
    return y, lambda v: v * y


@pb.derivative(of=roots)
def roots_vjp(x):
    ys = [np.sqrt(x), x * x]
    return ys, lambda v: v[0] * 0.5 / ys[0] + v[1] * 2.0 * x


def exponential_of(x):
    return exponential(x)


def scaled_in_place(x):
    y = exponential(x)
    y *= 2.0
    return np.sum(y)


def scaled_by_out(x):
    y = exponential(x)
    return np.sum(np.multiply(y, 2.0, out=y))


def scaled_further_out(x):
    y = exponential_of(x)
    y += 1.0
    y *= y
    return np.sum(y)


def replaced_item(x):
    ys = roots(x)
    ys[0] = ys[0] * 3.0
    ys[0] += ys[1]
    return np.sum(ys[0])


def changed_view(x):
    y = exponential(x)
    v = y[1:]
    v *= 3.0
    return np.sum(y * y)


@pytest.mark.parametrize(
    "f", [scaled_in_place, scaled_by_out, scaled_further_out, replaced_item, changed_view], ids=lambda f: f.__name__
)
def test_a_rules_own_values_are_not_the_callers_to_change(f):
    pb.check_derivative(f, np.array([0.3, 1.1, 0.7]), modes=("reverse",))


def filled(a, x):
    a[:] = x
    return a @ a


def one_entry(a, x):
    a[0] = x
    return a[0] * a[1]


def part_and_row(a, x):
    a[1:] = x
    a[0] = a[1] * x
    return a.sum() * a[0]


@pytest.mark.parametrize(
    ("f", "by_a", "by_x"),
    [(filled, [0, 0, 0], 9.0), (one_entry, [0, 1.5, 0], 2.0), (part_and_row, [0, 0, 0], 27.0)],
)
def test_an_argument_is_overwritten_with_another(f, by_a, by_x):
    """The adjoint of what was there is cleared before it is handed out."""
    found = pb.gradient(f)(A.copy(), 1.5)
    assert (found[0].tolist(), found[1]) == (by_a, pytest.approx(by_x))
    pb.check_derivative(f, A.copy(), 1.5)


def paired(a, b):
    pair = [a, b]
    pair[0] = a * a * b
    return np.sum(pair[0] * pair[1])


def test_what_two_arguments_share_is_counted_once():
    x = np.array([0.3, 0.7, 1.1])

    def halves(x):
        return paired(x[:2], x[1:])

    slope = [(halves(x + h) - halves(x - h)) / 2e-6 for h in 1e-6 * np.eye(3)]
    np.testing.assert_allclose(pb.gradient(halves)(x), slope, rtol=1e-6)
    np.testing.assert_allclose(pb.gradient(lambda x: paired(x, x))(x), 4.0 * x**3)


def test_one_array_as_two_arguments():
    x = np.array([0.3, 0.7, 1.1])

    def product(a, b):
        out = np.zeros(3)
        out[:] = a * a * b
        return np.sum(out)

    tangents = pb.gradient(product)(x, x)  # (nothing is shared that changes)
    np.testing.assert_allclose(tangents, (2.0 * x**2, x**2))
    for f in (lambda: pb.gradient(paired)(x, x), lambda: pb.pullback(paired)(x, x)(1.0)):
        with pytest.raises(pb.DifferentiabilityError, match="pass a copy"):
            f()
    with pytest.raises(pb.DifferentiabilityError, match="pass a copy"):
        pb.gradient(paired)(x[:2], x[1:])
    np.testing.assert_allclose(pb.gradient(paired)(x, x.copy()), (2.0 * x**3, 2.0 * x**3))
    np.testing.assert_allclose(pb.gradient(paired)(x[:2], x.copy()[1:])[0], 2.0 * x[:2] * x[1:] ** 2)
