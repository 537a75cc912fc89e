"""Derivatives that users registered, in compiled code.

    @pb.derivative(of=f)                 y is computed by the statements of `f_vjp`, of arguments without derivative;
    def f_vjp(x):                        those of its lambda are put into the reverse sweep, where `g` is known
        y = ...
        return y, lambda g: g * y
"""

from __future__ import annotations

import types
from typing import Any

from pullback import ir
from pullback.compiled.calls import Calls
from pullback.compiled.custom_call import CustomCall
from pullback.compiled.values import FLOAT, Arr, Num, Tup, Value, describe, leaves, refuse
from pullback.rules import callable_name
from pullback.spans import Span


class CustomCalls(Calls):
    """Calls of functions that have a registered derivative."""

    def custom(
        self, callee: Any, entry: Any, args: list[Value], keywords: dict[str, Value], stem: str, span: Span
    ) -> Value:
        """The value, and in its statement the pullback."""
        name = callable_name(callee)
        rules = [r for r in entry.vjps if not r.forward and r.wrt is None]
        if not rules or keywords or not isinstance(rules[0].vjp, types.FunctionType):
            raise refuse(
                f"the derivative registered for `{name}` is not compiled", span,
                help="register a Python function (value, pullback) of all its arguments, and call it by position",
            )  # fmt: skip
        function = rules[0].vjp
        inner = [self.cut(a, span) for a in args]
        self.plain += 1  # inside, the function is called for its value
        found = self.python_call(function, inner, {}, span)
        if not (isinstance(found, Tup) and len(found.items) == 2 and isinstance(found.items[0], Num)):
            raise refuse(f"the derivative registered for `{name}` must return (a number, a pullback)", span)
        value, pull = found.items
        assert isinstance(value, Num)
        g = self.unit.fresh("_cotangent")
        self.unit.declare(Num(ir.Var(g), FLOAT))
        outs: list[Value] = []

        def pulled() -> None:
            outs.append(self.call(pull, [Num(ir.Var(g), FLOAT)], {}, "_pulled", span))

        block = self.unit.nested(pulled)
        self.plain -= 1
        if any(isinstance(s, (ir.For, ir.While, ir.Store)) for s in ir.walk(block)):
            raise refuse(f"the pullback registered for `{name}` has a loop or a store", span)
        pairs = self._paired(args, outs[0], name, span)
        operands = tuple(o.atom for o, _ in pairs)
        marker = CustomCall(g, block, tuple(t.atom for _, t in pairs))
        if not isinstance(value.atom, ir.Var):
            value = self.unit.number("_t", ir.Copy(value.atom), value.type, span)
        call = ir.Apply(self.unit.function(marker, "custom"), (value.atom, *operands))
        return self.unit.number(stem, call, value.type, span)

    def _paired(self, args: list[Value], out: Value, name: str, span: Span) -> list[tuple[Num, Num]]:
        """The floats of the arguments, each with its tangent."""
        state = self.frames[-1].state
        floats = [a for a in args if any(x.type == FLOAT for x in leaves(a, state))]
        tangents: list[Value] = list(out.items) if isinstance(out, Tup) and len(args) > 1 else [out]
        if len(tangents) == len(args):
            chosen = list(zip(args, tangents, strict=True))
        elif len(tangents) == len(floats):
            chosen = list(zip(floats, tangents, strict=True))
        else:
            raise refuse(
                f"the pullback registered for `{name}` returns {len(tangents)} tangents for {len(args)} arguments", span
            )
        pairs: list[tuple[Num, Num]] = []
        for arg, tangent in chosen:
            if arg not in floats:
                continue
            own, theirs = list(leaves(arg, state)), list(leaves(tangent, state))
            if len(own) != len(theirs) or any(isinstance(x, Arr) for x in (*own, *theirs)):
                message = f"the pullback registered for `{name}` returns {describe(tangent)} as the tangent of"
                raise refuse(f"{message} {describe(arg)}", span)
            pairs += [(a, b) for a, b in zip(own, theirs, strict=True) if isinstance(a, Num) and isinstance(b, Num)]
        return [(a, b) for a, b in pairs if a.type == FLOAT]
