"""Verbs called in functions that change values in place: what they were given is kept as it was then.

    w -= 0.1 * gradient(loss)(w)        the pullback of this call runs when `w` holds something else

A derivative of a derivative runs the function again. It is run on copies of its arguments, and what the function
captured must still be what it was.
"""

from __future__ import annotations

import types
from collections.abc import Iterable
from typing import Any

from pullback.applying import Residual
from pullback.dispatch import VERB_PULLBACKS
from pullback.errors import ChangedValueError
from pullback.fingerprints import deep_fingerprint
from pullback.forward_verbs import Differential
from pullback.lending import lent, settled
from pullback.mirrors import snapshot
from pullback.nesting import call_verb, verb_function, verb_operands, verb_residual
from pullback.operators import Pullback
from pullback.pull_apply import pull_apply_vjp, reversible
from pullback.python_calls import unforeseen
from pullback.rules import Active, callable_name
from pullback.shared_calls import LENT
from pullback.tangents import Tangent

COUNTED = (int, str)  # what a function captured of these has no derivative, and may count its calls


def call_verb_lent(fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> tuple[Any, Residual]:
    """The value of `gradient(f)(*args)` and the like, and the residual of its reverse on shadows."""
    function = verb_function(fn)
    kept, kept_named = snapshot((args, kwargs))
    before, captured = deep_fingerprint((args, kwargs)), _captured((function,))
    given = args, kwargs
    if hasattr(fn, "_pullback_written"):  # (its result is new, and shares nothing with what it was given)
        value, inner = call_verb(fn, kept, kept_named, active)
    else:
        value, _ = call_verb(fn, args, kwargs, active)
        for made in value if isinstance(value, tuple) else (value,):
            if isinstance(made, (Pullback, Differential)):
                made.given(kept, kept_named)
        wrt = verb_operands(fn, kept, kept_named)
        inner = verb_residual(fn, kept, kept_named, wrt, active)
    if deep_fingerprint(given) != before:
        raise unforeseen(function)
    return value, (lent, (_as_it_was, settled(inner), captured), value, len(active))


def _pull_apply_lent(args: tuple[Any, ...], kwargs: dict[str, Any], active: Active) -> tuple[Any, Residual]:
    """The same of `pull_apply`, which verbs become in forward mode."""
    fn, operands, named, wrt, s = args
    kept, kept_named = snapshot((operands, named))
    functions = fn, *(x for x in operands if isinstance(x, types.FunctionType))
    captured = _captured(functions)
    tangents, inner = reversible(fn, operands, named, wrt, s, active)
    inner = (*inner[:2], kept, kept_named, *inner[4:])
    return tangents, (lent, (_as_it_was, settled(inner), captured), tangents, len(active))


def _captured(functions: Iterable[Any]) -> list[tuple[Any, Any]]:
    """Functions, with a mark of what each captured."""
    return [(fn, deep_fingerprint(fn, None, COUNTED)) for fn in functions]


def _as_it_was(residual: Residual, g: Tangent) -> tuple[Tangent, ...]:
    _, inner, captured = residual
    for fn, before in captured:
        if deep_fingerprint(fn, None, COUNTED) != before:
            raise ChangedValueError(
                f"what {callable_name(fn)} captured was changed after a derivative of it was taken, and before the "
                "pullback; pass it as an argument"
            )
    return inner[0](inner, g)  # type: ignore[no-any-return]


VERB_PULLBACKS["lent"] = call_verb_lent
LENT[pull_apply_vjp] = _pull_apply_lent
