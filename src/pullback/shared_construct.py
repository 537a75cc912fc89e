"""Making objects in functions that change values in place: `__init__` is differentiated as a function.

    class Tank:
        def __init__(self, level): self.level = level; self.volume = level * AREA

    t = Tank(x)      ->      what flows back to t.volume goes through the product to x
"""

from __future__ import annotations

import dataclasses
import inspect
import types
from typing import Any

from pullback.applying import Residual
from pullback.construct import WITH_INIT, construct
from pullback.errors import DifferentiabilityError
from pullback.lending import lent
from pullback.python_calls import call_function_shared
from pullback.rules import Active, callable_name, lookup
from pullback.shadows import Shadows
from pullback.shared_calls import CONSTRUCT, after_callee_shared, call_shared, is_strict
from pullback.spaces import entering
from pullback.structs import fields_by_parameter
from pullback.tangents import ZERO, Tangent, TangentVector

Pulled = tuple[Tangent, ...]


def construct_shared(
    cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any], active: Active
) -> tuple[Any, Residual]:
    """An instance, and the residual of its constructor's reverse on shadows."""
    if -1 in active:
        value, inner = construct_shared(cls, args, kwargs, tuple(a for a in active if a != -1))
        return value, (after_callee_shared, inner)
    if fields_by_parameter(cls) is not None:
        value, inner = construct(cls, args, kwargs, active)
        if isinstance(value, tuple):
            return value, (_parts, inner)
        return value, (lent, inner, value, len(active))
    init = inspect.getattr_static(cls, "__init__")
    plain = cls.__new__ is object.__new__ and type(cls).__call__ is type.__call__
    if not plain or not isinstance(init, types.FunctionType):
        raise DifferentiabilityError(
            f"the constructor of {cls.__name__} is not differentiated: it has a `__new__` or a metaclass of its own; "
            f"register a derivative with @pb.derivative(of={callable_name(cls)})"
        )
    if dataclasses.is_dataclass(cls) and init.__code__.co_filename == "<string>":
        return _with_post_init(cls, args, kwargs, active)
    if hasattr(cls, "__attrs_attrs__") and init.__code__.co_filename.startswith("<attrs"):
        raise DifferentiabilityError(
            f"{cls.__name__} has converters or an `__attrs_post_init__`, which are not differentiated; "
            f"register a derivative with @pb.derivative(of={callable_name(cls)})"
        )
    obj = cls.__new__(cls)
    shifted: Active = tuple(a + 1 if isinstance(a, int) else a for a in active)
    fresh = init.__code__.co_varnames[0]
    if lookup(init) is None:
        value, inner = call_function_shared(init, (obj, *args), (0, *shifted), kwargs, is_strict(), fresh)
    else:
        value, inner = call_shared(init, (obj, *args), (0, *shifted), kwargs)
    if value is not None:
        raise TypeError(f"__init__() should return None, not '{type(value).__name__}'")
    return obj, (_initialised, inner, obj)


def _parts(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    """A named tuple is immutable: its parts' adjoints are in the cotangent, or in their own shadows."""
    inner = residual[1]
    return (ZERO,) * len(inner[1]) if g is ZERO else inner[0](inner, g)


def _initialised(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, inner, obj = residual
    shadows.accumulate(obj, g)
    tangents = inner[0](inner, ZERO, shadows)
    shadows.take(obj)
    return tangents[1:]  # type: ignore[no-any-return]


def _with_post_init(cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> tuple[Any, Residual]:
    """A dataclass with a `__post_init__`: the fields are set, then it is called."""
    bound = inspect.signature(cls).bind(*args, **kwargs).arguments
    names = list(bound)
    parameters = [names[a] if isinstance(a, int) else str(a) for a in active]
    obj = object.__new__(cls)
    own = {f.name for f in dataclasses.fields(cls)}
    later: list[str] = []
    for name, declared in cls.__dataclass_fields__.items():
        if name not in own:
            if "InitVar" in str(declared.type) or name in bound:
                later.append(name)
            continue
        if declared.init and name in bound:
            object.__setattr__(obj, name, bound[name])
        elif declared.default_factory is not dataclasses.MISSING:
            object.__setattr__(obj, name, declared.default_factory())
        elif declared.default is not dataclasses.MISSING:
            object.__setattr__(obj, name, declared.default)
    given = tuple(bound.get(n, getattr(cls, n, None)) for n in later)
    flags: Active = (0, *(i for i, n in enumerate(later, 1) if n in parameters))
    fresh = cls.__post_init__.__code__.co_varnames[0]
    _, inner = call_function_shared(cls.__post_init__, (obj, *given), flags, {}, is_strict(), fresh)
    return obj, (_post_initialised, inner, obj, parameters, later)


def _post_initialised(residual: Residual, g: Tangent, shadows: Shadows) -> Pulled:
    _, inner, obj, parameters, later = residual
    shadows.accumulate(obj, g)
    _, *rest = inner[0](inner, ZERO, shadows)
    fields = shadows.take(obj)
    held = fields.__dict__ if isinstance(fields, TangentVector) else {}
    given = dict(zip([n for n in later if n in parameters], rest, strict=True))
    return tuple(given.get(p, held.get(p, ZERO)) for p in parameters)


def construct_alone(
    cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any], active: Active
) -> tuple[Any, Residual]:
    """The same for a caller that changes nothing itself."""
    value, inner = construct_shared(cls, args, kwargs, active)
    operands = [cls if a == -1 else args[a] if isinstance(a, int) else kwargs[a] for a in active]
    return value, (_made_alone, inner, operands)


def _made_alone(residual: Residual, g: Tangent) -> Pulled:
    _, inner, operands = residual
    shadows = Shadows()
    tangents = inner[0](inner, g, shadows)
    seen: set[int] = set()
    pairs = zip(operands, tangents, strict=True)
    return tuple(t if isinstance(x, type) else entering(shadows.total(x, t, seen)) for x, t in pairs)


CONSTRUCT.append(construct_shared)
WITH_INIT.append(construct_alone)
