"""Values that a call keeps by reference, watched from the call to its pullback.

    y = f(x, w)         f's residuals hold w itself
    w[0] = 5.0          so its pullback, which runs later, would read another w: an error, never a wrong number

Generated code watches calls only in functions where something may change in place.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from pullback.applying import Residual
from pullback.errors import ChangedValueError
from pullback.fingerprints import deep_fingerprint, fingerprint
from pullback.lending import settled
from pullback.mirrors import snapshot
from pullback.rules import callable_name
from pullback.structs import is_struct_class
from pullback.tangents import Tangent
from pullback.views import entangled


def outside(f: Any) -> dict[str, Any]:
    """The captured and global arrays that a function reads, and a method's object."""
    found: dict[str, Any] = {}
    if isinstance(f, types.MethodType):
        found["its object"] = f.__self__
        f = f.__func__
    if isinstance(f, types.FunctionType):
        for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
            try:
                value = cell.cell_contents
            except ValueError:
                continue
            if isinstance(value, np.ndarray):
                found[f"the captured variable `{name}`"] = value
        for name in f.__code__.co_names:
            value = f.__globals__.get(name)
            if isinstance(value, np.ndarray):
                found[f"the global variable `{name}`"] = value
    return found


def watched(made: tuple[Any, Residual], operands: tuple[Any, ...]) -> tuple[Any, Residual]:
    """A call's value and residual, whose pullback first makes sure that the operands are as they were."""
    value, inner = made
    callee = operands[0]
    seen = [(f"argument {i}", x) for i, x in enumerate(operands[1:], 1)] + list(outside(callee).items())
    if not isinstance(callee, types.FunctionType):
        seen.append(("its object", callee))
    marks = [(what, array, fingerprint(array)) for what, x in seen for array in _arrays(x, 4)]
    return value, (_verified, inner, marks, callee) if marks else inner


def on_copies(
    run: Callable[[Any, Any], tuple[Any, Residual]], callee: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, Residual]:
    """A call's value and residual, run on copies of the operands: what is changed later does not reach its pullback.

    A call that changes them, or hands out parts of them, is run on the operands themselves, which are watched.
    """
    memo: dict[Any, Any] = {}
    copies = snapshot((args, kwargs), memo)
    before = deep_fingerprint(copies)
    value, inner = run(*copies)
    if deep_fingerprint(copies) == before:
        originals = {id(copy): x for x, copy in memo.values()}
        parts = value if value.__class__ is tuple else (value,)
        parts = tuple([originals.get(id(part), part) for part in parts])
        if not entangled((parts,), copies):
            value = parts if value.__class__ is tuple else parts[0]
            return watched((value, inner), (callee,))
    return watched(run(args, kwargs), (callee, *args, *kwargs.values()))


def own_result(made: tuple[Any, Residual], operands: tuple[Any, ...]) -> tuple[Any, Residual]:
    """A call's value as the caller's own, to change: what the pullback holds of it (`y`, in exp's) stays as it is.

    What is an operand, or a view of one, is handed on as it is. An object keeps its identity, and is watched.
    """
    value, inner = made
    kept: dict[int, Any] = {}
    _keep(operands, kept, 4)
    arrays = [x for x, _ in kept.values() if isinstance(x, np.ndarray)]
    for x in _arrays(value, 4):
        if any(np.may_share_memory(x, a) for a in arrays):
            kept[id(x)] = (x, x)
    if is_struct_class(type(value)) and id(value) not in kept:
        inner = (_verified, inner, [("the result", value, fingerprint(value))], operands[0])
    return settled(value, kept), inner


def _keep(x: Any, kept: dict[int, Any], depth: int) -> None:
    """Note what a value consists of, to be left as it is."""
    if depth == 0 or isinstance(x, (int, float, complex, str, types.FunctionType, types.ModuleType, type)):
        return
    kept[id(x)] = (x, x)
    if isinstance(x, np.ndarray):
        return
    parts = x if isinstance(x, (tuple, list)) else x.values() if isinstance(x, dict) else vars(x).values() if hasattr(
        x, "__dict__") else ()  # fmt: skip
    for part in parts:
        _keep(part, kept, depth - 1)


def _arrays(x: Any, depth: int) -> list[Any]:
    """The arrays in a value: what a residual may hold by reference (numbers are kept as they are)."""
    if isinstance(x, np.ndarray):
        return [x] if x.dtype.kind in "fc" else []
    if depth == 0 or isinstance(x, (int, float, complex, str, types.FunctionType, types.ModuleType, type)):
        return []
    if isinstance(x, (tuple, list)):
        parts: Iterable[Any] = x
    else:
        parts = x.values() if isinstance(x, dict) else getattr(x, "__dict__", {}).values()
    return [array for part in parts for array in _arrays(part, depth - 1)]


def _verified(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, inner, marks, callee = residual
    for what, x, before in marks:
        if fingerprint(x) != before:
            raise ChangedValueError(
                f"{what} of {callable_name(callee)} was changed in place after the call and before its pullback; "
                "pass a copy, or build a new value instead of changing this one"
            )
    return inner[0](inner, g)  # type: ignore[no-any-return]
