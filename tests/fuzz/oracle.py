"""The oracle: exact derivatives of the untransformed program, by running it on dual numbers.

    derivatives(source)  ->  the value, and its partials with respect to every float in ARGS

It shares no code with the library: the program's own operators, containers, classes and arrays do the work, with
`math` and `numpy` that understand dual numbers. A program that is no fair test raises `Unsuitable`.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import math
from dataclasses import dataclass
from typing import Any

from .dual import MATH, Dual, Float, Monitor, Unsuitable, value_of
from .dual_arrays import NUMPY
from .structures import leaves, rebuilt

FAILURES = (ArithmeticError, ValueError, RecursionError, LookupError, RuntimeError)


@dataclass(frozen=True)
class Answer:
    """What the oracle says: the value, its Jacobian (output leaf by input leaf), output, scale of rounding."""

    value: Any
    jacobian: tuple[tuple[float, ...], ...]
    printed: str
    largest: float


def load(source: str, modules: dict[str, Any] | None = None) -> dict[str, Any]:
    """The program's globals; `modules` stand in for those that it imports by these names."""
    namespace: dict[str, Any] = {"__name__": "fuzzed_program"}
    if modules is not None:

        def import_(name: str, *rest: Any) -> Any:
            return modules[name] if name in modules else __import__(name, *rest)

        namespace["__builtins__"] = {**vars(builtins), "__import__": import_, "float": Float}
    exec(compile(source, "<program>", "exec", dont_inherit=True), namespace)
    return namespace


def run(source: str, at: list[float] | None = None) -> tuple[Any, Any, str]:
    """The plain result of the program, its arguments as it left them, and what it printed."""
    plain = load(source)
    if at is not None:
        plain["ARGS"] = rebuilt(plain["ARGS"], iter(at))
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        return plain["f"](*plain["ARGS"]), plain["ARGS"], out.getvalue()


def derivatives(source: str, at: list[float] | None = None) -> Answer:
    """Run the program plainly and on duals: the same value, and its exact derivatives; `at` other leaves of ARGS."""
    arrays = "import numpy" in source
    Monitor.largest, Monitor.operations, Monitor.strict = 0.0, 0, arrays
    namespace = load(source, {"math": MATH, "numpy": NUMPY})
    numbers = leaves(namespace["ARGS"]) if at is None else at
    count = len(numbers)
    seeds = iter([Dual(v, tuple(float(i == k) for i in range(count))) for k, v in enumerate(numbers)])
    out = io.StringIO()
    args = rebuilt(namespace["ARGS"], seeds)
    try:
        with contextlib.redirect_stdout(out):
            value = namespace["f"](*args)
        plain, left, printed = run(source, at)
    except FAILURES as error:
        raise Unsuitable(f"{type(error).__name__}: {error}") from None
    finally:
        Monitor.strict = False
    ends = leaves(value)
    if not leaves(plain) or len(ends) != len(leaves(plain)):
        raise Unsuitable("the result is an int")
    if arrays:  # NumPy's order of operations is its own
        agree = _close(leaves((value, args)), leaves((plain, left)))
    else:
        agree = [repr(value_of(v)) for v in ends] == [repr(v) for v in leaves(plain)] and printed == out.getvalue()
    if not agree:
        raise AssertionError(f"the oracle changed the program: {value!r} instead of {plain!r}")
    jacobian = tuple(v.partials if isinstance(v, Dual) else (0.0,) * count for v in ends)
    return Answer(plain, jacobian, printed, Monitor.largest)


def _close(ours: list[Any], theirs: list[Any]) -> bool:
    if len(ours) != len(theirs):
        return False
    pairs = [(value_of(v), w) for v, w in zip(ours, theirs)]
    return all(math.isclose(v, w, rel_tol=1e-9, abs_tol=1e-9 * (1 + Monitor.largest)) for v, w in pairs)
