"""The adjoint of one expression: its rule's templates filled in, or the pullback of a call.

    t = math.sin(x)      d_x += d_t * cos(x)             the rule, inlined
    t = f(x)             (d_x,) = residual[0](residual, d_t)   f's own generated pair
    t = obj.field        d_obj = add_field(d_obj, obj, "field", d_t)
"""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pullback import ir
from pullback.applying import converts, of_numbers
from pullback.fitting import fit
from pullback.kinds import BOOL, COMPLEX, FLOAT, FUNC, INT, LIST, NPINT, OTHER, STRUCT, TUPLE, Kind
from pullback.operations import BINARY_FUNCTIONS, UNARY_FUNCTIONS, is_data_field
from pullback.rules import Rule, Template, lookup
from pullback.structs import fields_by_parameter
from pullback.syntax import assign, call, constant, name, substitute, template, tuple_of
from pullback.syntax import atom as as_syntax

if TYPE_CHECKING:
    from pullback.reverse import Reverse

RULE, CALL, PLAIN, NEW = "rule", "call", "plain", "new"


def how(stmt: ir.Bind) -> str:
    """How a statement's derivative is found: by an inlined rule, by a call's residual, or directly."""
    expr, facts = stmt.expr, stmt.facts
    match expr:
        case ir.Operation():
            return RULE if all(k.numeric for k in facts.kinds) else CALL
        case ir.Apply():
            if inlinable(stmt, expr) is not None:
                return RULE
            return NEW if facts.new else CALL
        case ir.Attr(name=attribute):
            return PLAIN if is_data_field(facts.kinds[0], attribute) else CALL
        case ir.Item():
            return CALL if facts.kinds[0].mask & (STRUCT | OTHER | FUNC) else PLAIN
    return PLAIN


def only_form(stmt: ir.Bind) -> bool:
    """Whether a call of a known function has a result without a derivative, as `np.zeros_like(x)` has."""
    if not isinstance(stmt.expr, ir.Apply) or not stmt.facts.known:
        return False
    entry = lookup(stmt.facts.callee)
    runs_python = isinstance(stmt.facts.callee, types.FunctionType)  # it may ask its operands' classes
    return entry is not None and entry.constant and not entry.vjps and entry.protocol is None and not runs_python


def inlinable(stmt: ir.Bind, expr: ir.Apply) -> tuple[Rule, dict[str, Any]] | None:
    """The rule of a call whose callee is known, with the call's operands by parameter name."""
    if not stmt.facts.known or expr.stars or any(k is None for k, _ in expr.keywords):
        return None
    entry = lookup(stmt.facts.callee)
    if entry is None or entry.rule is None or entry.vjps:
        return None
    varied = (k for k, flag in zip(stmt.facts.kinds, stmt.facts.active, strict=True) if flag)
    if any(k.mask == STRUCT and converts(k.cls) for k in varied) and of_numbers(entry.function):
        return None  # an object of which a number or array is made
    listed = LIST | TUPLE if entry.of_iterators is not None else 0  # (`math.prod` of a list, not of an iterator)
    plain = all(k.numeric or (k.mask and not k.mask & ~listed) for k in stmt.facts.kinds[1:])
    if entry.protocol is not None and not plain:
        return None  # an operand's class may define the operation
    if entry.rule.elementwise and any(k.mask and not k.mask & ~(LIST | TUPLE) for k in stmt.facts.kinds[1:]):
        return None  # its operands become arrays first
    try:
        bound = entry.rule.signature.bind(*expr.args, **dict(expr.keywords))  # type: ignore[arg-type]
    except TypeError:
        return None  # the run-time call reports it, with the user's line
    active = stmt.facts.active[1:]
    operands = (*expr.args, *(a for _, a in expr.keywords))
    for parameter, value in bound.arguments.items():
        items = value if isinstance(value, tuple) else (value,)
        uses = any(a is item and flag for item in items for a, flag in zip(operands, active, strict=True))
        if uses and parameter not in entry.rule.templates and parameter not in entry.rule.inert:
            return None
    return entry.rule, bound.arguments


