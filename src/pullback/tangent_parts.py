"""What the generated code of forward mode calls where it cannot be bare arithmetic.

    y_dot = fit(x_dot, y)                   broadcast to the result's shape, in its dtype
    for x, x_dot in paired(xs, xs_dot)      a container and its tangent, element by element
    n_dot = part(obj_dot, "n")              one part of a tangent; ZERO where it has none

All of it is written in the language that is differentiated, or is linear and has a rule.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np

from pullback.along import Along, Moving, is_along, pairs_of
from pullback.drawing import Drawn
from pullback.errors import DifferentiabilityError
from pullback.spaces import describe, is_differentiable, project
from pullback.structs import constant_fields
from pullback.tangents import NO_TANGENT, ZERO, Tangent, TangentVector, tangent_type


def part(t: Tangent, key: Any) -> Tangent:
    """The part of a container's or object's tangent that belongs to a key, index or field."""
    if t is ZERO or t is NO_TANGENT:
        return ZERO
    if isinstance(t, TangentVector):
        found = t.__dict__.get(key, ZERO)
    elif isinstance(t, dict):
        found = t.get(key, ZERO)
    elif isinstance(key, str):
        if not hasattr(t, key):
            raise DifferentiabilityError(f"the tangent of an object with a space of its own has no field `{key}`")
        found = getattr(t, key)
    else:
        found = np.asarray(t)[key] if isinstance(t, (float, complex)) else t[key]
    return ZERO if found is NO_TANGENT else found


def part_cotangent(g: Tangent, t: Tangent, key: Any) -> Tangent:
    """The cotangent of a whole tangent `t`, from that of one part."""
    if t is ZERO or t is NO_TANGENT or g is ZERO:
        return ZERO
    if isinstance(t, TangentVector):
        return type(t)(**{key: g}) if key in t.__dict__ else ZERO
    if isinstance(t, dict):
        return {key: g} if key in t else ZERO
    if isinstance(key, str):
        return tuple(g if f == key else ZERO for f in t._fields)
    if isinstance(t, np.ndarray):
        spread = np.zeros_like(t)
        np.add.at(spread, key, g)
        return spread
    if isinstance(t, (float, complex, np.generic)):
        return np.sum(g)
    if isinstance(key, slice):
        places = dict(zip(range(*key.indices(len(t))), g, strict=True))
    else:
        places = {range(len(t))[key]: g}
    return type(t)([places.get(k, ZERO) for k in range(len(t))]) if not hasattr(t, "_make") else t._make(
        places.get(k, ZERO) for k in range(len(t))
    )


def field_part(obj: Any, t: Tangent, name: str) -> Tangent:
    """The tangent of a stored field; ZERO for a constant one."""
    if isinstance(obj, tuple) and hasattr(obj, "_fields") and t is not ZERO:
        return part(t, obj._fields.index(name))
    return ZERO if name in constant_fields(type(obj)) else part(t, name)


def gathered_vector(value: Any, names: tuple[str, ...], parts: tuple[Tangent, ...]) -> Tangent:
    """The tangent of an object from those of its fields."""
    fields = dict(zip(names, parts, strict=True))
    if hasattr(value, "_make"):
        return value._make(fields.get(n, ZERO) for n in value._fields)
    kept = {n: t for n, t in fields.items() if n not in constant_fields(type(value))}
    return tangent_type(type(value))(**kept)


def vector_parts(g: Tangent, value: Any, names: tuple[str, ...]) -> tuple[Tangent, ...]:
    """The cotangents of an object's fields."""
    if hasattr(value, "_fields"):
        return tuple(part(g, value._fields.index(name)) for name in names)
    return tuple(part(g, name) for name in names)


def filled(t: Tangent, x: Any) -> Tangent:
    """The tangent `t` of an operand with its zeros written out, as library functions take it."""
    if t is ZERO or t is NO_TANGENT:
        return zeros_of(x)
    if isinstance(x, (list, tuple, deque)) and isinstance(t, (list, tuple, deque)):
        items = [filled(u, v) for u, v in zip(t, x, strict=True)]
        return x._make(items) if hasattr(x, "_make") else type(x)(items)
    return t


def zeros_of(x: Any) -> Any:
    """Zeros in the form of an operand: of an array, a number or a nested list."""
    if isinstance(x, (list, tuple, deque)):
        items = [zeros_of(v) for v in x]
        return x._make(items) if hasattr(x, "_make") else type(x)(items)
    if isinstance(x, np.ndarray):
        return np.zeros_like(x)
    return type(x)(0) if isinstance(x, (int, float, complex, np.generic)) else ZERO


def projected(t: Tangent, x: Any) -> Tangent:
    """The tangent `t` in the space of `x`, zeros written out."""
    made = project(t, x, "tangent")
    return ZERO if made is NO_TANGENT else made


