"""Dicts with constant strings as keys, compiled: as arguments, as locals, and as what is returned."""

import math

import numpy as np
import pytest

import pullback as pb
from pullback.testing import check_derivative

pytest.importorskip("numba")


def linear(p, x):
    return p["w"] * x + p["b"] * p["n"]


def two_layers(p, x):
    h = np.tanh(p["first"]["w"] @ x + p["first"]["b"])
    return np.sum(p["second"]["w"] @ h + p["second"]["b"])


def operations(p, x):
    q = {k: v * x for k, v in p.items()}
    d = {**q, "a": x}
    d["b"] = d["a"] * 2.0
    s = dict(w=x * 3, other=2.0)
    s.update(b=x)
    s["b"] += 2.0
    e = s | d
    t = 0.0
    for i, k in enumerate(e):
        t += (i + 1) * e[k]
    if "w" in e and "absent" not in e:
        t *= e.get("absent", x)
    return t + sum(q.values()) * len(e) + (1.0 if e == d else 0.0) + cubic(**q)


def cubic(w, b, c):
    return w * b * w - c


def oscillator(x, n):
    s = {"pos": x, "vel": 1.0}
    for _ in range(n):
        s["vel"] = s["vel"] - 0.1 * s["pos"] * math.sin(s["vel"])
        s["pos"] = s["pos"] + 0.1 * s["vel"]
        if s["pos"] > 1.5:
            s = {"pos": s["pos"] * 0.5, "vel": s["vel"]}
    return s["pos"] * s["vel"]


def filled_in_a_loop(x):
    s = {}
    for i in range(4):
        s["t"] = x * i
        s["u"] = s["t"] * x
    return s["u"] + len(s) * x


def filled_in_a_branch(x):
    d = {"w": x}
    if x > 1.0:
        d["extra"] = x * x
    else:
        d["w"] = 2.0 * x
    return d["w"] * x


def product(p):
    total = 1.0
    for v in p.values():
        total = total * v + int(v)
    return total + len(p)


NUMBERS = {"w": 1.5, "b": 2.0, "c": -0.5}
ODD_KEYS = {"lambda": 1.5, "int": 2.0, "x²": -0.5, "1a": 2.0, "": 1.0, "len": 0.3, "ﬁ": 0.2, "fi": 0.5, "a b": 3.0}
NETWORK = {
    "first": {"w": np.arange(6.0).reshape(2, 3) * 0.1, "b": np.ones(2)},
    "second": {"w": np.array([[1.0, -2.0]]), "b": np.zeros(1)},
}
CASES = [
    (linear, ({"w": 1.0, "b": 2.0, "n": 3}, 2.0)),
    (linear, ({"w": 1.0, "b": 2.0, "n": 3, "empty": {}, "ints": {"i": (1, ())}, "name": "s"}, 2.0)),
    (two_layers, (NETWORK, np.array([0.3, -0.2, 0.5]))), (operations, (NUMBERS, 1.3)),
    (filled_in_a_loop, (1.3,)), (filled_in_a_branch, (3.0,)), (filled_in_a_branch, (0.5,)),
    (product, (ODD_KEYS,)),
]  # fmt: skip


def same(a, b):
    """The same containers with the same keys, in order, of the same numbers."""
    if isinstance(a, dict):
        return type(b) is dict and list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, (float, np.ndarray)):
        return np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-12)
    return a is b


@pytest.mark.parametrize("f, args", CASES, ids=lambda x: getattr(x, "__name__", ""))
def test_gradients_agree(f, args):
    assert same(pb.jit(pb.value_with_gradient(f))(*args), pb.value_with_gradient(f)(*args))


def test_a_dict_that_a_loop_changes_and_binds_anew_is_refused():
    with pytest.raises(pb.DifferentiabilityError, match="an object that may have another name is changed"):
        pb.jit(pb.gradient(oscillator))(1.0, 7)


def test_against_differences():
    check_derivative(operations, NUMBERS, 1.3)
    step = 1e-6
    by_p, by_x = pb.jit(pb.gradient(operations))(NUMBERS, 1.3)
    for key in NUMBERS:
        up, down = ({**NUMBERS, key: NUMBERS[key] + s} for s in (step, -step))
        assert by_p[key] == pytest.approx((operations(up, 1.3) - operations(down, 1.3)) / (2 * step), rel=1e-6)
    difference = (operations(NUMBERS, 1.3 + step) - operations(NUMBERS, 1.3 - step)) / (2 * step)
    assert by_x == pytest.approx(difference, rel=1e-6)


def several(p, x):
    return {"lambda": p["w"] * x, "²": x * x, "pair": (p["b"], x)}


def test_a_dict_as_result():
    tangents, seed = ({"w": 1.0, "b": 2.0, "c": 3.0}, 1.0), {"lambda": 1.0, "²": 2.0, "pair": (1.0, 0.5)}
    for verb, given in ((pb.value_with_pullback, (seed,)), (pb.value_with_differential, tangents)):
        value, linear_map = pb.jit(verb(several))(NUMBERS, 2.0)
        expected, expected_map = verb(several)(NUMBERS, 2.0)
        assert same(value, expected) and same(linear_map(*given), expected_map(*given))


def test_other_keys_are_other_code():
    f = pb.jit(pb.gradient(linear))
    p = {"w": 1.0, "b": 2.0, "n": 3}
    assert f(p, 2.0)[0]["w"] == f({"n": 3, "b": 2.0, "w": 1.0}, 2.0)[0]["w"] == 2.0
    assert list(f({"n": 3, "b": 2.0, "w": 1.0}, 2.0)[0]) == ["n", "b", "w"]
    with pytest.raises(pb.DifferentiabilityError, match="'n' is no key of this dict"):
        f({"w": 1.0, "b": 2.0}, 2.0)
