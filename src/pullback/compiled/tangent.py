"""Forward mode of flat statements: beside each number and array, its tangent.

    y = sin(x)           y_dot = x_dot * cos(x);  y = sin(x)
    a[i] = y             a_dot[i] = y_dot;  a[i] = y

What comes out are flat statements again, of which the reverse sweep can be taken: that is the Hessian's.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

import numpy as np

from pullback import ir
from pullback.compiled import array_support as more
from pullback.compiled import support
from pullback.compiled.custom_call import CustomCall
from pullback.compiled.flatten import Flattener, Frame
from pullback.compiled.forward_rules import forward_of
from pullback.compiled.operators import literal
from pullback.compiled.unit import Unit
from pullback.compiled.values import FLOAT, WITHOUT, Arr, Known, Num, State, Tup, Value, refuse
from pullback.inlining import inlinable, small_power
from pullback.operations import BINARY_FUNCTIONS, UNARY_FUNCTIONS
from pullback.rules import Template, callable_name, lookup
from pullback.source import acquire
from pullback.spans import Span
from pullback.template_functions import as_function


class Tangents:
    """Makes the statements on tangents; `dots` has the name of each one's."""

    def __init__(self, unit: Unit, varied: set[str], twice: bool = False) -> None:
        self.unit = unit
        self.twice = twice
        self.varied = varied
        self.dots: dict[str, str] = {}

    def dot(self, name: str) -> str:
        """The name of a tangent."""
        found = self.dots.get(name)
        if found is None:
            found = self.dots[name] = self.unit.fresh(f"{name.lstrip('_')}_dot")
            if name in self.unit.arrays:
                self.unit.declare(replace(self.unit.arrays[name], name=found))
            else:
                self.unit.declare(Num(ir.Var(found), FLOAT))
        return found

    def has(self, atom: ir.Atom) -> bool:
        """Whether an operand has a tangent."""
        return isinstance(atom, ir.Var) and atom.name in self.varied

    def value(self, atom: ir.Atom) -> Value:
        """An operand as the flattener knows it."""
        if isinstance(atom, ir.Var) and atom.name in self.unit.arrays:
            return self.unit.arrays[atom.name]
        if isinstance(atom, ir.Var):
            return Num(atom, self.unit.types[atom.name])
        return Num(atom, FLOAT if isinstance(atom.value, float) else "i")

    def tangent(self, atom: ir.Atom) -> Value:
        """The tangent of an operand that has one."""
        assert isinstance(atom, ir.Var)
        return self.value(ir.Var(self.dot(atom.name)))

    def block(self, stmts: list[ir.Stmt]) -> list[ir.Stmt]:
        """The statements, each after those on its tangent."""

        def build() -> None:
            for stmt in stmts:
                self.stmt(stmt)

        return self.unit.nested(build)

    def stmt(self, stmt: ir.Stmt) -> None:
        """One statement."""
        match stmt:
            case ir.Bind() if stmt.target in self.varied:
                if self.fresh_array(stmt):
                    self.unit.append(stmt)
                    self.bind(stmt)
                else:
                    value = self.of(stmt)
                    # (the result may be read by its own tangent, and the statement may rebind an operand)
                    held = self.held(value, stmt) if value is not None else None
                    self.unit.append(stmt)
                    self.put(stmt, held)
                return
            case ir.Store(obj=ir.Var(name=name)) if name in self.varied:
                value = self.tangent(stmt.value) if self.has(stmt.value) else Num(ir.Lit(0.0), FLOAT)
                store = ir.Store(ir.Var(self.dot(name)), stmt.key, value.atom, False, stmt.span)  # type: ignore[union-attr]
                store.facts.kinds = (stmt.facts.kinds[0], self.unit.kind(store.value), stmt.facts.kinds[2])
                self.unit.stores[id(store)] = self.unit.stores[id(stmt)]
                self.unit.append(store)
            case ir.If():
                stmt.body, stmt.orelse = self.block(stmt.body), self.block(stmt.orelse)
            case ir.For() | ir.While():
                stmt.body = self.block(stmt.body)
        self.unit.append(stmt)

    def fresh_array(self, stmt: ir.Bind) -> bool:
        """Whether a statement makes an array: its tangent is computed after it, for it may read the result."""
        return stmt.target in self.unit.arrays

    def held(self, value: Value, stmt: ir.Bind) -> Value:
        """A tangent under a name of its own."""
        assert isinstance(value, Num)
        return self.unit.number("_t", ir.Copy(value.atom), FLOAT, stmt.span)

    def put(self, stmt: ir.Bind, value: Value | None) -> None:
        """Give a number's tangent its value."""
        atom = value.atom if isinstance(value, Num) else ir.Lit(0.0)
        name = self.dot(stmt.target)
        self.unit.put(name, ir.Copy(atom), Num(ir.Var(name), FLOAT), stmt.span)

    def none(self, name: str, span: Span) -> None:
        """A tangent of zeros."""
        if name in self.unit.arrays:
            zeros = ir.Apply(self.unit.function(support.zeros_like, "zeros_like"), (ir.Var(name),))
            self.unit.put(self.dot(name), zeros, self.unit.arrays[self.dot(name)], span)
        else:
            self.unit.put(self.dot(name), ir.Copy(ir.Lit(0.0)), Num(ir.Var(self.dot(name)), FLOAT), span)

    def bind(self, stmt: ir.Bind) -> None:
        """The tangent of an array."""
        name = self.dot(stmt.target)
        array = self.unit.arrays[name]
        shared = self._shared(stmt)
        if shared is not None:
            source, expr = shared
            self.unit.put(name, expr, array, stmt.span)
            self.unit.share(name, source)
            return
        value = self.of(stmt)
        if isinstance(value, (Num, Arr)) and value.atom != ir.Lit(0.0) and self._is_smaller(value, stmt):
            zeros = ir.Apply(self.unit.function(support.zeros_like, "zeros_like"), (ir.Var(stmt.target),))
            whole = self.unit.array("_t", zeros, array, stmt.span)
            value = self.unit.array("_t", ir.Operation("+", (whole.atom, value.atom)), array, stmt.span)
        if isinstance(value, Arr):
            self.unit.put(name, ir.Copy(value.atom), array, stmt.span)
            self.unit.share(name, value.name)
            return
        zeros = ir.Apply(self.unit.function(support.zeros_like, "zeros_like"), (ir.Var(stmt.target),))
        self.unit.put(name, zeros, array, stmt.span)

    def _is_smaller(self, value: Num | Arr, stmt: ir.Bind) -> bool:
        """Whether a tangent may have a smaller shape than the array that it is the tangent of, which is broadcast."""
        if isinstance(value, Num) or value.ndim < self.unit.arrays[stmt.target].ndim:
            return True
        operands = ir.atoms(stmt.expr)
        if isinstance(stmt.expr, ir.Operation):
            return stmt.expr.op in ("+", "-", "%") and len(operands) == 2 and not all(map(self.has, operands))
        return more.CHOICES.get(stmt.facts.callee) == "where" if isinstance(stmt.expr, ir.Apply) else False

    def _shared(self, stmt: ir.Bind) -> tuple[str, ir.Expr] | None:
        match stmt.expr:
            case ir.Copy(source=ir.Var(name=source)) if source in self.varied:
                return self.dot(source), ir.Copy(ir.Var(self.dot(source)))
            case ir.Item(obj=ir.Var(name=source), index=index) if source in self.varied:
                return self.dot(source), ir.Item(ir.Var(self.dot(source)), index)
            case ir.Apply(callee=callee, args=(ir.Var(name=source), *rest)):
                if source in self.varied and support.is_view(stmt.facts.callee):
                    return self.dot(source), ir.Apply(callee, (ir.Var(self.dot(source)), *rest))
        return None

    def of(self, stmt: ir.Bind) -> Value | None:
        """The tangent of an expression, or None where it is zero."""
        expr = stmt.expr
        if isinstance(expr, ir.Copy):
            return self.tangent(expr.source) if self.has(expr.source) else None
        if isinstance(expr, ir.Item):
            if not self.has(expr.obj):
                return None
            assert isinstance(expr.obj, ir.Var)
            return self.unit.number("_t", ir.Item(ir.Var(self.dot(expr.obj.name)), expr.index), FLOAT, stmt.span)
        operands = ir.atoms(expr)
        if not any(map(self.has, operands)):
            return None
        flattener = Flattener(self.unit)
        lowered = ir.FunctionIR(
            "", "", _NO_ARGUMENTS, (), [], "", frozenset(), (), [], stmt.span.filename, stmt.span, set()
        )
        flattener.frames.append(Frame(None, lowered, State(), None))
        parts = self._parts(stmt, expr, flattener)
        if not parts:
            return None
        total = parts[0]
        for part in parts[1:]:
            total = flattener.binary("+", total, part, "_t", stmt.span)
        return total

    def _parts(self, stmt: ir.Bind, expr: ir.Expr, flattener: Flattener) -> list[Value]:
        span = stmt.span
        if isinstance(expr, ir.Apply):
            if isinstance(stmt.facts.callee, CustomCall):
                return self._custom(stmt, expr, stmt.facts.callee, flattener)
            if support.backward_of(stmt.facts.callee) is not None:
                return self._linear(stmt, expr, flattener)
            entry = lookup(stmt.facts.callee)
            if entry is not None and entry.constant:
                return [Num(ir.Lit(0.0), FLOAT)]
            stmt.facts.active = tuple(map(self.has, ir.atoms(expr)))
            found = inlinable(stmt, expr)
            if found is None:
                raise refuse(f"no derivative is known for `{callable_name(stmt.facts.callee)}`", span)
            rule, bound = found
            parts = []
            for parameter, value in bound.items():
                for index, atom in enumerate(value if isinstance(value, tuple) else (value,)):
                    if self.has(atom):
                        text = rule.templates[parameter]
                        parts.append(self._filled(text, rule, bound, atom, index, stmt, flattener))
            return parts
        assert isinstance(expr, ir.Operation)
        functions = BINARY_FUNCTIONS if len(expr.args) == 2 else UNARY_FUNCTIONS
        entry = lookup(functions[expr.op])
        if entry is None or entry.rule is None:
            return [Num(ir.Lit(0.0), FLOAT)]
        names = list(entry.rule.signature.parameters)
        bound = dict(zip(names, expr.args, strict=True))
        parts = []
        for position, (parameter, atom) in enumerate(bound.items()):
            found_text = entry.rule.templates.get(parameter)
            if found_text is None or not self.has(atom):
                continue
            power = small_power(expr) if position == 0 and not isinstance(self.value(atom), Arr) else None
            parts.append(self._filled(power or found_text, entry.rule, bound, atom, 0, stmt, flattener))
        return parts

    def _custom(self, stmt: ir.Bind, expr: ir.Apply, custom: CustomCall, flattener: Flattener) -> list[Value]:
        """A registered pullback, transposed: of one number it is run once; entry by entry it is its own transpose."""
        operands = expr.args[1:]
        if custom.hook:
            if self.twice:
                raise refuse("`with_derivative` in a second derivative is not compiled", stmt.span)
            return [self.tangent(operands[0])] if self.has(operands[0]) else []
        if custom.again is None:
            raise refuse("a function that calls itself has no compiled forward mode", stmt.span, help=WITHOUT)
        if stmt.target not in self.unit.arrays:
            parts: list[Value] = []
            for operand, slope in zip(operands, custom.again(flattener, Num(ir.Lit(1.0), FLOAT)), strict=False):
                if self.has(operand):
                    part = flattener.binary("*", slope, self.tangent(operand), "_t", stmt.span)
                    if isinstance(part, Arr):
                        part = flattener.call(Known(np.sum), [part], {}, "_t", stmt.span)
                    parts.append(part)
            return parts
        if len(operands) != 1 or not _is_entrywise(self.unit, custom):
            raise refuse(
                f"the registered derivative of `{custom.name}`, whose result is an array, has no compiled forward mode",
                stmt.span, help=WITHOUT,
            )  # fmt: skip
        if not self.has(operands[0]):
            return []
        along = self.tangent(operands[0])
        assert isinstance(along, Arr)
        return list(custom.again(flattener, along))

    def _filled(
        self, text: Template, rule: Any, bound: dict[str, Any], atom: ir.Atom, index: int, stmt: ir.Bind,
        flattener: Flattener,
    ) -> Value:  # fmt: skip
        """A cotangent's template, which is linear, with the tangent in the cotangent's place."""
        parameters = tuple(rule.signature.parameters)
        function = as_function(text, parameters)
        env: dict[str, Value] = {"g": self.tangent(atom), "i": Num(ir.Lit(index), "i")}
        if "y" in text.names:
            env["y"] = self._again(stmt, flattener)
        for parameter in parameters:
            if parameter not in text.names:
                continue
            if isinstance(bound.get(parameter), tuple):
                env[parameter] = Tup(tuple(map(self.value, bound[parameter])))
            elif parameter in bound:
                env[parameter] = self.value(bound[parameter])
            else:
                env[parameter] = literal(rule.signature.parameters[parameter].default)
        source = acquire(function)
        return flattener.run(function, source, "rule", env, None, stmt.span)

    def _again(self, stmt: ir.Bind, flattener: Flattener) -> Value:
        """The result: computed once more for a number, whose statement comes after its tangent's."""
        if stmt.target in self.unit.arrays:
            return self.unit.arrays[stmt.target]
        return self.unit.number("_t", stmt.expr, self.unit.types[stmt.target], stmt.span)

    def _linear(self, stmt: ir.Bind, expr: ir.Apply, flattener: Flattener) -> list[Value]:
        """A function of arrays that is linear in each of its operands."""
        function = stmt.facts.callee
        parts: list[Value] = []
        if function not in support.LINEAR:
            found = forward_of(function)
            names, rules = found if found is not None else ((), {})
            for position, atom in enumerate(expr.args):
                if not self.has(atom):
                    continue
                rule = rules.get(position)
                if rule is None or (rule.__code__.co_name == "_product" and self.unit.arrays[atom.name].ndim > 1):  # type: ignore[union-attr]
                    raise refuse(f"`{function.__name__}` has no compiled forward mode", stmt.span)
                given = dict(zip(names, map(self.value, expr.args), strict=True))
                wanted = rule.__code__.co_varnames[1 : rule.__code__.co_argcount]
                if "y" in wanted:
                    given["y"] = self._again(stmt, flattener)
                operands = [self.tangent(atom), *(given[n] for n in wanted)]
                parts.append(flattener.call(Known(rule), operands, {}, "_t", stmt.span))
            return parts
        for position, atom in enumerate(expr.args):
            if self.has(atom):
                args = list(expr.args)
                args[position] = self.tangent(atom).atom  # type: ignore[union-attr]
                call = ir.Apply(expr.callee, tuple(args))
                if stmt.target in self.unit.arrays:
                    parts.append(self.unit.array("_t", call, self.unit.arrays[stmt.target], stmt.span))
                else:
                    parts.append(self.unit.number("_t", call, FLOAT, stmt.span))
        return parts


