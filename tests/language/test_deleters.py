"""`del obj.name` of a property, a descriptor or a class with a `__delattr__`: what they run is differentiated."""

from __future__ import annotations

from typing import Any

import pytest

import pullback as pb


class ByProperty:
    def __init__(self, c: Any) -> None:
        self.c = c

    @property
    def f(self) -> Any:
        return self.c

    @f.deleter
    def f(self) -> None:
        self.c = self.c * self.c


class Squaring:
    def __get__(self, obj: Any, cls: Any) -> Any:
        return obj.c

    def __set__(self, obj: Any, value: Any) -> None:
        obj.c = value

    def __delete__(self, obj: Any) -> None:
        obj.c = obj.c * obj.c


class ByDescriptor:
    f = Squaring()

    def __init__(self, c: Any) -> None:
        self.c = c


class ByMethod:
    def __init__(self, c: Any) -> None:
        self.c, self.f = c, 1.0

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        self.c = self.c * self.c


class ByField:
    def __init__(self, c: Any) -> None:
        self.c = c
        self.f = c * c
        del self.f
        self.c = c * c


class Slotted:
    __slots__ = ("c", "f")

    def __init__(self, c: Any) -> None:
        self.c = self.f = c
        del self.f
        self.c = self.c * c

    def again(self) -> None:
        self.f = self.c


def deleted(cls: Any) -> Any:
    def f(x: Any) -> Any:
        t = cls(x)
        if cls not in (ByField, Slotted):
            del t.f
        return x * x * t.c + t.c

    return f


def by_name(cls: Any) -> Any:
    def f(x: Any) -> Any:
        t = cls(x * 2)
        if hasattr(t, "f"):
            delattr(t, "f")
        return x * x * t.c

    return f


@pytest.mark.parametrize("made", [deleted, by_name])
@pytest.mark.parametrize("cls", [ByProperty, ByDescriptor, ByMethod, ByField, Slotted])
def test_what_a_deleter_runs_is_differentiated(cls: Any, made: Any) -> None:
    pb.check_derivative(made(cls), 1.3)
