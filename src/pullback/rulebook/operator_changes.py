"""The functions of `operator` that change their first argument, or hand out a part of it, as the syntax that they are.

    fold = functools.partial(operator.setitem, table)     a call that is known at run time only

Where such a call is known when code is generated, the syntax itself stands there (`operator_calls.py`).
"""

from __future__ import annotations

import operator
from typing import Any

from pullback.rules import stands_in


def getitem(a: Any, b: Any) -> Any:
    """`a[b]`."""
    return a[b]


def setitem(a: Any, b: Any, c: Any) -> None:
    """`a[b] = c`."""
    a[b] = c


def delitem(a: Any, b: Any) -> None:
    """`del a[b]`."""
    del a[b]


def iadd(a: Any, b: Any) -> Any:
    """`a += b`."""
    a += b
    return a


def isub(a: Any, b: Any) -> Any:
    """`a -= b`."""
    a -= b
    return a


def imul(a: Any, b: Any) -> Any:
    """`a *= b`."""
    a *= b
    return a


def itruediv(a: Any, b: Any) -> Any:
    """`a /= b`."""
    a /= b
    return a


def ifloordiv(a: Any, b: Any) -> Any:
    """`a //= b`."""
    a //= b
    return a


def imod(a: Any, b: Any) -> Any:
    """`a %= b`."""
    a %= b
    return a


def ipow(a: Any, b: Any) -> Any:
    """`a **= b`."""
    a **= b
    return a


def imatmul(a: Any, b: Any) -> Any:
    """`a @= b`."""
    a @= b
    return a


def iand(a: Any, b: Any) -> Any:
    """`a &= b`."""
    a &= b
    return a


def ior(a: Any, b: Any) -> Any:
    """`a |= b`."""
    a |= b
    return a


def ixor(a: Any, b: Any) -> Any:
    """`a ^= b`."""
    a ^= b
    return a


def ilshift(a: Any, b: Any) -> Any:
    """`a <<= b`."""
    a <<= b
    return a


def irshift(a: Any, b: Any) -> Any:
    """`a >>= b`."""
    a >>= b
    return a


for _each in (
    getitem, setitem, delitem, iadd, isub, imul, itruediv, ifloordiv, imod, ipow, imatmul, iand, ior, ixor, ilshift,
    irshift,
):  # fmt: skip
    stands_in(getattr(operator, _each.__name__), _each, changes=True)
stands_in(operator.iconcat, iadd, changes=True)
