"""Making objects in forward mode: `__init__` is the function that it is, and fills in the tangent as the object.

    t = Tank(x)      ->      t, t_dot = Tank.__new__(Tank), Tank.TangentVector()
                             __init__'s differential stores in both
"""

from __future__ import annotations

import dataclasses
import inspect
import types
from typing import Any

from pullback.differential_calls import CONSTRUCT
from pullback.differential_changes import init_differential_of
from pullback.errors import DifferentiabilityError
from pullback.rules import callable_name, constant
from pullback.tangents import ZERO, Tangent, tangent_type

INIT, POST_INIT = "init", "post_init"
store_field = object.__setattr__  # also of a frozen dataclass


def how_made(cls: Any) -> tuple[str, Any]:
    """Whether a class has an `__init__` of its own, or is a dataclass with a `__post_init__`."""
    init = inspect.getattr_static(cls, "__init__")
    if type(cls).__call__ is not type.__call__ or not isinstance(init, types.FunctionType):
        raise DifferentiabilityError(
            f"the constructor of {cls.__name__} is not differentiated: it has a metaclass of its own, or is built in; "
            f"register a derivative with @pb.derivative(of={callable_name(cls)})"
        )
    if dataclasses.is_dataclass(cls) and init.__code__.co_filename == "<string>":
        return POST_INIT, getattr(cls, "__post_init__")  # noqa: B009  # (a checker knows no such attribute)
    if hasattr(cls, "__attrs_attrs__") and init.__code__.co_filename.startswith("<attrs"):
        raise DifferentiabilityError(
            f"{cls.__name__} has converters or an `__attrs_post_init__`, which are not differentiated; "
            f"register a derivative with @pb.derivative(of={callable_name(cls)})"
        )
    return INIT, init


def new_object(cls: Any) -> Any:
    """An instance on which no constructor has run."""
    return cls.__new__(cls)


def new_record(cls: Any) -> Tangent:
    """The tangent of such an instance: none of its fields is there yet."""
    return tangent_type(cls)()


def initial_fields(cls: Any, args: Any, kwargs: Any) -> tuple[list[Any], list[Any]]:
    """How a dataclass sets its fields: (name, its operand, a default), and so for what `__post_init__` is given."""
    bound = inspect.signature(cls).bind(*args, **kwargs).arguments
    places = {n: i if i < len(args) else n for i, n in enumerate(bound)}
    own = {f.name for f in dataclasses.fields(cls)}
    fields: list[Any] = []
    later: list[Any] = []
    for name, declared in cls.__dataclass_fields__.items():
        if name not in own:
            if "InitVar" in str(declared.type) or name in bound:
                later.append((places.get(name), getattr(cls, name, None)))
            continue
        if declared.init and name in bound:
            fields.append((name, places[name], None))
        elif declared.default_factory is not dataclasses.MISSING:
            fields.append((name, None, declared.default_factory()))
        elif declared.default is not dataclasses.MISSING:
            fields.append((name, None, declared.default))
    return fields, later


def init_differential(cls: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """An instance and its tangent."""
    way, function = how_made(cls)
    obj = new_object(cls)
    obj_dot = new_record(cls)
    if way == INIT:
        init_differential_of(function, ZERO, (obj, *args), (obj_dot, *dots), kwargs, kwdots)
        return obj, obj_dot
    fields, later = initial_fields(cls, args, kwargs)
    frozen = is_frozen(cls)
    for name, place, default in fields:
        value = default if place is None else kwargs[place] if isinstance(place, str) else args[place]
        t = ZERO if place is None else kwdots.get(place, ZERO) if isinstance(place, str) else dots[place]
        if frozen:
            store_field(obj, name, value)
        else:
            setattr(obj, name, value)
        setattr(obj_dot, name, t)
    given = [d if p is None else kwargs[p] if isinstance(p, str) else args[p] for p, d in later]
    given_dots = [ZERO if p is None else kwdots.get(p, ZERO) if isinstance(p, str) else dots[p] for p, d in later]
    init_differential_of(function, ZERO, (obj, *given), (obj_dot, *given_dots), {}, {})
    return obj, obj_dot


def is_frozen(cls: Any) -> bool:
    """Whether a dataclass's fields are stored once only."""
    return bool(cls.__dataclass_params__.frozen)


constant(how_made, is_frozen, new_object, new_record, initial_fields)
CONSTRUCT["init"] = init_differential
