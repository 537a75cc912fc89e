"""Functions over the fields of objects: `vars`, `asdict`, `NamedTuple._make`, `dict.fromkeys`, `SimpleNamespace`.

    dataclasses.asdict(p)["x"]      a copy of p.x: its tangent goes to p's field
"""

from __future__ import annotations

import dataclasses
import types
from typing import Any

from pullback.applying import Residual
from pullback.asking import asked
from pullback.attributes import read_attribute
from pullback.differential_calls import ordered_dots
from pullback.dispatch import CALLABLES
from pullback.errors import DifferentiabilityError
from pullback.iterating import All
from pullback.rules import Active, constant, forward_intrinsic, intrinsic
from pullback.structs import constant_fields
from pullback.tangent_parts import gathered_vector
from pullback.tangents import ZERO, Tangent, TangentVector, add, tangent_type

Result = tuple[Any, Residual]
constant(dataclasses.fields, dataclasses.is_dataclass)


@intrinsic(vars)
def _vars(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    return read_attribute(args[0], "__dict__")


@intrinsic(dataclasses.asdict)
def _asdict(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    return dataclasses.asdict(*args, **kwargs), (_reverse_copied, args[0], active)


@intrinsic(dataclasses.astuple)
def _astuple(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    return dataclasses.astuple(*args, **kwargs), (_reverse_copied, args[0], active)


def _reverse_copied(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, obj, active = residual
    return tuple(_restored(obj, g) if a in (0, "obj") else ZERO for a in active)


def _restored(x: Any, g: Tangent) -> Tangent:
    """The tangent of a value, from that of its copy in dicts or tuples."""
    if g is ZERO:
        return ZERO
    if dataclasses.is_dataclass(x) and not isinstance(x, type):
        fixed = constant_fields(type(x))
        made = {}
        for i, f in enumerate(dataclasses.fields(x)):
            part = g.get(f.name, ZERO) if isinstance(g, dict) else g[i]
            restored = _restored(getattr(x, f.name), part)
            if restored is not ZERO and f.name not in fixed:
                made[f.name] = restored
        return tangent_type(type(x))(**made) if made else ZERO
    if isinstance(x, (list, tuple)):
        return [_restored(v, t) for v, t in zip(x, g, strict=True)] if isinstance(x, list) else tuple(
            _restored(v, t) for v, t in zip(x, g, strict=True)
        )
    if isinstance(x, dict):
        return {k: _restored(x[k], t) for k, t in g.items()}
    return g


def _fromkeys(fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    return asked(fn, *args, **kwargs), (_reverse_fromkeys, active)  # (keys are hashed)


def _reverse_fromkeys(residual: Residual, g: dict[Any, Tangent]) -> tuple[Tangent, ...]:
    total: Tangent = ZERO
    for t in g.values():
        total = add(total, t)
    return tuple(total if a == 1 else ZERO for a in residual[1])


CALLABLES[dict, "fromkeys"] = _fromkeys


def make_named_tuple(fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    """`NT._make(xs)`: the fields are the items."""
    source = All(args[0])
    return fn(source.items), (_reverse_make, source, active)


def _reverse_make(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, source, active = residual
    return tuple(source.tangent(enumerate(g)) if a == 0 else ZERO for a in active)


CALLABLES["_make"] = make_named_tuple


@intrinsic(types.SimpleNamespace)
def _namespace(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    _refuse_mapping(args)
    return types.SimpleNamespace(**kwargs), (_reverse_namespace, active)


def _refuse_mapping(args: tuple[Any, ...]) -> None:
    if args:
        raise DifferentiabilityError("SimpleNamespace of a mapping is not differentiated; write SimpleNamespace(**d)")


def _reverse_namespace(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    fields = g.__dict__ if isinstance(g, TangentVector) else {}
    return tuple(fields.get(name, ZERO) for name in residual[1])


@forward_intrinsic(types.SimpleNamespace)
def _namespace_along(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    _refuse_mapping(args)
    value = types.SimpleNamespace(**kwargs)
    return value, gathered_vector(value, tuple(kwargs), ordered_dots(kwargs, kwdots))


constant(_refuse_mapping)
