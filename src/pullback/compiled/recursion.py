"""Functions that call themselves, in compiled code: functions of their own, which machine code calls.

    def f(x, n): return x if n == 0 else x * f(x, n - 1)

    value_of_f(x, n, depth)                        the value
    tape_of_f(x, n, depth, reals, nexts)           the same, and the results of all calls, in the order they start in
    back_of_f(x, n, ..., at, seed)                 the tangents: the body once more with the results from the tape, and
                                                   its reverse sweep, in which it calls itself for each call

So every call is run three times, and what it returned is all that is kept.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from typing import Any

from pullback import ir
from pullback.compiled.custom import CustomCalls
from pullback.compiled.custom_call import CustomCall
from pullback.compiled.kernel import Kernel, gradient, primal
from pullback.compiled.list_forms import AnotherForm
from pullback.compiled.list_support import one_more
from pullback.compiled.number_support import deeper, entry_of_floats, entry_of_ints, no_floats, no_ints
from pullback.compiled.shapes import Copies, Shape, joined, made, shape_of, transfer
from pullback.compiled.unit import Unit
from pullback.compiled.values import (
    FLOAT,
    INT,
    Arr,
    CompileError,
    Known,
    Maybe,
    Num,
    Obj,
    State,
    Tup,
    Value,
    describe,
    leaves,
    refuse,
)
from pullback.source import acquire
from pullback.spans import Span


@dataclass(eq=False)
class Recursive:
    """What is known of a function that calls itself: the forms of its parameters and the type of its result."""

    callee: Any
    shapes: dict[str, Shape] = field(default_factory=dict)
    result: str = ""


@dataclass(eq=False)
class Part:
    """A function that Numba compiles with a signature of its own."""

    __name__ = "recursive"
    name: str
    text: str
    namespace: dict[str, Any]
    parameters: list[Any]  # the types of the parameters, see `machine.signature`
    result: Any


@dataclass
class Build:
    """One of the three functions, as it is made."""

    record: Recursive
    mode: str
    unit: Unit
    goals: dict[str, Value]
    state: State
    where: Span | None = None  # a call from inside
    calls: list[ir.Bind] = field(default_factory=list)  # of itself: what is read from outside is added to them


@dataclass
class Made:
    """The functions of one recursive function, and what they read from outside."""

    value: Part
    pull: Part | None
    inputs: list[tuple[str, Num | Arr]]


class Recursions(CustomCalls):
    """Calls of functions that call themselves."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit

    build: Build | None = None

    def recursive_call(self, callee: Any, env: dict[str, Value], span: Span) -> Value | None:
        """A call of a function that may call itself: None where putting it in place is right."""
        record = self.unit.lists.recursive.get(id(callee))
        if record is not None:
            return self._inner(record, env, span) if self._is_building(callee, span) else self._outer(record, env, span)
        depth = sum(f.function is callee for f in self.frames)
        if not depth:
            return None
        numbers = [v for v in env.values() if isinstance(v, Num)]
        if all(isinstance(v.atom, ir.Lit) for v in numbers) and not all(isinstance(v, Arr) for v in env.values()):
            return None
        before = next(f.state.env for f in reversed(self.frames) if f.function is callee)
        for parameter, value in env.items():
            known = before.get(parameter) if isinstance(value, (Tup, Obj, Known)) else None
            if known is not None and shape_of(value, self.state_now) != shape_of(known, self.state_now):
                return None  # a structure that is gone into
        if depth > 1 and any(isinstance(v.atom, ir.Lit) for v in numbers):
            return None  # a literal that counts down
        if not all(_fits(shape_of(v, self.state_now)) for v in env.values()):
            raise self._refused(callee, span)
        self.unit.lists.recursive[id(callee)] = Recursive(callee)
        raise AnotherForm

    def _refused(self, callee: Any, span: Span, why: str = "") -> CompileError:
        return refuse(
            f"`{callee.__name__}` calls itself{why}, which is not compiled", span,
            help="write it as a loop, or take pb.jit away",
        )  # fmt: skip

    def _is_building(self, callee: Any, span: Span) -> bool:
        if self.build is None:
            return False
        if self.build.record.callee is not callee and callee in self.building:
            raise self._refused(callee, span, " through another function that does")
        return self.build.record.callee is callee

    building: tuple[Any, ...] = ()

    # --- calls ------------------------------------------------------------------------------------

    def _operands(
        self, record: Recursive, env: dict[str, Value], goals: dict[str, Value], state: State, span: Span
    ) -> list[ir.Atom]:
        """The numbers and arrays that a call is given."""
        copies: Copies = []
        for parameter, value in env.items():
            shape = shape_of(value, self.state_now)
            wider = joined(record.shapes.get(parameter, shape), shape)
            if not _fits(wider):
                raise self._refused(record.callee, span, f" with {describe(value)} as `{parameter}`")
            if wider != record.shapes.get(parameter):
                record.shapes[parameter] = wider
                raise AnotherForm
            copies += transfer(value, goals[parameter], self.state_now, state)
        atoms: list[ir.Atom] = []
        for _, atom, type_ in copies:
            number = self.unit.types.get(atom.name, "") if isinstance(atom, ir.Var) else "i"
            atoms.append(self.as_float(Num(atom, number), span).atom if type_ == FLOAT else atom)
        return atoms

    def _inner(self, record: Recursive, env: dict[str, Value], span: Span) -> Value:
        """A call from inside: of the function that is being made."""
        build = self.build
        assert build is not None
        build.where = span
        atoms = self._operands(record, env, build.goals, build.state, span)
        counting = ir.Apply(self.unit.function(deeper, "deeper"), (ir.Var("_depth"),))
        depth = self.unit.number("_deeper", counting, INT, span)
        name = f"{build.mode}_of_{record.callee.__name__}"
        type_ = record.result or FLOAT
        if build.mode != "back":
            tape = (ir.Var("_reals"), ir.Var("_nexts")) if build.mode == "tape" else ()
            cut = [self._without(a, span) for a in atoms]
            found = self.unit.number("_t", ir.Apply(self._own(name), (*cut, depth.atom, *tape)), type_, span)
            build.calls.append(self.unit.block[-1])  # type: ignore[arg-type]
            return found
        place = self.unit.number("_k", ir.Copy(ir.Var("_cursor")), INT, span)
        read = ir.Apply(self.unit.function(entry_of_floats, "entry_of"), (ir.Var("_reals"), place.atom))
        value = self.unit.number("_t", read, FLOAT, span)
        after = ir.Apply(self.unit.function(entry_of_ints, "entry_of"), (ir.Var("_nexts"), place.atom))
        self.unit.put("_cursor", after, Num(ir.Var("_cursor"), INT), span)
        more = [depth.atom, ir.Var("_reals"), ir.Var("_nexts"), place.atom]
        return self._differentiated(self._own(name), value, atoms, more, [], span)

    def _own(self, name: str) -> ir.Var:
        """The name that a function knows itself by."""
        if name not in self.unit.functions:
            self.unit.functions[name] = _OWN
        return ir.Var(name)

    def _without(self, atom: ir.Atom, span: Span) -> ir.Atom:
        if isinstance(atom, ir.Lit):
            return atom
        value: Value = self.unit.arrays.get(atom.name) or Num(atom, self.unit.types[atom.name])
        cut = self.cut(value, span)
        assert isinstance(cut, (Num, Arr))
        return cut.atom

    def _outer(self, record: Recursive, env: dict[str, Value], span: Span) -> Value:
        """A call from outside."""
        for parameter, value in env.items():
            if parameter not in record.shapes:
                record.shapes[parameter] = shape_of(value, self.state_now)
        made_of = self._made(record, span)
        state = State()
        goals = _goals(record, Unit(), state)
        atoms = self._operands(record, env, goals, state, span)
        inputs = [self.unit.input(like, path, path.rpartition("'")[0].rpartition("'")[2] or "outside")
                  for path, like in made_of.inputs]  # fmt: skip
        extra = [v.atom for v in inputs if isinstance(v, (Num, Arr))]
        cut = [self._without(a, span) for a in atoms]
        name = record.callee.__name__
        call = ir.Apply(self.unit.function(made_of.value, f"value_of_{name}"), (*cut, ir.Lit(0), *extra))
        found = self.unit.number("_t", call, record.result or FLOAT, span)
        if made_of.pull is None:
            return found
        return self._differentiated(self.unit.function(made_of.pull, f"pull_of_{name}"), found, atoms, [], extra, span)

    def _differentiated(
        self, function: ir.Var, value: Num, atoms: list[ir.Atom], more: list[ir.Atom], inputs: list[ir.Atom], span: Span
    ) -> Value:
        """The value of a call, with one of `function` in the reverse sweep, of operands, adjoints and cotangent."""
        unit = self.unit
        g = unit.fresh("_cotangent")
        unit.declare(Num(ir.Var(g), FLOAT))
        floats = [a for a in atoms if isinstance(a, ir.Var) and self._is_float(a)]
        shadows = {unit.fresh("_shadow"): a.name for a in floats if a.name in unit.arrays}
        pack = unit.fresh("_pack")
        operands = (*atoms, *more, *inputs, *map(ir.Var, shadows), ir.Var(g))
        block: list[ir.Stmt] = [ir.Bind(pack, ir.Apply(function, operands), span)]
        block[0].facts.known, block[0].facts.callee = True, _OWN  # type: ignore[union-attr]
        tangents: list[ir.Atom | None] = []
        position = 0
        for atom in atoms:
            if isinstance(atom, ir.Lit):
                position += isinstance(atom.value, float)
                continue
            if not self._is_float(atom):
                continue
            if atom.name in unit.arrays:
                tangents.append(None)
                continue
            t = Num(ir.Var(unit.fresh("_t")), FLOAT)
            unit.declare(t)
            block.append(ir.Bind(t.atom.name, ir.Item(ir.Var(pack), ir.Lit(position)), span))  # type: ignore[union-attr]
            tangents.append(t.atom)
            position += 1
        for stmt in block:
            assert isinstance(stmt, ir.Bind)
            stmt.facts.kinds = tuple(unit.kind(a) for a in ir.atoms(stmt.expr))
            stmt.facts.kind = unit.kind(ir.Var(stmt.target))
        if self.build is not None and function.name.startswith("back_of_"):
            self.build.calls.append(block[0])  # type: ignore[arg-type]
        marker = CustomCall(g, block, tuple(tangents), shadows)
        call = ir.Apply(unit.function(marker, "custom"), (value.atom, *floats))
        return unit.number("_t", call, FLOAT, span)

    def _is_float(self, atom: ir.Var) -> bool:
        array = self.unit.arrays.get(atom.name)
        return array.type == FLOAT if array is not None else self.unit.types.get(atom.name) == FLOAT

    # --- the functions ----------------------------------------------------------------------------

    def _made(self, record: Recursive, span: Span) -> Made:
        """The functions for parameters of the forms that are known. Raises `AnotherForm` where they are others."""
        value, inputs = self._part(record, "value", span)
        if record.result != FLOAT:
            return Made(value, None, inputs)
        tape, _ = self._part(record, "tape", span)
        back, _ = self._part(record, "back", span)
        count = len(value.parameters) - 1 - len(inputs)
        own = [f"a{i}" for i in range(count)]
        outside = [f"b{i}" for i in range(len(inputs))]
        shadows = [f"d{i}" for i in range(len(back.parameters) - count - 5 - len(inputs))]
        title = f"pull_of_{record.callee.__name__}"
        text = (
            f"def {title}({', '.join([*own, *outside, *shadows, 'seed'])}):\n"
            "    reals, nexts = no_floats(seed), no_ints(0)\n"
            f"    tape({', '.join([*own, '0', 'reals', 'nexts', *outside])})\n"
            f"    return back({', '.join([*own, '0', 'reals', 'nexts', '0', *outside, *shadows, 'seed'])})\n"
        )
        namespace = {"tape": tape, "back": back, "no_floats": no_floats, "no_ints": no_ints}
        types = [*value.parameters[:count], *value.parameters[count + 1 :], *back.parameters[count + 4 + len(inputs) :]]
        return Made(value, Part(title, text, namespace, types, back.result), inputs)

    def _part(self, record: Recursive, mode: str, span: Span) -> tuple[Part, list[tuple[str, Num | Arr]]]:
        """One of the functions."""
        unit = Unit(self.unit.lists)
        unit.constants, unit.guards = self.unit.constants, self.unit.guards
        unit.constant = self.unit.constant  # type: ignore[method-assign]
        maker = type(self)(unit)
        maker.relied, maker.building = self.relied, (*self.building, record.callee)
        state = State()
        goals = _goals(record, unit, state)
        maker.build = build = Build(record, mode, unit, goals, state)
        parameters = [x for v in goals.values() for x in leaves(v, state)]
        for parameter in parameters:
            unit.declare(parameter)
        for name in ("_depth", "_at", "_cursor"):
            unit.names.add(name)
            unit.declare(Num(ir.Var(name), INT))
        unit.names |= {"_reals", "_nexts"}
        try:
            result = maker.body_of(record, dict(goals), state, span)
        except CompileError as error:
            if record.result or build.where is None:
                raise
            raise self._refused(record.callee, build.where, " and returns no number, as it seems") from error
        if mode == "back":
            first = ir.Bind("_cursor", ir.Apply(unit.function(one_more, "one_more"), (ir.Var("_at"),)), span)
            first.facts.kinds = tuple(unit.kind(a) for a in ir.atoms(first.expr))
            first.facts.kind = unit.kind(ir.Var("_cursor"))
            first.facts.known, first.facts.callee = True, one_more
            unit.block.insert(0, first)
        inputs = [(path, v) for path, (v, _) in unit.inputs.items() if isinstance(v, (Num, Arr))]
        names: list[ir.Atom] = [v.atom for _, v in inputs]
        for call in build.calls:
            assert isinstance(call.expr, ir.Apply)
            args = call.expr.args
            at = len(args)
            if mode == "back":  # (before the adjoints and the cotangent)
                at = len(args) - 1 - sum(isinstance(a, ir.Var) and a.name.startswith("_shadow") for a in args)
            call.expr = replace(call.expr, args=(*args[:at], *names, *args[at:]))
            call.facts.kinds = tuple(unit.kind(a) for a in ir.atoms(call.expr))
        tape = ["_depth", "_reals", "_nexts"]
        extra = {"value": ["_depth"], "tape": tape, "back": [*tape, "_at"]}
        own = [p.atom.name for p in parameters if isinstance(p.atom, ir.Var)]
        given = [*own, *extra[mode], *(a.name for a in names if isinstance(a, ir.Var))]
        title = f"{mode}_of_{record.callee.__name__}"
        types: list[Any] = [*parameters, *extra[mode], *(v for _, v in inputs)]
        if mode == "back":
            active = [n for n, p in zip(own, parameters, strict=True) if p.type == FLOAT]
            kernel = gradient(unit, title, given, [result], active, span, True, True)
            arrays = [p for p in parameters if isinstance(p, Arr) and p.type == FLOAT]
            types += [*arrays, Num(ir.Lit(0.0), FLOAT)]
            results: Any = len(active) - len(arrays) + 1
        else:
            kernel = primal(unit, title, given, [result], span)
            _returns_one(kernel, mode)
            results = record.result
        namespace = {k: v for k, v in kernel.namespace.items() if v is not _OWN}
        return Part(title, ast.unparse(kernel.tree) + "\n", namespace, types, results), inputs

    def body_of(self, record: Recursive, env: dict[str, Value], state: State, span: Span) -> Num:
        """Put the body in place; its result must be a number."""
        self.start(state, span)
        result = self.run(record.callee, acquire(record.callee), record.callee.__name__, env, None, span)
        if isinstance(result, Maybe):
            result = self.present(result, "the result", span)
        if not isinstance(result, Num):
            where = self.build.where if self.build is not None else None
            raise self._refused(record.callee, where or span, f" and returns {describe(result)}")
        wider = joined(("num", record.result or result.type), ("num", result.type))[1]
        if wider != record.result:
            record.result = wider
            raise AnotherForm
        number = self.as_float(result, span) if wider == FLOAT else result
        return self.unit.number("_result", ir.Copy(number.atom), wider, span)


