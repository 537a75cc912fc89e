"""What generated derivatives call is linear in its tangents: its own rules, backward and forward, say so.

Derivatives of derivatives go through these; here each is called by itself.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "rulebook"))

from differences import check_rule, random_like, same  # noqa: E402

from pullback.differential_calls import call_differential  # noqa: E402
from pullback.dispatch import call  # noqa: E402
from pullback.fitting import fit, fit_like, fit_to, meta  # noqa: E402
from pullback.mirrors import mirror, mirrors, own  # noqa: E402
from pullback.runtime import keep  # noqa: E402
from pullback.separate import separated  # noqa: E402
from pullback.spaces import move  # noqa: E402
from pullback.tangent_parts import (  # noqa: E402
    collected,
    dense,
    elements,
    field_part,
    filled,
    gathered_vector,
    listed,
    part,
    projected,
    walked,
)  # fmt: skip
from pullback.tangents import ZERO, add, product, scale, tangent_type  # noqa: E402
from pullback.trees import as_reals, tangent_leaves  # noqa: E402


@dataclass
class Model:
    w: Any
    b: Any


A, ROW = np.array([[1.5, -0.5], [0.25, 2.0]]), np.array([0.7, -1.2])
M = Model(0.5, ROW)
V = tangent_type(Model)(w=1.5, b=np.array([0.3, 0.4]))
NUMBERS: list[Any] = [
    (add, (A, A * 2.0), (0, 1)), (add, (1.5, 2.5), (0, 1)), (scale, (A, 2.5), (0, 1)), (scale, (1.5, 2.5), (0, 1)),
    (product, (1.5, 2.5), (0, 1)), (fit, (A, ROW), (0,)), (fit, (A, 1.5), (0,)), (fit, (ROW, A), (0,)),
    (fit_to, (A, (2,), A.dtype), (0,)), (fit_like, (A, meta(ROW)), (0,)), (fit_like, (A, meta(1.5)), (0,)),
    (move, (A, A * 2.0), (0, 1)), (keep, (1.5,), (0,)), (keep, (A,), (0,)),
]  # fmt: skip
OF_PARTS: list[Any] = [  # a function, its arguments, which of them is the tangent
    (add, (V, V), 0), (add, (V, V), 1), (add, ([1.5, A], [2.5, A]), 1), (scale, (V, 2.5), 0),
    (scale, ([1.5, A], 2.5), 0),
    (part, ([1.5, A], 1), 0), (part, ((1.5, A), 0), 0), (part, ({"k": A, "m": 1.0}, "k"), 0), (part, (V, "b"), 0),
    (field_part, (M, V, "w"), 1), (field_part, (M, V, "b"), 1),
    (gathered_vector, (M, ("w", "b"), (1.5, ROW)), 2), (filled, ([1.5, ROW], [0.5, ROW]), 0), (filled, (V, M), 0),
    (projected, (V, M), 0), (projected, (A, A), 0), (mirror, ([0.5, A], [1.5, A]), 1),
    (mirrors, (([0.5], 2.5), ([1.5], 3.5)), 1), (own, ([1.5, A],), 0), (dense, (A, A), 0),
    (separated, ((A, 1.5), (A, 2.5)), 0),
    (elements, ([1.5, A], [0.5, A]), 0), (elements, (A, A), 0), (collected, ([1.5, A],), 0), (listed, ([1.5, A],), 0),
    (walked, ([1.5, A], [0.5, A]), 0),
]  # fmt: skip


def ids(calls: list[Any]) -> list[str]:
    return [f"{k}-{c[0].__name__}" for k, c in enumerate(calls)]


@pytest.mark.parametrize(("function", "args", "wrt"), NUMBERS, ids=ids(NUMBERS))
def test_of_numbers(function: Any, args: Any, wrt: Any) -> None:
    check_rule(function, args, {}, wrt)


def numbers(t: Any, x: Any) -> Any:
    return np.asarray(as_reals(tangent_leaves(t, x)), float)


@pytest.mark.parametrize(
    ("function", "args", "operand"),
    [*((f, args, k) for f, args, wrt in NUMBERS for k in wrt), *OF_PARTS],
    ids=[*(f"{f.__name__}-{n}-{k}" for n, (f, _, wrt) in enumerate(NUMBERS) for k in wrt), *ids(OF_PARTS)],
)
def test_linear_in_each_tangent(function: Any, args: Any, operand: int) -> None:
    """The tangent of the result is the function of the operand's, and the cotangent its transpose."""
    t = random_like(args[operand], 3)
    moved = (*args[:operand], t, *args[operand + 1 :])
    expected = t if function in (add, move) else function(*moved)  # (those are sums)
    value, y_dot = call_differential(
        function, ZERO, args, tuple(t if k == operand else ZERO for k in range(len(args))), {}, {}
    )
    plain = function(*args)
    assert same(type(value), type(plain))
    np.testing.assert_array_equal(numbers(value, plain), numbers(plain, plain))
    np.testing.assert_allclose(numbers(y_dot, plain), numbers(expected, plain), rtol=1e-12)
    value, residual = call(function, args, (operand,), {})
    g = random_like(plain, 4)
    (back,) = residual[0](residual, g)
    paired = np.sum(numbers(g, plain) * numbers(expected, plain))
    assert np.sum(numbers(back, args[operand]) * numbers(t, args[operand])) == pytest.approx(paired, rel=1e-12)
