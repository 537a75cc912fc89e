"""Where the operands of a function that stands for a call came from, and the way of cotangents back there.

    call_differential(f, ZERO, (x, n), (x_dot, ZERO))     f_differential(x_dot, x, n)
                                                          paths: ("dots", 0), ("args", 0), ("args", 1)
"""

from __future__ import annotations

import types
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pullback.errors import DifferentiabilityError
from pullback.python_calls import bound_variadic, signature_order
from pullback.rules import Active, callable_name
from pullback.spaces import describe
from pullback.tangents import NO_TANGENT, ZERO, Tangent, TangentVector, WithheldTangent, add

Path = Any  # where an operand came from: ("dots", 0), ("args", 3, 1), ...; of a collected one, the paths of its parts
ROOTS = ("fn", "fn_dot", "args", "dots", "kwargs", "kwdots")


WHOLE = "*"  # (WHOLE, *path): a closure's tangent, for its capture of itself: its parts belong one level up


@dataclass(slots=True)
class Target:
    """The function that stands for a call, and its operands with the paths they came from.

    Without operands, it is a function of the six operands of `call_differential` itself.
    """

    function: Any
    operands: tuple[Any, ...] | None = None
    paths: tuple[Path, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    kwpaths: dict[str, Path] = field(default_factory=dict)
    callee: Path = ("fn",)
    # tangents that are all zeros, of operands by which no derivative is known: what to say where one is asked for
    withheld: tuple[tuple[Path, str], ...] = ()


def lifted_path(path: Path, which: str, rest: tuple[Any, ...]) -> Path:
    """A path among the inner call's six operands, as one into the outer call's values or tangents."""
    if isinstance(path, dict):
        if rest:
            return lifted_path(path[rest[0]], which, rest[1:])
        return {k: lifted_path(p, which, ()) for k, p in path.items()}
    if path[0] == WHOLE:
        inner: tuple[Any, ...] = lifted_path(path[1:], which, rest)
        return inner if rest else (WHOLE, *inner)
    return (which, ROOTS.index(path[0]), *path[1:], *rest)


def tangent_at(path: Path, along: Any, value: Any) -> Tangent:
    """The tangent of an operand that came from a path among the six."""
    if isinstance(path, dict):
        parts = {k: tangent_at(p, along, None) for k, p in path.items()}
        if isinstance(value, dict):
            return {k: parts.get(k, ZERO) for k in value}
        return tuple(parts.get(k, ZERO) for k in range(len(value)))
    if path[0] == WHOLE:
        path = path[1:]
    t = along[ROOTS.index(path[0])]
    for key in path[1:]:
        if t is ZERO or t is NO_TANGENT:
            return ZERO
        if isinstance(t, tuple) and isinstance(key, int) and key >= len(t):  # an operand that the call left out
            return ZERO
        t = t.get(key, ZERO) if isinstance(t, dict) else t[key]
    return t


def roots_of(path: Path) -> set[str]:
    """Which of the six operands a path begins at."""
    if isinstance(path, dict):
        return set().union(*map(roots_of, path.values()))
    return {path[1] if path[0] == WHOLE else path[0]}


def regrouped(residual: Any, g: Tangent) -> tuple[Tangent, ...]:
    """The cotangents of a function's operands, put where the operands came from."""
    _, inner, paths, six, chosen = residual
    return put_back(paths, inner[0](inner, g), six, chosen)


def put_back(paths: Any, tangents: Any, six: Any, chosen: Any) -> tuple[Tangent, ...]:
    """Cotangents at their paths among the six operands."""
    tree: dict[Any, Any] = {}
    for path, t in zip(paths, tangents, strict=True):
        put_cotangent(tree, path, t)
    return tuple(built_like(tree.get(ROOTS[a], ZERO), six[a]) for a in chosen)


def put_cotangent(tree: dict[Any, Any], path: Path, t: Tangent) -> None:
    """Add a cotangent at the end of a path."""
    if t is ZERO or t is NO_TANGENT:
        return
    if isinstance(path, dict):
        for key, inner in path.items():
            put_cotangent(tree, inner, t.get(key, ZERO) if isinstance(t, dict) else t[key])
        return
    if path[0] == WHOLE:
        for key, part in t.items():
            put_cotangent(tree, (*path[1:], key), part)
        return
    *branch, leaf = path
    for key in branch:
        tree = tree.setdefault(key, _Tree())
    tree[leaf] = add(tree.get(leaf, ZERO), t)


class _Tree(dict[Any, Any]):
    """The cotangents of a structure's parts, by key."""


def built_like(tree: Any, like: Any) -> Tangent:
    """A cotangent built as the operand is."""
    if not isinstance(tree, _Tree):
        return tree
    if isinstance(like, (tuple, list)) and not hasattr(like, "_fields"):
        return type(like)([built_like(tree.get(k, ZERO), v) for k, v in enumerate(like)])
    if isinstance(like, dict):
        return {k: built_like(tree[k], like.get(k)) for k in tree}
    return {k: built_like(v, None) for k, v in tree.items()}


def is_null(t: Tangent) -> bool:
    """Whether a tangent is a zero, written out or not."""
    if isinstance(t, (list, tuple)):
        return all(map(is_null, t))
    return t is ZERO or t is NO_TANGENT or (isinstance(t, (float, complex, np.ndarray, np.generic)) and not np.any(t))


def is_empty(t: Tangent) -> bool:
    """Whether a tangent is that of an object without fields, such as a function of an extension module."""
    return isinstance(t, TangentVector) and not t.__dict__


def still_null(target: Target, along: Any) -> None:
    """Refuse a tangent, in forward mode over forward mode, of one that was left out as it is a zero."""
    for path, message in target.withheld:
        if not is_null(tangent_at(path, along, None)):
            raise DifferentiabilityError(message)


def with_withheld(residual: Any, g: Tangent, *shadows: Any) -> tuple[Tangent, ...]:
    """The cotangents of a function's operands, and in the place of those that are not known what refuses to be read."""
    _, inner, messages = residual
    return (*inner[0](inner, g, *shadows), *map(WithheldTangent, messages))


def six_operands(args: tuple[Any, ...], default: Any) -> tuple[Any, ...]:
    """The six operands, those left out included."""
    filled = (*args, *(default,) * (6 - len(args)))
    return tuple(default if a is None and i > 3 else a for i, a in enumerate(filled))


def refuse_partial(fn: Any) -> None:
    """A partial's own arguments have no mirrors: what is stored in them would be lost."""
    given = (*fn.args, *fn.keywords.values())
    if any(isinstance(a, (np.ndarray, list, dict)) or hasattr(a, "__dict__") for a in given):
        raise DifferentiabilityError(
            "functools.partial of a value that may change is not differentiated in forward mode; write a lambda"
        )


def originals(fn: Any) -> list[Any]:
    """A generated function, and what it was generated from: a recursive closure captures the first of them."""
    origin = getattr(fn, "_pullback_origin", None) or (getattr(fn, "_pullback_of", None),)
    return [fn] if origin[0] is None else [fn, *originals(origin[0])]


def collected_tangents(
    fn: types.FunctionType, args: Any, kwargs: Any, dots: Any, kwdots: Any, moved: Active,
    tangents: dict[str, tuple[Tangent, Path]],
) -> dict[str, Any]:  # fmt: skip
    """Operands that `*args` and `**kwargs` parameters collect: so do their tangents."""
    values, where = bound_variadic(fn, args, kwargs)
    parts: dict[str, dict[Any, tuple[Tangent, Path]]] = {}
    for o in moved:
        parameter, key = where[o]
        found = (dots[o], ("dots", o)) if isinstance(o, int) else (kwdots[o], ("kwdots", o))
        if key is None:
            tangents[parameter] = found
        else:
            parts.setdefault(parameter, {})[key] = found
    for parameter, collected in parts.items():
        paths = {key: path for key, (_, path) in collected.items()}
        known = {key: d for key, (d, _) in collected.items()}
        whole = values[parameter]
        if isinstance(whole, dict):
            tangents[parameter] = {key: known.get(key, ZERO) for key in whole}, paths
        else:
            tangents[parameter] = tuple(known.get(key, ZERO) for key in range(len(whole))), paths
    return values


def refuse_lost(fn: Any, function: Any, others: dict[str, Any]) -> None:
    """Refuse a callee that stores a differentiated value in an operand without a tangent: an object of the module."""
    for parameter in getattr(function, "_pullback_changes", ()):
        x = others.get(parameter)
        if fn.__code__.co_flags & 8 and parameter == signature_order(fn.__code__)[-1] and isinstance(x, dict):
            x = tuple(x.values())  # (a dict of its own, with what it was given)
        if not _is_immutable(x):
            raise DifferentiabilityError(
                f"{callable_name(fn)} stores a differentiated value in `{parameter}`, {describe(x)} whose tangent is "
                "not known here; pass that to the differentiated function as an argument, or make it there",
                id="outer-write",
            )


def _is_immutable(x: Any) -> bool:
    """Whether nothing can be stored in a value, nor in what it holds."""
    if isinstance(x, tuple):
        return all(map(_is_immutable, x))
    return x is None or isinstance(x, (int, float, complex, str, bytes, np.generic))