def _goals(record: Recursive, unit: Unit, state: State) -> dict[str, Value]:
    """The parameters of the function."""
    goals = {p: made(s, p, unit.fresh, state, unit.copied_identity) for p, s in record.shapes.items()}
    for value in goals.values():
        if isinstance(value, Obj):
            unit.given.add(value.id)
    return goals


def _returns_one(kernel: Kernel, mode: str) -> None:
    """Return a number, not a tuple of one; for the tape it is put there before."""
    last = kernel.tree.body[-1]
    assert isinstance(last, ast.Return) and isinstance(last.value, ast.Tuple)
    last.value = last.value.elts[0]
    if mode == "tape":
        start = ast.parse("_start = len(_nexts)\n_nexts.append(0)\n_reals.append(0.0)").body
        end = ast.parse("_reals[_start] = _value\n_nexts[_start] = len(_nexts)").body
        kept = ast.Assign([ast.Name("_value", ast.Store())], last.value, lineno=1)
        last.value = ast.Name("_value", ast.Load())
        kernel.tree.body = [*start, *kernel.tree.body[:-1], kept, *end, last]
        ast.fix_missing_locations(kernel.tree)


def _fits(shape: Shape) -> bool:
    """Whether a parameter may have a form."""
    match shape[0]:
        case "num" | "arr" | "known":
            return True
        case "tup":
            return shape[1] is not list and all(map(_fits, shape[2]))
        case "obj":
            return shape[1] not in (list, dict) and all(_fits(s) for _, s in shape[2])
    return False


class _Own:
    __name__ = "itself"


_OWN = _Own()
