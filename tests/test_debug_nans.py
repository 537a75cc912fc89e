"""`debug_nans`: the first line that makes a NaN or an infinity, forward or reverse, and no line that does not."""

import inspect
import math
import threading
import timeit
import warnings
from dataclasses import dataclass

import numpy as np
import pytest

import pullback as pb

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@dataclass
class Pair:
    a: float
    b: float


def log_of(x):
    y = x - 2.0
    z = np.log(y) * 3.0  # here
    return np.sum(z)


def root(x):
    y = np.sqrt(x)  # here
    return np.sum(y * 2.0)


def powers(x):
    for _ in range(20):
        x = x * x  # here
    return np.sum(x)


def scaled(p):
    return Pair(p.a * 1e300, p.b)  # here


def of_struct(p):
    q = scaled(p)
    return q.a * q.b


def hooked(x):
    y = pb.with_derivative(x * x, lambda v: v * math.nan)  # here
    return y * 2.0


def item(params):
    h = params["w"] * 1e200
    return np.sum(h * h)  # here


def stored(x):
    y = np.zeros(3)
    for i in range(3):
        y[i] = x * 10.0 ** (150 * i)  # here
    return y[2]


def unused(x):
    big = x * 1e308  # here
    return big + x


def branch(x):
    if x > 1.0:
        y = x
    else:
        y = math.exp(x) * 1e308 * 10.0  # here
    return y


def recursive(x, n):
    if n == 0:
        return x * x
    return recursive(x * x, n - 1)  # here


def in_closure(x):
    def scale(y):
        return y * x * 1e308  # here

    return scale(10.0)


CASES = {
    "array": (log_of, (np.array([1.0, 3.0]),), "forward"),
    "float": (powers, (3.0,), "forward"),
    "loop of arrays": (powers, (np.full(2, 3.0),), "forward"),
    "float32": (powers, (np.full(2, 3.0, np.float32),), "forward"),
    "reverse": (root, (np.array([0.0, 1.0]),), "reverse"),
    "struct in a callee": (of_struct, (Pair(1e10, 2.0),), "forward"),
    "hook": (hooked, (3.0,), "reverse"),
    "dict": (item, ({"w": np.ones(2)},), "forward"),
    "store": (stored, (1e10,), "forward"),
    "a value that the gradient does not need": (unused, (3.0,), "forward"),
    "branch": (branch, (1.0,), "forward"),
    "recursion": (recursive, (1e10, 8), "forward"),
    "closure": (in_closure, (10.0,), "forward"),
}  # fmt: skip


def marked_line(f):
    functions = {of_struct: scaled}
    lines, first = inspect.getsourcelines(functions.get(f, f))
    return first + next(k for k, line in enumerate(lines) if line.rstrip().endswith("# here"))


def check_place(error, f):
    assert f"{__file__}:{marked_line(f)}:" in str(error), str(error)


@pytest.mark.parametrize("case", CASES)
def test_gradient(case):
    f, args, sweep = CASES[case]
    with pb.debug_nans(), pytest.raises(pb.NotFiniteError, match=f"{sweep} sweep") as caught:
        pb.gradient(f)(*args)
    check_place(caught.value, f)
    assert isinstance(caught.value, FloatingPointError)


@pytest.mark.parametrize("case", CASES)
def test_pullback(case):
    f, args, sweep = CASES[case]
    with pb.debug_nans(), pytest.raises(pb.NotFiniteError, match=f"{sweep} sweep") as caught:
        pb.pullback(f)(*args)(f(*args) * 0 + 1 if sweep == "reverse" else 1.0)
    check_place(caught.value, f)


@pytest.mark.parametrize("case", [c for c in CASES if c not in ("hook", "store")])
def test_forward_mode(case):
    f, args, sweep = CASES[case]
    ones = tuple(pb.move(pb.zero_tangent(a), along=pb.zero_tangent(a)) for a in args if not isinstance(a, int))
    ones = tuple(1.0 if isinstance(t, float) else t for t in ones)
    if case == "reverse":
        ones = (np.ones(2),)
    with pb.debug_nans(), pytest.raises(pb.NotFiniteError, match="forward sweep|tangent code") as caught:
        pb.differential(f)(*args)(*ones)
    check_place(caught.value, f)


def test_the_values_of_the_operands_are_told():
    def product(x, y):
        return x * y + 1.0

    with pb.debug_nans(), pytest.raises(pb.NotFiniteError) as caught:
        pb.value_with_gradient(product)(1e300, 1e200)
    assert "x = 1e+300" in str(caught.value) and "y = 1e+200" in str(caught.value)
    with pb.debug_nans(), pytest.raises(pb.NotFiniteError) as caught:
        pb.gradient(log_of)(np.array([5.0, 6.0, 1.0, 7.0, 8.0]))
    assert "float64[5] with 1 of 5 not finite, the first at [2]: nan" in str(caught.value)
    assert "y = float64[5] from -1.0 to 6.0" in str(caught.value)


def minimum(x, n):
    best = math.inf
    for i in range(n):
        best = min(best, x * i)
    return best + x


def shortest(w, n):
    d = [math.inf] * n
    d[0] = 0.0
    for i in range(1, n):
        d[i] = min(d[i], d[i - 1] + w * i)
    return d[-1]


def masked(x):
    scores = np.where(np.arange(3) < 2, x, -np.inf)
    e = np.exp(scores - np.max(scores))
    return np.sum((e / np.sum(e)) ** 2)


def filled(x):
    out = np.full(3, np.nan)
    total = 0.0
    for i in range(3):
        total = total + x * i
    return total + (0.0 if np.isnan(out[0]) else 1.0)


