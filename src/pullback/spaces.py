"""Tangent spaces of values: zero, projection of a cotangent to its primal's space, moving a value.

    x = np.float32([1, 2])      zero_tangent(x) -> float32 zeros(2)
    project(2.0, 3)             -> NO_TANGENT (an int has no tangent space)
    project((ZERO, 1), (2.0, 3.0)) -> (0.0, 1.0)

Cotangents pair with tangents as Re(g * dz), without conjugation, as in JAX and autograd: the
gradient of a real function of z = x + iy is df/dx - i df/dy.
"""

from __future__ import annotations

import copy
import types
from typing import Any

import numpy as np

from pullback.errors import ArgumentError, CotangentError, DifferentiabilityError
from pullback.structs import Differentiable, field_names, is_struct_class, registration
from pullback.tangents import NO_TANGENT, ZERO, Tangent, TangentVector, WithheldTangent, of_class, tangent_type

_PLAIN = (int, str, bytes, type(None), type, range, slice, types.FunctionType, type(ZERO), type(NO_TANGENT))
_SPACELESS = frozenset({int, bool, str, type(None), types.FunctionType})  # what objects often hold besides numbers


def is_differentiable(x: Any) -> bool:
    """Whether `x` has a tangent space: some float, complex or float array in it.

    >>> is_differentiable(1.0), is_differentiable(1), is_differentiable(("a", 2.0))
    (True, False, True)
    """
    if x.__class__ is np.ndarray:
        return x.dtype.kind in "fc"
    if isinstance(x, (float, complex, np.inexact)):
        return True
    if isinstance(x, np.ndarray):
        return x.dtype.kind in "fc"
    if isinstance(x, _PLAIN):
        return False
    if isinstance(x, (tuple, list)):
        return any(map(is_differentiable, x))
    if isinstance(x, dict):
        return any(map(is_differentiable, x.values()))
    if is_struct_class(type(x)):
        known = registration(type(x))
        if known is not None and known.zero_tangent is not None:
            return True
        return any(is_differentiable(getattr(x, name, None)) for name in field_names(x))
    return _has_own_space(x)


def _has_own_space(x: Any) -> bool:
    cls = type(x)
    return hasattr(cls, "zero_tangent") and hasattr(cls, "move") and isinstance(x, Differentiable)


def zero_tangent(x: Any) -> Tangent:
    """The zero of `x`'s tangent space; `NO_TANGENT` where there is none.

    >>> zero_tangent({"w": 2.0, "n": 3})
    {'w': 0.0, 'n': NO_TANGENT}
    """
    return project(ZERO, x)


def project(t: Tangent, x: Any, what: str = "cotangent") -> Tangent:
    """The tangent `t` in the space of `x`: structure checked, zeros filled in, dtype and realness of `x`.

    Raises CotangentError, naming `what`, where the structure or a shape differs.
    """
    if x.__class__ is t.__class__ is np.ndarray and t.shape == x.shape and t.dtype is x.dtype and x.dtype.kind in "fc":
        return t
    if isinstance(t, TangentVector) and is_struct_class(x.__class__) and not hasattr(x.__class__, "zero_tangent"):
        known = registration(x.__class__)
        if known is None or known.zero_tangent is None:
            return _project_fields(t, x, what)
    if isinstance(x, np.ndarray):
        return _project_array(t, x, what)
    if isinstance(x, (float, complex, np.inexact)):
        return _project_scalar(t, x, what)
    if isinstance(x, _PLAIN):
        return NO_TANGENT
    if isinstance(x, (tuple, list)):
        return _project_sequence(t, x, what)
    if isinstance(x, dict):
        return _project_dict(t, x, what)
    known = registration(type(x))
    if isinstance(t, TangentVector) and (known is None or known.zero_tangent is None) and not _has_own_space(x):
        return _project_fields(t, x, what)  # (what has no tangent space is left out there)
    if not is_differentiable(x):
        return NO_TANGENT if not isinstance(t, TangentVector) else _project_fields(t, x, what)
    if known is not None and known.zero_tangent is not None:
        return known.zero_tangent(x) if t is ZERO else t
    if _has_own_space(x):
        zero = x.zero_tangent()
        if t is ZERO or t is NO_TANGENT:
            return zero
        if not isinstance(zero, TangentVector):
            return t
    return _project_fields(t, x, what)


