"""The blocks of a Jacobian, put together from tangents along unit vectors, and taken apart again.

    plan = jacobian_plan(f, value, args, kwargs, active)
    from_columns([push(*t) for t in plan.units], plan)     forward mode: a column for each number of the arguments
    from_rows([pull(g) for g in plan.units], plan)         reverse mode: a row for each number of the result

Both are linear in the list, and each is the transpose of its inverse: so a Jacobian can itself be differentiated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from pullback.errors import ArgumentError
from pullback.rules import Active, callable_name, constant, rule
from pullback.spaces import describe, is_differentiable, project
from pullback.structs import field_names
from pullback.tangents import NO_TANGENT, Tangent, tangent_type
from pullback.trees import leaves, tangent_leaves

Blocks = list[list[np.ndarray[Any, Any]]]


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """How a Jacobian is taken: the result and operands as examples of their structure, and the direction."""

    value: Any
    operands: tuple[Any, ...]
    by_columns: bool
    units: tuple[Any, ...]  # the vectors along which tangents are taken
    rotated: tuple[Any, ...] = ()  # for complex numbers, the same times i


def jacobian_plan(f: Any, value: Any, args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Plan:
    """Forward mode where the arguments have fewer numbers than the result, reverse mode otherwise."""
    operands = tuple(args[a] if isinstance(a, int) else kwargs[a] for a in active)
    if not is_differentiable(value):
        raise ArgumentError(f"the result of {callable_name(f)} is {describe(value)}, which has no tangent space")
    inputs, outputs = leaves(operands), leaves(value)
    are_complex = [np.iscomplexobj(x) for x in (*inputs, *outputs)]
    if any(are_complex):
        if not all(are_complex):
            raise ArgumentError(
                f"the jacobian of {callable_name(f)} mixes real and complex values; take real and imaginary parts apart"
            )
        return Plan(value, operands, True, tuple(_units(operands)), tuple(_units(operands, 1j)))
    if sum(map(np.size, inputs)) < sum(map(np.size, outputs)):
        return Plan(value, operands, True, tuple(_units(operands)))
    return Plan(value, operands, False, tuple(_units(value)))


def hessian_plan(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Plan:
    """The gradient is built as the arguments are: a column for each of their numbers."""
    operands = tuple(args[a] if isinstance(a, int) else kwargs[a] for a in active)
    like = operands[0] if len(operands) == 1 else operands
    return Plan(like, operands, True, tuple(_units(operands)))


def check_holomorphic(f: Any, columns: list[Tangent], rotated: list[Tangent], plan: Plan) -> None:
    """Only a holomorphic function has a complex Jacobian: along i it is i times that along 1."""
    for column, turned in zip(columns, rotated, strict=True):
        for leaf, other in zip(tangent_leaves(column, plan.value), tangent_leaves(turned, plan.value), strict=True):
            if not np.allclose(1j * np.asarray(leaf), other, rtol=1e-4, atol=1e-6):
                raise ArgumentError(
                    f"{callable_name(f)} is not holomorphic, so it has no complex jacobian; "
                    "take real and imaginary parts apart"
                )


# --- columns and rows: for each leaf of the result, for each leaf of the arguments, one block --------


def from_columns(columns: list[Tangent], plan: Plan) -> Any:
    """The Jacobian whose columns these tangents of the result are."""
    blocks = _blocks(plan)
    for (k, j), column in zip(_places(plan.operands), columns, strict=True):
        for i, leaf in enumerate(tangent_leaves(column, plan.value)):
            blocks[i][k][:, j] = np.ravel(leaf)
    return _assembled(plan, blocks)


def to_columns(jacobian: Tangent, plan: Plan) -> list[Tangent]:
    """The transpose of `from_columns`: the columns of what is built as a Jacobian."""
    blocks, outputs = _taken_apart(plan, jacobian), leaves(plan.value)
    made = []
    for k, j in _places(plan.operands):
        parts = (row[k][:, j].reshape(np.shape(y)) for row, y in zip(blocks, outputs, strict=True))
        made.append(tangent_of(plan.value, parts))
    return made


def from_rows(rows: list[Tangent], plan: Plan) -> Any:
    """The Jacobian whose rows these tangents of the arguments are."""
    blocks = _blocks(plan)
    for (i, j), row in zip(_places(plan.value), rows, strict=True):
        tangents = (row,) if len(plan.operands) == 1 else row
        for k, leaf in enumerate(tangent_leaves(tangents, plan.operands)):
            blocks[i][k][j, :] = np.ravel(leaf)
    return _assembled(plan, blocks)


def to_rows(jacobian: Tangent, plan: Plan) -> list[Tangent]:
    """The transpose of `from_rows`."""
    blocks, inputs = _taken_apart(plan, jacobian), leaves(plan.operands)
    made = []
    for i, j in _places(plan.value):
        row = tangent_of(plan.operands, (b[j, :].reshape(np.shape(x)) for b, x in zip(blocks[i], inputs, strict=True)))
        made.append(row[0] if len(plan.operands) == 1 else row)
    return made


def _blocks(plan: Plan) -> Blocks:
    outs, ins = leaves(plan.value), leaves(plan.operands)
    return [[np.zeros((np.size(y), np.size(x)), np.result_type(_dtype(y), _dtype(x))) for x in ins] for y in outs]


def _taken_apart(plan: Plan, jacobian: Tangent) -> Blocks:
    like = _assembled(plan, _blocks(plan))
    parts = iter(tangent_leaves(jacobian, like))
    outs, ins = leaves(plan.value), leaves(plan.operands)
    return [[np.reshape(next(parts), (np.size(y), np.size(x))) for x in ins] for y in outs]


def _dtype(x: Any) -> Any:
    return np.asarray(x).dtype


def _places(like: Any) -> Iterator[tuple[int, int]]:
    """(leaf, entry) for each number of a structure."""
    for k, leaf in enumerate(leaves(like)):
        for j in range(np.size(leaf)):
            yield k, j


def _units(like: Any, one: complex = 1) -> Iterator[Tangent]:
    """The tangent that is 1 in one place, for each number of a structure."""
    parts = leaves(like)
    for k, j in _places(like):
        arrays = [np.zeros(np.shape(p), _dtype(p)) for p in parts]
        arrays[k].flat[j] = one
        yield tangent_of(like, iter(arrays))


def tangent_of(like: Any, arrays: Iterator[Any]) -> Tangent:
    """A tangent of a value from the arrays of its leaves, in their order."""
    if isinstance(like, (float, complex, np.inexact, np.ndarray)):
        if not is_differentiable(like):
            return NO_TANGENT
        array = next(arrays)
        return np.array(array) if isinstance(like, np.ndarray) else type(like)(array[()])
    return _shaped(like, lambda x: tangent_of(x, arrays))


def _shaped(like: Any, make: Callable[[Any], Any]) -> Any:
    """A container or object of the same structure, of what `make` makes of each item."""
    if isinstance(like, dict):
        return {k: make(v) for k, v in like.items()}
    if hasattr(like, "_make"):
        return like._make(map(make, like))
    if isinstance(like, (tuple, list)):
        return type(like)([make(v) for v in like])
    if not is_differentiable(like):
        return NO_TANGENT
    pairs = [(n, getattr(like, n, None)) for n in field_names(like)]
    return tangent_type(type(like))(**{n: make(v) for n, v in pairs if is_differentiable(v)})


def _assembled(plan: Plan, blocks: Blocks) -> Any:
    """The blocks in the result's structure, each with the structure of the arguments."""
    rows = iter(blocks)

    def of_result(y: Any) -> Any:
        if isinstance(y, (float, complex, np.inexact, np.ndarray)):
            if not is_differentiable(y):
                return NO_TANGENT
            row = iter(next(rows))
            made = tuple(of_argument(x, y, row) for x in plan.operands)
            return made[0] if len(made) == 1 else made
        return _shaped(y, of_result)

    def of_argument(x: Any, y: Any, row: Any) -> Any:
        if isinstance(x, (float, complex, np.inexact, np.ndarray)):
            if not is_differentiable(x):
                return NO_TANGENT
            block = next(row).reshape(np.shape(y) + np.shape(x))
            scalar = not isinstance(x, np.ndarray) and not isinstance(y, np.ndarray)
            return project(block[()], y, "internal") if scalar else block
        return _shaped(x, lambda part: of_argument(part, y, row))

    return of_result(plan.value)


constant(jacobian_plan, hessian_plan, check_holomorphic)
rule(
    from_columns, "columns, plan", columns="to_columns(g, plan)", columns_dot="from_columns(columns_dot, plan)",
    _inert="plan", _returns="unknown",
)  # fmt: skip
rule(
    to_columns, "jacobian, plan", jacobian="from_columns(g, plan)", jacobian_dot="to_columns(jacobian_dot, plan)",
    _inert="plan", _returns="list",
)  # fmt: skip
rule(
    from_rows, "rows, plan", rows="to_rows(g, plan)", rows_dot="from_rows(rows_dot, plan)", _inert="plan",
    _returns="unknown",
)  # fmt: skip
rule(
    to_rows, "jacobian, plan", jacobian="from_rows(g, plan)", jacobian_dot="to_rows(jacobian_dot, plan)",
    _inert="plan", _returns="list",
)  # fmt: skip
