"""`operator`'s item and attribute getters, and `functools.partial`: callables that hold what they were made with.

    operator.itemgetter(1, "a")(obj)      obj[1], obj["a"]
    functools.partial(f, x)(y)            f(x, y); the tangent of the partial is {1: that of x}
"""

from __future__ import annotations

import functools
import operator
import types
from typing import Any

from pullback.applying import Residual
from pullback.attributes import call_method, read_attribute, read_item
from pullback.dispatch import CALLABLES, call
from pullback.rules import Active, constant, intrinsic, rule, stands_in
from pullback.tangents import ZERO, Tangent, add

Result = tuple[Any, Residual]


def _itemgetter(fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    fn_items = fn.__reduce__()[1]
    made = [read_item(args[0], item, (True, False)) for item in fn_items]
    return _gathered(made, len(fn_items) == 1, active)


def _attrgetter(fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    paths = fn.__reduce__()[1]
    return _gathered([_followed(args[0], path.split(".")) for path in paths], len(paths) == 1, active)


def _followed(obj: Any, path: list[str]) -> Result:
    """An attribute of an attribute."""
    residuals = []
    for name in path:
        obj, residual = read_attribute(obj, name)
        residuals.append(residual)
    return obj, (_reverse_followed, residuals)


def _reverse_followed(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    for inner in reversed(residual[1]):
        if g is ZERO:
            break
        g = inner[0](inner, g)[0]
    return (g,)


def _gathered(made: list[Result], single: bool, active: Active) -> Result:
    residuals = [r for _, r in made]
    value = made[0][0] if single else tuple(v for v, _ in made)
    return value, (_reverse_gathered, residuals, single, active)


def _reverse_gathered(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, residuals, single, active = residual
    total: Tangent = ZERO
    for part, inner in zip((g,) if single else g, residuals, strict=True):
        if part is not ZERO:
            total = add(total, inner[0](inner, part)[0])
    return tuple(total if a == 0 else ZERO for a in active)


def _methodcaller(fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    maker, state = fn.__reduce__()[:2]
    if isinstance(maker, functools.partial):  # one that was given keywords
        (name,), keywords, rest = maker.args, maker.keywords, state
    else:
        (name, *rest), keywords = state, {}
    value, residual = call_method(args[0], name, tuple(rest), (-1,), keywords)
    return value, (_reverse_methodcaller, residual, active)


def _reverse_methodcaller(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, inner, active = residual
    d = inner[0](inner, g)[0]
    return tuple(d if a == 0 else ZERO for a in active)


CALLABLES[operator.itemgetter] = _itemgetter
CALLABLES[operator.attrgetter] = _attrgetter
CALLABLES[operator.methodcaller] = _methodcaller


# A partial's tangent: {0: the function's, 1: that of its first argument, ..., "k": that of a keyword}


@intrinsic(functools.partial)
def _partial(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    function, *rest = args
    inner = function if isinstance(function, functools.partial) else None
    held = 0 if inner is None else len(inner.args)
    replaced = set(kwargs)
    return functools.partial(function, *rest, **kwargs), (_reverse_partial, inner is not None, held, replaced, active)


def _reverse_partial(residual: Residual, g: dict[Any, Tangent]) -> tuple[Tangent, ...]:
    _, nested, held, replaced, active = residual
    out: list[Tangent] = []
    for a in active:
        if a == 0 and nested:
            out.append({k: t for k, t in g.items() if (k <= held if isinstance(k, int) else k not in replaced)})
        else:
            out.append(g.get(a + held if isinstance(a, int) and a > 0 else a, ZERO))
    return tuple(out)


def _call_partial(fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> Result:
    """A call of a partial: of its function, with what it holds."""
    held = len(fn.args)
    flags: list[int | str] = [a + held if isinstance(a, int) else a for a in active if a != -1]
    if -1 in active:
        own = [k for k in fn.keywords if k not in kwargs]
        flags = [-1, *range(held), *flags, *own]
    value, residual = call(fn.func, (*fn.args, *args), tuple(flags), {**fn.keywords, **kwargs})
    return value, (_reverse_call_partial, residual, tuple(flags), held, set(kwargs), active)


def _reverse_call_partial(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, inner, flags, held, given, active = residual
    by_operand = dict(zip(flags, inner[0](inner, g), strict=True))
    own: dict[Any, Tangent] = {}
    if -1 in active:
        for k, t in by_operand.items():
            if isinstance(k, int) and k < held:
                own[k + 1] = t  # the function itself is -1
            elif isinstance(k, str) and k not in given:
                own[k] = t
    return tuple(own if a == -1 else by_operand[a + held if isinstance(a, int) else a] for a in active)


CALLABLES[functools.partial] = _call_partial


# --- decorators: a function that is given another's name and documentation stays the function it is -------


def wraps(wrapped: Any, assigned: Any = functools.WRAPPER_ASSIGNMENTS, updated: Any = functools.WRAPPER_UPDATES) -> Any:
    """`functools.wraps`."""
    return lambda wrapper: functools.update_wrapper(wrapper, wrapped, assigned, updated)


def named(wrapper: Any, wrapped: Any, *given: Any, **more: Any) -> bool:
    """Set what `functools.update_wrapper` does; for an object, whose fields are differentiated, but `__wrapped__`."""
    functools.update_wrapper(wrapper, wrapped, *given, **more)
    fields = None if isinstance(wrapper, types.FunctionType) else getattr(wrapper, "__dict__", None)
    return fields is not None and fields.pop("__wrapped__", None) is not None


def update_wrapper(wrapper: Any, wrapped: Any, *given: Any, **more: Any) -> Any:
    """`functools.update_wrapper`: the wrapper is the function or object that it was."""
    if named(wrapper, wrapped, *given, **more):
        wrapper.__wrapped__ = wrapped
    return wrapper


constant(named)
stands_in(functools.update_wrapper, update_wrapper, changes=True)
stands_in(functools.wraps, wraps)
