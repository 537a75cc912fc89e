"""Forward mode of interpolation objects: one that is made of the values' tangents has the tangent's coefficients.

    CubicSpline(x, v)      its tangent has the `c` of CubicSpline(x, v_dot)

Written in the language that is differentiated: see `rules.forward_intrinsic`.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from scipy import interpolate

from pullback.rulebook.array_likes import refuse
from pullback.rulebook.scipy_callables import is_nothing
from pullback.rules import callable_name, constant, forward_intrinsic, rule
from pullback.tangent_parts import filled, gathered_vector, part
from pullback.tangents import Tangent, tangent_type

VALUES: dict[Any, tuple[str, ...]] = {  # the operands in which the coefficients are linear
    interpolate.interp1d: ("y",),
    interpolate.CubicSpline: ("y",),
    interpolate.CubicHermiteSpline: ("y", "dydx"),
    interpolate.make_interp_spline: ("y",),
    interpolate.PPoly: ("c",),
    interpolate.BSpline: ("c",),
    interpolate.RegularGridInterpolator: ("values",),
}

_POINTS = {interpolate.BSpline: "t", interpolate.RegularGridInterpolator: "points"}


def _made(fn: Any, fn_dot: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    places = places_of(fn, args, dots, kwargs, kwdots)
    first, others = first_of(fn, args, kwargs), others_of(fn, args, kwargs)
    values = [args[k] if k >= 0 else kwargs[n] for n, k in places]
    moved = [filled(dots[k] if k >= 0 else part(kwdots, n), v) for (n, k), v in zip(places, values)]  # noqa: B905
    if len(values) == 2:
        obj, ahead = fn(first, values[0], values[1], **others), fn(first, moved[0], moved[1], **others)
    elif values_come_first(fn):
        obj, ahead = fn(values[0], first, **others), fn(moved[0], first, **others)
    else:
        obj, ahead = fn(first, values[0], **others), fn(first, moved[0], **others)
    return obj, gathered_vector(obj, (field_of(obj),), (coefficients(ahead),))


def values_come_first(fn: Any) -> bool:
    """Whether the points come after the values."""
    return fn is interpolate.PPoly


def first_of(fn: Any, args: Any, kwargs: Any) -> Any:
    """The points, knots or grid."""
    return given_to(fn, args, kwargs)[_POINTS.get(fn, "x")]


def given_to(fn: Any, args: Any, kwargs: Any) -> dict[str, Any]:
    """A call's operands by name."""
    return {**dict(zip(inspect.signature(fn).parameters, args, strict=False)), **kwargs}


def places_of(fn: Any, args: Any, dots: Any, kwargs: Any, kwdots: Any) -> Any:
    """The names of the operands that are values, with their places, or -1; an error where others have tangents."""
    names = list(inspect.signature(fn).parameters)
    for name, t in (*zip(names, dots, strict=False), *kwdots.items()):
        if name not in VALUES[fn] and not is_nothing(t):
            refuse(f"the derivative of {callable_name(fn)} with respect to its argument `{name}` is not known")
    given = given_to(fn, args, kwargs)
    if not isinstance(given.get("bc_type"), (str, type(None))) or given.get("bc_type") == "periodic":
        refuse(f"the derivative of {callable_name(fn)} in its values covers bc_type as a name, and not 'periodic'")
    if "points" in given and any(nodes[0] > nodes[-1] for nodes in map(np.asarray, given["points"])):
        refuse("the derivative of RegularGridInterpolator in its values covers ascending grids")
    return [(n, names.index(n) if names.index(n) < len(args) else -1) for n in VALUES[fn]]


def others_of(fn: Any, args: Any, kwargs: Any) -> Any:
    """The operands besides points and values, by name."""
    return {k: v for k, v in given_to(fn, args, kwargs).items() if k not in (*VALUES[fn], _POINTS.get(fn, "x"))}


def field_of(obj: Any) -> str:
    """The field of the tangent of such an object."""
    if isinstance(obj, interpolate.interp1d):
        return "y"
    return "values" if isinstance(obj, interpolate.RegularGridInterpolator) else "c"


def coefficients(obj: Any) -> Any:
    """What such an object holds of its values."""
    if isinstance(obj, interpolate.interp1d):
        return np.reshape(obj._y, (len(obj.x), *obj._y_extra_shape))
    return obj.values if isinstance(obj, interpolate.RegularGridInterpolator) else obj.c


def in_its_field(g: Tangent, obj: Any) -> Tangent:
    """The cotangent of an object from that of what it holds."""
    return tangent_type(type(obj))(**{field_of(obj): g})


for _function in VALUES:
    forward_intrinsic(_function)(_made)
constant(places_of, others_of, first_of, values_come_first, field_of)
rule(
    coefficients,
    "obj",
    obj="in_its_field(g, obj)",
    obj_dot="getattr(obj_dot, field_of(obj))",
    _returns="array",
)
