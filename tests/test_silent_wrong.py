"""Never a silently wrong gradient: the twenty probes of the design, and their close relatives.

The probes themselves are in `benchmarks/probes/`, where other libraries answer them too.
"""

from __future__ import annotations

import random
import sys
import tracemalloc
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import pullback as pb

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import probes  # noqa: E402

# Where an error or a warning is asked for; everything else must be right.
SAYS = {
    "a custom rule that closes over a differentiated value": (pb.DifferentiabilityError, "captures `x`"),
    "a recomputation after state has changed": (pb.ChangedValueError, "run again"),
    "an input array changed before the pullback": (pb.ChangedValueError, "argument 1"),
    "a rule that returns the wrong shape": (pb.CotangentError, r"expected shape \(3,\).*got shape \(1,\)"),
    "a rule that returns one tangent too many": (pb.CotangentError, "tangent"),
    "a rule that returns None": (pb.CotangentError, "None"),
    "`libm.cosh(x)` through ctypes, without one": (pb.DifferentiabilityError, r"cosh.*pb\.derivative\(of=cosh\)"),
    "an integer input": (pb.ArgumentError, r"pass a float \(3\.0\)"),
    "an integer array": (pb.ArgumentError, r"int64; pass floats"),
    "`round` on the only path": (pb.ZeroDerivativeWarning, "does not depend on `x`"),
    "`argmax` on the only path": (pb.ZeroDerivativeWarning, "does not depend on `a`"),
    "`float(int(x))` on the only path": (pb.DifferentiabilityError, r"through `int\(...\)`"),
    "a result that does not depend on the input": (pb.ZeroDerivativeWarning, "does not depend on `x`"),
}
# These complaints are about a value, not a line of the differentiated function.
WITHOUT_LINE = {
    "an input array changed before the pullback",
    "an integer input",
    "an integer array",
}


@pytest.mark.parametrize("probe", probes.PROBES, ids=lambda p: f"{p.number}-{p.title}")
def test_probe(probe):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if probe.title in SAYS:
            kind, text = SAYS[probe.title]
            with pytest.raises(kind, match=f"(?s){text}") as raised:
                probe.programs["pullback"]()
            if probe.title not in WITHOUT_LINE:
                assert "/benchmarks/probes/" in str(raised.value)
            return
        try:
            got = probe.programs["pullback"]()
        except probes.Absent as reason:
            pytest.skip(str(reason))
    assert np.allclose(probes.numbers(got), probes.numbers(probe.expected), rtol=1e-6)


def test_the_twenty_are_there():
    assert sorted({p.number for p in probes.PROBES}) == list(range(1, 21))
    assert all("pullback" in p.programs for p in probes.PROBES)


def test_a_wrong_number_is_called_wrong():
    """The judge itself can fail a library."""
    made = probes.Probe(1, "x", 6.0, {"pullback": lambda: 3.0, "jax": lambda: 6.0, "torch": lambda: 1 / 0})
    assert [probes.run(made, n).verdict for n in probes.NAMES] == ["WRONG", "right", "error", "absent"]
    silent = probes.Probe(1, "x", probes.SPEAK, {"pullback": lambda: 0.0, "jax": lambda: warnings.warn("zero")})
    assert [probes.run(silent, n).verdict for n in ("pullback", "jax")] == ["WRONG", "warning"]


# Memory --------------------------------------------------------------------------------------------------------------

SIZE = 50_000
BYTES = SIZE * 8


def deep(x):
    for _ in range(20):
        x = np.sin(x) * 1.01
    return x


deep_again = pb.recomputed(deep)


def kept_by(f) -> int:
    """Bytes that a pullback of `f` holds beyond its input."""
    x = np.linspace(0.0, 1.0, SIZE)
    pb.value_with_pullback(f)(x)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        pull = pb.pullback(f)(x)
        after = tracemalloc.get_traced_memory()[0]
        pull(x)
    finally:
        tracemalloc.stop()
    return after - before


def test_what_a_recomputed_function_keeps():
    assert kept_by(lambda x: deep(x)) > 18 * BYTES  # the test can tell
    assert kept_by(lambda x: deep_again(x)) < 2.5 * BYTES
    assert kept_by(lambda x: pb.with_recomputation_in_pullbacks(x, deep)) < 2.5 * BYTES


def peak_of(f) -> int:
    x = np.linspace(0.0, 1.0, SIZE)
    pb.gradient(f)(x)
    tracemalloc.start()
    try:
        pb.gradient(f)(x)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_peak_memory_of_a_gradient():
    def plainly(x):
        for _ in range(6):
            x = deep(x)
        return np.sum(x)

    def again(x):
        for _ in range(6):
            x = deep_again(x)
        return np.sum(x)

    assert peak_of(plainly) > 100 * BYTES
    assert peak_of(again) < 40 * BYTES  # one block's activations and six arguments


