"""What is wrong with a function, found from its text and that of the functions it calls, without calling it.

    def helper(x):
        return struct.pack("d", x)          error[no-derivative]: no derivative is known for `struct.pack`
                                             note: called at model.py:7:12
    def f(x):
        return 2.0 * helper(x)              ... as `x` is differentiated, and the result is used

The stages of the pipeline run as for a derivative, with nothing known of the arguments. Something is reported if
it would be refused whatever they are: the value certainly has a tangent (`certainty`), and the refusal does not
depend on its kind. What only a call can tell is left to the first derivative.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from pullback import ir
from pullback.activity import Activity
from pullback.analysing import analysed
from pullback.calls import static_parameters
from pullback.certainty import Certainty
from pullback.errors import DifferentiabilityError
from pullback.evidence import (
    NEUTRAL,
    NUMBERS,
    UNSURE,
    WHOLE,
    class_named,
    every_parameter,
    kinds_hinted,
    parameters_described,
)
from pullback.fence import check
from pullback.flat_calls import through_flat_calls
from pullback.generated import PAIR, Derivative, Request
from pullback.kinds import ARRAY_KIND, CONSTANT_MASK, FLOAT_KIND, UNKNOWN, Kind
from pullback.lower_iterations import settle_iterations
from pullback.names import Names
from pullback.progress import in_steps
from pullback.reaching import Reaching
from pullback.readable import (
    global_callee,
    lacks_derivative,
    nested_functions,
    rounds_numbers,
    takes_numbers,
)
from pullback.rules import EPOCH, lookup, refuse_library_code
from pullback.source import FunctionNode, acquire
from pullback.spans import Diagnostic, Label, Span
from pullback.sweeps import Sweep, reverse_sweep

_DEPTH = 40


@dataclass
class Findings:
    """What was found of one function."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    cut: list[Diagnostic] = field(default_factory=list)  # what is wrong if all it is given has a tangent
    result: int = UNSURE  # how sure it is that the result has a tangent, where it varies
    zero: Diagnostic | None = None  # the warning that the result depends on nothing that is differentiated
    kind: Kind = UNKNOWN


@dataclass
class _Stages:
    """A function as the stages before the reverse sweep leave it."""

    lowered: ir.FunctionIR
    activity: Activity
    certainty: Certainty
    result: Kind
    sharing: Any
    names: Names