def dense(t: Tangent, x: Any) -> Tangent:
    """A tangent that is not ZERO, so that a derivative by it can be taken; ZERO where `x` has no space."""
    return projected(t, x) if is_differentiable(x) else t


def listed(xs: Any) -> Any:
    """A container that a loop runs over with its tangent."""
    if isinstance(xs, (list, tuple, np.ndarray, dict)):
        return xs
    if isinstance(xs, Along):
        raise DifferentiabilityError(
            "an iterator over differentiated values is not differentiated here in forward mode; collect its items in a "
            "list first"
        )
    raise DifferentiabilityError(
        f"a loop over {describe(xs)} that holds differentiated values is not differentiated yet; "
        "collect its elements in a list first"
    )


def walked(xs: Any, t: Tangent) -> Any:
    """The same where a container may change as the loop goes: itself, not what it holds now."""
    if isinstance(xs, (list, tuple, np.ndarray, dict, deque, Along)):
        return xs
    return list(xs) if t is ZERO else listed(xs)


def collected(xs: Any) -> Any:
    """The items of what can be iterated over once only; anything else itself."""
    return list(xs) if isinstance(xs, Iterator) and not isinstance(xs, Drawn) else xs


def elements(t: Tangent, xs: Any) -> Any:
    """The tangents of the elements that iterating over `xs` gives; the keys of a dict have none."""
    if t is ZERO or t is NO_TANGENT or isinstance(xs, dict):
        return [ZERO] * len(xs)
    if isinstance(t, (TangentVector, Moving)):
        listed(xs)  # (raises: an object with an `__iter__` of its own, or an iterator)
    return t


def elements_cotangent(g: Tangent, t: Tangent, xs: Any) -> Tangent:
    """The cotangent of a container's tangent, from those of its elements."""
    if t is ZERO or t is NO_TANGENT or isinstance(xs, dict) or g is ZERO:
        return ZERO
    if isinstance(t, np.ndarray):
        made = np.zeros_like(t)
        for k, part_ in enumerate(g):
            if part_ is not ZERO:
                made[k] += part_
        return made
    return g


def paired(xs: Any, t: Tangent) -> Any:
    """The elements of a container, each with its tangent."""
    if is_along(xs, t):
        return pairs_of(xs)
    found = listed(xs)
    return list(zip(found, elements(t, found)))  # noqa: B905  # equal lengths


def both_of(xs: Any, t: Tangent) -> Any:
    """The items of a container or iterator, and their tangents, as lists."""
    if is_along(xs, t):
        rows = list(pairs_of(xs))
        return [v for v, _ in rows], [d for _, d in rows]
    items = list(xs)
    return items, list(elements(t, items))


def drained(xs: Any, t: Tangent) -> Any:
    """What is to be unpacked: of an iterator whose items have tangents, lists."""
    return both_of(xs, t) if is_along(xs, t) else (xs, t)


def keyword_parts(t: Tangent, kwargs: Any) -> Tangent:
    """The tangents of keyword arguments, of which a missing one is ZERO."""
    if not isinstance(kwargs, dict):
        refuse_mapping(kwargs, t)
        return {}
    return {k: part(t, k) for k in kwargs}


def refuse_mapping(kwargs: Any, t: Tangent) -> None:
    """Refuse `**` of a mapping of another class that has a tangent."""
    if t is not ZERO:
        raise DifferentiabilityError(
            f"`**` of {describe(kwargs)} with differentiated values is not differentiated; make a dict of it"
        )


def is_zero(t: Tangent) -> bool:
    """Whether a tangent is ZERO, all of it."""
    if t.__class__ in (tuple, list):
        return all(map(is_zero, t))
    if t.__class__ is dict:
        return all(map(is_zero, t.values()))
    return t is ZERO or t is NO_TANGENT


def partial_parts(fn: Any) -> Any:
    """The function of a partial, the arguments and the keywords that it holds."""
    return fn.func, fn.args, fn.keywords


def partial_tangents(t: Tangent, fn: Any) -> Any:
    """Their tangents: that of a partial is `{0: the function's, 1: ..., "keyword": ...}`."""
    held = tuple([part(t, i + 1) for i in range(len(fn.args))])
    return part(t, 0), held, {k: part(t, k) for k in fn.keywords}


def partial_cotangent(g: Tangent) -> Tangent:
    """The cotangent of a partial, from those of what it consists of."""
    if g is ZERO or g is NO_TANGENT:
        return ZERO
    function, held, keywords = g
    places = {} if held is ZERO else {i + 1: d for i, d in enumerate(held)}
    found = {0: function, **places, **({} if keywords is ZERO else keywords)}
    return {k: d for k, d in found.items() if d is not ZERO} or ZERO


# What the results are parts of, among the operands.
part.part_of = elements.part_of = (0,)  # type: ignore[attr-defined]
field_part.part_of = (1,)  # type: ignore[attr-defined]
