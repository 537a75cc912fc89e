"""Results that depend on an argument only by a function whose own result is flat: told, and nothing else is."""

from __future__ import annotations

import logging
import math
import warnings

import numpy as np
import pytest

import pullback as pb
from pullback.contract import findings

LOG = logging.getLogger("tests.flat_calls")
VERBS = {
    "gradient": lambda f: pb.gradient(f)(2.5),
    "pullback": lambda f: pb.pullback(f)(2.5)(1.0),
    "value_with_pullback": lambda f: pb.value_with_pullback(f)(2.5)[1](1.0),
    "differential": lambda f: pb.differential(f)(2.5)(1.0),
}


def truncated(x):
    return float(int(x))


def level(x):
    return math.floor(x) * 0.5


def constant(x):
    return 3.0


def twice(x):
    return 2.0 * level(x)


class Steps:
    def level(self, x):
        return level(x) * 2.0

    def __call__(self, x):
        return constant(x)


def put(out, x):
    out.append(x)
    return 1.0


def through_a_list(x):
    out = []
    put(out, x)
    return out[0] * constant(x)


def through_a_closure(x):
    total = 0.0

    def add(v):
        nonlocal total
        total += v

    add(x)
    return total * constant(x)


def in_a_branch(x):
    return constant(x) if x > 100.0 else x


def copies_in_a_loop(x):
    y = truncated(x)
    for _ in range(3):
        y = y * 1.0
    z = x
    y = z if y > 1.0 else y
    return y


def caught(x):
    try:
        y = x * 1.0
        constant(x)
    except ValueError:
        y = truncated(x)
    return y


def recursive(x, n=2):
    return constant(x) if n == 0 else recursive(x * x, n - 1) + x


RIGHT = [
    (lambda x: x - truncated(x), 1.0),
    (lambda x: x * constant(x), 3.0),
    (lambda x: level(x) * math.exp(x), math.exp(2.5)),
    (lambda x: sum([constant(x), x]), 1.0),
    (lambda x: max(truncated(x), x), 1.0),
    (lambda x: pb.without_derivative(truncated(x)), 0.0),
    (lambda x: np.array([truncated(x), x]).sum(), 1.0),
    (through_a_list, 3.0),
    (through_a_closure, 3.0),
    (in_a_branch, 1.0),
    (copies_in_a_loop, 1.0),
    (caught, 1.0),
    (recursive, 6.0),
]


@pytest.mark.parametrize(("f", "slope"), RIGHT)
def test_what_has_another_way_is_right_and_silent(f, slope):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert findings(f) == []
        for verb in VERBS.values():
            assert math.isclose(verb(f), slope)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("f", "id", "callee"),
    [
        (lambda x: level(x) * 2.0, "non-differentiable-result", "level"),
        (lambda x: twice(x) + 1.0, "non-differentiable-result", "twice"),
        (lambda x: constant(x) * 2.0, "zero-derivative", "constant"),
        (Steps().level, "non-differentiable-result", "level"),
        (Steps(), "zero-derivative", "constant"),
    ],
)
def test_a_flat_result_is_told_at_the_call(f, id, callee, verb):
    with pytest.warns(pb.ZeroDerivativeWarning) as told:
        assert VERBS[verb](f) == 0.0
    text = str(told[0].message)
    assert f"warning[{id}]" in text and f"only through `{callee}(...)`" in text
    assert ":::" in text, "the place inside of it is shown too"


@pytest.mark.parametrize("verb", VERBS)
def test_an_int_inside_is_an_error_with_the_chain_of_calls(verb):
    f = lambda x: truncated(x) * 2.0
    with pytest.raises(pb.DifferentiabilityError, match=r"(?s)through `int.*note: called at .*test_flat_calls"):
        VERBS[verb](f)
    assert [d.id for d in findings(f)] == ["non-differentiable-result"]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("f", [lambda x: 3.0, Steps().__call__, constant])
def test_every_verb_warns(f, verb):
    with pytest.warns(pb.ZeroDerivativeWarning, match="zero-derivative"):
        VERBS[verb](f)


def logged(x):
    LOG.info("at %s", x)
    logging.debug("at %s of %g", x, x)
    if LOG.isEnabledFor(logging.DEBUG):
        LOG.debug("loss %r", [x, x * x], extra={"x": x})
    return x * x


class Solver:
    def __init__(self):
        self.log = logging.getLogger("tests.solver")
        self.adapter = logging.LoggerAdapter(self.log, {})

    def __call__(self, x):
        self.log.warning("step %s", x)
        self.adapter.info("step %s", x)
        return x * x


def dumped(x):
    import json

    text = json.dumps({"x": x, "square": x * x})
    assert text
    return x * x


@pytest.mark.parametrize("f", [logged, Solver(), dumped])
def test_values_may_be_logged(f, caplog):
    with caplog.at_level(logging.DEBUG):
        assert findings(f) == []
        for verb in VERBS.values():
            assert verb(f) == 5.0
        assert pb.gradient(pb.gradient(f))(2.5) == 2.0
    assert f is dumped or all(type(a) in (float, list) for r in caplog.records for a in r.args)
