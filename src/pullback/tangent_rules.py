"""The tangent of one expression: its rule's templates filled in with the operands' tangents.

    y = math.sin(x)      y_dot = x_dot * cos(x)              the cotangent's template, which is linear
    y = np.sum(x)        y_dot = sum(x_dot)                  the function itself, where it is linear
    y = xs[i]            y_dot = xs_dot[i]                   a container's tangent is built as it is

A *part* is what one operand's tangent adds to the result's; parts are summed.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pullback import ir, tangent_parts
from pullback.calls import CALLS
from pullback.fitting import fit
from pullback.inlining import inlinable, small_power
from pullback.kinds import ARRAY, LIST, TUPLE
from pullback.mirrors import GROUP
from pullback.operations import BINARY_FUNCTIONS, UNARY_FUNCTIONS
from pullback.rules import Rule, Template, lookup
from pullback.spaces import zero_tangent
from pullback.syntax import atom as as_syntax
from pullback.syntax import call, constant, name, operator_syntax, substitute, template, tuple_of
from pullback.tangents import ZERO
from pullback.template_functions import as_function


@dataclass(slots=True)
class Part:
    """An expression, the tangent that must not be ZERO for it, and whether its value may be ZERO."""

    value: ast.expr
    guard: str | None
    maybe: bool = False


class TangentRules:
    """Builds the parts of a statement's tangent; `dot` gives an operand's tangent and whether it may be ZERO."""

    def __init__(
        self, helper: Callable[[Any, str], str], dot: Callable[[ir.Atom], tuple[str, bool] | None]
    ) -> None:
        self.helper = helper
        self.dot = dot

    def part_of(self, operand: ir.Atom) -> Part | None:
        """An operand's tangent itself."""
        found = self.dot(operand)
        if found is None:
            return None
        d, maybe = found
        return Part(name(d), d if maybe else None)

    def or_zero(self, operand: ir.Atom, active: bool = True) -> ast.expr:
        """An operand's tangent, or ZERO."""
        found = self.dot(operand) if active else None
        return name(self.zero()) if found is None else name(found[0])

    def zero(self) -> str:
        """The name of ZERO."""
        return self.helper(ZERO, "ZERO")

    def parts(self, stmt: ir.Bind, result: str) -> list[Part]:
        """The parts of a statement's tangent; `result` names its value."""
        expr, active = stmt.expr, stmt.facts.active
        match expr:
            case ir.Copy(source=source):
                found = self.part_of(source)
                return [found] if found is not None else []
            case ir.Operation():
                return self.operation(stmt, expr, result)
            case ir.Apply():
                return self.applied(stmt, expr, result)
            case ir.Item(obj=obj, index=index):
                found = self.part_of(obj)
                return [self.item(stmt, found, as_syntax(index))] if found is not None else []
            case ir.Attr(obj=obj, name=attribute):
                found = self.part_of(obj)
                if found is None:
                    return []
                field = self.helper(tangent_parts.field_part, "field_part")
                value = call(field, as_syntax(obj), found.value, constant(attribute))
                return [Part(value, found.guard, True)]
            case ir.Build(kind=kind, items=items):
                return self.build(kind, items, active)
            case ir.Closure():
                return self.closure(stmt, expr)
        return []

    def item(self, stmt: ir.Bind, found: Part, index: ast.expr) -> Part:
        """`xs[i]`."""
        mask = stmt.facts.kinds[0].mask
        if mask & ~(ARRAY | LIST | TUPLE):
            return Part(call(self.helper(tangent_parts.part, "part"), found.value, index), found.guard, True)
        return Part(ast.Subscript(found.value, index, ast.Load()), found.guard, mask != ARRAY)

    def build(self, kind: str, items: tuple[ir.Atom, ...], active: tuple[bool, ...]) -> list[Part]:
        """A display: the same display of tangents."""
        if kind not in ("tuple", "list", "dict"):
            return []
        if all(self.dot(a) is None for a, flag in zip(items, active, strict=True) if flag):
            return []
        if kind == "dict":
            keys = [as_syntax(a) for a in items[0::2]]
            values = [self.or_zero(a, f) for a, f in zip(items[1::2], active[1::2], strict=True)]
            return [Part(ast.Dict(list(keys), values), None)]
        dots = [self.or_zero(a, f) for a, f in zip(items, active, strict=True)]
        return [Part(tuple_of(dots) if kind == "tuple" else ast.List(dots, ast.Load()), None)]

    def closure(self, stmt: ir.Bind, expr: ir.Closure) -> list[Part]:
        """A nested function: a dict with the tangents of what it captured."""
        flags = stmt.facts.active
        pairs: list[tuple[str, ir.Atom]] = [
            (capture, ir.Var(capture))
            for capture, flag in zip(expr.captures, flags, strict=False)
            if flag and capture != stmt.target and self.dot(ir.Var(capture)) is not None
        ]
        pairs += [
            (f"default {parameter}", atom)
            for (parameter, atom), flag in zip(expr.defaults, flags[len(expr.captures) :], strict=True)
            if flag and self.dot(atom) is not None
        ]
        if not pairs:
            return []
        entries = [(k, self.or_zero(a)) for k, a in pairs]
        if expr.group:  # it calls functions made later, whose tangents are not made yet: this one holds theirs too
            zero = self.or_zero(ir.Lit(None), False)
            entries += [(GROUP + n, zero) for n in sorted(expr.group | {stmt.target})]
        return [Part(ast.Dict([constant(k) for k, _ in entries], [d for _, d in entries]), None)]

    # --- rules ------------------------------------------------------------------------------------

    def operation(self, stmt: ir.Bind, expr: ir.Operation, result: str) -> list[Part]:
        """An operator on numbers and arrays."""
        functions = BINARY_FUNCTIONS if len(expr.args) == 2 else UNARY_FUNCTIONS
        entry = lookup(functions[expr.op])
        if entry is None or entry.rule is None:
            return []
        power = small_power(expr) if stmt.facts.kinds[0].scalar else None
        bound = dict(zip(entry.rule.signature.parameters, expr.args, strict=True))
        made: list[Part] = []
        for position, (parameter, operand) in enumerate(bound.items()):
            if not stmt.facts.active[position]:
                continue
            text = power if position == 0 else None
            made += self.rule_part(stmt, entry.rule, parameter, None, operand, bound, result, text)
        exempt = expr.op in ("*", "/", "neg", "pos") or (expr.op in ("+", "-") and len(made) == 2)
        if entry.rule.elementwise and (expr.inplace or not (exempt and all(p.guard is None for p in made))):
            return self.fitted(stmt, made, result)
        return made

    def applied(self, stmt: ir.Bind, expr: ir.Apply, result: str) -> list[Part]:
        """A call of a known library function."""
        found = inlinable(stmt, expr)
        assert found is not None
        rule, bound = found
        operands = (*expr.args, *(a for _, a in expr.keywords))
        active = {id(a): flag for a, flag in zip(operands, stmt.facts.active[1:], strict=True)}
        made: list[Part] = []
        for parameter, value in bound.items():
            variadic = isinstance(value, tuple)
            for index, item in enumerate(value if variadic else (value,)):
                if active[id(item)]:
                    made += self.rule_part(stmt, rule, parameter, index if variadic else None, item, bound, result)
        return self.fitted(stmt, made, result) if rule.elementwise else made

    def fitted(self, stmt: ir.Bind, parts: list[Part], result: str) -> list[Part]:
        """An elementwise result's tangent has its shape and dtype, whatever was broadcast."""
        kinds = stmt.facts.kinds[1:] if isinstance(stmt.expr, ir.Apply) else stmt.facts.kinds
        if all(k.scalar for k in kinds) and stmt.facts.kind.scalar:
            return parts
        to = self.helper(fit, "fit")
        return [Part(call(to, p.value, name(result)), p.guard, p.maybe) for p in parts]

    def rule_part(
        self,
        stmt: ir.Bind,
        rule: Rule,
        parameter: str,
        index: int | None,
        operand: ir.Atom,
        bound: dict[str, Any],
        result: str,
        text: Template | None = None,
    ) -> list[Part]:
        """The part of one operand, by the best of what the rule has."""
        found = self.part_of(operand)
        if found is None:
            return []
        kind = stmt.facts.kinds[ir.atoms(stmt.expr).index(operand)]
        dot = parts = found.value
        if not kind.numeric and not rule.elementwise:
            dot = call(self.helper(tangent_parts.filled, "filled"), dot, as_syntax(operand))
        explicit = rule.forward.get(parameter)
        if explicit is None and parameter in rule.linear:
            if isinstance(stmt.expr, ir.Operation):
                sides = [dot if p == parameter else as_syntax(a) for p, a in bound.items()]
                return [Part(operator_syntax(stmt.expr.op, sides), found.guard)]
            assert isinstance(stmt.expr, ir.Apply)
            value = self.linear(stmt, stmt.expr, operand, dot)
            if kind.numeric:
                return [Part(value, found.guard)]
            # zeros must not stand for what is no number: the labels [0, 1] of an einsum
            zero = call(self.helper(tangent_parts.is_zero, "is_zero"), found.value)
            return [Part(ast.IfExp(zero, name(self.zero()), value), found.guard, True)]
        chosen = explicit or text or rule.templates.get(parameter)
        if chosen is None:
            return []
        if explicit is None and not rule.elementwise:
            return [Part(self.transposed(rule, chosen, index, bound, result, dot), found.guard, True)]
        holes = {i: self.hole(i, rule, parameter, bound, index, result, dot) for i in chosen.names}
        if f"{parameter}_parts" in holes:
            holes[f"{parameter}_parts"] = parts
        return [Part(substitute(chosen.tree, holes), found.guard)]

    def linear(self, stmt: ir.Bind, expr: ir.Apply, operand: ir.Atom, dot: ast.expr) -> ast.expr:
        """The function itself, with an operand's tangent in its place."""
        callee = name(self.helper(stmt.facts.callee, expr.method or _stem(expr.callee)))
        args = [dot if a is operand else as_syntax(a) for a in expr.args]
        keywords = [ast.keyword(k, dot if a is operand else as_syntax(a)) for k, a in expr.keywords]
        return ast.Call(callee, args, keywords)

    def transposed(
        self, rule: Rule, chosen: Template, index: int | None, bound: dict[str, Any], result: str, dot: ast.expr
    ) -> ast.expr:
        """A structured rule that has a pullback only: the pullback, which is linear, is pulled back itself."""
        parameters = tuple(rule.signature.parameters)
        stem = f"{_identifier(rule.name)}_pullback"
        pull = name(self.helper(as_function(chosen, parameters), stem))
        values = [self.hole(p, rule, "", bound, index, result, dot) for p in parameters]
        zero = call(self.helper(zero_tangent, "zero_tangent"), name(result))
        operands = tuple_of([zero, name(result), constant(index), *values])
        applied = call(
            self.helper(CALLS["pull_apply"], "pull_apply"), pull, operands, ast.Dict([], []), constant((0,)), dot
        )
        return template("t[0]", t=applied)

    def hole(
        self,
        identifier: str,
        rule: Rule,
        parameter: str,
        bound: dict[str, Any],
        index: int | None,
        result: str,
        dot: ast.expr,
    ) -> ast.expr:
        """What stands for one name of a template."""
        if identifier in ("g", f"{parameter}_dot"):
            return dot
        if identifier == "y":
            return name(result)
        if identifier == "i" and index is not None:
            return constant(index)
        if identifier in bound:
            value = bound[identifier]
            return tuple_of([as_syntax(a) for a in value]) if isinstance(value, tuple) else as_syntax(value)
        declared = rule.signature.parameters.get(identifier)
        if declared is not None:
            if declared.kind is inspect.Parameter.VAR_POSITIONAL:
                return tuple_of([])
            value = declared.default
            if value is None or type(value) in (bool, int, float, str):
                return as_syntax(ir.Lit(value))
            return name(self.helper(value, f"default_{identifier}"))
        if identifier in rule.namespace:
            return name(self.helper(rule.namespace[identifier], identifier))
        return name(identifier)  # a builtin


def _stem(callee: ir.Atom) -> str:
    return callee.name if isinstance(callee, ir.Var) else "callee"


def _identifier(text: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in text).strip("_") or "rule"
