"""Values described by their form: type, dtype, shape, not a wall of numbers.

    form_of({"w": np.ones((2, 3)), "n": 3})     ->     {'w': float64[2, 3], 'n': 3}
"""

from __future__ import annotations

from typing import Any

import numpy as np

SMALL = 6  # arrays of at most so many entries are shown as they are


def form_of(x: Any, depth: int = 3, small: int = 0) -> str:
    """A value's type, dtype and shape, containers and objects taken apart to some depth, on one line.

    Arrays of up to `small` entries show them.

    >>> form_of((1.0, np.ones((2, 3), np.float32)))
    '(1.0, float32[2, 3])'
    """
    if isinstance(x, np.ndarray):
        if x.size <= small:
            return " ".join(repr(x).split())
        return f"{x.dtype}[{', '.join(map(str, x.shape))}]"
    fields = getattr(x, "__dict__", None)
    if isinstance(x, dict):
        opening, closing, items = "{", "}", [(f"{k!r}: ", v) for k, v in x.items()]
    elif isinstance(x, (tuple, list)):
        names = [f"{n}=" for n in getattr(x, "_fields", ())] or [""] * len(x)
        opening, closing = ("[", "]") if isinstance(x, list) else ("(", ",)" if len(x) == 1 else ")")
        opening = type(x).__name__ + opening if hasattr(x, "_fields") else opening
        items = list(zip(names, x, strict=True))
    elif fields and hasattr(type(x), "primal_type"):  # a tangent vector
        opening, closing, items = f"{type(x).__name__}(", ")", [(f"{k}=", v) for k, v in fields.items()]
    else:
        text = " ".join(repr(x).split())
        return text if len(text) <= 60 else type(x).__name__
    if depth == 0 and items:
        return f"{opening}...{closing.lstrip(',')}"
    shown = [label + form_of(v, depth - 1, small) for label, v in items[:8]]
    more = [f"... {len(items)} in all"] if len(items) > 8 else []
    return f"{opening}{', '.join(shown + more)}{closing}"


def space_of(x: Any) -> str:
    """The space that a value is in: a number's type, an array's dtype and shape, what a container holds.

    >>> space_of((1.0, np.ones(3), {"k": 2.0}))
    "(float, float64[3], {'k': float})"
    """
    if isinstance(x, np.ndarray):
        return form_of(x)
    if isinstance(x, dict) and len(x) <= 8:
        return "{" + ", ".join(f"{k!r}: {space_of(v)}" for k, v in x.items()) + "}"
    if isinstance(x, (tuple, list)) and not hasattr(x, "_fields") and len(x) <= 8:
        opening, closing = ("[", "]") if isinstance(x, list) else ("(", ",)" if len(x) == 1 else ")")
        return f"{opening}{', '.join(map(space_of, x))}{closing}"
    if isinstance(x, (dict, tuple, list)):
        return f"{type(x).__name__} of {len(x)}"
    return type(x).__name__
