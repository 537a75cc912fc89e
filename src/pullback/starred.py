"""Calls with `*args` or `**kwargs`: they are spread, and their tangents gathered again."""

from __future__ import annotations

from typing import Any

from pullback.applying import Residual, withholding
from pullback.attributes import call_method
from pullback.dispatch import call
from pullback.errors import DifferentiabilityError
from pullback.iterating import All
from pullback.rules import Active
from pullback.shared_calls import call_method_shared, call_shared
from pullback.spaces import describe
from pullback.tangents import ZERO, Tangent


def call_starred(
    callee: Any, method: str | None, args: tuple[Any, ...], keywords: tuple[tuple[str | None, Any], ...],
    stars: tuple[int, ...], active: Active, shared: bool = False,
) -> tuple[Any, Residual]:  # fmt: skip
    """A call with `*args` or `**kwargs`: they are spread, and their tangents gathered again.

    With `shared` the caller changes values in place, and lends its shadows to the reverse. `**kwargs` at place k of
    the keywords is the operand `**k`.
    """
    flat: list[Any] = []
    origin: list[tuple[int, int | None]] = []  # of each flat argument: the operand, and the element of it
    sources = {p: All(args[p], p in active) for p in stars}
    for position, value in enumerate(args):
        if position in stars:
            for element, item in enumerate(sources[position].items):
                flat.append(item)
                origin.append((position, element))
        else:
            flat.append(value)
            origin.append((position, None))
    kwargs: dict[str, Any] = {}
    keyed: dict[str, tuple[str, str | None]] = {}
    for place, (key, value) in enumerate(keywords):
        if key is None:
            if not isinstance(value, dict) and f"**{place}" in active:
                raise DifferentiabilityError(
                    f"`**` of {describe(value)} with differentiated values is not differentiated; make a dict of it"
                )
            kwargs.update(value)
            keyed.update({k: (f"**{place}", k) for k in value.keys()})  # noqa: SIM118  # a mapping of any class
        else:
            kwargs[key] = value
            keyed[key] = (key, None)
    inner_active: list[int | str] = [-1] if -1 in active else []
    inner_active += [i for i, (position, _) in enumerate(origin) if position in active]
    inner_active += [k for k, (name, _) in keyed.items() if name in active]
    with withholding():  # what is starred varies as a whole
        if method is None:
            made = (call_shared if shared else call)(callee, tuple(flat), tuple(inner_active), kwargs)
        else:
            called = call_method_shared if shared else call_method
            made = called(callee, method, tuple(flat), tuple(inner_active), kwargs)
    reverse = _gathered_shared if shared else _gathered
    return made[0], (reverse, made[1], tuple(inner_active), origin, keyed, sources, active)


def _gathered_shared(residual: Residual, g: Tangent, shadows: Any) -> tuple[Tangent, ...]:
    inner = residual[1]
    return _gather(residual, inner[0](inner, g, shadows))


def _gathered(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    inner = residual[1]
    return _gather(residual, inner[0](inner, g))


def _gather(residual: Residual, tangents: tuple[Tangent, ...]) -> tuple[Tangent, ...]:
    _, _, inner_active, origin, keyed, sources, active = residual
    out: dict[Any, Any] = {}
    parts: dict[int, list[tuple[int, Tangent]]] = {}
    for operand, t in zip(inner_active, tangents, strict=True):
        if operand == -1:
            out[-1] = t
        elif isinstance(operand, int):
            position, element = origin[operand]
            if element is None:
                out[position] = t
            else:
                parts.setdefault(position, []).append((element, t))
        else:
            name, key = keyed[operand]
            if key is None:
                out[name] = t
            else:
                out.setdefault(name, {})[key] = t
    for position, items in parts.items():
        out[position] = sources[position].tangent(items)
    return tuple(out.get(operand, ZERO) for operand in active)
