"""Numba, and what generated code is compiled with.

compiled(kernel, text)             a Numba dispatcher: no GIL, Python's division errors, no fast-math
"""

from __future__ import annotations

import builtins
import dis
import itertools
import linecache
import types
from typing import Any

import numpy as np

from pullback.compiled.kernel import Kernel
from pullback.compiled.on_disk import file_for
from pullback.compiled.recursion import Part
from pullback.compiled.replaced import REPLACED
from pullback.compiled.values import Arr, Num
from pullback.errors import PullbackError
from pullback.syntax import names_in

_numbers = itertools.count(1)
_COMPILED: dict[int, tuple[Any, Any]] = {}


class MissingNumbaError(PullbackError, ImportError):
    """`pb.jit` was called where Numba is not installed."""


def need_numba() -> Any:
    """Numba, imported now. Raises where it is not installed."""
    try:
        import numba
    except ImportError as error:
        raise MissingNumbaError(
            "pb.jit needs Numba: install the extra `numba`, as in `pip install pullback[numba]`"
        ) from error
    return numba


def machine_function(value: Any) -> Any:
    """What compiled code calls for a function: the same, or one that Numba compiles."""
    value = REPLACED.get(id(value), value)
    if isinstance(value, Part):
        return recursive(value)
    if not isinstance(value, types.FunctionType) or value.__module__.startswith("numpy"):
        return value
    known = _COMPILED.get(id(value))
    if known is None:
        numba = need_numba()
        code = value.__code__
        read = {i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL"}
        own_name = value.__name__ in read and value.__globals__.get(value.__name__) is value
        read -= {value.__name__} if own_name else set()
        found = {n: machine_function(value.__globals__[n]) for n in read if n in value.__globals__}
        own = types.FunctionType(
            code, {**value.__globals__, **found}, value.__name__, value.__defaults__, value.__closure__
        )
        made = numba.njit(error_model="python", nogil=True)(own)
        if own_name:  # it calls itself
            own.__globals__[value.__name__] = made
        known = _COMPILED[id(value)] = (value, made)
    return known[1]


def recursive(part: Part) -> Any:
    """A function that may call itself: its signature is given, for Numba need not find it out."""
    known = _COMPILED.get(id(part))
    if known is None:
        numba = need_numba()
        filename = f"<pullback {part.name} {next(_numbers)}>"
        linecache.cache[filename] = (len(part.text), None, part.text.splitlines(keepends=True), filename)
        namespace = {k: machine_function(v) for k, v in part.namespace.items()}
        for name in ("int", "round"):  # (templates call them)
            namespace.setdefault(name, machine_function(getattr(builtins, name)))
        exec(compile(part.text, filename, "exec"), namespace)
        result = _type_of(part.result)(*map(_type_of, part.parameters))
        made = numba.njit(result, error_model="python", nogil=True, boundscheck=True)(namespace[part.name])
        known = _COMPILED[id(part)] = (part, made)
    return known[1]


def _type_of(x: Any) -> Any:
    """Numba's type for a number or array, or for what a recursive function is given besides."""
    numba = need_numba()
    floats, ints = numba.types.float64, numba.types.int64
    if isinstance(x, Arr):
        dtype = numba.from_dtype(np.dtype(x.dtype))
        return numba.types.Array(dtype, x.ndim, "A")
    if isinstance(x, int):  # (so many tangents)
        return numba.types.Tuple((floats,) * x)
    named = {"_depth": ints, "_at": ints, "_reals": numba.types.List(floats), "_nexts": numba.types.List(ints)}
    return named.get(x) or {"f": floats, "i": ints, "b": numba.types.boolean}[x.type if isinstance(x, Num) else x]


def compiled(kernel: Kernel, text: str, cache: bool = False) -> Any:
    """The generated function, as a Numba dispatcher; with `cache` its machine code is looked for on disk."""
    numba = need_numba()
    read = names_in(kernel.tree)
    namespace = {k: machine_function(v) for k, v in kernel.namespace.items() if k in read}
    for name in ("int", "round"):  # (templates call them)
        namespace.setdefault(name, machine_function(getattr(builtins, name)))
    if cache:
        namespace["__name__"] = __name__  # (Numba imports it where it finds machine code)
        filename = str(file_for(kernel.name, text, namespace))
    else:
        filename = f"<pullback {kernel.name} {next(_numbers)}>"
        linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    exec(compile(text, filename, "exec"), namespace)
    options = {"error_model": "python", "nogil": True, "boundscheck": True, "cache": cache}
    return numba.njit(**options)(namespace[kernel.name])
