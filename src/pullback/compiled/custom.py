"""Derivatives that users registered, in compiled code.

    @pb.derivative(of=f)                 y is computed by the statements of `f_vjp`, of arguments without derivative;
    def f_vjp(x):                        those of its lambda are put into the reverse sweep, where `g` is known
        y = ...
        return y, lambda g: g * y
"""

from __future__ import annotations

import types
from dataclasses import replace
from typing import Any

from pullback import ir
from pullback.compiled import support
from pullback.compiled.calls import Calls
from pullback.compiled.custom_call import CustomCall
from pullback.compiled.unit import Unstored
from pullback.compiled.values import FLOAT, Arr, Known, Num, Tup, Value, describe, leaves, refuse
from pullback.rules import callable_name
from pullback.spans import Span

_HOOKED = "an array that `with_derivative` was called with is changed in place, which is not compiled"


class CustomCalls(Calls):
    """Calls of functions that have a registered derivative."""

    def custom(
        self, callee: Any, entry: Any, args: list[Value], keywords: dict[str, Value], stem: str, span: Span
    ) -> Value:
        """The value, and in its statement the pullback."""
        name = callable_name(callee)
        rules = sorted((r for r in entry.vjps if not r.forward), key=lambda r: -len(r.wrt or ()))
        rules.sort(key=lambda r: r.wrt is not None)  # (that of all arguments first, then that of most)
        if not rules or keywords or not isinstance(rules[0].vjp, types.FunctionType):
            raise refuse(
                f"the derivative registered for `{name}` is not compiled", span,
                help="register a Python function (value, pullback), and call it by position",
            )  # fmt: skip
        function = rules[0].vjp
        places = [at for at, _ in rules[0].operands(tuple(args), {}) if isinstance(at, int)]
        inner = [self.cut(a, span) for a in args]
        self.plain += 1  # inside, the function is called for its value
        found = self.python_call(function, inner, {}, span, True)
        if not (isinstance(found, Tup) and len(found.items) == 2 and isinstance(found.items[0], (Num, Arr))):
            raise refuse(f"the derivative registered for `{name}` must return (a number or array, a pullback)", span)
        value, pull = found.items
        assert isinstance(value, (Num, Arr))
        if isinstance(value, Arr):
            self._must_be_new(value, args, name, span)
        g = self.unit.fresh("_cotangent")
        cotangent = Num(ir.Var(g), FLOAT) if isinstance(value, Num) else replace(value, name=g)
        self.unit.declare(cotangent)
        outs: list[Value] = []

        def pulled() -> None:
            outs.append(self.call(pull, [cotangent], {}, "_pulled", span))

        block = self.unit.nested(pulled)
        self.plain -= 1
        if any(isinstance(s, (ir.For, ir.While, ir.Store)) for s in ir.walk(block)):
            raise refuse(f"the pullback registered for `{name}` has a loop or a store", span)
        pairs = self._paired([args[at] for at in places], outs[0], name, span)
        state = self.frames[-1].state
        rest = [a for at, a in enumerate(args) if at not in places]
        others = [x for a in rest for x in leaves(a, state) if x.type == FLOAT]
        operands = (*(o.atom for o, _ in pairs), *(x.atom for x in others if isinstance(x.atom, ir.Var)))
        heap = dict(state.heap)

        def again(flattener: CustomCalls, seed: Num | Arr) -> list[Num | Arr]:
            flattener.frames[-1].state.heap.update(heap)
            pair = flattener.python_call(function, args, {}, span, True)
            assert isinstance(pair, Tup)
            out = flattener.call(pair.items[1], [seed], {}, "_pulled", span)
            return [t for _, t in flattener._paired([args[at] for at in places], out, name, span)]

        marker = CustomCall(g, block, tuple(t.atom for _, t in pairs), again=again, name=name)
        if isinstance(value, Arr):  # a copy, which shares with nothing: what is stored into it later stays its own
            copy = ir.Apply(self.unit.function(support.copied, "copied"), (value.atom,))
            value = self.unit.array("_t", copy, value, span)
            call = ir.Apply(self.unit.function(marker, "custom"), (value.atom, *operands))
            return self.unit.array(stem, call, value, span)
        if not isinstance(value.atom, ir.Var):
            value = self.unit.number("_t", ir.Copy(value.atom), value.type, span)
        call = ir.Apply(self.unit.function(marker, "custom"), (value.atom, *operands))
        return self.unit.number(stem, call, value.type, span)

    def hooked(self, x: Value, callback: Value, stem: str, span: Span) -> Value:
        """`pb.with_derivative(x, callback)`: what the callback makes of the cotangent goes on."""
        if not isinstance(x, (Num, Arr)) or not isinstance(x.atom, ir.Var):
            if isinstance(x, Num):
                return x
            raise refuse(f"`with_derivative` of {describe(x)} is compiled for numbers and arrays only", span)
        if x.type != FLOAT:
            return x
        g = self.unit.fresh("_cotangent")
        cotangent = Num(ir.Var(g), FLOAT) if isinstance(x, Num) else replace(x, name=g)
        self.unit.declare(cotangent)
        outs: list[Value] = []
        block = self.unit.nested(lambda: outs.append(self.call(callback, [cotangent], {}, "_pulled", span)))
        if any(isinstance(s, (ir.For, ir.While, ir.Store)) for s in ir.walk(block)):
            raise refuse("a callback of `with_derivative` that has a loop or a store is not compiled", span)
        out = cotangent if isinstance(outs[0], Known) and outs[0].value is None else outs[0]
        if isinstance(out, Num) and isinstance(out.atom, ir.Lit) and isinstance(x, Num):
            out = Num(ir.Lit(float(out.atom.value)), FLOAT)
        if not isinstance(out, (Num, Arr)) or out.type != FLOAT or _unlike(x, out):
            raise refuse(f"a callback of `with_derivative` that returns {describe(out)} is not compiled here", span)
        marker = CustomCall(g, block, (out.atom,), hook=True, name="with_derivative")
        function = self.unit.function(marker, "custom")
        if isinstance(x, Num):
            held = self.unit.number("_t", ir.Copy(x.atom), FLOAT, span)
            return self.unit.number(stem, ir.Apply(function, (held.atom, x.atom)), FLOAT, span)
        copy = ir.Apply(self.unit.function(support.copied, "copied"), (x.atom,))
        made = self.unit.array(stem, ir.Apply(function, (self.unit.array("_t", copy, x, span).atom, x.atom)), x, span)
        self.unit.unstored.append(Unstored((made.name, x.name), span, _HOOKED))
        return made

    def _must_be_new(self, value: Arr, args: list[Value], name: str, span: Span) -> None:
        """Refuse a result that shares memory with what others hold: a copy is returned in its place."""
        held = [x for a in args for x in leaves(a, self.frames[-1].state)]
        held += [v for v, _ in self.unit.inputs.values() if isinstance(v, Arr)]
        if self.unit.root(value.name) in {self.unit.root(x.name) for x in held if isinstance(x, Arr)}:
            raise refuse(f"`{name}`, which has a registered derivative, may return memory that it was given", span)

    def _paired(self, args: list[Value], out: Value, name: str, span: Span) -> list[tuple[Num | Arr, Num | Arr]]:
        """The floats and arrays of floats of the arguments, each with its tangent."""
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
        pairs: list[tuple[Num | Arr, Num | Arr]] = []
        for arg, tangent in chosen:
            if arg not in floats:
                continue
            own, theirs = list(leaves(arg, state)), list(leaves(tangent, state))
            if len(own) != len(theirs) or any(map(_unlike, own, theirs)):
                message = f"the pullback registered for `{name}` returns {describe(tangent)} as the tangent of"
                raise refuse(f"{message} {describe(arg)}", span)
            for a, b in zip(own, theirs, strict=True):
                if a.type == FLOAT:
                    pairs.append((a, b))
        return pairs


def _unlike(own: Num | Arr, theirs: Num | Arr) -> bool:
    """Whether a tangent is no tangent of such a value; the lengths of arrays are compared when it is added."""
    if isinstance(own, Arr):
        return own.type == FLOAT and not (isinstance(theirs, Arr) and (theirs.type, theirs.ndim) == (FLOAT, own.ndim))
    return isinstance(theirs, Arr)
