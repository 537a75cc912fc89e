"""One thing that is measured: a function, its arguments, and who else differentiates it.

    Case("six operations", six, (0.7, 1.3), auto="torch jax autograd")

The peers named in `auto` differentiate the same source, with `np` and `math` standing for their own modules
(`peers.py`); a work whose form does not suit a peer brings that peer's own in `peers`. All are made lazily: a
maker that raises leaves its peer out, and its reason is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pullback as pb

Maker = Callable[[], Callable[[], Any]]


@dataclass
class Case:
    """A function with arguments; `wrt` are the positions of those it is differentiated by (None: all that can be)."""

    name: str
    f: Callable[..., Any]
    args: tuple[Any, ...]
    wrt: tuple[int, ...] | None = None
    auto: str = ""  # peers that run the same source: "torch jax autograd"
    by_hand: Callable[[], Any] | None = None  # the derivative as a person writes it
    numba: Callable[[], Any] | None = None  # the same, compiled (made by `peers.njit`)
    peers: dict[str, Maker] = field(default_factory=dict)
    verb: str = "gradient"
    seconds: float = 2.0
    slow: bool = False  # left out of `--quick`
    compiled: bool = True  # whether the compiled form is asked for
    interpreted: bool = True  # False: only the compiled form is timed (the loops of large works)
    size: float = 0.0  # what the work grows with, where the case is one of a series
    calls: int = 1  # how often a candidate does its work in one call
    make_ours: Maker | None = None  # where ours is not `pb.gradient(f)(*args)`
    make_primal: Maker | None = None
    check: Callable[[], None] | None = None  # raises where a reference value differs

    def ours(self) -> Callable[[], Any]:
        """The derivative by this library."""
        if self.make_ours is not None:
            return self.make_ours()
        g, args = self.transformed(), self.args
        return repeated(lambda: g(*args), self.calls)

    def transformed(self) -> Callable[..., Any]:
        """The function that the verb returns."""
        verb = getattr(pb, self.verb)
        return verb(self.f) if self.wrt is None else verb(self.f, wrt=self.wrt)  # type: ignore[no-any-return]

    def primal(self) -> Callable[[], Any]:
        """The plain function."""
        if self.make_primal is not None:
            return self.make_primal()
        f, args = self.f, self.args
        return repeated(lambda: f(*args), self.calls)


def repeated(f: Callable[[], Any], calls: int) -> Callable[[], Any]:
    """`f`, called so often in one call: a call through the harness costs as much as a small function itself."""
    if calls == 1:
        return f

    def loop() -> Any:
        for _ in range(calls):
            result = f()
        return result

    return loop
