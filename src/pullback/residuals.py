"""What the reverse sweep may read: values of the forward sweep, captured before they are overwritten.

    for i in range(n):                       y changes in every iteration, so its value is captured
        y_1 = y                              and one entry an iteration goes on the loop's stack;
        y = y * x                            x does not change in the loop: it is kept once
        stack.append(y_1)

A *region* is the function body or a loop body. A value is read under its own name where nothing
assigns that name later in the region, and is captured under a new name otherwise.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from pullback import ir
from pullback.syntax import name


@dataclass(slots=True)
class Region:
    """The function body (`stmt` is None) or a loop body."""

    stmt: ir.For | ir.While | None
    parent: Region | None
    in_branch: bool  # whether the loop itself stands in an arm of its parent region
    assigned: dict[str, list[tuple[int, bool]]] = field(default_factory=dict)  # position, conditional
    kept: list[str] = field(default_factory=list)  # what the loop's stack, or the function's residuals, hold
    placeholders: list[str] = field(default_factory=list)  # kept names that some path leaves unset
    outlines: set[str] = field(default_factory=set)  # kept names of which only the shape and dtype are kept
    stack: str = ""
    count: str = ""

    def keep(self, identifier: str) -> None:
        """Hold a name for the reverse sweep."""
        if identifier not in self.kept:
            self.kept.append(identifier)


@dataclass(slots=True)
class Place:
    """Where a statement stands: its region, its block, and whether that block is conditional."""

    region: Region
    conditional: bool
    block: int


class Residuals:
    """Decides how each value that the reverse sweep needs gets there."""

    def __init__(
        self, function: ir.FunctionIR, joint: bool, fresh: Callable[[str], str], copies: Callable[[str], bool]
    ) -> None:
        self.function = function
        self.joint = joint  # forward and reverse sweep in one body: locals need no packing
        self.fresh = fresh
        self.copies = copies  # whether a name's value may be changed in place, so that a copy must be kept
        self.celled = {
            c
            for s in ir.walk(function.body)
            if isinstance(s, ir.Bind) and isinstance(s.expr, ir.Closure)
            for c in s.expr.captures
        }
        self.top = Region(None, None, False)
        self.places: dict[int, Place] = {}
        self.loops: dict[int, Region] = {}
        # captures to make before (or after) a statement: new name, source, whether a copy is made
        self.before: dict[int, list[tuple[str, str, bool]]] = {}
        self.after: dict[int, list[tuple[str, str, bool]]] = {}
        self.mirrors: dict[str, str] = {}  # names that may be unbound -> names that follow them
        self._captured: dict[tuple[object, ...], str] = {}
        for parameter in (*function.parameters, *function.captured):
            self.top.assigned.setdefault(parameter, [])
        self._survey(function.body, self.top, False)

    def _survey(self, block: list[ir.Stmt], region: Region, conditional: bool) -> None:
        for stmt in block:
            self.places[id(stmt)] = Place(region, conditional, id(block))
            if not isinstance(stmt, ir.For):
                self._assign(ir.assigned(stmt), stmt.pos, region, conditional)
            match stmt:
                case ir.If():
                    self._survey(stmt.body, region, True)
                    self._survey(stmt.orelse, region, True)
                case ir.With():
                    self._survey(stmt.body, region, True)
                case ir.Try():
                    self._survey(list(stmt.steps), region, conditional)
                    self._survey(stmt.final, region, conditional)
                case ir.For() | ir.While():
                    inner = Region(stmt, region, conditional)
                    self.loops[id(stmt)] = inner
                    if isinstance(stmt, ir.For):
                        self._assign((stmt.target,), stmt.pos, inner, False)
                    self._survey(stmt.body, inner, False)

    def _assign(self, names: tuple[str, ...], pos: int, region: Region, conditional: bool) -> None:
        here: Region | None = region
        while here is not None:
            for identifier in names:
                here.assigned.setdefault(identifier, []).append((pos, conditional))
            conditional = True  # a loop may run no iteration
            here = here.parent

    def need(self, identifier: str, stmt: ir.Stmt, after: bool = False, same: bool = False) -> ast.expr:
        """An expression for the reverse sweep: the value a name has before (or after) a statement.

        With `same` it is the very object, whatever becomes of its contents.
        """
        place = self.places[id(stmt)]
        region, conditional, pos = place.region, place.conditional, stmt.pos
        in_loop_cell = self.joint and identifier in self.celled and place.region.parent is not None
        copied = self.copies(identifier) and not same
        if copied or in_loop_cell:  # (a reverse loop must not rebind what a closure captured)
            return name(self._copy(identifier, stmt, place, after, copied))
        while True:
            assigned = region.assigned.get(identifier, [])
            if assigned or region.parent is None:
                break
            assert region.stmt is not None
            pos, after, conditional = region.stmt.pos, False, region.in_branch
            region = region.parent
        top = region.parent is None
        latest = max((p for p, _ in assigned), default=-1)
        stable = latest < pos or (after and latest == pos)
        is_parameter = top and identifier in self.function.parameters
        certain = not conditional or is_parameter or not assigned or any(not c and p < pos for p, c in assigned)
        if not stable or not (certain or (top and self.joint)):
            return name(self._capture(identifier, stmt, pos, region, place, after))
        if not (top and self.joint):
            region.keep(identifier)
        return name(identifier)

    def mirror(self, identifier: str) -> str:
        """A name that holds what `identifier` was last bound to, or None where it is not bound yet."""
        known = self.mirrors.get(identifier)
        if known is None:
            known = self.mirrors[identifier] = self.fresh(f"{identifier}_")
            for region in (self.top, *self.loops.values()):
                if identifier in region.assigned:
                    region.assigned[known] = list(region.assigned[identifier])
            self.top.assigned.setdefault(known, []).insert(0, (-1, False))
        return known

    def _capture(
        self, identifier: str, stmt: ir.Stmt, pos: int, region: Region, place: Place, after: bool
    ) -> str:
        if region is not place.region:  # a value that does not change in the loop: capture it before the loop
            outer = self._loop_in(region, place.region)
            stmt, place, after = outer, self.places[id(outer)], False
        version = sum(p < pos or (after and p == pos) for p, _ in region.assigned.get(identifier, []))
        key = (identifier, id(region), version, place.block)
        known = self._captured.get(key)
        if known is not None:
            return known
        new = self.fresh(f"{identifier}_")
        self._captured[key] = new
        (self.after if after else self.before).setdefault(id(stmt), []).append((new, identifier, False))
        self.hold(new, place)
        return new

    def _copy(self, identifier: str, stmt: ir.Stmt, place: Place, after: bool, copied: bool) -> str:
        """Capture a value here and now; a copy of it, where its contents may change."""
        key = (identifier, id(stmt), after, copied)
        known = self._captured.get(key)
        if known is None:
            known = self._captured[key] = self.fresh(f"{identifier}_")
            (self.after if after else self.before).setdefault(id(stmt), []).append((known, identifier, copied))
            self.hold(known, place)
        return known

    def _loop_in(self, region: Region, inner: Region) -> ir.Stmt:
        while inner.parent is not region:
            assert inner.parent is not None
            inner = inner.parent
        assert inner.stmt is not None
        return inner.stmt

    def hold(self, identifier: str, place: Place) -> None:
        """Keep a name that is assigned once, at `place`."""
        if place.region.parent is None and self.joint:
            return
        place.region.keep(identifier)
        if place.conditional and identifier not in place.region.placeholders:
            place.region.placeholders.append(identifier)

    def made(self, stem: str, stmt: ir.Stmt) -> str | None:
        """The name that `new` gave, or None: it is in use once given, even if the sweep changed its mind."""
        return self._captured.get((stem, id(stmt)))

    def new(self, stem: str, stmt: ir.Stmt) -> str:
        """A name for a residual that a statement itself produces: one for each stem."""
        key = (stem, id(stmt))
        known = self._captured.get(key)
        if known is None:
            known = self._captured[key] = self.fresh(stem)
            self.hold(known, self.places[id(stmt)])
        return known
