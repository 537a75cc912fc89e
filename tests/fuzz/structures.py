"""Structures of numbers: their leaves, the same structure with other numbers, and a text that shows sharing.

leaves({"p": 1.0, "v": np.ones(2)})  ->  [1.0, 1.0, 1.0]
form([a, a])                         ->  '#0=list[#1=list[1.0], #1]'
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from .dual import Dual


def leaves(x: Any) -> list[Any]:
    """The floats (or duals) of a structure, in order; ints are left out."""
    if isinstance(x, (Dual, float)):
        return [x]
    if isinstance(x, np.ndarray):
        return [leaf for v in _items(x) for leaf in leaves(v)]
    if isinstance(x, (dict, tuple, list)):
        return [leaf for v in (x.values() if isinstance(x, dict) else x) for leaf in leaves(v)]
    return [leaf for name in fields(x) for leaf in leaves(getattr(x, name))]


def _items(x: np.ndarray[Any, Any]) -> list[Any]:
    """The elements; an int that was stored among dual numbers would be a float in an array of floats."""
    items: list[Any] = x.ravel().tolist()
    return [float(v) if type(v) is int else v for v in items] if x.dtype == object else items


def fields(x: Any) -> list[str]:
    """The names of the attributes that an object of the program holds."""
    if dataclasses.is_dataclass(x) and not isinstance(x, type):
        return [f.name for f in dataclasses.fields(x)]
    return list(vars(x)) if _of_the_program(x) else []


def _of_the_program(x: Any) -> bool:
    return type(x).__module__.startswith("fuzzed_") and hasattr(x, "__dict__") and not isinstance(x, type)


def tangible(x: Any) -> bool:
    """Whether everything in a structure has tangents: an object of a class that is no dataclass has none."""
    if isinstance(x, (dict, tuple, list)):
        return all(map(tangible, x.values() if isinstance(x, dict) else x))
    names = fields(x)
    return all(tangible(getattr(x, n)) for n in names) if dataclasses.is_dataclass(x) else not names


def rebuilt(x: Any, numbers: Iterator[Any]) -> Any:
    """The structure `x` with its floats replaced, in order, from the iterator `numbers`."""
    if isinstance(x, (Dual, float)):
        n = next(numbers)
        return type(x)(n) if isinstance(x, np.floating) and not isinstance(n, Dual) else n
    if isinstance(x, np.ndarray):
        items = [rebuilt(v, numbers) for v in _items(x)]
        made = np.empty(len(items), object if any(isinstance(v, Dual) for v in items) else x.dtype)
        made[:] = items
        return made.reshape(x.shape)
    if isinstance(x, dict):
        return {k: rebuilt(v, numbers) for k, v in x.items()}
    if isinstance(x, tuple) and hasattr(x, "_make"):
        return x._make(rebuilt(v, numbers) for v in x)
    if isinstance(x, (tuple, list)):
        return type(x)([rebuilt(v, numbers) for v in x])
    names = fields(x)
    if names:
        x = copy.copy(x)
        for name in names:
            object.__setattr__(x, name, rebuilt(getattr(x, name), numbers))
    return x


def form(x: Any) -> str:
    """Everything about a structure as text: every bit, every type, and what is the same object or memory."""
    return _form(x, {}, [])


def _form(x: Any, seen: dict[int, int], arrays: list[np.ndarray[Any, Any]]) -> str:
    if isinstance(x, tuple):
        return f"{type(x).__name__}({', '.join(_form(v, seen, arrays) for v in x)})"
    names = fields(x)
    if not isinstance(x, (np.ndarray, dict, list)) and not names:
        return repr(x) if not callable(x) else type(x).__name__
    if id(x) in seen:
        return f"#{seen[id(x)]}"
    label = f"#{len(seen)}={type(x).__name__}"
    seen[id(x)] = len(seen)
    if isinstance(x, np.ndarray):
        shared = [k for k, other in enumerate(arrays) if np.shares_memory(x, other)]
        arrays.append(x)
        return f"{label} {x.dtype}{x.tolist()}{f' shares {shared}' if shared else ''}"
    if isinstance(x, dict):
        return f"{label}{{{', '.join(f'{k!r}: {_form(v, seen, arrays)}' for k, v in x.items())}}}"
    if isinstance(x, list):
        return f"{label}[{', '.join(_form(v, seen, arrays) for v in x)}]"
    return f"{label}({', '.join(f'{n}={_form(getattr(x, n), seen, arrays)}' for n in names)})"
