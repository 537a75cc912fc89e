"""Tests of adjoints that follow from tests made before are not made again.

    if d_y is not ZERO:             if d_y is not ZERO:
        d_t = d_y * w       ->          d_t = d_y * w
    else:                               d_x = d_t * c
        d_t = ZERO                  else:
    if d_t is not ZERO:                 d_x = ZERO
        d_x = d_t * c
    else:
        d_x = ZERO

The statements run in the order they had, on the paths they were on. `accumulate` marks what it assigns as `present`
where that is never `ZERO`; what is left assigned and never read goes.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from pullback.syntax import walk

Known = dict[str, bool]  # adjoints of which it is known here that they are there (True) or `ZERO` (False)


def threaded(code: list[ast.stmt], zero: str, temporary: Callable[[str], bool]) -> list[ast.stmt]:
    """Reverse code with each test made once; `zero` is the name of `ZERO`, `temporary` tells whose stores may go."""
    made = _Threader(zero).block(code, {})
    _alive(made, set(), temporary, delete=True)
    return made


class _Threader:
    def __init__(self, zero: str) -> None:
        self.zero = zero

    def block(self, code: list[ast.stmt], known: Known) -> list[ast.stmt]:
        """A block with what follows from `known`, which is brought up to its end."""
        made: list[ast.stmt] = []
        last: tuple[ast.If, Known, Known] | None = None  # the conditional just before, and what its arms end with
        for stmt in code:
            if not isinstance(stmt, ast.If):
                last = None
                made.append(stmt)
                self.plain(stmt, known)
                continue
            tested = self.tested(stmt.test)
            outcome = known.get(tested) if tested is not None else None
            if outcome is not None:
                inner = self.block(stmt.body if outcome else stmt.orelse, known)
                made.extend(inner)
                last = None if inner else last
                continue
            if tested is not None and last is not None and last[1].get(tested) and last[2].get(tested) is False:
                before, present, absent = last
                before.body += self.block(stmt.body, present)
                before.orelse += self.block(stmt.orelse, absent)
            else:
                present, absent = dict(known), dict(known)
                if tested is not None:
                    present[tested], absent[tested] = True, False
                stmt.body, stmt.orelse = self.block(stmt.body, present), self.block(stmt.orelse, absent)
                last = stmt, present, absent
                made.append(stmt)
            known.clear()
            known.update({n: k for n, k in present.items() if absent.get(n) is k})
        return made

    def plain(self, stmt: ast.stmt, known: Known) -> None:
        """What is known after a statement that is no conditional."""
        if isinstance(stmt, ast.Assign) and len(stmt.targets) == 1 and isinstance(stmt.targets[0], ast.Name):
            value, identifier = stmt.value, stmt.targets[0].id
            found = True if getattr(stmt, "present", False) or isinstance(value, ast.Constant) else None
            if isinstance(value, ast.Name):
                found = False if value.id == self.zero else known.get(value.id, found)
            known.pop(identifier, None)
            if found is not None:
                known[identifier] = found
            return
        for identifier in _stored(stmt):
            known.pop(identifier, None)
        if isinstance(stmt, (ast.For, ast.While)):
            stmt.body = self.block(stmt.body, dict(known))

    def tested(self, test: ast.expr) -> str | None:
        """The adjoint that a test asks for."""
        if isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and isinstance(test.ops[0], ast.IsNot):
            right = test.comparators[0]
            return test.left.id if isinstance(right, ast.Name) and right.id == self.zero else None
        return None


def _stored(stmt: ast.stmt) -> set[str]:
    return {n.id for n in walk(stmt) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}


def _loaded(node: ast.AST) -> set[str]:
    return {n.id for n in walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _alive(code: list[ast.stmt], after: set[str], temporary: Callable[[str], bool], delete: bool) -> set[str]:
    """The names that are read from the start of a block on; copies that are never read are deleted."""
    alive = set(after)
    for position in range(len(code) - 1, -1, -1):
        stmt = code[position]
        match stmt:
            case ast.Assign(targets=[ast.Name(id=identifier)], value=value):
                idle = identifier not in alive and temporary(identifier)
                if idle and isinstance(value, (ast.Name, ast.Constant)):
                    if delete:
                        del code[position]
                    continue
                alive.discard(identifier)
                alive |= _loaded(value)
            case ast.If(test=test, body=body, orelse=orelse):
                alive = _alive(body, alive, temporary, delete) | _alive(orelse, alive, temporary, delete)
                alive |= _loaded(test)
            case ast.For(body=body) | ast.While(body=body):
                again = _alive(body, alive, temporary, False)
                while not again <= alive:  # what the next iteration reads is read after this one
                    alive |= again
                    again = _alive(body, alive, temporary, False)
                alive |= _alive(body, alive, temporary, delete) | _loaded(stmt)
            case _:
                alive |= _loaded(stmt)
    return alive