def small_power(expr: ir.Operation) -> Template | None:
    """`x**2` and `x**3` without a second power."""
    if expr.op == "**" and isinstance(expr.args[1], ir.Lit):
        exponent = expr.args[1].value
        if type(exponent) in (int, float) and exponent in (2, 3):
            return _SQUARE if exponent == 2 else _CUBE
        if type(exponent) in (int, float) and exponent > 3:
            return Template(f"g * {exponent!r} * a ** {exponent - 1!r}", {})
    return None


class Inliner:
    """Fills in the adjoints of expressions for a `Reverse`."""

    def __init__(self, reverse: Reverse, helper: Callable[[Any, str], str]) -> None:
        self.reverse = reverse
        self.helper = helper

    def expression(self, stmt: ir.Bind, g: str) -> None:
        """Accumulate the adjoints of a statement's active operands; `g` names its target's."""
        match stmt.expr:
            case ir.Copy(source=source):
                self.reverse.accumulate(source, name(g), stmt, kind=stmt.facts.kind, maybe=False)
            case ir.Build():
                self.build(stmt, stmt.expr, g)
            case ir.Closure():
                self.closure(stmt, stmt.expr, g)
            case _:
                mode = how(stmt)
                if mode == CALL:
                    self.called(stmt, g)
                elif mode == NEW and isinstance(stmt.expr, ir.Apply):
                    self.constructed(stmt, stmt.expr, g)
                elif isinstance(stmt.expr, ir.Operation):
                    self.operation(stmt, stmt.expr, g)
                elif isinstance(stmt.expr, ir.Apply):
                    self.applied(stmt, stmt.expr, g)
                elif isinstance(stmt.expr, ir.Item) and isinstance(stmt.expr.obj, ir.Var):
                    index = self.reverse.need(stmt.expr.index, stmt)
                    self.reverse.element(stmt.expr.obj.name, index, g, stmt)
                elif isinstance(stmt.expr, ir.Attr) and isinstance(stmt.expr.obj, ir.Var):
                    shadows = self.reverse.shadows
                    if shadows is not None and shadows.shared(stmt.expr.obj.name):
                        shadows.add_field(stmt.expr.obj, constant(stmt.expr.name), name(g), stmt)
                        return
                    part = self.reverse.field(stmt.expr.obj, stmt.expr.name, stmt.facts.kind)
                    if part is not None:
                        self.reverse.accumulate(part, name(g), stmt, kind=stmt.facts.kind)
                        return
                    obj = self.reverse.need(stmt.expr.obj, stmt)
                    d = call(self.reverse.runtime("field_tangent"), obj, constant(stmt.expr.name), name(g))
                    self.reverse.accumulate(stmt.expr.obj, d, stmt, kind=stmt.facts.kinds[0])

    def operation(self, stmt: ir.Bind, expr: ir.Operation, g: str) -> None:
        """An operator on numbers and arrays."""
        functions = BINARY_FUNCTIONS if len(expr.args) == 2 else UNARY_FUNCTIONS
        entry = lookup(functions[expr.op])
        if entry is None or entry.rule is None:
            return  # a bitwise operator: its result has no derivative
        power = small_power(expr)
        if self.squares(stmt, expr):  # twice the product, which is exact, in place of two products
            operands = dict(zip(entry.rule.signature.parameters, expr.args, strict=True))
            self.template(stmt, entry.rule, _SQUARE_OF_ARRAY, operands, None, g, expr.args[0])
            return
        for position, parameter in enumerate(entry.rule.signature.parameters):
            text = entry.rule.templates.get(parameter)
            if text is None or not stmt.facts.active[position]:
                continue
            if position == 0 and power is not None and stmt.facts.kinds[0].scalar:
                text = power
            operands = dict(zip(entry.rule.signature.parameters, expr.args, strict=True))
            self.template(stmt, entry.rule, text, operands, None, g, expr.args[position])

    def squares(self, stmt: ir.Bind, expr: ir.Operation) -> bool:
        """Whether an operation is `x * x`, for an array `x`."""
        twice = expr.op == "*" and expr.args[0] == expr.args[1] and isinstance(expr.args[0], ir.Var)
        return twice and all(stmt.facts.active) and all(k.mask & ~_PYTHON_NUMBERS for k in stmt.facts.kinds)

    def applied(self, stmt: ir.Bind, expr: ir.Apply, g: str) -> None:
        """A call of a known library function."""
        found = inlinable(stmt, expr)
        assert found is not None
        rule, bound = found
        operands = (*expr.args, *(a for _, a in expr.keywords))
        active = {id(a): flag for a, flag in zip(operands, stmt.facts.active[1:], strict=True)}
        for parameter, value in bound.items():
            if parameter in rule.inert:
                continue
            variadic = isinstance(value, tuple)
            for index, item in enumerate(value if variadic else (value,)):
                if active[id(item)]:
                    text = rule.templates[parameter]
                    self.template(stmt, rule, text, bound, index if variadic else None, g, item)

    def template(
        self,
        stmt: ir.Bind,
        rule: Rule,
        text: Template,
        bound: dict[str, Any],
        index: int | None,
        g: str,
        operand: ir.Atom,
    ) -> None:
        """Emit one parameter's cotangent, with operands, result and helpers in their places."""
        holes: dict[str, ast.expr] = {}
        for identifier in text.names:
            holes[identifier] = self.hole(identifier, stmt, rule, bound, index, g)
        value = substitute(text.tree, holes)
        kind = self.kind_of(stmt, operand)
        maybe = not rule.elementwise and not kind.numeric
        if rule.elementwise and self.must_fit(stmt, operand):
            maybe = bool(kind.mask & (BOOL | INT | NPINT))  # an int takes no tangent
            shape = self.reverse.need(operand, stmt, same=True)
            value = call(self.helper(fit, "fit"), value, shape)
        self.reverse.accumulate(operand, value, stmt, kind=kind, maybe=maybe)

    def bare(self, stmt: ir.Bind) -> bool:
        """Whether every operand is a Python number, so that nothing was broadcast or converted."""
        kinds = stmt.facts.kinds[1:] if isinstance(stmt.expr, ir.Apply) else stmt.facts.kinds
        return all(k.scalar for k in kinds) and stmt.facts.kind.scalar

    def must_fit(self, stmt: ir.Bind, operand: ir.Atom) -> bool:
        """Whether an elementwise operation may have broadcast or converted an operand: by another operand only."""
        if self.bare(stmt):
            return False
        atoms = ir.atoms(stmt.expr)
        kinds = list(zip(atoms, stmt.facts.kinds, strict=True))
        if isinstance(stmt.expr, ir.Apply):
            kinds = kinds[1:]
        others = [k for a, k in kinds if a != operand]
        own = next(k for a, k in kinds if a is operand)
        return not own.numeric or any(k.mask & ~_REAL_SCALAR for k in others)

    def kind_of(self, stmt: ir.Bind, operand: ir.Atom) -> Kind:
        """What is known of an operand of a statement."""
        return stmt.facts.kinds[ir.atoms(stmt.expr).index(operand)]

    def hole(
        self, identifier: str, stmt: ir.Bind, rule: Rule, bound: dict[str, Any], index: int | None, g: str
    ) -> ast.expr:
        """What stands for one name of a template."""
        if identifier == "g":
            return name(g)
        if identifier == "y":
            return self.reverse.residuals.need(stmt.target, stmt, after=True)
        if identifier == "i" and index is not None:
            return constant(index)
        if identifier in bound:
            value = bound[identifier]
            if isinstance(value, tuple):
                return tuple_of([self.reverse.need(a, stmt) for a in value])
            return self.reverse.need(value, stmt)
        parameter = rule.signature.parameters.get(identifier)
        if parameter is not None:
            if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
                return tuple_of([])
            return self.literal(parameter.default, identifier)
        if identifier in rule.namespace:
            return name(self.helper(rule.namespace[identifier], identifier))
        return name(identifier)  # a builtin

    def literal(self, value: Any, stem: str) -> ast.expr:
        """A parameter's default: written out if it is a literal."""
        if value is None or type(value) in (bool, int, float, str):
            return as_syntax(ir.Lit(value))
        return name(self.helper(value, f"default_{stem}"))

    def called(self, stmt: ir.Bind, g: str) -> None:
        """A call that left a residual: its pullback returns the tangents of the active operands."""
        residual = self.reverse.forward_calls.get(id(stmt))
        if residual is None:
            residual = self.reverse.residuals.new("_r", stmt)
            self.reverse.forward_calls[id(stmt)] = residual
        operands = [a for a, flag in zip(ir.atoms(stmt.expr), stmt.facts.active, strict=True) if flag]
        kinds = [k for k, flag in zip(stmt.facts.kinds, stmt.facts.active, strict=True) if flag]
        direct = self.reverse.new_adjoints(operands)
        names = direct or [self.reverse.fresh("_g") for _ in operands]
        self.reverse.unpacked_call(residual, g, names, stmt)
        if direct:
            return
        for operand, kind, part in zip(operands, kinds, names, strict=True):
            self.reverse.accumulate(operand, name(part), stmt, maybe=True, kind=kind)

    def constructed(self, stmt: ir.Bind, expr: ir.Apply, g: str) -> None:
        """A new object of a class whose constructor only stores: each argument's adjoint is a field's."""
        fields = list((fields_by_parameter(stmt.facts.callee) or {}).items())
        names = {p: field for p, (field, _) in fields}
        given = [*(field for _, (field, _) in fields[: len(expr.args)]), *(names[str(k)] for k, _ in expr.keywords)]
        operands = [*expr.args, *(a for _, a in expr.keywords)]
        flags, kinds = stmt.facts.active[1:], stmt.facts.kinds[1:]
        parts = self.reverse.fresh("_g")
        made = name(self.helper(stmt.facts.callee, stmt.facts.callee.__name__))
        self.reverse.emit(assign(parts, call(self.reverse.runtime("fields_of"), name(g), made)), stmt)
        for operand, flag, kind, field in zip(operands, flags, kinds, given, strict=True):
            if flag and isinstance(operand, ir.Var):
                zero, present = self.reverse.zero(self.reverse.holder(operand.name))
                part = template("parts.get(field, zero)", parts=name(parts), field=constant(field), zero=zero)
                self.reverse.accumulate(operand, part, stmt, maybe=not present, kind=kind)

    def build(self, stmt: ir.Bind, expr: ir.Build, g: str) -> None:
        """A tuple, list or dict display: each item's adjoint is its part."""
        for position, item in enumerate(expr.items):
            if not stmt.facts.active[position]:
                continue
            if expr.kind == "dict":
                if position % 2 == 0:
                    continue  # a key
                later = [k for k in expr.items[position + 1 :: 2] if k == expr.items[position - 1]]
                if later:
                    continue  # the same literal key again: this item was replaced
                key: ast.expr = self.reverse.need(expr.items[position - 1], stmt)
                later_keys = [] if isinstance(expr.items[position - 1], ir.Lit) else expr.items[position + 1 :: 2]
                others = [self.reverse.need(k, stmt) for k in later_keys]
                part: ast.expr = call(self.reverse.runtime("dict_part"), name(g), key, *others)
            else:
                part = template("g[i]", g=name(g), i=constant(position))
            self.reverse.accumulate(item, part, stmt, maybe=True, kind=stmt.facts.kinds[position])

    def closure(self, stmt: ir.Bind, expr: ir.Closure, g: str) -> None:
        """A nested function: the adjoints of what it captured."""
        own = stmt.target if stmt.target in expr.captures else None
        if own is not None or expr.group:
            merged = self.reverse.fresh("_g")
            group = sorted(expr.group | {stmt.target})
            value = call(self.reverse.runtime("unrolled"), name(g), *(constant(n) for n in group))
            self.reverse.emit(_assigned(merged, value), stmt)
            g = merged
        for position, capture in enumerate(expr.captures):
            if capture == own or not stmt.facts.active[position]:
                continue
            part = call(self.reverse.runtime("dict_part"), name(g), constant(capture))
            self.reverse.accumulate(ir.Var(capture), part, stmt, maybe=True)
        for position, (parameter, atom) in enumerate(expr.defaults, len(expr.captures)):
            if stmt.facts.active[position]:
                part = call(self.reverse.runtime("dict_part"), name(g), constant(f"default {parameter}"))
                self.reverse.accumulate(atom, part, stmt, maybe=True)


def _assigned(identifier: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(identifier, ast.Store())], value, lineno=1)


_REAL_SCALAR = BOOL | INT | FLOAT
_PYTHON_NUMBERS = BOOL | INT | FLOAT | COMPLEX
_SQUARE_OF_ARRAY = Template("g * a * 2.0", {})
_SQUARE = Template("g * 2.0 * a", {})
_CUBE = Template("g * 3.0 * a * a", {})
