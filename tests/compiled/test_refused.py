"""What is not compiled is a clear error at the user's line, with an id of its own: never slow code instead."""

import subprocess
import sys

import numpy as np
import pytest

import pullback as pb

pytest.importorskip("numba")


def catches(x):
    try:  # HERE
        return 1.0 / x
    except ZeroDivisionError:
        return 0.0


def keyed(x):
    table = {}
    for i in range(3):
        table[f"a{i}"] = x * i  # HERE
    return table["a1"]


def keyed_by_number(x):
    table = {1: x}  # HERE
    return table[1]


def sometimes_there(x):
    table = {"a": x}
    if x > 1.0:
        table["b"] = x
    return sum(table.values())  # HERE


def there_after_a_loop(x):
    table = {"a": x}
    for _ in range(int(x)):
        table["b"] = x
    return table["a"] * len(table)  # HERE


def two_names(x):
    table = {"a": x}
    other = table
    if x > 1.0:
        other = {"a": 2.0 * x}
    other["a"] = 5.0  # HERE
    return table["a"] * x


def into_an_argument(table, x):
    table["a"] = x  # HERE
    return table["a"]


def no_such_key(x):
    table = {"a": x}
    return table["b"]  # HERE


def entry_deleted(x):
    table = {"a": x}
    del table["a"]  # HERE
    return x


def computed_strings(x):
    return x if f"a{x}" == f"b{x}" else 2.0 * x  # HERE


def prints(x):
    print(x)  # HERE
    return x


def sorts_pairs(x, y):
    return sorted([(x, y), (y, x)])[0][0]  # HERE


def hook_that_loops(x):
    def halved(d):
        for _ in range(3):
            d = 0.5 * d
        return d

    return pb.with_derivative(x * x, halved)  # HERE


def mapping_pattern(x):
    table = {"a": x}
    match table:
        case {"a": y}:  # HERE
            return y
    return x


def two_types(x):
    if x > 1.0:
        y = (x, x)
    else:
        y = x
    return y + 1.0  # HERE


class Box:
    def __init__(self, x):
        self.x = x


def stores(box, y):
    box.x = y  # HERE
    return box.x


def eigen(a):
    return np.linalg.eigvalsh(a)[0]  # HERE


def countdown(a, n):
    return a if n < 1 else countdown(a * a, n - 1)  # HERE


def outer(x):
    return x * pb.gradient(lambda y: y * x)(x)  # HERE


CASES = [
    (keyed_by_number, (3.0,)), (sometimes_there, (3.0,)), (there_after_a_loop, (3.0,)), (two_names, (3.0,)),
    (into_an_argument, ({"a": 1.0}, 3.0)), (no_such_key, (3.0,)), (entry_deleted, (3.0,)), (computed_strings, (3.0,)),
    (catches, (3.0,)), (keyed, (3.0,)), (prints, (3.0,)), (sorts_pairs, (3.0, 1.0)),
    (hook_that_loops, (3.0,)), (mapping_pattern, (3.0,)), (two_types, (3.0,)),
    (stores, (Box(1.0), 2.0)), (eigen, (np.eye(2),)), (countdown, (np.ones(2), 3)), (outer, (2.0,)),
]  # fmt: skip


@pytest.mark.parametrize("f, args", CASES, ids=[f.__name__ for f, _ in CASES])
def test_refused_at_its_line(f, args):
    with pytest.raises(pb.DifferentiabilityError) as caught:
        pb.jit(f)(*args)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.id == "not-compiled"
    assert "# HERE" in diagnostic.span.text()
    assert diagnostic.help


def square(x):
    return x * x


@pytest.mark.parametrize("x", [1j, {1: 1.0}, {"a": 1.0, 2: 1.0}, [1.0] * 100, np.float64(1.0) * 1j, np.array([1j])])
def test_arguments(x):
    with pytest.raises(pb.DifferentiabilityError, match="not compiled"):
        pb.jit(pb.gradient(square))(x)


