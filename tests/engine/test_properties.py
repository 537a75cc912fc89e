"""Properties of every derivative, on random programs of array functions."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pullback as pb

from .array_programs import make

PROFILE = settings(
    derandomize=True, max_examples=60, deadline=None, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip
SEEDS = st.integers(0, 10**6)


def flat(x):
    """Every number of a structure, in order."""
    if isinstance(x, dict):
        return np.concatenate([flat(x[k]) for k in sorted(x)])
    if isinstance(x, (list, tuple)):
        return np.concatenate([flat(v) for v in x]) if len(x) else np.zeros(0)
    return np.ravel(np.asarray(x, float))


def like(x, rng):
    """Random numbers in the structure of a value."""
    if isinstance(x, dict):
        return {k: like(v, rng) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return type(x)(like(v, rng) for v in x)
    if isinstance(x, np.ndarray):
        return rng.normal(size=x.shape).astype(x.dtype)
    return type(x)(rng.normal())


def combined(alpha, t, beta, u):
    if isinstance(t, dict):
        return {k: combined(alpha, t[k], beta, u[k]) for k in t}
    if isinstance(t, (list, tuple)):
        return type(t)(combined(alpha, a, beta, b) for a, b in zip(t, u, strict=True))
    return type(t)(alpha * t + beta * u) if not isinstance(t, np.ndarray) else alpha * t + beta * u


def smooth_there(f, args):
    """Whether the program takes the same path around its arguments, so that differences mean something."""
    rng = np.random.default_rng(0)
    direction = [like(a, rng) for a in args]
    values = []
    for h in (1e-6, -1e-6, 1e-5, -1e-5):
        values.append((flat(f(*(a + h * d for a, d in zip(args, direction, strict=True)))) - flat(f(*args))) / h)
    reference = np.abs(values[0]).max() + 1.0
    return all(np.allclose(v, values[0], atol=1e-3 * reference) for v in values)


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", pb.ZeroDerivativeWarning)
        yield


@PROFILE
@given(SEEDS)
def test_values_are_bitwise_those_of_the_plain_function(seed):
    f, args, text = make(seed)
    plain = f(*args)
    value, _ = pb.value_with_pullback(f)(*args)
    assert type(value) is type(plain), text
    assert flat(value).tobytes() == flat(plain).tobytes(), text


@PROFILE
@given(SEEDS)
def test_a_pullback_is_linear(seed):
    f, args, text = make(seed)
    rng = np.random.default_rng(seed)
    value, pull = pb.value_with_pullback(f)(*args)
    v, w = like(value, rng), like(value, rng)
    alpha, beta = rng.normal(size=2)
    both = flat(pull(combined(alpha, v, beta, w)))
    apart = alpha * flat(pull(v)) + beta * flat(pull(w))
    assert np.allclose(both, apart, rtol=1e-9, atol=1e-9 * (np.abs(apart).max() + 1.0)), text
    assert not flat(pull(combined(0.0, v, 0.0, w))).any(), text


@PROFILE
@given(SEEDS)
def test_it_is_the_transpose_of_the_directional_derivative(seed):
    """⟨w, J v⟩ = ⟨Jᵀ w, v⟩, J v by differences."""
    f, args, text = make(seed)
    if not smooth_there(f, args):
        return
    rng = np.random.default_rng(seed + 1)
    value, pull = pb.value_with_pullback(f)(*args)
    w = like(value, rng)
    v = [like(a, rng) for a in args]
    h = 1e-5
    up = flat(f(*(a + h * d for a, d in zip(args, v, strict=True))))
    down = flat(f(*(a - h * d for a, d in zip(args, v, strict=True))))
    forward = np.dot(flat(w), (up - down) / (2.0 * h))
    tangents = pull(w)
    reverse = sum(np.dot(flat(t), flat(d)) for t, d in zip(tangents, v, strict=True))
    assert np.isclose(forward, reverse, rtol=1e-4, atol=1e-5 * (np.abs(forward) + 1.0)), text


@PROFILE
@given(SEEDS)
def test_the_joint_function_agrees_with_the_pair(seed):
    f, args, text = make(seed)

    def total(a, b, x):
        return summed(f(a, b, x))

    value, gradient = pb.value_with_gradient(total)(*args)
    pulled, pull = pb.value_with_pullback(total)(*args)
    assert flat(value).tobytes() == flat(pulled).tobytes(), text
    for g, t in zip(gradient, pull(type(pulled)(1.0)), strict=True):
        assert type(g) is type(t), text
        assert np.allclose(g, t, rtol=1e-12, atol=1e-12), text


def summed(y):
    if isinstance(y, dict):
        return summed([y[k] for k in y])
    if isinstance(y, (list, tuple)):
        s = 0.0
        for part in y:
            s = s + summed(part)
        return s
    return np.sum(y)


@PROFILE
@given(SEEDS)
def test_a_subset_of_the_arguments_gives_those_components(seed):
    f, args, text = make(seed)
    rng = np.random.default_rng(seed + 2)
    value, pull = pb.value_with_pullback(f)(*args)
    w = like(value, rng)
    whole = dict(zip("abx", pull(w), strict=True))
    for count in (1, 2):
        for names in itertools.combinations("abx", count):
            part = pb.pullback(f, wrt=names)(*args)(w)
            part = (part,) if count == 1 else part
            for name, t in zip(names, part, strict=True):
                assert np.allclose(flat(t), flat(whole[name]), rtol=1e-9, atol=1e-9), f"{names}\n{text}"


@PROFILE
@given(SEEDS)
def test_tangents_have_their_primals_form_and_share_nothing(seed):
    f, args, text = make(seed)
    rng = np.random.default_rng(seed + 3)
    before = [np.copy(a) for a in args]
    value, pull = pb.value_with_pullback(f)(*args)
    w = like(value, rng)
    kept = flat(w)
    first = pull(w)
    for t, a in zip(first, args, strict=True):
        assert type(t) is type(a), text
        if isinstance(a, np.ndarray):
            assert (t.shape, t.dtype) == (a.shape, a.dtype), text
            assert not any(np.shares_memory(t, o) for o in args if isinstance(o, np.ndarray)), text
    again = flat(first)
    for t in first:
        if isinstance(t, np.ndarray):
            t += 7.0
    assert np.array_equal(flat(pull(w)), again), text
    assert np.array_equal(flat(w), kept), text
    assert all(np.array_equal(a, b) for a, b in zip(args, before, strict=True)), text


@PROFILE
@given(SEEDS, st.sampled_from([np.float32, np.float64, np.longdouble]))
def test_the_dtype_stays(seed, dtype):
    f, args, text = make(seed)
    cast = tuple(a.astype(dtype) if isinstance(a, np.ndarray) else dtype(a) for a in args)
    value, pull = pb.value_with_pullback(f)(*cast)
    for t, a in zip(pull(like(value, np.random.default_rng(seed))), cast, strict=True):
        assert t.dtype == a.dtype and type(t) is type(a), text


@PROFILE
@given(SEEDS)
def test_the_chain_rule(seed):
    """The pullback of a composition is the composition of the pullbacks."""
    f, args, text = make(seed, length=4)

    def outer(y):
        return np.tanh(summed(y)) * 2.0

    value, pull_f = pb.value_with_pullback(f)(*args)
    result, pull_outer = pb.value_with_pullback(outer)(value)
    whole_value, whole = pb.value_with_pullback(lambda a, b, x: outer(f(a, b, x)))(*args)
    assert flat(result).tobytes() == flat(whole_value).tobytes(), text
    apart = pull_f(pull_outer(type(result)(1.0)))
    together = whole(type(whole_value)(1.0))
    assert np.allclose(flat(apart), flat(together), rtol=1e-9, atol=1e-9), text


@PROFILE
@given(SEEDS)
def test_the_gradient_of_a_sum_is_the_sum_of_the_gradients(seed):
    f, args, text = make(seed, length=4)
    g, *_ = make(seed, length=4)

    def total(a, b, x):
        return summed(f(a, b, x)) + 3.0 * summed(g(a, b, x))

    one = pb.gradient(lambda a, b, x: summed(f(a, b, x)))(*args)
    both = pb.gradient(total)(*args)
    assert np.allclose(flat(both), 4.0 * flat(one), rtol=1e-9, atol=1e-9), text
