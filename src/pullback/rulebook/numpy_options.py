"""Calls with keywords that a rule does not have, and that say where or how the same numbers are computed.

    np.add(a, b, dtype=np.float32)          a and b are rounded, then added
    linalg.solve(a, b, overwrite_a=False)   the same without it
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pullback.applying import OTHER_FORMS
from pullback.rulebook.array_likes import refuse
from pullback.rulebook.exact_values import exactly, standing_for
from pullback.rules import callable_name, constant

_FORMS: dict[Any, tuple[Any, Callable[..., Any]]] = {}
_OF_UFUNCS = ("dtype", "casting", "order", "subok")


def of_ufunc(ufunc: Any) -> Callable[..., Any]:
    """A ufunc with options: of its operands, brought to the dtype first."""

    def computed(*args: Any, dtype: Any = None, casting: Any = "same_kind", order: Any = "K", subok: Any = True) -> Any:
        exact = exactly(ufunc, *args, dtype=dtype, casting=casting, order=order, subok=subok)
        if dtype is None:
            return standing_for(exact, ufunc(*args))
        check_dtype(ufunc, dtype)
        return standing_for(exact, ufunc(*[np.asarray(a).astype(dtype) for a in args]))

    return computed


def check_dtype(ufunc: Any, dtype: Any) -> None:
    """Refuse a dtype whose numbers have no derivative, and ufuncs whose operands are not all of the same kind."""
    if np.dtype(dtype).kind not in "fc" or ufunc.nout > 1:
        refuse(f"{callable_name(ufunc)} has a derivative with dtype= of inexact numbers; convert its operands")


def without_options(function: Any) -> Callable[..., Any]:
    """A function that is told not to change its operands, as it does not by itself."""

    def computed(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **other_options(kwargs))

    return computed


def other_options(kwargs: dict[str, Any]) -> dict[str, Any]:
    """A call's keywords without those about its operands' memory."""
    return {k: v for k, v in kwargs.items() if k != "copy" and not k.startswith("overwrite_")}


def _find(function: Any, further: dict[str, Any]) -> Callable[..., Any] | None:
    made: Callable[[Any], Any] | None
    if isinstance(function, np.ufunc):
        made = of_ufunc if all(k in _OF_UFUNCS for k in further) else None
    else:
        made = without_options if not other_options(further) else None
        if made is not None and any(not v if k == "copy" else v for k, v in further.items()):
            refuse(f"{callable_name(function)} has a derivative where it does not change its operands")
    if made is None:
        return None
    if id(function) not in _FORMS:
        _FORMS[id(function)] = (function, made(function))
    return _FORMS[id(function)][1]


constant(check_dtype, other_options)
OTHER_FORMS.append(_find)
