"""The names of tangents, and whether each is there: what the code of forward mode is built on.

    y = x * 2.0      y_dot is *present* once its statement stands
    y = 1.0          y_dot is *absent* from here on

After paths met, one of which gave it a value, it is *maybe* there: then it is ZERO at run time.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from pullback import ir, runtime
from pullback.calls import CALLS
from pullback.emit import Helpers
from pullback.forward_sweep import Forward
from pullback.liveness import liveness, useful_names
from pullback.sharing import Sharing
from pullback.spans import Span
from pullback.syntax import assign, name, names_in, placed
from pullback.tangent_rules import TangentRules

PRESENT, MAYBE = "present", "maybe"
Status = dict[str, str]


class TangentNames(Forward):
    """Knows the tangents of one function's names; `needed` are the names whose values tangents read."""

    def __init__(
        self,
        function: ir.FunctionIR,
        sharing: Sharing,
        helpers: Helpers,
        pairs: Callable[..., Any],
        needed: set[str],
    ) -> None:
        stub: Any = SimpleNamespace(
            residuals=SimpleNamespace(before={}, after={}, loops={}, mirrors={}, copies=lambda _: False),
            shadows=None, ran=True, fresh=helpers.fresh,
            runtime=lambda what: helpers(getattr(runtime, what), what),
            runtime_call=lambda what: helpers(CALLS[what], what),
            forward_calls={}, plain_stores={}, reversed_ifs={}, indexed_loops={},
        )  # fmt: skip
        super().__init__(function, stub, sharing, helpers, needed, lambda *_: None)
        self.helpers = helpers
        self.static = pairs
        self.dots: dict[str, str] = {}
        self.status: Status = {}
        self.dot_reads: set[str] = set()
        self.pending_dots: list[ast.stmt] = []
        self.live = liveness(function)
        self.useful = useful_names(function)
        self.rules = TangentRules(helpers, self.dot_of)
        appended = [s for s in ir.walk(function.body) if isinstance(s, ir.Append)]
        self.always: set[str] = set()  # names that have a tangent all the time, if only ZERO
        self.varying = {n for s in ir.walk(function.body) if _varies(s) for n in ir.assigned(s)}
        self.mirrored = {s.target for s in appended if s.facts.varied and s.target in self.useful}

    keeps = False
    at_point = False  # whether the call being made may change what it is given

    # --- tangents by name -------------------------------------------------------------------------

    def dot(self, variable: str) -> str:
        """The name of a variable's tangent."""
        found = self.dots.get(variable)
        if found is None:
            found = self.dots[variable] = self.helpers.fresh(f"{variable}_dot")
        return found

    def dot_of(self, operand: ir.Atom) -> tuple[str, bool] | None:
        """An operand's tangent and whether it may be ZERO; None where it has none."""
        if not isinstance(operand, ir.Var) or operand.name not in self.status:
            return None
        return self.dot(operand.name), self.status[operand.name] == MAYBE

    def zero(self) -> ast.expr:
        """ZERO."""
        return name(self.rules.zero())

    # --- placing ----------------------------------------------------------------------------------

    def flush(self) -> None:
        """Give every pending temporary its statement, then the tangents that waited for them."""
        super().flush()
        self.out += self.pending_dots
        self.pending_dots = []

    def placed_dots(self, code: list[ast.stmt], span: Span) -> list[ast.stmt]:
        """Tangent statements at the user's position; what they read must exist under its name."""
        for stmt in code:
            placed(stmt, span)
            stmt.span = span  # type: ignore[attr-defined]
            self.dot_reads |= names_in(stmt)
        return code

    def emit_dots(self, code: list[ast.stmt], span: Span) -> None:
        """Append tangent statements; they wait where a pending temporary comes first."""
        made = self.placed_dots(code, span)
        if self.pending:
            self.pending_dots += made
        else:
            self.out += made

    def without(self, variable: str, span: Span) -> list[ast.stmt]:
        """The tangent of a name that no longer has one: in a `try` it is ZERO, since a handler may read it."""
        if variable not in self.always:
            self.status.pop(variable, None)
            return []
        self.status[variable] = MAYBE
        return self.placed_dots([assign(self.dot(variable), self.zero())], span)

    def lost(self, variable: str, span: Span) -> None:
        """The same, as a statement."""
        code = self.without(variable, span)
        if code:
            self.emit_dots(code, span)

def _varies(stmt: ir.Stmt) -> bool:
    return isinstance(stmt, (ir.Bind, ir.Unpack, ir.For, ir.Append)) and stmt.facts.varied