def in_place(t: Tangent, x: Any) -> bool:
    """Whether `t` is a tangent of an array or float `x` as it stands."""
    if x.__class__ is float:
        return t.__class__ is float
    if t.__class__ is not np.ndarray or x.__class__ is not np.ndarray:
        return False
    return t.dtype is x.dtype and t.shape == x.shape and t.dtype.kind in "fc"


def entering(t: Tangent) -> Tangent:
    """A projected tangent as the reverse sweep takes it: what has no tangent is a zero there."""
    if t is NO_TANGENT:
        return ZERO
    if isinstance(t, (tuple, list)):
        parts = [entering(p) for p in t]
        return t._make(parts) if hasattr(t, "_make") else type(t)(parts)
    if isinstance(t, dict):
        return {k: entering(v) for k, v in t.items()}
    return t


def _project_scalar(t: Tangent, x: Any, what: str) -> Tangent:
    if t is ZERO or t is NO_TANGENT:
        return type(x)(0)
    if not isinstance(t, (int, float, complex, np.number)):
        if not (isinstance(t, np.ndarray) and t.shape == () and t.dtype.kind in "iufc"):
            if isinstance(t, WithheldTangent):
                t.refuse()
            raise CotangentError(f"{what}: a {type(x).__name__} needs a number, not {describe(t)}")
        t = t[()]
    if isinstance(t, (complex, np.complexfloating)) and not isinstance(x, (complex, np.complexfloating)):
        t = t.real
    return x.__class__(t) if t.__class__ is not x.__class__ else t


def _project_array(t: Tangent, x: np.ndarray[Any, Any], what: str) -> Tangent:
    if x.dtype.kind not in "fc":
        return NO_TANGENT
    if t is ZERO or t is NO_TANGENT:
        return np.zeros_like(x, subok=False)
    if not isinstance(t, (np.ndarray, int, float, complex, np.number)):
        if isinstance(t, WithheldTangent):
            t.refuse()
        raise CotangentError(f"{what}: an array of shape {x.shape} needs an array, not {describe(t)}")
    t = np.asarray(t)
    if t.shape != x.shape:
        raise CotangentError(f"{what}: expected shape {x.shape}, as its primal has, got shape {t.shape}")
    if t.dtype.kind not in "iufcb":
        raise CotangentError(f"{what}: expected dtype {x.dtype}, got {t.dtype}")
    if t.dtype.kind == "c" and x.dtype.kind == "f":
        t = t.real
    return t if t.dtype == x.dtype else t.astype(x.dtype)


def _project_sequence(t: Tangent, x: Any, what: str) -> Tangent:
    if t is ZERO or t is NO_TANGENT:
        parts: list[Tangent] = [ZERO] * len(x)
    elif not isinstance(t, (tuple, list)) or len(t) != len(x):
        raise CotangentError(f"{what}: expected a {type(x).__name__} of {len(x)} tangents, got {describe(t)}")
    else:
        parts = list(t)
    projected = [project(p, v, f"{what}[{i}]") for i, (p, v) in enumerate(zip(parts, x, strict=True))]
    if hasattr(x, "_make"):
        return x._make(projected)
    return tuple(projected) if isinstance(x, tuple) else projected


def _project_dict(t: Tangent, x: dict[Any, Any], what: str) -> Tangent:
    if t is ZERO or t is NO_TANGENT:
        t = {}
    if not isinstance(t, dict):
        raise CotangentError(f"{what}: expected a dict of tangents, got {describe(t)}")
    unknown = [k for k in t if k not in x]
    if unknown:
        raise CotangentError(f"{what}: its primal has no key {unknown[0]!r}")
    out = {}
    for k, v in x.items():
        part = t.get(k, ZERO)
        out[k] = part if in_place(part, v) else project(part, v, f"{what}[{k!r}]")
    return out


