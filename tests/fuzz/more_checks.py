"""Further comparisons of one program, chosen by name: forward mode, second derivatives, arguments changed too late.

MORE["forward"](check)  ->  raises Mismatch where the differential is not the oracle's
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np

import pullback as pb

from .checking import Check, Mismatch, muted
from .oracle import derivatives
from .structures import fields, leaves, rebuilt


def forward(check: Check) -> None:
    """The differential along a random direction."""
    args = check.fresh()
    moves = [round(check.rng.uniform(-1.0, 1.0), 3) for _ in leaves(args)]
    every = iter(moves)
    tangents = [rebuilt(a, every) for a in args]
    with muted() as out:
        value, differential = pb.value_with_differential(check.f)(*args)  # type: ignore[attr-defined]
    check.same_value("value_with_differential", value, args, out.getvalue())
    with muted():
        ends = [leaves(differential(*[tangents[k] for k in check.active])) for _ in range(2)]
    check.same_end("differential, afterwards", value, args)
    if ends[0] != ends[1]:
        raise Mismatch(f"differential, called again: first {ends[0]}, then {ends[1]}")
    want = [sum(m * d for m, d in zip(moves, row)) for row in check.answer.jacobian]
    near(check, "differential", ends[0], want, 1e-9)


def near(check: Check, what: str, got: list[float], want: list[float], relative: float) -> None:
    close = [relative * (abs(a) + abs(b)) + relative * 1e-2 * (1.0 + check.answer.largest) for a, b in zip(got, want)]
    if len(got) != len(want) or not all(abs(a - b) <= c for a, b, c in zip(got, want, close)):
        raise Mismatch(f"{what}: expected {want}, got {got}")


def second(check: Check) -> None:
    """A row of the Hessian: the gradient of a gradient, by one float argument, against differences of the oracle."""
    floats = [k for k in check.active if type(check.args[k]) is float]
    if len(check.answer.jacobian) != 1 or not isinstance(check.value, float) or not floats:
        return
    k = check.rng.choice(floats)
    with muted():
        got = pb.gradient(pb.gradient(check.f, wrt=k))(*check.fresh())
    numbers = leaves(check.args)
    at = sum(len(leaves(a)) for a in check.args[:k])
    steps = (1e-4, 1e-5, 1e-6)
    rows = [_differences(check, numbers, at, step) for step in steps]
    parts = got if len(check.active) > 1 else (got,)
    flat = [n for part in parts for n in leaves(part)]
    near_one: Mismatch | None = None
    for row in rows:
        try:
            near(check, f"second derivative, wrt={k}", flat, row, 1e-4)
        except Mismatch as error:
            near_one = error
        else:
            return
    assert near_one is not None
    raise near_one


def _differences(check: Check, numbers: list[float], at: int, step: float) -> list[float]:
    """The change of the oracle's gradient entry `at` along every input leaf."""
    row = []
    for j in range(len(numbers)):
        ends = []
        for sign in (1.0, -1.0):
            moved = list(numbers)
            moved[j] += sign * step
            ends.append(derivatives(check.source, moved).jacobian[0][at])
        row.append((ends[0] - ends[1]) / (2 * step))
    return row


def late(check: Check) -> None:
    """The arguments, and the result, are changed between the forward sweep and the pullback: right, or an error."""
    args = check.fresh()
    with muted():
        value, pull = pb.value_with_pullback(check.f)(*args)
    spoil((args, value))
    ones = [1.0] * len(check.answer.jacobian)
    with contextlib.suppress(pb.ChangedValueError):
        check.compare("pullback, arguments changed before it", check.pulled(pull, ones), check.active, ones)


def spoil(x: Any) -> None:
    """Change everything in a structure that can be changed."""
    if isinstance(x, np.ndarray):
        if x.dtype.kind == "f":
            x += 0.37
    elif isinstance(x, (tuple, list, dict)):
        for v in x.values() if isinstance(x, dict) else x:
            spoil(v)
        for k in x if isinstance(x, dict) else range(len(x)):
            if type(x[k]) is float and not isinstance(x, tuple):
                x[k] += 0.37
    else:
        for name in fields(x):
            spoil(getattr(x, name))
            if type(getattr(x, name)) is float:
                with contextlib.suppress(AttributeError):  # a frozen one
                    setattr(x, name, getattr(x, name) + 0.37)


MORE: dict[str, Callable[[Check], None]] = {"forward": forward, "second": second, "late": late}