def parsed(x):
    low = float("-inf")
    return max(low, x * x)


@pytest.mark.parametrize(("f", "args"), [
    (minimum, (2.0, 3)), (shortest, (2.0, 4)), (masked, (np.array([1.0, 2.0, 3.0]),)), (filled, (2.0,)),
    (parsed, (3.0,)),
])  # fmt: skip
def test_infinities_that_are_written_down_are_no_fault(f, args):
    expected = pb.gradient(f)(*args)
    with pb.debug_nans():
        np.testing.assert_array_equal(pb.gradient(f)(*args), expected)
        np.testing.assert_array_equal(pb.pullback(f)(*args)(1.0), expected)


def test_names_of_the_user_are_no_names_of_generated_code():
    def f(x):
        x_dot = math.exp(x)
        d_forward = x_dot * x_dot * x_dot  # here
        return d_forward

    for run in (lambda: pb.gradient(f)(300.0), lambda: pb.differential(f)(300.0)(1.0)):
        with pb.debug_nans(), pytest.raises(pb.NotFiniteError) as caught:
            run()
        check_place(caught.value, f)
        assert "`d_forward` is inf in the forward sweep" in str(caught.value)
        assert "x_dot = " in str(caught.value)


def test_infinities_may_be_let_through():
    with pb.debug_nans(infinities=False):
        assert pb.gradient(root)(np.array([0.0, 1.0]))[0] == math.inf
        with pytest.raises(pb.NotFiniteError):
            pb.gradient(log_of)(np.array([1.0, 3.0]))


def test_results_are_the_same_inside():
    def f(xs, p):
        total = 0.0
        for x in xs:
            if x > 1.0:
                total += x * p["k"]
        return total * len(xs), [t for t in xs]

    args = ([1.0, 2.0, 3.0], {"k": 2.0})
    cotangent = (1.0, [1.0, 2.0, 3.0])
    expected = pb.pullback(f)(*args)(cotangent)
    with pb.debug_nans():
        assert pb.pullback(f)(*args)(cotangent) == expected
    hvp = pb.hvp(lambda x: np.sum(x**3))(np.ones(2), np.ones(2))
    with pb.debug_nans():
        np.testing.assert_array_equal(pb.hvp(lambda x: np.sum(x**3))(np.ones(2), np.ones(2)), hvp)


def test_a_pullback_from_outside_is_not_silent():
    back = pb.pullback(root)(np.array([0.0, 1.0]))
    assert back(1.0)[0] == math.inf
    with pb.debug_nans(), pytest.raises(pb.NotFiniteError, match="made outside"):
        back(1.0)


def test_what_was_made_inside_runs_outside():
    with pb.debug_nans():
        back = pb.pullback(root)(np.array([0.0, 1.0]))
    assert back(1.0)[0] == math.inf


def test_a_bad_argument_that_no_line_shows():
    def product(x, y):
        return x * y

    with pb.debug_nans(), pytest.raises(pb.NotFiniteError, match="argument 2 is inf"):
        pb.gradient(product)(2.0, math.inf)


def test_as_a_decorator():
    @pb.debug_nans()
    def step(x):
        return pb.gradient(root)(x)

    assert step(np.ones(2)).tolist() == [1.0, 1.0]
    with pytest.raises(pb.NotFiniteError):
        step(np.zeros(2))
    assert pb.gradient(root)(np.zeros(2))[0] == math.inf  # and outside as ever


def test_it_is_of_one_thread():
    found = []
    with pb.debug_nans():
        thread = threading.Thread(target=lambda: found.append(pb.gradient(root)(np.zeros(2))))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            thread.start()
            thread.join()
    assert found[0][0] == math.inf


def test_code_is_generated_once_for_all_scopes():
    def f(x):
        return x * x

    gradient = pb.gradient(f)
    with pb.debug_nans():
        gradient(3.0)

    def again():
        with pb.debug_nans():
            gradient(3.0)

    assert min(timeit.repeat(again, number=1, repeat=20)) < 1e-3


def test_nothing_is_looked_at_outside():
    def f(x):
        return x * x

    gradient = pb.gradient(f)
    gradient(3.0)
    with pb.debug_nans():
        assert gradient(3.0) == 6.0
    assert "checked" not in pb.derivative_source(f, 3.0)
    assert gradient(3.0) == 6.0
    assert gradient(1e308) == math.inf


def root_of_square(x):
    return np.sqrt(x * x)


class Distance:
    def __init__(self):
        self.weight = np.array([1.0, 0.0])

    def __call__(self, x):
        return self.norm(self.weight * x).sum()

    def norm(self, x):
        return root_of_square(x)


@pytest.mark.parametrize("f", [lambda x: root_of_square(x * np.array([1.0, 0.0])).sum(), Distance(), Distance().norm])
def test_forward_mode_blames_the_innermost_line(f):
    x = np.array([1.0, 0.0])
    with np.errstate(all="ignore"), pb.debug_nans(), pytest.raises(pb.NotFiniteError) as raised:
        pb.differential(f)(x)(np.ones(2))
    text = str(raised.value)
    assert "|     return np.sqrt(x * x)" in text and "a tangent is nan" in text
    assert "ZERO = " not in text, "what has no value says nothing"


def test_parts_of_a_tuple_are_looked_at_in_forward_mode():
    with np.errstate(all="ignore"), pb.debug_nans(), pytest.raises(pb.NotFiniteError, match="a tangent is inf"):
        pb.differential(lambda x: (np.sqrt(x), x))(np.array([1.0, 0.0]))(np.ones(2))
