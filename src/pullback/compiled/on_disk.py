"""Machine code that is kept on disk, for processes that come later: `pb.jit(f, cache=True)`.

    ~/.cache/pullback/gradient_of_f_3f2a....py        the generated text
    ~/.cache/pullback/__pycache__/*.nbi, *.nbc        what Numba made of it

The file's name holds a digest of all that the machine code depends on: the text, the code of what it calls, and the
versions of Python, NumPy, Numba and this library. So nothing that is found there is ever out of date.
"""

from __future__ import annotations

import ctypes
import dis
import hashlib
import marshal
import os
import sys
import types
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from pullback.compiled.values import refuse
from pullback.errors import ArgumentError

_PLAIN = (int, float, complex, str, bytes, type(None), np.generic, np.dtype)


def folder() -> Path:
    """Where machine code is kept: `PULLBACK_CACHE_DIR`, or a folder of the user's caches."""
    given = os.environ.get("PULLBACK_CACHE_DIR")
    if given:
        return Path(given)
    caches = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache"
    return Path(caches) / "pullback"


def file_for(name: str, text: str, namespace: dict[str, Any]) -> Path:
    """The file that holds `text`, written now if it is not there. Raises where the folder cannot be written to."""
    digest = hashlib.sha256()
    for part in (text, *_versions(), *(p for k in sorted(namespace) for p in _parts(k, namespace[k], set()))):
        digest.update(repr(part).encode())
    path = folder() / f"{name}_{digest.hexdigest()[:32]}.py"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(path.parent, os.W_OK):
            raise PermissionError(f"no permission to write to {path.parent}")
        if not path.exists():
            unfinished = path.with_suffix(f".{os.getpid()}")
            unfinished.write_text(text, encoding="utf-8")
            unfinished.replace(path)  # (another process may be writing the same)
    except OSError as error:
        raise ArgumentError(
            f"jit with cache=True cannot write to {path.parent} ({error}); set PULLBACK_CACHE_DIR to another folder"
        ) from error
    return path


def _versions() -> list[str]:
    found = [sys.version]
    for package in ("numpy", "numba", "llvmlite", "pullback"):
        try:
            found.append(version(package))
        except PackageNotFoundError:
            found.append("")
    return found


def _parts(name: str, value: Any, seen: set[int]) -> Iterator[Any]:
    """What a name stands for, as text or bytes that are the same in every process."""
    yield name
    value = getattr(value, "py_func", value)  # (of a function that Numba compiles)
    if id(value) in seen:
        return
    if isinstance(value, types.FunctionType):
        seen.add(id(value))
        code = value.__code__
        yield marshal.dumps(code)
        for k, cell in enumerate(value.__closure__ or ()):
            yield from _parts(code.co_freevars[k], cell.cell_contents, seen)
        for k, default in enumerate(value.__defaults__ or ()):
            yield from _parts(str(k), default, seen)
        for read in sorted({i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL"}):
            if read in value.__globals__:
                yield from _parts(read, value.__globals__[read], seen)
    elif isinstance(value, (tuple, list)):
        for k, part in enumerate(value):
            yield from _parts(str(k), part, seen)
    elif isinstance(value, np.ndarray):
        yield value.dtype.str, value.shape, value.tobytes()
    elif isinstance(value, _PLAIN):
        yield repr(value)
    elif isinstance(value, (ctypes._CFuncPtr, ctypes._SimpleCData)):  # type: ignore[attr-defined]
        raise refuse(
            f"`{name}` is an address of this process, so that the machine code cannot be kept on disk", None,
            help="leave cache=True away",
        )  # fmt: skip
    else:
        yield getattr(value, "__module__", ""), getattr(value, "__qualname__", getattr(value, "__name__", type(value)))
