"""The machine code for one combination of argument types, and the lines of Python in front of it.

    def call(a0, a1):
        if a0.__class__ is not float or ...: return again(a0, a1)
        r = machine(a0, a1.volume, a1.density)
        return ...
"""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from pullback import ir
from pullback.arguments import active_operands
from pullback.compiled.cotangents import bind_as_python, counted, fitted, form_of, project, vectors
from pullback.compiled.flatten import Flattener
from pullback.compiled.kernel import Kernel, gradient, primal, varied_names
from pullback.compiled.layout import Arguments, Layout, Results, active_leaves, parts_of
from pullback.compiled.list_forms import AnotherForm, ListForms
from pullback.compiled.machine import compiled
from pullback.compiled.narrow import refuse_narrow
from pullback.compiled.tangent import add_tangents
from pullback.compiled.unit import Unit
from pullback.compiled.unstored import refuse_stores
from pullback.compiled.values import BOOL, FLOAT, Arr, Known, Num, State, describe, leaves, refuse
from pullback.errors import ArgumentError, warn_of
from pullback.operators import always_zero
from pullback.rules import EPOCH, callable_name, lookup
from pullback.runtime import seed
from pullback.spans import Span

MOST_TRIES = 100  # to find the forms of lists
MOST_STATEMENTS = 3_000  # Numba takes minutes to compile more


class Call:
    """A function put in place for arguments of known types."""

    def __init__(
        self,
        unit: Unit,
        function: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        layouts: list[Layout],
        span: Span,
    ) -> None:
        self.unit = unit
        self.args, self.kwargs, self.layouts = args, kwargs, layouts
        self.arguments = Arguments(unit)
        self.state = State()
        stems = self.stems = self._stems(function, len(args), tuple(kwargs))
        self.values = [
            self.arguments.taken(layout, f"a{i}", stem, self.state)
            for i, (layout, stem) in enumerate(zip(layouts, stems, strict=True))
        ]
        flattener = Flattener(unit)
        self.relied = flattener.relied
        count = len(args)
        named = dict(zip(kwargs, self.values[count:], strict=True))
        self.result, self.state = flattener.outermost(Known(function), self.values[:count], named, self.state, span)
        self.parameters = [*self.arguments.parameters, *(name for _, name in unit.inputs.values())]

    def _stems(self, function: Any, count: int, keywords: tuple[str, ...]) -> list[str]:
        inner = function.__func__ if isinstance(function, types.MethodType) else function
        code = getattr(inner, "__code__", None)
        names = list(code.co_varnames[: code.co_argcount]) if code is not None else []
        if isinstance(function, types.MethodType):
            names = names[1:]
        names += [f"argument{i}" for i in range(len(names), count)]
        return [*names[:count], *keywords]

    def position(self, operand: int | str) -> int:
        """The place of an argument, given by position or name."""
        return operand if isinstance(operand, int) else len(self.args) + list(self.kwargs).index(operand)