def _project_fields(t: Tangent, x: Any, what: str) -> Tangent:
    if t is ZERO or t is NO_TANGENT:
        given: dict[str, Tangent] = {}
    elif isinstance(t, TangentVector) and x.__class__ is t.primal_type:
        given = t.__dict__
    elif type(t) is type(x):
        given = {n: getattr(t, n) for n in field_names(t)}
    elif isinstance(x, TangentVector) and isinstance(t, x.primal_type):
        given = {n: getattr(t, n) for n in x.__dict__}
    elif isinstance(t, TangentVector):
        given = t.__dict__
        if not isinstance(x, t.primal_type):
            raise CotangentError(f"{what}: expected a tangent of {type(x).__name__}, got {describe(t)}")
    elif isinstance(t, dict):
        given = t
    else:
        raise CotangentError(f"{what}: expected a {type(x).__name__}.TangentVector, got {describe(t)}")
    allowed = field_names(x)
    for name in given:
        if name not in allowed and given[name] is not ZERO and given[name] is not NO_TANGENT:
            raise CotangentError(f"{what}: {type(x).__name__} has no differentiable field {name!r}")
    fields: dict[str, Tangent] = {}
    for name in allowed:
        value = getattr(x, name, None)
        part = given.get(name, ZERO)
        if part.__class__ is value.__class__ and in_place(part, value):
            fields[name] = part
        elif part is ZERO and value.__class__ in _SPACELESS:
            continue
        elif isinstance(part, TangentVector) or is_differentiable(value):
            fields[name] = project(part, value, f"{what}.{name}")
    return of_class(tangent_type(type(x)), fields)


def describe(t: Any) -> str:
    """A short name of a value for error messages: its type, and shape or length."""
    if isinstance(t, np.ndarray):
        return f"an array of shape {t.shape} and dtype {t.dtype}"
    if isinstance(t, (tuple, list, dict)):
        return f"a {type(t).__name__} of length {len(t)}"
    return "None" if t is None else f"a {type(t).__name__}"


def move(x: Any, along: Tangent) -> Any:
    """The value `x` moved along a tangent: `x + along` in every differentiable leaf. `x` is unchanged.

    >>> move({"w": 2.0, "n": 3}, along={"w": 0.5, "n": NO_TANGENT})
    {'w': 2.5, 'n': 3}
    """
    if along is ZERO or along is NO_TANGENT or not is_differentiable(x):
        return x
    along = project(along, x, "along")
    if isinstance(x, (float, complex, np.inexact, np.ndarray)):
        return x + along
    if hasattr(x, "_make"):
        return x._make(map(move, x, along))
    if isinstance(x, (tuple, list)):
        return type(x)(map(move, x, along))
    if isinstance(x, dict):
        return {k: move(v, along[k]) for k, v in x.items()}
    known = registration(type(x))
    if known is not None and known.move is not None:
        return known.move(x, along)
    if _has_own_space(x):
        return x.move(along)
    moved = copy.copy(x)
    assign_moved(moved, along)
    return moved


def moves_by_sums(x: Any) -> bool:
    """Whether each leaf of x moves as `x + along`; an error where a class says how it moves."""
    if isinstance(x, (tuple, list)):
        return all(map(moves_by_sums, x))
    if isinstance(x, dict):
        return all(map(moves_by_sums, x.values()))
    known = registration(type(x))
    if (known is not None and known.move is not None) or _has_own_space(x):
        raise DifferentiabilityError(
            f"a {type(x).__name__} moves by code of its own, which has no derivative in pullback.move; call it by name"
        )
    return all(map(moves_by_sums, getattr(x, "__dict__", {}).values()))


def assign_moved(x: Any, along: TangentVector) -> None:
    """Move the fields of an object in place (frozen dataclasses included)."""
    if not isinstance(along, TangentVector):
        raise ArgumentError(f"a {type(x).__name__} moves along its TangentVector, not {describe(along)}")
    for name, t in along.__dict__.items():
        object.__setattr__(x, name, move(getattr(x, name), t))