def test_recomputation_of_a_recomputed_function():
    def two(x):
        return deep_again(deep_again(x))

    outer = pb.recomputed(two)
    assert kept_by(lambda x: outer(x)) < 2.5 * BYTES


# What is changed between the sweeps ----------------------------------------------------------------------------------


def test_a_list_argument_changed():
    a = [1.0, 2.0]
    pull = pb.pullback(lambda a: a[0] * a[1])(a)
    a[0] = 5.0
    with pytest.raises(pb.ChangedValueError, match="argument 1"):
        pull(1.0)


def test_a_keyword_argument_changed():
    a = np.array([1.0, 2.0])
    pull = pb.pullback(lambda x, *, a: np.sum(a * a) * x, wrt="x")(2.0, a=a)
    a[0] = 5.0
    with pytest.raises(pb.ChangedValueError, match="argument `a`"):
        pull(1.0)


def test_a_captured_array_changed():
    a = np.array([1.0, 2.0])
    pull = pb.pullback(lambda x: np.sum(a * x))(2.0)
    a[0] = 5.0
    with pytest.raises(pb.ChangedValueError, match="captured variable `a`"):
        pull(1.0)


GLOBAL = np.array([1.0, 2.0])


def test_a_global_array_changed():
    pull = pb.pullback(lambda x: np.sum(GLOBAL * x))(2.0)
    GLOBAL[0] = 5.0
    try:
        with pytest.raises(pb.ChangedValueError, match="global variable `GLOBAL`"):
            pull(1.0)
    finally:
        GLOBAL[0] = 1.0


@dataclass
class Model:
    weight: np.ndarray
    bias: float


def test_a_field_changed():
    model = Model(np.array([1.0, 2.0]), 0.5)
    pull = pb.pullback(lambda m: np.sum(m.weight * m.weight) * m.bias)(model)
    model.bias = 7.0
    with pytest.raises(pb.ChangedValueError, match="argument 1"):
        pull(1.0)


def test_rebinding_an_argument_outside_is_no_change():
    a = np.array([1.0, 2.0])
    pull = pb.pullback(lambda a: np.sum(a * a))(a)
    a = a + 1.0
    assert np.array_equal(pull(1.0), [2.0, 4.0])


def test_nan_is_no_change():
    a = np.array([np.nan, 2.0])
    assert pb.pullback(lambda a: a[1] * a[1])(a)(1.0)[1] == 4.0


# Random numbers ------------------------------------------------------------------------------------------------------

RNG = np.random.default_rng(7)
LEGACY = np.random.RandomState(7)
PYTHON = random.Random(7)


class Holder:
    def __init__(self):
        self.rng = np.random.default_rng(11)


HOLDER = Holder()


@pytest.mark.parametrize(
    "noisy",
    [
        lambda x: np.sum(x * np.random.rand(3)) ** 2,
        lambda x: np.sum(x * random.random()) ** 2,
        lambda x: np.sum(x * RNG.random(3)) ** 2,
        lambda x: np.sum(x * LEGACY.rand(3)) ** 2,
        lambda x: np.sum(x * PYTHON.random()) ** 2,
        lambda x: np.sum(x * HOLDER.rng.normal(size=3)) ** 2,
    ],
)
def test_random_numbers_are_replayed(noisy):
    x = np.array([1.0, 2.0, 3.0])
    value, pull = pb.value_with_pullback(pb.recomputed(noisy))(x)
    t = pull(1.0)
    assert np.isclose(np.dot(t, x), 2.0 * value)  # f is homogeneous of degree 2
    assert np.array_equal(pull(1.0), t)


def test_a_generator_argument_is_replayed():
    noisy = pb.recomputed(lambda x, rng: (x * rng.random()) ** 2)
    value, pull = pb.value_with_pullback(noisy)(3.0, np.random.default_rng(3))
    assert pull(1.0) * 3.0 == pytest.approx(2.0 * value)


def test_the_replay_leaves_the_generators_where_they_were():
    random.seed(1)
    np.random.seed(1)
    pull = pb.pullback(pb.recomputed(lambda x: (x * random.random() * np.random.rand()) ** 2))(2.0)
    expected = random.getstate(), np.random.get_state()[2]
    pull(1.0)
    assert (random.getstate(), np.random.get_state()[2]) == expected


# Conversions and structures ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("x", [3.0, np.float64(3.0), np.float32(3.0), np.longdouble(3.0), np.array(3.0)])
@pytest.mark.parametrize("convert", [lambda x: float(x), lambda x: complex(x).real, lambda x: x + 0.0])
def test_conversions_keep_the_derivative(x, convert):
    t = pb.gradient(lambda x: convert(x) * x)(x)
    assert t == 6.0 and type(t) is type(x)