class Checker:
    """Checks functions, each once for the same question."""

    def __init__(self, root: Any = None) -> None:
        self.root = root  # the function being defined: its name still stands for what it was before
        self.known: dict[Any, Findings] = {}
        self.depth = 0

    def check(
        self,
        function: types.FunctionType,
        active: frozenset[str],
        given: dict[str, int] | None = None,
        captures: frozenset[str] = frozenset(),
        classes: dict[str, type] | None = None,
    ) -> Findings:
        """The findings for a function of which some parameters (and captured variables) are differentiated."""
        flags = tuple(sorted((p, f) for p, f in (given or {}).items() if p in active or p in captures))
        # by the function itself: equal code may stand in two files, and call other functions there
        key = (function, active, captures, flags, tuple((classes or {}).items()))
        found = self.known.get(key)
        if found is not None:
            return found
        found = self.known[key] = Findings(result=NEUTRAL)  # of a recursive call nothing is reported twice
        if self.depth > _DEPTH:
            return found
        self.depth += 1
        try:
            self._check(function, active, given, captures, classes or {}, found)
        except DifferentiabilityError as error:
            found.diagnostics += error.diagnostics or [_without_place(error)]
        finally:
            self.depth -= 1
        found.diagnostics = unique(found.diagnostics)
        return found

    def _check(
        self, function: types.FunctionType, active: frozenset[str], given: dict[str, int] | None,
        captures: frozenset[str], classes: dict[str, type], found: Findings,
    ) -> None:  # fmt: skip
        refuse_library_code(function)
        source = acquire(function)
        found.diagnostics += check(source.node, source.filename)
        if found.diagnostics:
            return
        described = parameters_described(function, source.node, Names(function))
        flags = {p: (given or {}).get(p, described.get(p, WHOLE)) for p in (*active, *captures)}
        made = self.stages(function, source.node, flags, UNKNOWN, classes)
        found.result, found.kind = made.certainty.result, made.result
        derivative = _derivative(function, made, active, captures)
        try:
            sweep = reverse_sweep(derivative, made.lowered, made.activity, made.sharing)
        except DifferentiabilityError as error:
            found.diagnostics += self.certain(error.diagnostics, made)
            found.cut += error.diagnostics
            return
        found.zero = derivative.always_zero
        if found.zero is None and made.lowered.result in made.activity.ends and rounds_numbers(made.lowered):
            found.zero = self.zero_of_numbers(function, source.node, flags, classes, active, captures)
        if found.zero is None and self.depth == 1 and not (made.activity.changes or made.activity.silenced):
            statements = list(ir.walk(made.lowered.body))
            found.zero = through_flat_calls(
                made.lowered, statements, active | captures, lambda s: self.zero_of_call(s, made)
            )
        refused = self.certain(made.activity.refusals, made)
        for kind in (FLOAT_KIND, ARRAY_KIND) if refused else ():  # what depends on the kind is left to a call
            other = self.stages(function, source.node, flags, kind, classes).activity.refusals
            refused = [d for d in refused if (d.id, d.span) in {(o.id, o.span) for o in other}]
        parameters = {a.arg: Span.of(source.filename, a) for a in every_parameter(source.node)}
        found.diagnostics += [_labelled(d, made, parameters) for d in refused]
        for stmt, diagnostics in self.calls(function, made, sweep):
            found.diagnostics += [_labelled(d, made, parameters, stmt) for d in diagnostics]

    def stages(
        self, function: types.FunctionType, node: FunctionNode, flags: dict[str, int], kind: Kind,
        classes: dict[str, type],
    ) -> _Stages:  # fmt: skip
        """The stages up to activity; every differentiated parameter is taken to be of a kind."""
        names = Names(function)
        annotated = {
            a.arg: cls
            for a in every_parameter(node)
            if isinstance(a.annotation, ast.Name) and (cls := class_named(a.annotation.id, names)) is not None
        }
        bound = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
        known = {p: cls for p, cls in {**annotated, **classes}.items() if p not in bound}
        hinted = kinds_hinted(node, known)

        def given(lowered: ir.FunctionIR) -> dict[str, Kind]:
            return {p: hinted.get(p, kind if p in flags else UNKNOWN) for p in lowered.parameters}

        made = analysed(function, acquire(function), names, given, frozenset(flags))
        settle_iterations(made.lowered)
        in_steps(made.lowered.body, made.activity.changes)
        certainty = Certainty(made.lowered, names, flags, known, self.result_of)
        return _Stages(made.lowered, made.activity, certainty, made.result, made.sharing, names)

    def zero_of_numbers(
        self, function: types.FunctionType, node: FunctionNode, flags: dict[str, int], classes: dict[str, type],
        active: frozenset[str], captures: frozenset[str],
    ) -> Diagnostic | None:  # fmt: skip
        """The warning that a result is flat, if it is for floats and for arrays alike."""
        zero = None
        for kind in (FLOAT_KIND, ARRAY_KIND):
            made = self.stages(function, node, flags, kind, classes)
            derivative = _derivative(function, made, active, captures)
            reverse_sweep(derivative, made.lowered, made.activity, made.sharing)
            zero = derivative.always_zero
            if zero is None:
                return None
        return zero

    def result_of(self, stmt: ir.Bind, flags: list[int]) -> int:
        """How sure the result of a known function is."""
        found = self.callee(stmt, flags)
        return UNSURE if found is None else found.result

    def callee(self, stmt: ir.Bind, flags: list[int]) -> Findings | None:
        """The findings for a known Python function that a statement calls."""
        bound = static_parameters(stmt)
        callee = stmt.facts.callee
        if bound is None or self.is_root(callee):
            return None
        active = stmt.facts.active[0 if stmt.facts.method else 1 :]  # (a class method's class is an operand)
        given = {p: f for p, f, on in zip(bound, flags, active, strict=True) if on}
        return self.check(callee, frozenset(given), given) if given else None

    def zero_of_call(self, stmt: ir.Bind, made: _Stages) -> Diagnostic | None:
        """What says that the derivative of a call is always zero, if it is."""
        env = made.certainty.at[id(stmt)]
        operands = ir.atoms(stmt.expr)[0 if stmt.facts.method else 1 :]
        found = self.callee(stmt, [made.certainty.of(a, env) for a in operands])
        return None if found is None or found.diagnostics else found.zero

    def is_root(self, callee: Any) -> bool:
        """Whether a function is what the name of the one being defined stood for before."""
        root = self.root
        same = getattr(callee, "__qualname__", "") == getattr(root, "__qualname__", None)
        return callee is not root and same and callee.__module__ == root.__module__

    def certain(self, refusals: Iterable[Diagnostic], made: _Stages) -> list[Diagnostic]:
        """The refusals at statements of which an operand certainly has a tangent."""
        statements = [s for s in ir.walk(made.lowered.body) if not isinstance(s, ir.BreakIf)]
        places = {s.span for s in statements if made.certainty.sure(s)}
        texts = {n for s in statements if made.certainty.sure(s) for n in ir.assigned(s)} & made.activity.text
        places |= {s.span for s in statements if texts & set(ir.reads(s))}
        always = ("unsupported-syntax", "no-source")
        return [d for d in refusals if d.id in always or d.span is None or d.span in places]

    def calls(
        self, function: types.FunctionType, made: _Stages, sweep: Sweep
    ) -> Iterator[tuple[ir.Bind, list[Diagnostic]]]:
        """What is wrong with the calls whose results are used."""
        nested = nested_functions(function, made.lowered)
        used = Reaching(made.lowered).statements
        for stmt in ir.walk(made.lowered.body):
            if id(stmt) not in sweep.reverse.forward_calls or not isinstance(stmt, ir.Bind):
                continue
            if not isinstance(stmt.expr, ir.Apply) or id(stmt) not in used:
                continue
            sure = set(made.certainty.sure(stmt))
            operands = ir.atoms(stmt.expr)
            callee = stmt.facts.callee if stmt.facts.known else global_callee(stmt, made.lowered, made.names)
            numbers = takes_numbers(callee)
            active = [on and isinstance(a, ir.Var) and (numbers or a.name in sure)
                      for a, on in zip(operands, stmt.facts.active, strict=True)]  # fmt: skip
            inner = nested.get(stmt.expr.callee.name) if isinstance(stmt.expr.callee, ir.Var) else None
            if inner is not None and stmt.expr.method is None:
                yield stmt, self.nested_call(stmt, inner, made)
            elif any(active[1:]) and callee is not None:
                yield stmt, self.known_call(stmt, callee, made)

    def known_call(self, stmt: ir.Bind, callee: Any, made: _Stages) -> list[Diagnostic]:
        """What is wrong with a call of a function that is known, and is given a differentiated value."""
        env = made.certainty.at[id(stmt)]
        flags = [made.certainty.of(a, env) for a in ir.atoms(stmt.expr)[0 if stmt.facts.method else 1 :]]
        refused = lacks_derivative(callee)
        if refused is not None:
            numbers = NUMBERS in flags or not isinstance(callee, type)  # (a class may take texts, or a dict's keys)
            return [_at_call(refused, stmt)] if numbers else []
        if not isinstance(callee, types.FunctionType) or lookup(callee) is not None or not stmt.facts.known:
            return []
        found = self.callee(stmt, flags)
        if found is None:
            return []
        return [_called_at(d, stmt.span) for d in found.diagnostics]

    def nested_call(self, stmt: ir.Bind, inner: types.FunctionType, made: _Stages) -> list[Diagnostic]:
        """The same of a function that is defined in this one."""
        assert isinstance(stmt.expr, ir.Apply)
        env = made.certainty.at[id(stmt)]
        code = inner.__code__
        parameters = code.co_varnames[: code.co_argcount]
        if stmt.expr.stars or stmt.expr.keywords or len(stmt.expr.args) > len(parameters) or code.co_flags & 0x2A8:
            return []
        given = {
            p: flag for p, a in zip(parameters, stmt.expr.args, strict=False)
            if (flag := made.certainty.of(a, env)) != NEUTRAL
        }  # fmt: skip
        captured = {c: flag for c in code.co_freevars if (flag := env.get(c, NEUTRAL)) != NEUTRAL}
        if not {NUMBERS, WHOLE} & {*given.values(), *captured.values()}:
            return []
        found = self.check(inner, frozenset(given), {**given, **captured}, frozenset(captured))
        own = [f"`{n}`" for n in code.co_freevars]  # variables of this function: it follows what is stored in them
        kept = [d for d in found.diagnostics if d.id != "outer-write" or not any(n in d.message for n in own)]
        return [_called_at(d, stmt.span) for d in kept]


