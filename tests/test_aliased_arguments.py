"""Functions that are given one value twice, or capture it too, and change it: by identity, as Python sees it."""

from typing import Any

import numpy as np
import pytest

import pullback as pb

X = np.array([0.7, 1.3, -0.4])


def scaled_dot(u: Any, v: Any) -> Any:
    u *= 2.0
    return (u * v).sum()


def dot_then_scale(u: Any, v: Any) -> Any:
    before = (u * v).sum()
    u *= 2.0
    return before * u[0]


def product_into(out: Any, a: Any, b: Any) -> None:
    out[:] = a * b


def swapped(u: Any, v: Any) -> None:
    kept = u.copy()
    u[:] = v
    v[:] = kept * u


def in_a_loop(u: Any, v: Any) -> Any:
    for i in range(3):
        u[i] = v[i - 1] * u[i]
    return (u * v).sum()


def by_turns(u: Any, v: Any, n: int) -> Any:
    if n == 0:
        return (u * v).sum()
    u *= v
    return by_turns(v, u, n - 1)


class Body:
    def __init__(self, x: Any) -> None:
        self.x = x

    def pushed(self, v: Any) -> Any:
        self.x *= 2.0
        return (v * v).sum()

    def moved(self, v: Any) -> Any:
        v *= 3.0
        return (self.x * v).sum()


def both_in_bodies(a: Body, b: Body) -> Any:
    a.x *= 2.0
    return (b.x * b.x).sum()


def first_of_a_list(xs: Any, v: Any) -> Any:
    xs[0] *= 2.0
    return (v * v).sum()


def of_a_tuple(pair: Any, v: Any) -> Any:
    a, b = pair
    a *= b
    return (v * v * b).sum()


def before_a_call(v: Any, then: Any) -> Any:
    v *= 2.0
    return then()


def starred(*us: Any, v: Any) -> Any:
    us[0][:] = us[0] * 2.0
    return (v * v).sum()


def appended(xs: Any, ys: Any) -> Any:
    xs.append(xs[0] * 2.0)
    return sum(y * y for y in ys)


def one_array_twice(x: Any) -> Any:
    y = x.copy()
    return scaled_dot(y, y) + dot_then_scale(y, y)


def views_that_overlap(x: Any) -> Any:
    y = x.copy()
    return scaled_dot(y[1:], y[:-1]) + scaled_dot(y[::-1], y)


def views_apart(x: Any) -> Any:
    y = x.copy()
    return scaled_dot(y[:1], y[1:]) * y[0]


def outputs_that_are_inputs(x: Any) -> Any:
    y, z = x.copy(), x * 2.0
    product_into(y, y, y)
    product_into(y, y[::-1], z)
    swapped(y, y)
    swapped(y[:2], y[1:])
    return (y * z).sum()


def rows_of_a_matrix(x: Any) -> Any:
    a = np.outer(x, x)

    def added(p: Any, q: Any) -> None:
        p *= 2.0
        p += q

    for i, j in ((0, 0), (0, 1), (1, 1)):
        added(a[i], a[j])
    return (a**2).sum()


def captured_and_given(x: Any) -> Any:
    y = x.copy()

    def inner(u: Any) -> Any:
        u *= 2.0
        return (u * y).sum()

    return inner(y)


def loops_and_recursion(x: Any) -> Any:
    y = x * 1.0
    return in_a_loop(y, y) + in_a_loop(y, y[::-1]) + by_turns(y, y, 3)


def an_object_and_its_array(x: Any) -> Any:
    y = x * 1.0
    body = Body(y)
    return body.pushed(y) + body.moved(body.x) + both_in_bodies(body, Body(y))


def a_container_and_its_item(x: Any) -> Any:
    y = x * 1.0
    return first_of_a_list([y], y) + of_a_tuple((y, y[::-1]), y) + starred(y, y, v=y)


def a_function_that_captured_it(x: Any) -> Any:
    y = x * 1.0
    return before_a_call(y, lambda: (y * y).sum())


def one_list_twice(x: Any) -> Any:
    xs = [x[0], x[1]]
    return appended(xs, xs)


PROGRAMS = [
    one_array_twice, views_that_overlap, views_apart, outputs_that_are_inputs, rows_of_a_matrix, captured_and_given,
    loops_and_recursion, an_object_and_its_array, a_container_and_its_item, a_function_that_captured_it, one_list_twice,
]  # fmt: skip


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_each_order_and_mode(f: Any) -> None:
    pb.check_derivative(f, X, order=2, modes=("reverse", "forward"))


@pytest.mark.parametrize("f", [views_that_overlap, an_object_and_its_array, one_list_twice], ids=lambda f: f.__name__)
def test_the_gradient_of_the_gradient(f: Any) -> None:
    hessian = np.array([pb.pullback(pb.gradient(f))(X)(e) for e in np.eye(3)])
    step = 1e-5
    rows = [(pb.gradient(f)(X + step * e) - pb.gradient(f)(X - step * e)) / (2 * step) for e in np.eye(3)]
    np.testing.assert_allclose(hessian, rows, rtol=1e-5, atol=1e-5)


def item_tripled(xs: Any, ys: Any) -> Any:
    xs[0] = xs[0] * 3.0
    return xs[0] * ys[0]


def copied_first(u: Any, v: Any) -> Any:
    u = u.copy()
    u *= 2.0
    return (u * v).sum()


def test_the_caller_of_a_verb_may_not_give_it_what_is_changed_twice() -> None:
    values, numbers = np.ones(2), [1.0]
    for f, argument in ((scaled_dot, values), (item_tripled, numbers)):
        with pytest.raises(pb.ArgumentError, match="share memory, and one of them is changed in place"):
            pb.gradient(f)(argument, argument)
    matrix = np.ones((2, 2))
    assert pb.gradient(scaled_dot)(matrix[0], matrix[1])[0].tolist() == [2.0, 2.0]
    assert pb.gradient(copied_first)(values, values)[0].tolist() == [2.0, 2.0]