def test_an_int_has_no_gradient():
    with pytest.raises(pb.ArgumentError, match="pass a float"):
        pb.jit(pb.gradient(square))(2)


def doubled(a):
    return a * a


def of_two(a, k):
    return np.sum(a * a) * k


WRONG_MAPS = [
    ("three for one", lambda: pb.jit(pb.differential(of_two))(np.ones(3), 2.0)(np.ones(1), 1.0), pb.CotangentError),
    ("a number", lambda: pb.jit(pb.differential(of_two))(np.ones(3), 2.0)(1.0, 1.0), pb.CotangentError),
    ("text", lambda: pb.jit(pb.differential(of_two))(np.ones(3), 2.0)(np.ones(3), "x"), pb.CotangentError),
    ("one of two", lambda: pb.jit(pb.differential(of_two))(np.ones(3), 2.0)(np.ones(3)), pb.ArgumentError),
    ("a short seed", lambda: pb.jit(pb.pullback(doubled))(np.ones(3))(np.ones(1)), pb.CotangentError),
    ("a long seed", lambda: pb.jit(pb.pullback(doubled))(np.ones(3))(np.ones(4)), pb.CotangentError),
    ("a number as seed", lambda: pb.jit(pb.pullback(doubled))(np.ones(3))(1.0), pb.CotangentError),
    ("a long vector", lambda: pb.jit(pb.hvp(of_two, wrt=0))(np.ones(3), 2.0, np.ones(4)), pb.CotangentError),
    ("too few", lambda: pb.jit(pb.gradient(of_two))(np.ones(3)), TypeError),
    ("too many", lambda: pb.jit(pb.gradient(of_two))(np.ones(3), 1.0, 2.0), TypeError),
    ("another name", lambda: pb.jit(pb.gradient(of_two))(np.ones(3), 1.0, q=2.0), TypeError),
]  # fmt: skip


@pytest.mark.parametrize("name, call, error", WRONG_MAPS, ids=[name for name, _, _ in WRONG_MAPS])
def test_tangents_and_arguments_that_do_not_fit(name, call, error):
    with pytest.raises(error) as caught:
        call()
    assert not isinstance(caught.value, pb.DifferentiabilityError)


def test_cotangents_of_structures():
    def pair(a, k):
        return {"y": a * k, "z": (k * k, 3)}

    back = pb.jit(pb.pullback(pair))(np.ones(2), 3.0)
    given = {"y": np.array([1.0, 2.0]), "z": (0.5, pb.ZERO)}
    np.testing.assert_allclose(back(given)[0], pb.pullback(pair)(np.ones(2), 3.0)(given)[0])
    for wrong in ({"y": np.ones(2)}, {"y": np.ones(2), "z": (1.0,)}, {"y": np.ones(3), "z": (0.5, pb.ZERO)}, 1.0):
        with pytest.raises(pb.CotangentError):
            back(wrong)


def stores_into(a, b):
    part = a[:2]
    part[0] = b[1] * 2
    return np.sum(a * b)


def test_arrays_that_cannot_be_taken():
    fixed = np.arange(3.0)
    fixed.flags.writeable = False
    gradient = pb.jit(pb.gradient(stores_into))
    gradient(np.ones(3), fixed)
    with pytest.raises(ValueError, match="read-only"):
        gradient(fixed, np.ones(3))
    with pytest.raises(pb.DifferentiabilityError, match="byte order"):
        gradient(np.ones(3, ">f8"), np.ones(3))


def test_no_function():
    with pytest.raises(pb.ArgumentError, match="jit takes a function"):
        pb.jit(3.0)


def test_without_numba():
    text = "import sys; sys.modules['numba'] = None\nimport pullback as pb\npb.jit(abs)"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
    assert "pip install pullback[numba]" in done.stderr
    text = "import sys, pullback as pb; pb.jit; assert 'numba' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", text]).returncode == 0
