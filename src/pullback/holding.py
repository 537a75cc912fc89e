"""What a pullback holds by reference and others hold too, so that it may change before the pullback runs.

    value, pull = value_with_pullback(f)(x)      f read `settings.weights`
    settings.weights *= 2.0                      `pull` would read the new ones: it raises

Most of what the forward sweep keeps it has made itself, and nobody else holds it: the count of references tells.
"""

from __future__ import annotations

import sys
import types
from collections import deque
from collections.abc import Iterable
from typing import Any

import numpy as np

from pullback.fingerprints import contents
from pullback.structs import field_names, is_struct_class

_NUMBERS = frozenset({int, bool, float, np.float64, np.int64, slice, str, type(None)})


def held_elsewhere(residual: Any, watched: Iterable[Any]) -> list[Any]:
    """The arrays and lists of numbers in a residual that others hold, but for those in the values `watched`."""
    found, counts = _gathered(residual)
    if not found:
        return []
    views: dict[int, int] = {}
    for x in found.values():
        if x.__class__ is not list and x.base is not None:
            views[id(x.base)] = views.get(id(x.base), 0) + 1
    x = None
    shared = {key for key in found if _references(found, key) > counts.get(key, 0) + views.get(key, 0) + _OWN}
    if not shared and not views:
        return []
    known: set[int] = set()
    for value in watched:
        _note(value, known)
    held = []
    for key, x in found.items():
        base = x.base if x.__class__ is not list else None
        if key in known or (base is not None and id(base) in known):
            continue
        if key in shared or (base is not None and (id(base) in shared or _is_shared(x, views[id(base)], found))):
            held.append(x)
    return held


def _is_shared(view: Any, views: int, found: dict[int, Any]) -> bool:
    """Whether others hold the memory of views in a residual."""
    base = id(view.base)
    if base in found:
        return False  # (it was counted itself)
    return not isinstance(view.base, np.ndarray) or _references_of_base(view) > views + _OF_BASE


def _references(found: dict[int, Any], key: int) -> int:
    return sys.getrefcount(found[key])


def _references_of_base(view: Any) -> int:
    return sys.getrefcount(view.base)


def _gathered(residual: Any) -> tuple[dict[int, Any], dict[int, int]]:
    """The arrays and the lists of numbers in a residual, by id, and how often each is held there."""
    found: dict[int, Any] = {}
    counts: dict[int, int] = {}
    walked: set[int] = set()
    left = [residual]
    while left:
        held = left.pop()
        for x in held.values() if isinstance(held, dict) else held:
            cls = x.__class__
            if cls in _NUMBERS:
                continue
            key = id(x)
            if cls is np.ndarray or isinstance(x, np.ndarray):
                found[key] = x
                counts[key] = counts.get(key, 0) + 1
            elif cls is types.FunctionType:
                for v in map(contents, x.__closure__ or ()):
                    if isinstance(v, np.ndarray):  # (others may change it by the same variable: not counted)
                        found[id(v)] = v
            elif cls is tuple or cls is list or isinstance(x, (tuple, list, dict, deque)):
                if cls is list:
                    counts[key] = counts.get(key, 0) + 1
                if key in walked:
                    continue
                walked.add(key)
                if cls is list and x and _NUMBERS.issuperset(map(type, x)):
                    found[key] = x
                else:
                    left.append(x)
    return found, counts


def _note(x: Any, known: set[int]) -> None:
    """Note the arrays and lists in a value whose fingerprint is known."""
    if isinstance(x, np.ndarray):
        known.add(id(x))
    elif isinstance(x, (tuple, list)):
        known.add(id(x))
        for part in x:
            _note(part, known)
    elif isinstance(x, dict):
        for part in x.values():
            _note(part, known)
    elif is_struct_class(type(x)):
        for name in field_names(x):
            _note(getattr(x, name, None), known)


def _own_references() -> tuple[int, int]:
    """How many of the references that are counted are this module's own."""
    residual = (np.zeros(1),)
    found, _ = _gathered(residual)
    view = np.zeros(2)[:1]
    return _references(found, id(residual[0])) - 1, _references_of_base(view) - 1


_OWN = _OF_BASE = 0
_OWN, _OF_BASE = _own_references()