def unique(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    """One diagnostic for each place."""
    return list({(d.id, d.span, d.message): d for d in reversed(diagnostics)}.values())[::-1]


def is_constant(kind: Kind) -> bool:
    """Whether every value of a kind is without a tangent."""
    return bool(kind.mask) and not kind.mask & ~CONSTANT_MASK


def _derivative(
    function: types.FunctionType, made: _Stages, active: frozenset[str], captures: frozenset[str]
) -> Derivative:
    request = Request(active, captures, (), PAIR)
    return Derivative(function.__name__, request, made.names, EPOCH.now, result=made.result, function=function)


def _without_place(error: DifferentiabilityError) -> Diagnostic:
    message, _, instead = str(error).partition("; ")
    return Diagnostic(error.id, message, help=instead)


def _at_call(error: DifferentiabilityError, stmt: ir.Bind) -> Diagnostic:
    return replace(_without_place(error), span=stmt.span)


def _called_at(diagnostic: Diagnostic, span: Span) -> Diagnostic:
    """A refusal of a callee: one without a place of its own is told at the call."""
    if diagnostic.span is None:
        return replace(diagnostic, span=span, label="called here")
    return replace(diagnostic, notes=(*diagnostic.notes, f"called at {span}"))


def _labelled(
    diagnostic: Diagnostic, made: _Stages, parameters: dict[str, Span], stmt: ir.Bind | None = None
) -> Diagnostic:
    """A diagnostic of this function, with labels on what makes its values active."""
    if diagnostic.span is None or diagnostic.notes or diagnostic.labels:
        return diagnostic
    at = [stmt] if stmt is not None else [s for s in ir.walk(made.lowered.body)
                                           if not isinstance(s, ir.BreakIf) and s.span == diagnostic.span]  # fmt: skip
    names = [n for s in at for n in made.certainty.sure(s)]
    if not names:
        return diagnostic
    binds = {s.target: s for s in ir.walk(made.lowered.body) if isinstance(s, ir.Bind)}
    labels: list[Label] = []
    name = names[0]
    for _ in range(len(binds)):
        if name in parameters or name not in binds:
            break
        source = binds[name]
        before = [n for n in made.certainty.sure(source) if n != name]
        if not name.startswith("_") and source.span.line != diagnostic.span.line and not labels:
            labels.append(Label(source.span, f"`{name}` is computed here from differentiated values"))
        if not before:
            break
        name = next((n for n in before if n in parameters), before[0])
    if name in parameters:
        labels.append(Label(parameters[name], f"`{name}` is differentiated"))
    return replace(diagnostic, labels=tuple(labels))