def _is_entrywise(unit: Unit, custom: CustomCall) -> bool:
    """Whether a pullback makes each entry of its one tangent of the same entry of the cotangent."""
    linked = {custom.cotangent}
    for stmt in ir.walk(custom.block):
        if not isinstance(stmt, ir.Bind):
            return False
        if not linked & {a.name for a in ir.atoms(stmt.expr) if isinstance(a, ir.Var)}:
            continue
        entrywise = isinstance(stmt.expr, (ir.Copy, ir.Operation)) and getattr(stmt.expr, "op", "") != "@"
        if not entrywise or unit.arrays.get(stmt.target, _NUMBER).ndim != unit.arrays[custom.cotangent].ndim:
            return False
        linked.add(stmt.target)
    return True


def add_tangents(
    unit: Unit, varied: set[str], given: list[str], parameters: list[str], span: Span, twice: bool = False
) -> dict[str, str]:
    """Put tangents beside all of a unit's statements; `given` have theirs as parameters. Returns their names.

    With `twice` the derivative of what comes out is taken once more.
    """
    made = Tangents(unit, varied, twice)
    for name in given:
        made.dot(name)
    others = [p for p in parameters if p in varied and p not in given]  # (they may share with what varies)

    def zeros() -> None:
        for p in others:
            made.none(p, span)

    first = unit.nested(zeros)
    body = made.block(unit.block)
    unit.block = first + body
    for name in varied - set(given):
        made.dot(name)
    for a in list(unit.arrays):
        if a in made.dots and unit.root(a) != a and unit.aliases.get(a) in made.dots:
            unit.share(made.dots[a], made.dots[unit.aliases[a]])
    return made.dots


_NUMBER = Arr("", FLOAT, 0)
_NO_ARGUMENTS = ast.arguments([], [], None, [], [], None, [])