class Entry:
    """The machine code for one combination of argument types."""

    def __init__(
        self, verb: str, function: Any, wrt: Any, again: Callable[..., Any], args: tuple[Any, ...],
        kwargs: dict[str, Any], layouts: list[Layout], cache: bool = False,
    ) -> None:  # fmt: skip
        self.cache = cache
        self.lists = ListForms()
        self.verb, self.function, self.wrt, self.again = verb, function, wrt, again
        self.epoch = EPOCH.now
        self.vectors = [layouts.pop()] if verb == "hvp" else []
        self.call_args = args[: len(args) - len(self.vectors)]
        self.kwargs, self.layouts = kwargs, layouts
        self.span = span_of(function)
        title = getattr(function, "__name__", "function")
        self.title = title if title.isidentifier() else "function"
        self.given_lines: list[str] = []
        bind_as_python(function, self.call_args, kwargs)
        self.place()
        self.relied = self.site.relied
        if verb == "value":
            kernel = primal(self.unit, f"{self.title}_compiled", self.site.parameters, self.parts, self.span)
            self.finish(kernel, [], self.results_of_value())
        elif verb in ("gradient", "value_with_gradient"):
            self.scalar()
            kernel = self.both_sweeps("gradient", self.site.parameters, self.parts)
            if kernel.zero:
                self.zero = always_zero(function, wrt, self.call_args, kwargs)
            value, shown, results = self.results_of_gradient()
            self.finish(kernel, [], (f"({value}, {shown})" if verb == "value_with_gradient" else shown, results))
        else:
            self.linear()

    def place(self) -> None:
        """Put the function in place, anew."""
        for _ in range(MOST_TRIES):
            self.unit = Unit(self.lists)
            self.unit.names.add(self.title)
            try:
                self.site = Call(self.unit, self.function, self.call_args, self.kwargs, self.layouts, self.span)
            except AnotherForm:
                continue
            break
        else:
            raise refuse("the lists of this function have no form that is found", self.span)
        if sum(1 for _ in ir.walk(self.unit.block)) > MOST_STATEMENTS:
            for error in self.lists.unrolled.values():
                raise error  # (it was written out for a list that has no form)
            raise refuse("the function is too long when its calls are put in place", self.span)
        refuse_narrow(self.unit)
        refuse_stores(self.unit)
        self.parts: list[Num | Arr] = []
        for part in list(leaves(self.site.result, self.site.state)):
            made: Num | Arr = part  # (a name that nothing assigns again)
            if isinstance(part, Num) and isinstance(part.atom, ir.Var):
                made = self.unit.number("_result", ir.Copy(part.atom), part.type, self.span)
            elif isinstance(part, Arr):
                made = self.unit.array("_result", ir.Copy(part.atom), part, self.span)
                self.unit.share(made.name, part.name)
            self.parts.append(made)
        self.active: list[int] = []
        self.names: list[str] = []
        if self.verb != "value":
            active = active_operands(self.function, self.wrt, self.call_args, self.kwargs)
            self.active = [self.site.position(a) for a in active]
            for at in self.active:
                self.names += active_leaves(self.site.values[at], self.layouts[at], self.site.state)

    def scalar(self) -> None:
        """Refuse a result that has no gradient."""
        result = self.site.result
        if isinstance(result, Num) and result.type == FLOAT:
            return
        if isinstance(result, Num):
            seed(False if result.type == BOOL else 0)  # (raises)
        name = callable_name(self.function)
        message = f"gradient needs a function with a real scalar result; {name} returns {describe(result)}"
        raise ArgumentError(message, id="non-scalar-result")

    def both_sweeps(
        self, what: str, parameters: list[str], parts: list[Num | Arr], seeds: bool = False
    ) -> Kernel:
        """The function with its reverse sweep."""
        return gradient(self.unit, f"{what}_of_{self.title}", parameters, parts, self.names, self.span, seeds)

    # --- results ----------------------------------------------------------------------------------

    def results_of_value(self) -> tuple[str, Results]:
        """The text that makes the function's result."""
        results = Results(self.unit, "r")
        return results.value(self.site.result, self.site.state, self.span), results

    def results_of_gradient(self) -> tuple[str, str, Results]:
        """The text of the value and of the tangents, which follow it."""
        results = Results(self.unit, "r")
        value = "" if self.verb == "hvp" else results.value(self.site.result, self.site.state, self.span)
        if self.verb == "hvp":
            results.next()
        tangents = [results.tangent(self.layouts[at]) for at in self.active]
        return value, tangents[0] if len(tangents) == 1 else f"({', '.join(tangents)},)", results

    # --- linear maps ------------------------------------------------------------------------------

    def linear(self) -> None:
        """A pullback, a differential, or the Hessian's: machine code that takes cotangents or tangents too."""
        unit, site = self.unit, self.site
        of_value = self.verb.startswith("value_with")
        value_line = ""
        if of_value:  # the value by code of its own
            kernel = primal(unit, f"{self.title}_compiled", site.parameters, self.parts, self.span)
            machine, shown = compiled(kernel, text_of(kernel), self.cache), self.results_of_value()
            self.place()
            unit, site = self.unit, self.site
            value = unit.constant(machine, "machine")
            self.value_lines = [f"r = {value}({', '.join(self.held())})", *shown[1].lines, f"value = {shown[0]}"]
            for name, constant in shown[1].unit.constants.items():
                unit.constants.setdefault(name, constant)
            value_line = "value"
        if self.verb.endswith("pullback"):
            kernel = self.both_sweeps("pullback", site.parameters, self.parts, True)
            seeds = self.seeds()
            _, shown_map, results = self.results_of_gradient()
            self.finish(kernel, seeds, (shown_map, results), 1, value_line)
            return
        if self.verb == "hvp":
            self.scalar()
        for _ in range(MOST_TRIES):
            try:
                dots, given = self.tangents()
            except AnotherForm:
                self.place()
                continue
            break
        unit, site = self.unit, self.site
        if self.verb == "hvp":
            part = dots[0]
            kernel = self.both_sweeps("hvp", given, [part])
            _, shown_map, results = self.results_of_gradient()
        else:
            kernel = primal(unit, f"differential_of_{self.title}", given, dots, self.span)
            results = Results(unit, "r")
            shown_map = results.tangent_of(site.result, site.state)
        count = len(self.active)
        paths = [f"t{i}" for i in range(count)]
        if self.verb == "hvp" and count > 1:
            paths = [f"t0[{i}]" for i in range(count)]
        pairs = zip(self.active, paths, strict=True)
        stores = any(isinstance(s, ir.Store) for s in ir.walk(unit.block))  # (into tangents, too)
        reads = [text for at, path in pairs for text in parts_of(self.layouts[at], path, unit, stores)]
        self.projected(paths)
        self.finish(kernel, reads, (shown_map, results), 1 if self.verb == "hvp" else count, value_line)

    def seeds(self) -> list[str]:
        """What reads the parts of a cotangent."""
        unit, site = self.unit, self.site
        form = form_of(site.result, site.state)
        what = unit.constant(f"the cotangent of {callable_name(self.function)}'s result", "what")
        parts = f"{unit.constant(fitted, 'fitted')}(t0, {unit.constant(form, 'form')}, {what})"
        if form == ("num",):
            return [f"(t0 if t0.__class__ is float else {parts}[0])"]
        self.given_lines = [f"s = {parts}"]
        return [f"s[{i}]" for i in range(len(self.parts))]

    def projected(self, paths: list[str]) -> None:
        """Have tangents brought into the spaces of their arguments."""
        unit, count = self.unit, len(self.active)
        shown = callable_name(self.function)
        name = unit.constant(shown, "name")
        if self.verb == "hvp" and count > 1:
            self.given_lines.append(f"t0 = list({unit.constant(vectors, 'vectors')}({name}, t0, {count}))")
        for at, path in zip(self.active, paths, strict=True):
            of = f"gradient({shown})" if self.verb == "hvp" else shown
            what = unit.constant(f"the tangent of argument `{self.site.stems[at]}` of {of}", "what")
            line = f"{path} = {unit.constant(project, 'project')}({path}, a{at}, {what})"
            plain_number = self.layouts[at] == ("num", float)
            self.given_lines.append(f"if {path}.__class__ is not float: {line}" if plain_number else line)

    def tangents(self) -> tuple[list[Num | Arr], list[str]]:
        """Forward mode: the tangents of the result's parts, and the parameters with those of the active ones."""
        unit = self.unit
        varied = varied_names(unit, self.title, self.site.parameters, self.names, self.span)
        twice = self.verb == "hvp"
        dots = add_tangents(unit, varied | set(self.names), self.names, self.site.parameters, self.span, twice)
        found: list[Num | Arr] = []
        for part in self.parts:
            if part.type != FLOAT:
                continue
            name = dots.get(part.atom.name) if isinstance(part.atom, ir.Var) else None
            if isinstance(part, Num):
                found.append(Num(ir.Var(name), FLOAT) if name else Num(ir.Lit(0.0), FLOAT))
            elif name:
                found.append(unit.arrays[name])
            else:
                raise refuse("the result does not depend on what is differentiated", self.span)
        outside = [name for _, name in unit.inputs.values()]  # (those too that tangents read first)
        return found, [*self.site.arguments.parameters, *outside, *(dots[n] for n in self.names)]

    def held(self) -> list[str]:
        """What reads the arguments' parts."""
        return [*self.site.arguments.reads, *self.unit.inputs]

    # --- the boundary -----------------------------------------------------------------------------

    def finish(
        self, kernel: Kernel, extra: list[str], made: tuple[str, Results], maps: int = 0, value: str = ""
    ) -> None:
        """Compile, and write the Python function in front of the machine code."""
        unit, site = self.unit, self.site
        shown, results = made
        self.text = text_of(kernel)
        machine = unit.constant(compiled(kernel, self.text, self.cache), "machine")
        names = [f"a{i}" for i in range(len(self.layouts))]
        head = [*names, *(["t0"] if self.verb == "hvp" else [])]
        reads = self.held()
        body = [*results.lines, f"return {shown}"]
        if self.zero is not None:
            body.insert(-1, f"{unit.constant(warn_of, 'warn_of')}({unit.constant(self.zero, 'diagnostic')})")
        inner: list[str] = []
        if maps and self.verb != "hvp":
            copy = unit.constant(np.copy, "copy")
            arrays = {i for i, n in enumerate(site.parameters) if n in unit.arrays}
            stores = any(isinstance(s, ir.Store) for s in ir.walk(unit.block))
            inner = [f"held{i} = {copy}({r})" if i in arrays else f"held{i} = {r}" for i, r in enumerate(reads)]
            given = [f"{copy}(held{i})" if i in arrays and stores else f"held{i}" for i in range(len(reads))]
            if self.verb.endswith("pullback"):
                inner.append("def linear(t0):")
            else:
                check = f"{unit.constant(counted, 'counted')}({unit.constant(callable_name(self.function), 'name')}"
                inner.append("def linear(*given):")
                inner.append(f"    {''.join(f't{i}, ' for i in range(maps))}= {check}, given, {maps})")
            inner += [f"    {line}" for line in self.given_lines]
            inner.append(f"    r = {machine}({', '.join([*given, *extra])})")
            inner += [f"    {line}" for line in body]
            inner += self.value_lines if value else []
            inner.append(f"return ({value}, linear)" if value else "return linear")
        else:
            inner = [*self.given_lines, f"r = {machine}({', '.join([*reads, *extra])})", *body]
        again = unit.constant(self.again, "again")
        lines = [f"def call({', '.join(head)}):", f"    if {' or '.join(self.tests())}:"]
        # (arguments by name come here sorted out already)
        lines.append("        pass" if self.kwargs else f"        return {again}({', '.join(head)})")
        self.boundary = "\n".join([*lines, *(f"    {line}" for line in inner)]) + "\n"
        namespace = dict(unit.constants)
        exec(compile(self.boundary, f"<boundary of {self.title}>", "exec"), namespace)
        self.call: Callable[..., Any] = namespace["call"]

    value_lines: list[str]
    zero: Any = None  # the warning that the derivative is always zero

    def tests(self) -> list[str]:
        """What is true where this code does not fit, or raises where it must not run."""
        unit = self.unit
        tests = [*self.site.arguments.tests, *(f"{path} is not {name}" for path, name in unit.guards.items())]
        tests.append(f"{unit.constant(EPOCH, 'EPOCH')}.now != {unit.constant(self, 'entry')}.epoch")
        return tests + self._overlaps()

    def _stores(self) -> list[ir.Store]:
        return [s for s in ir.walk(self.unit.block) if isinstance(s, ir.Store)]

    def _overlaps(self) -> list[str]:
        """Tests that arrays which are stored into may be, and share no memory with others: each has its own adjoint."""
        unit, site = self.unit, self.site
        given = dict(zip(site.arguments.parameters, site.arguments.reads, strict=True))
        given |= {name: path for path, (_, name) in unit.inputs.items()}
        arrays = {n: path for n, path in given.items() if n in unit.arrays}
        stores = self._stores()
        stored = {unit.root(s.obj.name) for s in stores if isinstance(s.obj, ir.Var)}
        apart = unit.constant(must_be_apart, "must_be_apart")
        names = list(arrays)
        writeable = unit.constant(must_be_writeable, "must_be_writeable")
        return [
            f"{writeable}({path})" for name, path in arrays.items() if unit.root(name) in stored
        ] + [
            f"{apart}({arrays[a]}, {arrays[b]})"
            for i, a in enumerate(names) for b in names[i + 1 :] if {unit.root(a), unit.root(b)} & stored
        ]  # fmt: skip

    def holds(self) -> bool:
        """Whether everything this was made from is still so."""
        for text, name in self.unit.guards.items():
            try:
                found = eval(text, dict(self.unit.constants))
            except Exception:
                return False
            if found is not self.unit.constants[name]:
                return False
        if self.epoch != EPOCH.now:
            for callee, vjps in self.relied.values():
                entry = lookup(callee)
                if (tuple(entry.vjps) if entry is not None else ()) != vjps:
                    return False
            self.epoch = EPOCH.now
        return True


def must_be_apart(a: Any, b: Any) -> bool:
    """Raise where two arrays share memory, one of which is stored into."""
    if np.may_share_memory(a, b):
        raise ArgumentError(
            "two arrays given to a compiled function share memory, and one of them is changed in place; pass a copy"
        )
    return False


def must_be_writeable(a: Any) -> bool:
    """Raise, as NumPy does, where an array that is stored into is read-only."""
    if not a.flags.writeable:
        raise ValueError("assignment destination is read-only")
    return False


def span_of(function: Any) -> Span:
    """Where a function stands."""
    inner = inspect.unwrap(function.__func__ if isinstance(function, types.MethodType) else function)
    called = inspect.getattr_static(type(inner), "__call__", None)
    code = getattr(inner, "__code__", None) or getattr(called, "__code__", None)
    if code is None:
        return Span("<unknown>", 1, 0, 1, 1)
    return Span(code.co_filename, code.co_firstlineno, 0, code.co_firstlineno, 1)


def text_of(kernel: Kernel) -> str:
    """The generated function as text."""
    return ast.unparse(kernel.tree) + "\n"