def test_a_rule_that_returns_the_wrong_structure_for_a_dataclass():
    area = pb.differentiable_function(lambda m: (m.bias, lambda v: {"height": v}))
    with pytest.raises(pb.CotangentError, match=r"(?s)Model has no differentiable field 'height'.*test_silent_wrong"):
        pb.gradient(lambda m: area(m))(Model(np.ones(2), 1.0))


def test_an_integer_second_argument_is_left_out():
    assert pb.gradient(lambda x, n: x * n)(2.0, 3) == 3.0


def test_an_integer_asked_for_by_name():
    with pytest.raises(pb.ArgumentError, match=r"'n'.*int.*pass a float \(3\.0\)"):
        pb.gradient(lambda x, n: x * n, wrt="n")(2.0, 3)


def test_round_beside_another_path():
    assert pb.gradient(lambda x: round(x) * x)(2.6) == 3.0


def test_no_false_alarm_for_one_independent_argument():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pb.gradient(lambda x, y: x * 2.0)(1.0, 5.0) == (2.0, 0.0)


def test_without_derivative_silences_the_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pb.gradient(lambda x: pb.without_derivative(x * x))(3.0) == 0.0


def _first(a):
    e = np.exp(a)
    return [e, a]


def _zeroed(v):
    v[0] *= 0


def _view(a):
    e = np.exp(a)
    return e[1:]


def _overwritten(v):
    v[...] = 7.0


@pytest.mark.parametrize(
    ("f", "change"),
    [
        (lambda a: {0: np.exp(a)}, _zeroed),
        (_first, _zeroed),
        (lambda a: tuple(_first(a)), lambda v: v[0].fill(7.0)),
        (lambda a: [a[0] * a[0], a[1]], _zeroed),
        (_view, _overwritten),
    ],
)
def test_a_result_that_is_changed_before_the_pullback(f, change):
    value, pull = pb.value_with_pullback(f)(np.array([0.5, 1.5]))
    one = pb.zero_tangent(value)
    change(value)
    with pytest.raises(pb.ChangedValueError, match="the result of .* was changed"):
        pull(one)


# --- defaults ---------------------------------------------------------------------------------------------


class _Held:
    def __init__(self, v):
        self.v = v


def _an_array_as_a_default(x):
    b = x * 1.0
    scaled = lambda v, w=b: v * w  # noqa: E731
    b *= 2.0
    return np.sum(scaled(x))


def _a_keyword_default(x):
    b = x * 1.0

    def scaled(v, *, w=b):
        return v * w

    b[0] = 3.0 * x[1]
    return np.sum(scaled(x))


def _an_object_as_a_default(x):
    held = _Held(x * 1.0)

    def scaled(v, w=held):
        return v * w.v

    held.v = held.v**2
    held.v *= 2.0
    return np.sum(scaled(x))


def _a_list_as_a_default(x):
    xs = [x[0], x[1]]

    def first(v, w=xs):
        w[0] = w[0] * v
        return w[0]

    return first(x[1]) * xs[0]


@pytest.mark.parametrize(
    "f", [_an_array_as_a_default, _a_keyword_default, _an_object_as_a_default, _a_list_as_a_default]
)
def test_defaults_that_change(f, in_every_mode):
    in_every_mode(f, np.array([1.2, 0.7]))


# --- what iterators and mappings of users hand out ------------------------------------------------------------


class _Sequence:
    def __init__(self, x):
        self.x = x

    def __getitem__(self, i):
        return self.x[i] * self.x[0]

    def __len__(self):
        return 2


class _Mapping:
    def __init__(self, x):
        self.x = x

    def keys(self):
        return ["a", "b"]

    def __getitem__(self, k):
        return self.x["ab".index(k)]


def _until_none(x):
    drawn = (v * v for v in x)
    return sum(iter(lambda: next(drawn, None), None)) * x[0]


def test_iter_until_a_sentinel():
    pb.check_derivative(_until_none, np.array([1.2, 0.7]))


def _of_an_iadd(x):
    y = [x[0], x[1]]
    y.__iadd__([x[0]])
    return y[2] * y[0]


def test_in_place_methods_by_name():
    pb.check_derivative(_of_an_iadd, np.array([1.2, 0.7]))


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: sum(k * v for k, v in enumerate(reversed(_Sequence(x)))), "_Sequence"),
        (lambda x: (lambda a, b: a * b * b)(**_Mapping(x)), "_Mapping"),
        (lambda x: sum(iter([None, x[0] * x[0]].pop, None)), "in place"),
    ],
)
def test_what_is_not_followed_is_refused(f, message):
    for verb in (pb.gradient, lambda f: lambda x: pb.differential(f)(x)(x)):
        with pytest.raises(pb.DifferentiabilityError, match=message):
            verb(f)(np.array([1.2, 0.7]))
