"""`functools.lru_cache` of a function that captures differentiated values: the Python code that it is.

    @functools.cache
    def term(n): return x if n == 0 else y * term(n - 1)        each is computed once, and is what it was computed from

A call whose arguments are differentiated is made each time: of two such values which are equal at this very point,
each has its own derivative. (A function that is decorated outside is called itself, see `dispatch`.)
"""

from __future__ import annotations

import functools
from typing import Any

from pullback.rules import constant, stands_in
from pullback.spaces import is_differentiable


class Cached:
    """A function and what it has returned, as a cache of `functools` keeps it."""

    def __init__(self, function: Any, maxsize: Any, typed: bool, info: Any) -> None:
        self.function = function
        self.maxsize = maxsize
        self.typed = typed
        self.info = info
        self.kept: dict[Any, Any] = {}
        self.hits = 0
        self.misses = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        key = key_of(args, kwargs, self.typed)
        if key is None or self.maxsize == 0:
            self.misses += 1
            return self.function(*args, **kwargs)
        if key in self.kept:
            self.hits += 1
            if self.maxsize is not None:  # the last to go
                self.kept[key] = self.kept.pop(key)
            return self.kept[key]
        self.misses += 1
        value = self.function(*args, **kwargs)
        self.kept[key] = value
        if self.maxsize is not None and len(self.kept) > self.maxsize:
            self.kept.pop(first_of(self.kept))
        return value

    def cache_info(self) -> Any:
        """As `functools` counts."""
        return self.info(self.hits, self.misses, self.maxsize, len(self.kept))

    def cache_clear(self) -> None:
        """Forget all."""
        self.kept.clear()
        self.hits = 0
        self.misses = 0


def cached(user_function: Any, maxsize: Any, typed: bool, cache_info_type: Any) -> Any:
    """What `functools.lru_cache` makes."""
    return Cached(user_function, maxsize, typed, cache_info_type)


def key_of(args: tuple[Any, ...], kwargs: dict[str, Any], typed: bool) -> Any:
    """What a call is known by; None where something in it may be differentiated."""
    given = (*args, *kwargs.values())
    key = args, tuple(kwargs.items()), tuple(map(type, given)) if typed else ()
    hash(key)  # (raises, as it does in Python)
    return None if any(map(is_differentiable, given)) else key


def first_of(kept: dict[Any, Any]) -> Any:
    """The key that was used the longest ago."""
    return next(iter(kept))


constant(key_of, first_of)
stands_in(functools._lru_cache_wrapper, cached)
