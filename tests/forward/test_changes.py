"""Forward mode, and derivatives of derivatives, of functions that change values in place."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import pullback as pb
from pullback.copying import on_copies


def filled(x: Any) -> Any:
    y = np.zeros(3)
    for i in range(3):
        y[i] = x[i] * x[(i + 1) % 3]
    return np.sum(y * y)


def heat(u: Any) -> Any:
    u = u.copy()
    for _ in range(3):
        u[1:-1] += 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2]) * u[1:-1]
    return np.sum(u**2)


def appended(x: float) -> float:
    xs = [x]
    for _ in range(3):
        xs.append(xs[-1] * x)
    xs[1] += x * x
    xs.sort(key=lambda v: -v)
    return xs[0] * xs.pop() + sum(xs)


class Ball:
    def __init__(self, x: float) -> None:
        self.x = x
        self.v = 2.0 * x * x
        self.seen: list[float] = []

    def step(self, dt: float) -> Ball:
        self.x += dt * self.v
        self.v -= dt * self.x * self.x
        self.seen.append(self.x)
        return self


def simulated(x: float) -> float:
    ball = Ball(x)
    for _ in range(3):
        ball.step(0.1).step(0.05)
    return ball.x * ball.v + sum(ball.seen)


@dataclass
class Tank:
    level: float
    log: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.volume = self.level**3

    def fill(self, amount: float) -> None:
        self.level += amount * self.level
        self.log.append(self.level)


def tanks(x: float) -> float:
    first, second = Tank(x), Tank(level=2.0 * x)
    for tank in [first, second, first]:
        tank.fill(0.1)
    return first.level * second.volume + sum(first.log)


def views(a: Any) -> Any:
    b = a * 1.0
    v = b[1:]
    w = b.reshape(2, 2).T
    v[0] = v[1] * b[0]
    w[1, 1] += v[0] ** 2
    w *= 2.0
    return b.sum() + (v**2).sum()


def tables(x: float) -> float:
    d = {"a": x, "b": [x * x]}
    d["c"] = d["a"] * d["b"][0]
    d["b"].append(d.pop("a"))
    d.update(e=x, f=d["c"])
    d["g"] = d.setdefault("h", x * 3)
    del d["e"]
    return d["c"] * sum(d["b"]) + d["g"] * d["f"]


def queue(x: float) -> float:
    q = deque(maxlen=3)
    q.append(x)
    q.append(x * x)
    for i in range(4):
        q.append(q[0] * q[-1] + i)
    q.appendleft(x)
    return q.popleft() * q[0] + sum(q)


def attempted(x: float) -> float:
    y = x
    kept = [x]
    try:
        y = x * x
        kept.append(y * x)
        y = kept[5]
    except IndexError:
        y = y * kept[-1]
    finally:
        kept[0] = y + x
    return y * kept[0]


def put(xs: list[float], k: int, v: float) -> None:
    xs[k] = v * xs[k]


def helped(x: float) -> float:
    xs = [x, 2.0 * x]
    also = xs
    put(xs, 0, x)
    put(also, 1, xs[0])
    add = lambda v: xs.append(v * also[0])  # noqa: E731
    add(x)
    return xs[0] * also[1] + xs[2]


def scattered(x: Any) -> Any:
    a = np.ones(4)
    np.add.at(a, [0, 1, 1], x)
    np.multiply(a, a, out=a)
    np.copyto(a[2:], x[:2])
    a.sort()
    return np.sum(a * np.arange(4.0) * a)


VECTOR = np.array([0.3, 0.7, 0.45])
FUNCTIONS: list[tuple[Any, Any]] = [
    (filled, VECTOR), (heat, np.array([0.1, 0.5, 0.2, 0.9, 0.3])), (appended, 0.7), (simulated, 0.5), (tanks, 0.6),
    (views, np.array([0.3, 0.5, 0.7, 0.2])), (tables, 0.8), (queue, 0.4), (attempted, 0.9), (helped, 0.7),
    (scattered, VECTOR),
]  # fmt: skip
# a second derivative refuses: a change inside a `try`, fields that are stored before `__post_init__`, `np.add.at`
ONCE = {attempted, tanks, scattered}
SECOND = [c for c in FUNCTIONS if c[0] not in ONCE][:6]  # (each is generated over and over: some seconds)


def name_of(case: Any) -> str:
    return getattr(case, "__name__", "")


@pytest.mark.parametrize(("function", "x"), FUNCTIONS, ids=name_of)
def test_forward(function: Any, x: Any) -> None:
    pb.check_derivative(function, x, modes=("forward",))


@pytest.mark.parametrize(("function", "x"), SECOND, ids=name_of)
def test_second_order(function: Any, x: Any) -> None:
    pb.check_derivative(function, x, order=2)


def test_arguments_are_left_as_the_plain_function_leaves_them() -> None:
    def doubled(a: Any, log: Any) -> Any:
        a *= 2.0
        log.append(a[0])
        return a[0] * a[1]

    a, log = np.array([1.0, 3.0]), [5.0]
    value, df = pb.value_with_differential(doubled, wrt=0)(a, log)
    assert value == 12.0
    np.testing.assert_array_equal(a, [2.0, 6.0])
    assert log == [5.0, 2.0]
    for _ in range(2):
        assert df(np.array([1.0, 0.0])) == 12.0
        assert df(np.array([0.0, 1.0])) == 4.0
    np.testing.assert_array_equal(a, [2.0, 6.0])
    assert log == [5.0, 2.0]


def test_arguments_that_share_memory() -> None:
    def both(a: Any, b: Any) -> Any:
        b[0] = b[0] * 3.0
        return a[0] * a[1]

    a = np.array([1.0, 2.0])
    assert pb.differential(both)(a, a)(np.array([1.0, 0.0]), np.zeros(2)) == 6.0
    a = np.array([1.0, 2.0])
    assert pb.differential(both)(a, a[1:])(np.array([0.0, 1.0]), np.zeros(1)) == 3.0


def test_a_new_value_shares_no_tangent() -> None:
    def shifted(a: Any) -> Any:
        b = a + 1.0
        a[0] = 0.0
        return b[0] * b[0]

    assert pb.differential(shifted)(np.array([1.0, 2.0]))(np.array([1.0, 0.0])) == 4.0


def test_what_an_exception_carries_is_refused() -> None:
    def carried(x: float) -> float:
        try:
            raise ValueError(x * x)
        except ValueError as error:
            return error.args[0] * x

    with pytest.raises(pb.DifferentiabilityError, match="exception"):
        pb.differential(carried)(2.0)(1.0)


def test_second_order_of_a_function_that_changes_its_arguments() -> None:
    def doubled(a: Any) -> Any:
        a *= 2.0
        return np.sum(a**3)

    a = np.ones(2)
    np.testing.assert_array_equal(pb.hvp(doubled)(a, np.array([1.0, 0.0])), [48.0, 0.0])
    np.testing.assert_array_equal(a, [2.0, 2.0])
    pb.check_derivative(doubled, np.array([0.3, 0.4]), order=2)


@dataclass
class Gain:
    factor: float
    taps: Any


@dataclass
class Filter:
    gain: Gain
    spare: list[Gain]


def amplified(f: Filter) -> Any:
    f.gain.factor *= 2.0
    f.spare[0].taps[0] *= f.gain.factor
    return f.gain.factor * np.sum(f.gain.taps**2) + np.sum(f.spare[0].taps)


def test_objects_in_objects_are_copied_with_their_adjoints() -> None:
    def given() -> Filter:
        return Filter(Gain(1.5, np.array([1.0, 2.0])), [Gain(0.5, np.array([3.0, 4.0]))])

    change = pb.gradient(amplified)(given())
    assert (change.gain.factor, change.spare[0].taps[0]) == (2.0 * 5.0 + 2.0 * 3.0, 3.0)
    copied = pb.gradient(on_copies(amplified))(given())
    assert (copied.gain.factor, copied.spare[0].taps[0]) == (16.0, 3.0)
    assert list(copied.gain.taps) == [6.0, 12.0]


def test_second_order_of_changed_objects_that_hold_others() -> None:
    def given(factor: float = 1.5) -> Filter:
        return Filter(Gain(factor, np.array([1.0, 2.0])), [Gain(0.5, np.array([3.0, 4.0]))])

    first, h = pb.gradient(amplified), 1e-5
    along = first(given())
    plus, minus = first(given(1.5 + h)), first(given(1.5 - h))  # of the factor: 2 * 5 + 2 * 3; of the taps: 2 * 1.5 ...
    for name in ("factor", "taps"):
        slope = (getattr(plus.gain, name) - getattr(minus.gain, name)) / (2 * h)
        unit = type(along)(gain=type(along.gain)(factor=1.0))
        for found in (pb.differential(first)(given())(unit), pb.value_with_pullback(first)(given())[1](unit)):
            np.testing.assert_allclose(getattr(found.gain, name), slope, rtol=1e-6, atol=1e-8)
            np.testing.assert_allclose(found.spare[0].taps, [2.0, 0.0], rtol=1e-6)
