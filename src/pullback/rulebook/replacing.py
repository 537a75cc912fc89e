"""`dataclasses.replace` of a class whose constructor runs code of its own, such as `__post_init__`."""

from __future__ import annotations

import dataclasses
import types
from typing import Any

from pullback.rules import constant


def runs_code(obj: Any) -> bool:
    """Whether making an object of this class runs code of its own."""
    init: Any = type(obj).__init__
    written = isinstance(init, types.FunctionType) and init.__code__.co_filename != "<string>"
    return written or hasattr(type(obj), "__post_init__")


def taken_over(obj: Any, changes: Any) -> list[str]:
    """The fields whose values the new object has from the old one."""
    fields = dataclasses.fields(obj)
    fixed = [f.name for f in fields if not f.init and f.name in changes]
    if fixed:
        raise ValueError(f"field {fixed[0]} is declared with init=False, it cannot be specified with replace()")
    return [f.name for f in fields if f.init and f.name not in changes]


def made_anew(obj: Any, /, **changes: Any) -> Any:
    """What `dataclasses.replace` returns; the arguments of `InitVar`s must be among the changes."""
    given = {**{name: getattr(obj, name) for name in taken_over(obj, changes)}, **changes}
    return type(obj)(**given)


constant(runs_code, taken_over)
