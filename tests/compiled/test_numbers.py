"""Numbers in compiled code are Python's: ints that do not fit raise, `math` has Python's errors, rounding is exact."""

import math
import random
import warnings

import numpy as np
import pytest

import pullback as pb
from pullback.compiled import math_support
from pullback.compiled.number_support import round_to

pytest.importorskip("numba")

LARGE = 2**62


def doubled(x, n):
    for _ in range(3):
        n = n + n
    return x * n


def opposite(x, n):
    return x * -n


def difference(x, n):
    return x * (n - (-n) - 5)


def magnitude(x, n):
    return x * abs(n)


def quotient(x, n):
    return x * (n // -1)


def counted(x, n):
    total = 0
    for i in range(5):
        total += n * (i - 2) * (i + 1)
    return x * total


def converted(x, n):
    return x * int(x * n) * round(x * n) * math.floor(x * n)


def combined(x, n):
    return x * math.factorial(n) * math.comb(n, 3) * math.gcd(n, 6) * math.lcm(n, 4) * math.isqrt(n) * (~n) * (n**3)


@pytest.mark.parametrize(
    ("f", "small", "large"),
    [
        (doubled, 7, LARGE), (opposite, 7, -(2**63)), (difference, 7, LARGE), (magnitude, -7, -(2**63)),
        (quotient, 7, -(2**63)), (counted, 7, LARGE), (converted, 7, LARGE), (combined, 7, 21),
    ],
)  # fmt: skip
def test_an_int_that_does_not_fit_raises(f, small, large):
    compiled = pb.jit(pb.value_with_gradient(f))
    assert compiled(2.0, small) == pytest.approx(pb.value_with_gradient(f)(2.0, small))
    with pytest.raises(OverflowError, match="too large for compiled code"):
        compiled(2.0, large)
    with pytest.raises(pb.DifferentiabilityError, match="more than 64 bits"):
        pb.jit(pb.gradient(f))(2.0, 2**64)


def same(a, b, precision):
    return a is b if isinstance(b, type) else a == pytest.approx(b, rel=precision, abs=0.0, nan_ok=True)


def outcome(f, *args):
    try:
        return float(f(*args))
    except Exception as error:
        return type(error)


SPECIAL = (0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.0, -3.5, 800.0, -800.0, 1e308, math.inf, -math.inf, math.nan)


def several(x, which):
    if which == 0:
        return math.sqrt(x)
    if which == 1:
        return math.log(x)
    if which == 2:
        return math.acos(x)
    if which == 3:
        return math.atanh(x)
    if which == 4:
        return math.gamma(x)
    if which == 5:
        return math.cosh(x)
    if which == 6:
        return math.sin(x)
    if which == 7:
        return math.lgamma(x)
    if which == 8:
        return math.log1p(x)
    if which == 9:
        return math.pow(x, 0.5)
    if which == 10:
        return math.fmod(x, x - 2.0)
    return x**-2.0


def test_math_raises_as_pythons_does():
    compiled, slope = pb.jit(several), pb.jit(pb.gradient(several))
    for which in range(12):
        for x in SPECIAL:
            value, expected = outcome(compiled, x, which), outcome(several, x, which)
            assert same(value, expected, 1e-13), (which, x)
            value, expected = outcome(slope, x, which), outcome(pb.gradient(several), x, which)
            if which == 9 and x == 0.0:  # (where the interpreted one divides by zero)
                continue
            both_raise = isinstance(value, type) and isinstance(expected, type)
            assert both_raise or same(value, expected, 1e-12), (which, x)


def test_rounding_and_remainders_are_pythons():
    numbers = random.Random(3)
    for _ in range(20_000):
        digits = numbers.choice([0, 1, 2, 3, 6, 15, 22, -1, -2, -20])
        x = numbers.choice([numbers.uniform(-1e3, 1e3), (numbers.randint(-(10**6), 10**6) + 0.5) / 10.0**digits])
        assert round_to(x, digits) == round(x, digits)
        a, b = numbers.uniform(-50, 50), numbers.choice([numbers.uniform(-5, 5), 0.5, 3.0])
        assert math_support.remainder(a, b) == math.remainder(a, b)
        n = numbers.randint(0, LARGE)
        assert math_support.integer_root(n) == math.isqrt(n)


def nothing(x):
    return 3.0 if x > 0.0 else 4.0


def an_int(x):
    return math.floor(x)


def cut(x):
    return float(int(x))


def meant(x):
    return pb.without_derivative(x) * 2.0


def test_a_derivative_that_is_always_zero():
    with pytest.warns(pb.ZeroDerivativeWarning, match="does not depend on `x`"):
        assert pb.jit(pb.gradient(nothing))(2.0) == 0.0
    with pytest.raises(pb.ArgumentError, match="gradient needs a float result"):
        pb.jit(pb.gradient(an_int))(2.0)
    with pytest.raises(pb.DifferentiabilityError, match="cannot differentiate through `int"):
        pb.jit(pb.gradient(cut))(2.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pb.jit(pb.gradient(meant))(2.0) == 0.0
        assert pb.jit(nothing)(2.0) == 3.0


def stored_through(a):
    b = pb.without_derivative(a)
    b[0] = a[1]
    return a[0] * a[1]


@pytest.mark.parametrize("verb", [pb.gradient, pb.differential])
def test_what_without_derivative_returned_is_not_changed(verb):
    with pytest.raises(pb.DifferentiabilityError, match="what `without_derivative` returned is changed"):
        pb.jit(verb(stored_through))(np.ones(3))


def square_of_an_entry(a, x):
    return x * (a[0] * a[0])


def entry_on_one_way(a, x):
    n = 3
    if x > 1.0:
        n = a[0]
    return x * (n + n)


def total_of_entries(a, x):
    return x * sum(a)


def twice_the_array(a, x):
    return x * (a + a)[0]


def converted_first(a, x):
    return x * int(a[0]) * int(a[0])


def as_index_and_factor(a, x):
    return x * a[0] * np.array([1.0, 2.0, 3.0])[a[1]] * np.sum(a) * len(a)


@pytest.mark.parametrize("f", [square_of_an_entry, entry_on_one_way, total_of_entries, twice_the_array])
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint64])
def test_arithmetic_of_entries_that_would_wrap_around_is_refused(f, dtype):
    with pytest.raises(pb.DifferentiabilityError, match="arithmetic of u?int"):
        pb.jit(pb.gradient(f, wrt="x"))(np.array([100, 2], dtype), 1.5)


@pytest.mark.parametrize("f", [converted_first, as_index_and_factor])
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.int64])
def test_entries_of_small_integers_are_compiled_where_their_size_does_not_matter(f, dtype):
    a = np.array([100, 2], dtype)
    assert pb.jit(pb.gradient(f, wrt="x"))(a, 1.5) == f(a, 1.0)
